"""Pure decisions about matches: who fits whom and why, who goes together, what may follow what, who is asked when.

No database and no clock. The order of proposals comes from points that the mentoring pack sets; a person
decides. Points are of a pair and a day; nobody is scored ([P-186]).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from throughgate.base.errors import Decision, Reason
from throughgate.policies.mentoring import MentoringRules

DAY = dt.timedelta(days=1)
IN_PERSON = "in_person"
# The one answer for everything private that stands between two people: never which of them it is.
NOT_A_FIT = Reason("not_a_fit", _("These two do not fit together."), _("Choose somebody else."))


@dataclass(frozen=True, kw_only=True)
class Side:
    """What one of the two says of themselves, in codes of the pack."""

    key: str
    kinds: frozenset[str]
    interests: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    times: frozenset[str] = frozenset()
    modes: frozenset[str] = frozenset()
    region: str = ""
    after_release: bool = False


@dataclass(frozen=True, kw_only=True)
class Mentor(Side):
    """A mentor or tutor; ``cleared`` are the facilities where they may come in, ``free`` how many more they take."""

    free: int
    has: int = 0
    cleared: frozenset[int] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Seeker(Side):
    """A participant who wishes for somebody; ``apart`` are the mentors who are out of the question."""

    asked_on: dt.date
    facility: int
    inside: bool = True
    apart: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Why:
    """One reason for a pair: its code, the codes that it is about, and its points."""

    code: str
    about: tuple[str, ...] = ()
    points: int = 0


@dataclass(frozen=True)
class Pair:
    """Two who fit, with every reason and their points together."""

    seeker: str
    mentor: str
    kind: str
    why: tuple[Why, ...]

    @property
    def points(self) -> int:
        """All points together; they order proposals and are never shown."""
        return sum(each.points for each in self.why)


def ways(seeker: Seeker, mentor: Mentor) -> frozenset[str]:
    """How the two could meet: ways both want; inside in person only where the mentor is cleared."""
    both = seeker.modes & mentor.modes
    if seeker.inside and seeker.facility not in mentor.cleared:
        both -= {IN_PERSON}
    return both


def fits(seeker: Seeker, mentor: Mentor) -> Decision:
    """Whether a pair is possible at all: a kind, a language and a way that both have, a free place, and nothing
    private between them."""
    reasons = []
    if not seeker.kinds & mentor.kinds:
        reasons.append(Reason("kind", _("One looks for a mentor, the other for tutoring.")))
    if not seeker.languages & mentor.languages:
        reasons.append(Reason("language", _("They share no language.")))
    if not ways(seeker, mentor):
        reasons.append(
            Reason("mode", _("There is no way to meet that suits both."), _("Ask for a clearance."))
        )
    if mentor.free <= 0:
        reasons.append(Reason("full", _("The mentor has as many people as they can take.")))
    if mentor.key in seeker.apart:
        reasons.append(NOT_A_FIT)
    return Decision(tuple(reasons))


def pair(seeker: Seeker, mentor: Mentor, today: dt.date, rules: MentoringRules) -> Pair | None:
    """The pair with its reasons; None when it is not possible or little speaks for it."""
    if fits(seeker, mentor).refused:
        return None
    common = seeker.kinds & mentor.kinds
    kind = (
        "tutor"
        if common == {"tutor"} or ("tutor" in common and seeker.subjects & mentor.subjects)
        else "mentor"
    )
    made = Pair(seeker.key, mentor.key, kind, tuple(_reasons(seeker, mentor, today, rules)))
    shared = sum(each.points for each in made.why if each.code in {"subject", "interest", "time"})
    return made if shared >= rules.least_points else None


def _reasons(seeker: Seeker, mentor: Mentor, today: dt.date, rules: MentoringRules) -> Iterable[Why]:
    weight, most = rules.weights, rules.counted_at_most
    yield Why("language", tuple(sorted(seeker.languages & mentor.languages)))
    for code, mine, theirs in (
        ("subject", seeker.subjects, mentor.subjects),
        ("interest", seeker.interests, mentor.interests),
        ("time", seeker.times, mentor.times),
    ):
        both = tuple(sorted(mine & theirs))
        if both:
            yield Why(code, both, weight[code] * min(len(both), most))
    how = ways(seeker, mentor)
    yield Why("mode", tuple(sorted(how)), weight[IN_PERSON] if IN_PERSON in how else 0)
    if seeker.region and same_place(seeker.region, mentor.region):
        yield Why("region", (), weight["region"])
    if seeker.after_release and mentor.after_release:
        yield Why("after_release", (), weight["after_release"])
    waited = max((today - seeker.asked_on).days, 0)
    full = rules.waiting_days_full
    yield Why("waiting", (str(waited),), weight["waiting"] * min(waited, full) // full)
    if mentor.has == 0:
        yield Why("free_hands", (), weight["free_hands"])


def same_place(one: str, other: str) -> bool:
    """Whether two towns or counties are the same, however they are written."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def ranked(seeker: Seeker, mentors: Iterable[Mentor], today: dt.date, rules: MentoringRules) -> list[Pair]:
    """Everybody who fits one participant, the best first; equals by key, so that the order never jumps."""
    pairs = (pair(seeker, mentor, today, rules) for mentor in mentors)
    return sorted((each for each in pairs if each is not None), key=lambda each: (-each.points, each.mentor))


