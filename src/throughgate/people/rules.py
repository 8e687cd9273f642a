"""Pure decisions about people: who may move where from which state, which date stands, what a consent needs.

No database and no clock: today is an argument, days are local to the facility that asks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from throughgate.base.errors import Decision, Reason, Text
from throughgate.base.names import fold

INSIDE, AWAY, COMMUNITY, DIED, CLOSED = "inside", "away", "community", "died", "closed"
STATES = (INSIDE, AWAY, COMMUNITY, DIED, CLOSED)


class Event(StrEnum):
    """What can happen to where a person is."""

    TRANSFER = "transfer"
    RELEASE = "release"
    RETURN = "return"
    ABSENCE = "absence"
    BACK = "back"
    DEATH = "death"
    CLOSE = "close"


# From a state, by an event, to a state. None means that it cannot happen then. The table is total.
NEXT: dict[tuple[str, Event], str | None] = {
    (INSIDE, Event.TRANSFER): INSIDE,
    (INSIDE, Event.RELEASE): COMMUNITY,
    (INSIDE, Event.RETURN): None,
    (INSIDE, Event.ABSENCE): AWAY,
    (INSIDE, Event.BACK): INSIDE,  # an absence that is taken back before it began
    (INSIDE, Event.DEATH): DIED,
    (INSIDE, Event.CLOSE): None,
    (AWAY, Event.TRANSFER): INSIDE,
    (AWAY, Event.RELEASE): COMMUNITY,
    (AWAY, Event.RETURN): None,
    (AWAY, Event.ABSENCE): AWAY,  # a second one, at another time
    (AWAY, Event.BACK): INSIDE,
    (AWAY, Event.DEATH): DIED,
    (AWAY, Event.CLOSE): None,
    (COMMUNITY, Event.TRANSFER): None,
    (COMMUNITY, Event.RELEASE): None,
    (COMMUNITY, Event.RETURN): INSIDE,
    (COMMUNITY, Event.ABSENCE): None,
    (COMMUNITY, Event.BACK): None,
    (COMMUNITY, Event.DEATH): DIED,
    (COMMUNITY, Event.CLOSE): CLOSED,
    (DIED, Event.TRANSFER): None,
    (DIED, Event.RELEASE): None,
    (DIED, Event.RETURN): None,
    (DIED, Event.ABSENCE): None,
    (DIED, Event.BACK): None,
    (DIED, Event.DEATH): None,
    (DIED, Event.CLOSE): None,
    (CLOSED, Event.TRANSFER): None,
    (CLOSED, Event.RELEASE): None,
    (CLOSED, Event.RETURN): INSIDE,
    (CLOSED, Event.ABSENCE): None,
    (CLOSED, Event.BACK): None,
    (CLOSED, Event.DEATH): DIED,
    (CLOSED, Event.CLOSE): None,
}

_CANNOT: dict[str, Reason] = {
    INSIDE: Reason("is_inside", _("The person is inside."), _("Record a transfer or a release instead.")),
    AWAY: Reason(
        "is_away", _("The person is temporarily away."), _("Record that they came back, or a release.")
    ),
    COMMUNITY: Reason(
        "in_the_community", _("The person is in the community."), _("Record a return to custody first.")
    ),
    DIED: Reason("has_died", _("The person has died. The record stays as it is.")),
    CLOSED: Reason("record_closed", _("The record is closed."), _("Record a return to custody first.")),
}


@dataclass(frozen=True, kw_only=True)
class MoveFacts:
    """What a move is judged by. ``stay_from`` is the first day of the open stay, None without one."""

    whereabouts: str
    today: dt.date
    on: dt.date
    reason: str
    stay_from: dt.date | None = None
    same_place: bool = False
    target_in_use: bool = True
    target_is_office: bool | None = None
    unit_fits: bool = True


def can_move(event: Event, facts: MoveFacts) -> Decision:
    """Whether a person may move now, with every reason against it."""
    return Decision(tuple(_against_move(event, facts)))


def _against_move(event: Event, facts: MoveFacts) -> Iterable[Reason]:
    if NEXT[facts.whereabouts, event] is None:
        yield _CANNOT[facts.whereabouts]
    if facts.on > facts.today:
        yield Reason(
            "in_the_future",
            _("The day has not come yet."),
            _("Record the move on the day that it happens."),
            field="on",
        )
    if facts.stay_from is not None and facts.on < facts.stay_from:
        yield Reason(
            "before_arrival",
            _("The day lies before the person arrived here (%(day)s).") % {"day": facts.stay_from},
            _("Give a later day, or correct the stay."),
            field="on",
        )
    if not facts.reason.strip():
        yield Reason("no_reason", _("The reason is missing."), _("Say why the person moves."), field="reason")
    yield from _against_target(event, facts)


def _against_target(event: Event, facts: MoveFacts) -> Iterable[Reason]:
    if facts.same_place and event is Event.TRANSFER:
        yield Reason(
            "same_place",
            _("The person already is at this facility."),
            _("Choose another facility, or move the person to another unit."),
            field="to",
        )
    if not facts.target_in_use:
        yield Reason(
            "not_in_use", _("This facility is no longer in use."), _("Choose another one."), field="to"
        )
    if event in (Event.TRANSFER, Event.RETURN) and facts.target_is_office:
        yield Reason(
            "is_an_office",
            _("Nobody is held at a community office."),
            _("Record a release to this office instead."),
            field="to",
        )
    if event is Event.RELEASE and facts.target_is_office is False:
        yield Reason(
            "not_an_office",
            _("People are released to a community office."),
            _("Choose an office, or record a transfer."),
            field="to_office",
        )
    if not facts.unit_fits:
        yield Reason(
            "unit_elsewhere",
            _("This unit belongs to another facility."),
            _("Choose a unit of the facility."),
            field="unit",
        )


def can_be_absent(
    whereabouts: str,
    start: dt.datetime,
    end: dt.datetime | None,
    others: Sequence[tuple[dt.datetime | None, dt.datetime | None]],
) -> Decision:
    """Whether a temporary absence may be recorded beside those already there (from, until)."""
    reasons = []
    if NEXT[whereabouts, Event.ABSENCE] is None:
        reasons.append(_CANNOT[whereabouts])
    if end is not None and end <= start:
        reasons.append(
            Reason("ends_before_start", _("The absence must end after it starts."), field="ends_at")
        )
    elif any(_overlap((start, end), other) for other in others):
        reasons.append(
            Reason(
                "already_absent",
                _("The person is already away in that time."),
                _("End the other absence first."),
                field="starts_at",
            )
        )
    return Decision(tuple(reasons))


def _overlap(
    one: tuple[dt.datetime | None, dt.datetime | None], other: tuple[dt.datetime | None, dt.datetime | None]
) -> bool:
    (a, b), (c, d) = one, other
    return (b is None or c is None or c < b) and (d is None or a is None or a < d)


# Release dates -----------------------------------------------------------------------------------------

# Which kind tells when to expect the release, best first. Eligibility for parole is a hearing, not a release.
EXPECTED = ("projected", "earliest", "maximum")


@dataclass(frozen=True, kw_only=True)
class GivenDate:
    """A release date as custody gave it: ``on``, or why it is not known."""

    kind: str
    as_of: dt.date
    on: dt.date | None = None
    unknown_reason: str = ""
    source: str = ""


class Standing(StrEnum):
    """What becomes of a date that comes in."""

    IN_FORCE = "in_force"
    HISTORY = "history"
    SAME = "same"


def can_record_date(given: GivenDate, today: dt.date) -> Decision:
    """Whether a release date is whole: a day or why not, a source, an as-of that has come."""
    reasons = []
    if (given.on is None) == (not given.unknown_reason.strip()):
        reasons.append(Reason("date_or_reason", _("Give the date, or say why it is not known."), field="on"))
    if not given.source.strip():
        reasons.append(Reason("no_source", _("Say where the date comes from."), field="source"))
    if given.as_of > today:
        reasons.append(Reason("as_of_in_the_future", _("The as-of day has not come yet."), field="as_of"))
    return Decision(tuple(reasons))


def standing(given: GivenDate, in_force: GivenDate | None) -> Standing:
    """A newer as-of supersedes; an older one is history only; the same again changes nothing.

    Another date with the same as-of corrects the one before it: what is told last stands.
    """
    if in_force is None or given.as_of > in_force.as_of:
        return Standing.IN_FORCE
    if given.as_of < in_force.as_of:
        return Standing.HISTORY
    same = (given.on, given.unknown_reason, given.source) == (
        in_force.on,
        in_force.unknown_reason,
        in_force.source,
    )
    return Standing.SAME if same else Standing.IN_FORCE


def expected_release(in_force: Mapping[str, GivenDate]) -> GivenDate | None:
    """The date that the person and their programs plan by. One that custody calls unknown stays unknown."""
    return next((in_force[kind] for kind in EXPECTED if kind in in_force), None)


# Identity ----------------------------------------------------------------------------------------------


class Match(StrEnum):
    """What a number that comes with somebody says about who they are."""

    NEW = "new"
    SAME = "same"
    CONFLICT = "conflict"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who somebody is, as far as names and the date of birth tell."""

    first_name: str
    last_name: str
    birth_date: dt.date | None = None


