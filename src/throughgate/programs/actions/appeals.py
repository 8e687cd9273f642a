"""Appeals: a participant says that a fact or a rule behind a decision about a seat is wrong; staff must answer."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Reason, Refused
from throughgate.people.models import Participant
from throughgate.policies import queries as policies
from throughgate.programs.models import OPEN_APPEAL, AppealOutcome, Contested, Program, SeatAppeal

SHORTEST_WORDS, SHORTEST_ANSWER, LONGEST = 3, 10, 2000
DEADLINE = "seat_appeal_answer"


@transaction.atomic
def appeal(
    *, by: Actor, participant: Participant, program: Program, about: Contested | str, words: str
) -> SeatAppeal:
    """Say what is wrong, for oneself or, from a paper slip, for a participant. The pack sets the day to answer by.

    Refuses too few words, an unknown subject, and a second appeal about a program while one is open.
    """
    if by.participant_id != participant.pk:
        by.require(Permission.MANAGE_WAITLIST, participant.facility_id)
    told = words.strip()[:LONGEST]
    reasons = []
    if about not in Contested.values:
        reasons.append(Reason("about_missing", _("Choose what is wrong.")))
    if len(told) < SHORTEST_WORDS:
        reasons.append(Reason("words_missing", _("Say in a few words what is wrong.")))
    if SeatAppeal.objects.filter(participant=participant, program=program, outcome=OPEN_APPEAL).exists():
        text = _("You said already that something is wrong here.")
        reasons.append(Reason("appeal_open", text, _("You get an answer to it first.")))
    if reasons:
        raise Refused(tuple(reasons))
    today = participant.facility.today()
    jurisdiction = participant.facility.jurisdiction
    deadline = policies.deadlines(jurisdiction, today).data.deadlines[DEADLINE]
    with refusing():
        return SeatAppeal.objects.create(
            participant=participant,
            program=program,
            about=about,
            words=told,
            entered_by=by.name,
            made_on=today,
            due_on=deadline.due(today, policies.calendar(jurisdiction, today)),
        )


@transaction.atomic
def answer(*, by: Actor, appeal: SeatAppeal, outcome: AppealOutcome | str, answer: str) -> SeatAppeal:
    """Answer an appeal, once, in words for the person. Whoever reads it decides; nothing else changes by itself."""
    by.require(Permission.MANAGE_WAITLIST, appeal.participant.facility_id)
    fresh = SeatAppeal.objects.select_for_update(of=("self",)).get(pk=appeal.pk)
    reasons = []
    if fresh.outcome != OPEN_APPEAL:
        reasons.append(Reason("answered", _("This appeal has been answered.")))
    if outcome not in AppealOutcome.values:
        reasons.append(Reason("outcome_missing", _("Choose what came of it.")))
    if len(answer.strip()) < SHORTEST_ANSWER:
        text = _("Answer in at least %(count)d characters, in words for the person.")
        reasons.append(Reason("answer_too_short", text % {"count": SHORTEST_ANSWER}))
    if reasons:
        raise Refused(tuple(reasons))
    fresh.outcome, fresh.answer = outcome, answer.strip()[:LONGEST]
    fresh.answered_by, fresh.answered_at = by.name, timezone.now()
    with refusing():
        fresh.save(update_fields=["outcome", "answer", "answered_by", "answered_at"])
    return fresh
