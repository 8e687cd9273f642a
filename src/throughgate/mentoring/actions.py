"""The verbs of mentoring: offer, wish, propose, answer, log a meeting, worry, go on, and end well."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import saving, scope
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Decision, Forbidden, Reason, Refused
from throughgate.base.scope import Audience
from throughgate.mentoring import notices, queries, rules
from throughgate.mentoring.models import (
    TIMES,
    Answer,
    Concern,
    Kind,
    Match,
    MatchStatus,
    Meeting,
    MentorProfile,
    Mode,
    Wish,
)
from throughgate.people.models import Participant
from throughgate.places.models import Facility
from throughgate.policies.mentoring import MentoringRules
from throughgate.visitors.models import Visitor

SIDE = frozenset(
    {"kinds", "interests", "subjects", "languages", "times", "modes", "region", "after_release", "boundaries"}
)
OFFER = SIDE | {"most", "open"}


@transaction.atomic
def save_offer(*, by: Actor, visitor: Visitor, house: MentoringRules, **facts: Any) -> MentorProfile:
    """Say or change what somebody offers as a mentor or tutor: the visitor's own word, or staff for them."""
    if by.visitor_id != visitor.pk:
        by.require(Permission.MANAGE_VISITORS)
    _sound(facts, house)
    if not 1 <= int(facts.get("most", 1)) <= house.most_matches:
        words = _("From one to %(most)s people at once.") % {"most": house.most_matches}
        raise Refused(Reason("too_many", words, field="most"))
    row = MentorProfile.objects.filter(visitor=visitor).first() or MentorProfile(visitor=visitor)
    saving.set_facts(row, facts, OFFER)
    saving.save(row)
    return row


@transaction.atomic
def save_wish(*, by: Actor, participant: Participant, **facts: Any) -> Wish:
    """Write down or change what a participant wishes for; the day of asking stays the first one."""
    if by.participant_id != participant.pk:
        by.require(Permission.EDIT_PEOPLE, participant.facility_id)
    _sound(facts, queries.rules_of(participant.facility))
    row = Wish.objects.filter(participant=participant).exclude(status=Wish.Status.WITHDRAWN).first()
    if row is None:
        row = Wish(participant=participant, asked_on=participant.facility.today(), asked_by=by.name)
    saving.set_facts(row, facts, SIDE)
    saving.save(row)
    return row


@transaction.atomic
def withdraw_wish(*, by: Actor, wish: Wish) -> None:
    """Take a wish back. A match that is open stays; it is ended by itself."""
    if by.participant_id != wish.participant_id:
        by.require(Permission.EDIT_PEOPLE, wish.participant.facility_id)
    Wish.objects.filter(pk=wish.pk).update(status=Wish.Status.WITHDRAWN)


def _sound(facts: Mapping[str, Any], house: MentoringRules) -> None:
    """Refuse, with every reason at once, what holds an unknown code or lacks what matching needs."""
    known: dict[str, Sequence[str]] = {
        "kinds": Kind.values,
        "modes": Mode.values,
        "times": TIMES,
        "interests": list(house.interests),
        "subjects": list(house.subjects),
    }
    reasons = [
        Reason("unknown_code", _("Choose from the list."), field=name)
        for name, codes in known.items()
        if set(facts.get(name, ())) - set(codes)
    ]
    needed = {
        "kinds": _("Say whether it is about a mentor, a tutor or both."),
        "languages": _("Name at least one language."),
        "modes": _("Say how you could meet."),
    }
    reasons += [Reason("missing", words, field=name) for name, words in needed.items() if not facts.get(name)]
    if reasons:
        raise Refused(reasons)


