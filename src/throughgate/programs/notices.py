"""What visitors and partners are told about their sessions, before they drive ([P-250]). Never who is called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from throughgate.base.outbox.actions import RECHECKS, send
from throughgate.programs.models import Facilitator, Session, SessionStatus


@dataclass(frozen=True)
class Recipient:
    """Somebody who would come, or sends those who do."""

    key: str
    name: str
    address: str
    phone: str = ""
    language: str = "en"


def recipients(session: Session) -> list[Recipient]:
    """Those who lead the session and their organization, each address once."""
    found: dict[str, Recipient] = {}
    for each in _all(session):
        if each.address:
            found.setdefault(each.address.lower(), each)
    return list(found.values())


def _all(session: Session) -> Iterator[Recipient]:
    leaders = (
        Facilitator.objects.filter(session=session, active=True).select_related("visitor").order_by("pk")
    )
    for leader in leaders:
        v = leader.visitor
        yield Recipient(f"visitor {v.code}", v.name, v.email, v.phone, v.language)
    org = session.organization
    if org is not None:
        yield Recipient(f"organization {org.code}", org.name, org.email, org.phone)


def cancelled(session: Session) -> int:
    """Tell that it is cancelled, in the public words of the reason. How many messages are new."""
    return _tell(session, "session_cancelled", _stamp(session), {"why": session.public_words})


def restored(session: Session, stamp: str) -> int:
    """Tell that it takes place after all."""
    return _tell(session, "session_restored", stamp, {})


def moved(session: Session, before: str) -> int:
    """Tell its new time and place; ``before`` is the old time in words."""
    room = session.room.name if session.room else _("room to follow")
    stamp = f"{session.starts_at.isoformat()} {session.room_id}"
    return _tell(session, "session_moved", stamp, {"before": before, "room": room})


def _stamp(session: Session) -> str:
    return session.settled_at.isoformat() if session.settled_at else ""


def when(session: Session, language: str = "en") -> str:
    """Day and time of a session on its facility's clock, in words."""
    local = session.starts_at.astimezone(session.facility.zone)
    with translation.override(language):
        return f"{date_format(local, 'l j M Y')}, {local:%H:%M}"


def _tell(session: Session, template: str, stamp: str, more: Mapping[str, Any]) -> int:
    new = 0
    for each in recipients(session):
        data = {
            "session": session.code,
            "stamp": stamp,
            "program": session.cohort.program.list_label,
            "place": session.facility.name,
            "when": when(session, each.language),
            **more,
        }
        new += send(
            key=f"{template} {session.code} {stamp} {each.key}",
            address=each.address,
            name=each.name,
            language=each.language,
            template=template,
            data=data,
            facility_id=session.facility_id,
            recheck=template,
            person=each.key,
            thread=f"session {session.code}",
            topic="sessions",
            urgent=_today(session),
        )
    return new


def _today(session: Session) -> bool:
    """Whether somebody may be about to set out: it was to begin today or has begun, so that no night matters.

    What lies in the past by a day or more wakes nobody.
    """
    starts = session.starts_at.astimezone(session.facility.zone).date()
    return starts == session.facility.today()


def _still(status: bool) -> Any:
    def ask(data: Mapping[str, Any]) -> bool:
        is_cancelled = Session.objects.filter(code=data["session"], status=SessionStatus.CANCELLED).exists()
        return is_cancelled is status

    return ask


def _not_moved_again(data: Mapping[str, Any]) -> bool:
    session = Session.objects.filter(code=data["session"]).exclude(status=SessionStatus.CANCELLED).first()
    return session is not None and data["stamp"] == f"{session.starts_at.isoformat()} {session.room_id}"


# Asked right before sending: a message that is no longer true is not sent.
RECHECKS["session_cancelled"] = _still(True)
RECHECKS["session_restored"] = _still(False)
RECHECKS["session_moved"] = _not_moved_again
