"""Numbers about people that may be published: never a small one, and rounded ([A-70], [P-97])."""

from __future__ import annotations

from django.utils.translation import gettext as _

# The federal rule for published health data hides 1 to 10; ten is the line for justice data here ([P-97]).
SMALLEST = 10
ROUND_TO = 5


def shown(people: int) -> str:
    """A count of people in words that give nobody away: none, fewer than ten, or rounded to five."""
    if people == 0:
        return _("none")
    if people < SMALLEST:
        return _("fewer than %(n)d") % {"n": SMALLEST}
    return _("about %(n)d") % {"n": ROUND_TO * round(people / ROUND_TO)}
