"""Numbers about people that may be published: never a small one, and rounded ([A-70], [P-97])."""

from __future__ import annotations

from django.utils.translation import gettext as _

from throughgate.policies.house import PublishingRules


def shown(people: int, rules: PublishingRules) -> str:
    """A count of people in words that give nobody away: none, fewer than the threshold, or rounded."""
    if people == 0:
        return _("none")
    if people < rules.smallest:
        return _("fewer than %(n)d") % {"n": rules.smallest}
    return _("about %(n)d") % {"n": rules.round_to * round(people / rules.round_to)}
