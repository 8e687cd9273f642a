"""Where need goes unmet at three facilities, and what people say is wrong: late, waiting and answered."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from throughgate.access.actor import Actor
from throughgate.demo.making import DAY, Build
from throughgate.programs import mapping
from throughgate.programs.actions import gaps
from throughgate.programs.models import AppealOutcome, Contested, SeatAppeal, WaitlistEntry, WaitStatus

TOUR, OTHERS = "R", "WD"
# About what, in which words, made how many days ago, and what came of it.
APPEALS = (
    (Contested.DATE, "My date moved to March after the hearing. The paper still says January.", 9, "", ""),
    (Contested.LINE, "I asked in spring at the old place. My day did not come with me.", 3, "", ""),
    (Contested.SCHOOL, "I took the reading test again in October. It is not in my papers.", 1, "", ""),
    (
        Contested.RULE, "I can do this with the shift I have now. Please ask the shop.", 16, AppealOutcome.CHANGED,
        "You are right: the shop lets you off on Tuesdays. You stand in line with your old date.",
    ),
    (
        Contested.CONDUCT, "The write-up was taken back in August.", 24, AppealOutcome.CORRECTED,
        "It is taken out of your papers. Nothing stands in the way now.",
    ),
)  # fmt: skip


def make(build: Build) -> None:
    """Write the map of the tour's facility, ask for two more, and write appeals."""
    by = Actor.system("weekly map")
    made = gaps.ask(by=by, facility=build.places.facilities[TOUR], later=False)
    mapping.run(made.code)
    for place in OTHERS:  # the worker makes these in its first minute
        gaps.ask(by=by, facility=build.places.facilities[place])
    _appeals(build)


def _appeals(build: Build) -> None:
    lines = (
        WaitlistEntry.objects.filter(
            participant__facility=build.places.facilities[TOUR], status=WaitStatus.APPROVED
        )
        .select_related("participant")
        .order_by("id")
    )
    entries = (
        build.random("appeals").sample(list(lines), len(APPEALS)) if lines.count() >= len(APPEALS) else ()
    )
    for (about, words, ago, outcome, answer), entry in zip(APPEALS, entries, strict=False):
        made = build.day(-ago)
        SeatAppeal.objects.create(
            participant=entry.participant,
            program_id=entry.program_id,
            about=about,
            words=words,
            entered_by=entry.participant.name,
            made_on=made,
            due_on=made + 7 * DAY,
            outcome=outcome,
            answer=answer,
            answered_by="Dana Whitfield" if outcome else "",
            answered_at=timezone.now() - dt.timedelta(days=ago - 4) if outcome else None,
        )