def match_identity(wanted: Identity, holders: Sequence[Identity]) -> Match:
    """Compare somebody with those who already have one of their numbers. Anything unclear is a conflict."""
    if not holders:
        return Match.NEW
    if len(holders) == 1 and _same_person(wanted, holders[0]):
        return Match.SAME
    return Match.CONFLICT


def _same_person(one: Identity, other: Identity) -> bool:
    return (
        one.birth_date is not None
        and one.birth_date == other.birth_date
        and fold(one.last_name) == fold(other.last_name)
        and fold(one.first_name) == fold(other.first_name)
    )


# Consent -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ConsentDraft:
    """A consent as it is about to be signed; every part is needed ([A-22], [A-51])."""

    recipient_words: str
    purpose: str
    what: str
    tier: int
    fields: tuple[str, ...]
    form_text: str
    form_version: str
    language: str
    channel: str
    witness: str
    expires_at: dt.datetime | None


CHANNELS = ("paper", "kiosk", "spoken")
_NEEDED: dict[str, Text] = {
    "recipient_words": _("Say in words who may receive it."),
    "purpose": _("Say what it is for."),
    "what": _("Say in words what may be shared."),
    "form_text": _("Give the text that was signed."),
    "form_version": _("Say which version of the form was signed."),
    "language": _("Say in which language it was read."),
    "witness": _("Say who witnessed it."),
}


