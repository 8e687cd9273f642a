"""Reminding those who lead a session to record who came ([P-213], [P-253])."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from throughgate.access.actor import Actor
from throughgate.base.outbox.actions import RECHECKS, send
from throughgate.base.templatetags.when import day
from throughgate.programs import notices
from throughgate.programs.models import Session
from throughgate.programs.queries.attendance import UNMARKED, missing_attendance


def chase_missing_attendance(now: dt.datetime) -> int:
    """Write to those who led a session without complete attendance: once when due, overdue and escalated.

    Idempotent; how many messages are new. Runs as the system. A mark is due at the pack's time of day.
    """
    found = [each for each in missing_attendance(Actor.system("chase attendance"), now=now) if each.asked]
    sessions = {
        session.code: session
        for session in Session.objects.filter(code__in=[each.code for each in found]).select_related(
            "facility", "cohort__program", "organization"
        )
    }
    new = 0
    for each in found:
        session = sessions[each.code]
        for recipient in notices.recipients(session):
            new += send(
                key=f"attendance_missing {each.code} {each.stage} {recipient.key}",
                address=recipient.address,
                name=recipient.name,
                language=recipient.language,
                template="attendance_missing",
                data={
                    "session": each.code,
                    "program": each.title,
                    "place": each.facility,
                    "when": notices.when(session, recipient.language),
                    "missing": each.called - each.recorded,
                    "closes": str(day(each.closes_on)),
                },
                facility_id=session.facility_id,
                recheck="attendance_missing",
                person=recipient.key,
                thread=f"session {each.code}",
                topic="attendance",
            )
    return new


def _still_missing(data: Mapping[str, Any]) -> bool:
    return Session.objects.annotate(unmarked=UNMARKED).filter(code=data["session"], unmarked__gt=0).exists()


RECHECKS["attendance_missing"] = _still_missing
