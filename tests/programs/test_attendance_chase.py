"""Missing attendance is chased by message, once a stage, and only while it is missing."""

from __future__ import annotations

import datetime as dt

import pytest
from test_attendance import group_of

import factories as make
from acting import acting
from throughgate.access.roles import RoleName
from throughgate.base.outbox.actions import RECHECKS, deliver
from throughgate.base.outbox.models import Message
from throughgate.programs.actions import attendance
from throughgate.programs.actions.attendance import Mark
from throughgate.programs.chasing import chase_missing_attendance

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def test_once_a_stage_and_never_in_vain() -> None:
    session, people = group_of(2, make.TODAY - 1 * DAY)
    session.organization.email = "office@example.org"
    session.organization.save()
    ended = session.ends_at
    assert chase_missing_attendance(ended + dt.timedelta(hours=1)) == 0  # not due before the pack's time
    assert chase_missing_attendance(ended + dt.timedelta(hours=16)) == 1
    assert chase_missing_attendance(ended + dt.timedelta(hours=17)) == 0
    assert chase_missing_attendance(ended + 1 * DAY) == 1
    assert chase_missing_attendance(ended + 3 * DAY) == 1
    assert chase_missing_attendance(ended + 30 * DAY) == 0
    first, *_others = Message.objects.order_by("pk")
    deliver(code=first.code)
    first.refresh_from_db()
    assert first.status == "sent"
    assert "2 people" in first.body
    with acting(make.member(RoleName.COORDINATOR, facility=session.facility)) as by:
        marks = [Mark(person.code, "attended") for person in people]
        attendance.mark(by=by, session=session, marks=marks)
    assert not RECHECKS["attendance_missing"](first.data)
