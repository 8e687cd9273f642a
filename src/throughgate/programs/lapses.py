"""What will be hit when something lapses: the sessions that a visitor leads or an organization gives."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.utils import timezone

from throughgate.base.lapses import EVERY, Hit, Lapse, hits
from throughgate.programs.models import Facilitator, Session, SessionStatus

# Sessions are made some weeks ahead; farther than this nobody plans by the session.
AHEAD = dt.timedelta(days=120)


@hits(EVERY)
def sessions(lapses: Sequence[Lapse]) -> Mapping[str, Sequence[Hit]]:
    """The planned sessions after the last good day, for what belongs to a visitor or an organization.

    Two queries, however many things lapse. Where a lapse names facilities, only sessions there are hit.
    """
    owners = {lapse.key: _owner(lapse) for lapse in lapses}
    led = _led({code for kind, code in owners.values() if kind == "visitor"})
    given = _given({code for kind, code in owners.values() if kind == "organization"})
    found = {}
    for lapse in lapses:
        kind, code = owners[lapse.key]
        rows = led.get(code, ()) if kind == "visitor" else given.get(code, ())
        hit = [_hit(row) for row in rows if _day(row) > lapse.until and _there(row, lapse)]
        if hit:
            found[lapse.key] = hit
    return found


def _owner(lapse: Lapse) -> tuple[str, str]:
    """Whose it is: said by the source, or told from whom it wants reminded."""
    for words in (lapse.subject, *(each.key for each in lapse.recipients)):
        kind, _space, code = words.partition(" ")
        if kind in {"visitor", "organization"} and code:
            return kind, code
    return "", ""


def _there(session: Session, lapse: Lapse) -> bool:
    return not lapse.facility_ids or session.facility_id in lapse.facility_ids


def _day(session: Session) -> dt.date:
    return session.starts_at.astimezone(session.facility.zone).date()


def _hit(session: Session) -> Hit:
    what = f"{session.cohort.program.list_label}, {session.facility.short_name}"
    return Hit(_day(session), what, f"/staff/sessions/{session.code}/")


def _led(codes: Iterable[str]) -> dict[str, list[Session]]:
    now = timezone.now()
    rows = Facilitator.objects.filter(
        visitor__code__in=codes,
        active=True,
        session__status=SessionStatus.PLANNED,
        session__starts_at__range=(now, now + AHEAD),
    ).select_related("visitor", "session__facility", "session__cohort__program")
    found = defaultdict(list)
    for row in rows.order_by("session__starts_at", "pk"):
        found[row.visitor.code].append(row.session)
    return found


def _given(codes: Iterable[str]) -> dict[str, list[Session]]:
    now = timezone.now()
    rows = Session.objects.filter(
        organization__code__in=codes, status=SessionStatus.PLANNED, starts_at__range=(now, now + AHEAD)
    ).select_related("organization", "facility", "cohort__program")
    found = defaultdict(list)
    for row in rows.order_by("starts_at", "pk"):
        assert row.organization is not None
        found[row.organization.code].append(row)
    return found