def whole_consent(draft: ConsentDraft, now: dt.datetime) -> Decision:
    """Whether a consent may be saved: nothing may be missing, and it must end some day ([A-22] to [A-24])."""
    reasons = [
        Reason(f"{name}_missing", words, field=name)
        for name, words in _NEEDED.items()
        if not str(getattr(draft, name)).strip()
    ]
    if draft.tier not in (1, 2, 3, 4):
        reasons.append(Reason("tier_unknown", _("Say how sensitive it is, from 1 to 4."), field="tier"))
    if not any(field.strip() for field in draft.fields):
        reasons.append(
            Reason("fields_missing", _("Name the facts that it covers, one by one."), field="fields")
        )
    if draft.channel not in CHANNELS:
        reasons.append(Reason("channel_missing", _("Say how it was signed."), field="channel"))
    if draft.expires_at is None:
        reasons.append(Reason("expiry_missing", _("Say until when it holds."), field="expires_at"))
    elif draft.expires_at <= now:
        reasons.append(Reason("expired", _("It would already have ended."), field="expires_at"))
    return Decision(tuple(reasons))


def can_keep_apart(
    first_id: int, second_id: int, *, reason: str, note: str, source: str, reasons: Iterable[str]
) -> Decision:
    """Whether a keep-apart order names two people, a reason of the list, and where it comes from."""
    against = []
    if first_id == second_id:
        against.append(Reason("one_person", _("Name two different people."), field="second"))
    if reason not in set(reasons):
        against.append(Reason("reason_unknown", _("Choose a reason from the list."), field="reason"))
    if reason == "other" and not note.strip():
        against.append(Reason("note_missing", _("Say in the note what the reason is."), field="note"))
    if not source.strip():
        against.append(Reason("no_source", _("Say who ordered it."), field="source"))
    return Decision(tuple(against))
