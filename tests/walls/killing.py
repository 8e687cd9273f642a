"""Facts for the kill test, made in a process of its own: one partner lead, sessions to mark, nobody else."""

from __future__ import annotations

import datetime as dt
import json
import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "throughgate.settings"
django.setup()

from django.utils import timezone  # noqa: E402

import factories as make  # noqa: E402
from throughgate.access.roles import RoleName  # noqa: E402
from throughgate.base import scope  # noqa: E402
from throughgate.programs.models import Call, Enrollment, Session  # noqa: E402

A_DAY = 20


def main(sessions: int) -> None:
    """Make ``sessions`` sessions of half an hour in the last hours, each with one person called."""
    with scope.system("kill test"):
        place, org = make.facility(timezone="UTC"), make.organization()
        group = make.cohort(place, make.program(org, credit_rule=""), capacity=500)
        lead = make.member(RoleName.PARTNER_LEAD, organization=org)
        lead.user.email = "kill@demo.throughgate.invalid"
        lead.user.save()
        codes = []
        begin = timezone.now() - dt.timedelta(hours=20)
        for block in range(0, sessions, A_DAY):
            person = make.participant(place)
            seat = Enrollment.objects.create(
                participant=person,
                cohort=group,
                organization=org,
                starts_on=group.starts_on,
                ends_on=group.ends_on,
                enrolled_by="kill test",
            )
            for number in range(block, min(block + A_DAY, sessions)):
                starts = begin + dt.timedelta(minutes=45 * (number % A_DAY), seconds=block)
                made = Session.objects.create(
                    cohort=group,
                    facility=place,
                    organization=org,
                    starts_at=starts,
                    ends_at=starts + dt.timedelta(minutes=30),
                )
                Call.objects.create(
                    participant=person,
                    session=made,
                    enrollment=seat,
                    starts_at=made.starts_at,
                    ends_at=made.ends_at,
                )
                codes.append((made.code, person.code))
    print(json.dumps({"membership": lead.code, "sessions": codes}))


if __name__ == "__main__":
    main(int(sys.argv[1]))
