"""Who among the staff sees to it that what lapses is renewed: the coordinators where it matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from throughgate.access.permissions import Permission
from throughgate.access.queries import desk
from throughgate.base.lapses import Lapse, Recipient
from throughgate.base.lapses.contract import STEWARDS


def coordinators(lapses: Sequence[Lapse]) -> Mapping[str, Sequence[Recipient]]:
    """Those who keep partners and visitors at the facilities of each lapse. One query for all of them."""
    if not lapses:
        return {}
    people = desk(Permission.MANAGE_PARTNERS, Permission.MANAGE_VISITORS)
    return {each.key: people.at(each.facility_ids) for each in lapses}


STEWARDS.append(coordinators)