def propose(
    seekers: Sequence[Seeker], mentors: Sequence[Mentor], today: dt.date, rules: MentoringRules
) -> list[Pair]:
    """Who would go with whom when everybody is looked at together: each participant once, no mentor beyond what
    they take.

    Stable: no participant and mentor outside their pairs would both be better off together, by the points of
    a pair; who asked first goes first among equals. The same people give the same answer in any order.
    """
    asked = {each.key: each.asked_on for each in seekers}
    every = [p for seeker in seekers for mentor in mentors if (p := pair(seeker, mentor, today, rules))]
    every.sort(key=lambda each: (-each.points, asked[each.seeker], each.seeker, each.mentor))
    free = {each.key: each.free for each in mentors}
    met: dict[str, Pair] = {}
    for each in every:
        if each.seeker not in met and free[each.mentor] > 0:
            met[each.seeker] = each
            free[each.mentor] -= 1
    return [met[each.key] for each in sorted(seekers, key=lambda s: (s.asked_on, s.key)) if each.key in met]


# What may follow what. A match that was declined or has ended stays; who comes back begins a new one.
NEXT: Mapping[str, frozenset[str]] = {
    "proposed": frozenset({"active", "declined"}),
    "active": frozenset({"ended"}),
    "declined": frozenset(),
    "ended": frozenset(),
}


def may_become(status: str, wanted: str) -> Decision:
    """Whether a match may take this step."""
    if wanted in NEXT[status]:
        return Decision()
    return Decision((Reason("over", _("This match is not open for that any more."), _("Reload the page.")),))


def sound_meeting(
    on: dt.date | None,
    minutes: int | None,
    mode: str,
    *,
    begun: dt.date | None,
    today: dt.date,
    rules: MentoringRules,
) -> Decision:
    """Whether a meeting may be written down as it is."""
    reasons = []
    if on is None or on > today:
        reasons.append(Reason("future", _("Say on which day you met, today or before."), field="on"))
    elif begun is not None and on < begun:
        reasons.append(Reason("too_early", _("This is before you were matched."), field="on"))
    elif (today - on).days > rules.log_back_days:
        reasons.append(Reason("too_old", _("This is too long ago."), _("Ask the coordinator."), field="on"))
    if minutes is None or not 1 <= minutes <= rules.longest_minutes:
        words = _("Say for how many minutes, at most %(most)s.") % {"most": rules.longest_minutes}
        reasons.append(Reason("minutes", words, field="minutes"))
    if not mode:
        reasons.append(Reason("mode_missing", _("Say how you met."), field="mode"))
    return Decision(tuple(reasons))


@dataclass(frozen=True, kw_only=True)
class Course:
    """The days of a match that chasing looks at."""

    status: str
    proposed_on: dt.date
    active_from: dt.date | None = None
    last_meeting: dt.date | None = None
    mentor_answered: bool = False
    participant_answered: bool = False


@dataclass(frozen=True)
class Chase:
    """Who is asked what: ``who`` is "mentor" or "coordinator"; ``since`` tells one silence from the next."""

    who: str
    what: str
    since: dt.date


def chase(course: Course, today: dt.date, rules: MentoringRules) -> list[Chase]:
    """Whom to ask today about a match that is silent ([P-189], [C-48]). Each is asked once a silence."""
    if course.status == "proposed":
        return _unanswered(course, today, rules)
    if course.status != "active" or course.active_from is None:
        return []
    since = course.last_meeting or course.active_from
    silent = (today - since).days
    found = []
    if course.last_meeting is None and silent >= rules.first_meeting_days:
        found.append(Chase("mentor", "first_meeting", since))
    elif course.last_meeting is not None and silent >= rules.silent_days:
        found.append(Chase("mentor", "silent", since))
    if silent >= rules.coordinator_days:
        found.append(Chase("coordinator", "silent", since))
    return found


def _unanswered(course: Course, today: dt.date, rules: MentoringRules) -> list[Chase]:
    waited = (today - course.proposed_on).days
    found = []
    if waited >= rules.answer_days and not course.mentor_answered:
        found.append(Chase("mentor", "answer", course.proposed_on))
    if (waited >= rules.answer_days and not course.participant_answered) or waited >= 2 * rules.answer_days:
        found.append(Chase("coordinator", "answer", course.proposed_on))
    return found


def goes_on(inside: bool, mentor: str, participant: str) -> bool:
    """Whether a match goes on: inside always, after release when both said yes."""
    return inside or (mentor == "yes" and participant == "yes")