@transaction.atomic
def propose(*, by: Actor, wish: Wish, visitor: Visitor) -> Match:
    """Propose a mentor or tutor to a participant; both are asked. Refuses who does not fit, with the reasons.

    What stands between two people privately is refused in the same words as any other misfit.
    """
    facility = wish.participant.facility
    by.require(Permission.MANAGE_VISITORS, facility)
    with scope.as_role(Audience.JOB, purpose="propose a match"):
        wish = (
            Wish.objects.select_for_update(of=("self",))
            .select_related("participant__facility")
            .get(pk=wish.pk)
        )
        profile = (
            MentorProfile.objects.select_for_update(of=("self",))
            .select_related("visitor")
            .filter(visitor=visitor)
            .first()
        )
        if profile is None or wish.status != Wish.Status.OPEN:
            raise Refused(Reason("gone", _("One of the two is not looking any more."), _("Reload the page.")))
        today, house = facility.today(), queries.rules_of(facility)
        mentor = next((m for m in queries.mentors(today) if m.key == visitor.code), None)
        seeker = queries.seeker_side(wish, queries.apart_from([wish])[wish.participant_id])
        if mentor is None:
            raise Refused(rules.NOT_A_FIT)
        _allow(rules.fits(seeker, mentor))
        found = rules.pair(seeker, mentor, today, house)
        with refusing():
            match = Match.objects.create(
                visitor=visitor,
                participant=wish.participant,
                facility=facility,
                kind=found.kind if found else min(wish.kinds),
                mentor_known_as=_known_as(visitor.first_name, visitor.last_name),
                participant_known_as=_known_as(
                    wish.participant.preferred_name or wish.participant.first_name, wish.participant.last_name
                ),
                reasons=[{"code": w.code, "about": list(w.about)} for w in found.why] if found else [],
                proposed_by=by.name,
                proposed_on=today,
            )
        notices.tell_mentor(match, "proposed", stamp="", recheck="match_proposed")
    return match


def _known_as(first: str, last: str) -> str:
    return f"{first} {last[:1]}."


@transaction.atomic
def answer(*, by: Actor, match: Match, yes: bool) -> Match:
    """Say yes or no to a proposal: the mentor, the participant, or staff who asked the participant.

    With both yes they are matched; one no declines it, and the participant's wish waits on.
    """
    side = _side(by, match)
    with scope.as_role(Audience.JOB, purpose="answer a match"):
        row = _held(match)
        if row.status != MatchStatus.PROPOSED:
            raise Refused(Reason("answered", _("This proposal is answered already."), _("Reload the page.")))
        given = Answer.YES if yes else Answer.NO
        if side == "mentor":
            row.mentor_answer = given
        else:
            row.participant_answer, row.participant_answer_by = given, by.name
        if not yes:
            row.status = MatchStatus.DECLINED
        elif row.mentor_answer == row.participant_answer == Answer.YES:
            row.status, row.active_from = MatchStatus.ACTIVE, row.facility.today()
        with refusing():
            row.save()
        _tell_answer(row, side)
    return row


def _tell_answer(row: Match, side: str) -> None:
    if row.status == MatchStatus.ACTIVE:
        Wish.objects.filter(participant=row.participant, status=Wish.Status.OPEN).update(
            status=Wish.Status.MET
        )
        notices.tell_mentor(row, "begins", stamp="")
        notices.tell_staff(row, "agreed", stamp="")
    elif row.status == MatchStatus.DECLINED:
        notices.tell_staff(row, "declined", stamp="")
        if side != "mentor":
            notices.tell_mentor(row, "not_now", stamp="")


@transaction.atomic
def log_meeting(
    *,
    by: Actor,
    match: Match,
    on: dt.date | None,
    minutes: int | None,
    mode: str,
    concern: bool = False,
    worry: str = "",
) -> Meeting:
    """Write down that they met. A concern reaches the coordinators at once, at any hour."""
    _side(by, match)
    with scope.as_role(Audience.JOB, purpose="log a meeting"):
        row = _held(match)
        if row.status != MatchStatus.ACTIVE:
            raise Refused(Reason("not_active", _("This match is not running."), _("Reload the page.")))
        house = queries.rules_of(row.facility)
        mode = mode if mode in Mode.values else ""
        _allow(
            rules.sound_meeting(
                on, minutes, mode, begun=row.active_from, today=row.facility.today(), rules=house
            )
        )
        assert on is not None and minutes is not None  # the rules refused otherwise
        with refusing():
            made = Meeting.objects.create(
                match=row, participant=row.participant, on=on, minutes=minutes, mode=mode, logged_by=by.name
            )
        if concern:
            _worry(by, row, worry)
    return made


@transaction.atomic
def raise_concern(*, by: Actor, match: Match, worry: str) -> Concern:
    """Tell the coordinators of a worry without a meeting, such as when nobody came."""
    _side(by, match)
    with scope.as_role(Audience.JOB, purpose="raise a concern"):
        return _worry(by, _held(match), worry)


def _worry(by: Actor, match: Match, worry: str) -> Concern:
    made = Concern.objects.create(
        match=match,
        facility=match.facility,
        participant=match.participant,
        text=worry.strip(),
        raised_by=by.name,
    )
    notices.tell_staff(
        match, "concern", stamp=made.code, urgent=True, recheck="match_concern", more={"concern": made.code}
    )
    return made


