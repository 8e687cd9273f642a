"""One place that knows everything that lapses: what, when, whom to remind, and what it will hit.

A room above says what of its own lapses, in its ``lapses.py`` (found by itself)::

    from throughgate.base.lapses import Hit, Lapse, Recipient, Window, hits, source

    @source("agreement")
    def agreements(window: Window) -> Iterator[Lapse]:
        for row in Agreement.objects.filter(...window.first ... window.last...):
            yield Lapse(kind="agreement", key=row.code, until=row.last_day, title=..., recipients=[...], url=...)

A higher room may say what the lapse of a lower room's thing will hit::

    @hits("agreement")
    def sessions_without_agreement(lapses: Sequence[Lapse]) -> Mapping[str, Sequence[Hit]]: ...

How many days before the end people are reminded stands in the reminders pack, under the kind as its code.
Sources run as the system, nightly and when somebody asks; they only read.
"""

from throughgate.base.lapses.contract import EVERY, Hit, Lapse, Recipient, Window, hits, source

__all__ = ["EVERY", "Hit", "Lapse", "Recipient", "Window", "hits", "source"]