@transaction.atomic
def see_concern(*, by: Actor, concern: Concern, done: str) -> Concern:
    """Say that one has looked at a concern and what was done."""
    by.require(Permission.MANAGE_VISITORS, concern.facility_id)
    if not done.strip():
        raise Refused(Reason("done_missing", _("Say what was done."), field="done"))
    row = Concern.objects.select_for_update(of=("self",)).get(pk=concern.pk)
    if row.seen_at is not None:
        raise Refused(Reason("seen", _("Somebody has looked at this already.")))
    row.seen_by, row.seen_at, row.done = by.name, timezone.now(), done.strip()
    row.save(update_fields=["seen_by", "seen_at", "done"])
    return row


@transaction.atomic
def go_on(*, by: Actor, match: Match, yes: bool) -> Match:
    """Say whether one wants to go on after release. With one no it waits for a goodbye; nobody is pressed."""
    side = _side(by, match)
    with scope.as_role(Audience.JOB, purpose="go on after release"):
        row = _held(match)
        if row.status != MatchStatus.ACTIVE or row.go_on_offered is None:
            raise Refused(Reason("not_asked", _("Nobody has asked that yet.")))
        given = Answer.YES if yes else Answer.NO
        if side == "mentor":
            row.mentor_goes_on = given
        else:
            row.participant_goes_on = given
        row.save(update_fields=["mentor_goes_on", "participant_goes_on"])
        both = (row.mentor_goes_on, row.participant_goes_on)
        if Answer.NO in both or all(both):
            notices.tell_staff(row, "goes_on" if all(x == Answer.YES for x in both) else "stops", stamp="")
    return row


@transaction.atomic
def end(*, by: Actor, match: Match, reason: str, last_meeting: str, thanks: str = "") -> Match:
    """End a match well: why, whether they met to say goodbye, and a word of thanks to the other one."""
    _side(by, match)
    with scope.as_role(Audience.JOB, purpose="end a match"):
        row = _held(match)
        _allow(rules.may_become(row.status, MatchStatus.ENDED))
        house = queries.rules_of(row.facility)
        reasons = []
        if reason not in house.end_reasons:
            reasons.append(Reason("reason_missing", _("Say why it ends."), field="reason"))
        if last_meeting not in {"held", "planned", "none"}:
            reasons.append(
                Reason("goodbye_missing", _("Say whether there is a last meeting."), field="last_meeting")
            )
        if reasons:
            raise Refused(reasons)
        close(row, by=by, reason=reason, last_meeting=last_meeting, thanks=thanks.strip()[:500])
        notices.tell_staff(row, "ended", stamp="")
        if by.visitor_id != row.visitor_id:
            notices.tell_mentor(row, "thanks", stamp="", topic="thanks" if thanks else "matches")
    return row


def close(match: Match, *, by: Actor, reason: str, last_meeting: str, thanks: str = "") -> None:
    """Write the end of a match, and let the participant wait again unless they wanted to stop. As the system."""
    match.status, match.ended_on, match.ended_by = MatchStatus.ENDED, match.facility.today(), by.name
    match.end_reason, match.last_meeting, match.thanks = reason, last_meeting, thanks
    match.save()
    again = reason in {"mentor_cannot", "not_a_fit", "moved_away", "other"}
    Wish.objects.filter(participant=match.participant, status=Wish.Status.MET).update(
        status=Wish.Status.OPEN if again else Wish.Status.WITHDRAWN
    )


def _side(by: Actor, match: Match) -> str:
    """Whose word it is: the mentor's, the participant's, or that of staff who speak for the participant."""
    if by.visitor_id is not None and by.visitor_id == match.visitor_id:
        return "mentor"
    if by.participant_id is not None and by.participant_id == match.participant_id:
        return "participant"
    if by.audience != Audience.STAFF and not by.is_system:
        raise Forbidden(_("This match is not yours."), Permission.MANAGE_VISITORS.value)
    by.require(Permission.MANAGE_VISITORS, match.facility_id)
    return "staff"


def _held(match: Match) -> Match:
    return (
        Match.objects.select_for_update(of=("self",))
        .select_related("visitor", "participant", "facility")
        .get(pk=match.pk)
    )


def _allow(decision: Decision) -> None:
    if decision.refused:
        raise Refused(decision.reasons)


def offer_going_on(match: Match, facility: Facility) -> None:
    """Ask both whether they go on after release; once. Runs as the system."""
    if match.go_on_offered is None:
        match.go_on_offered = facility.today()
        match.save(update_fields=["go_on_offered"])
        notices.tell_mentor(match, "go_on", stamp="")
        notices.tell_staff(match, "go_on", stamp="")
