"""From numbers to one of five verdicts, in words. Never a bare p-value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil

from .comparison import Z80, Estimate
from .survival import Z95


class Answer(StrEnum):
    """The five things the engine may say."""

    REDUCED = "reduced"
    INCREASED = "increased"
    SAME = "no meaningful difference"
    TOO_FEW = "not enough people yet"
    UNFAIR = "cannot be answered fairly"


@dataclass(frozen=True)
class Verdict:
    """A verdict: the answer, one sentence for a reader who is no statistician, the reasons (one per guard
    that stopped it), and about how many more participants would settle it (None when not applicable)."""

    answer: Answer
    sentence: str
    reasons: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    more: int | None = None


def points(share: float) -> str:
    """A difference of rates in words: 0.031 -> "3.1 percentage points"."""
    size = f"{abs(share) * 100:.1f}"
    return f"{size} percentage point" + ("" if size == "1.0" else "s")


def decide(
    estimate: Estimate,
    *,
    program: str,
    event: str,
    participants: int,
    margin: float,
    stops: Sequence[tuple[str, str]] = (),
    compared_with: str = "usual services",
) -> Verdict:
    """Turn the primary estimate of an undesired outcome into a verdict.

    margin: the smallest effect that matters to the agency, as a share (0.03 = 3 points).
    stops: (guard, reason) of every guard that failed; any of them makes the question unanswerable.
    event: the outcome as "returned to prison within 36 months".
    """
    if stops:
        return Verdict(
            Answer.UNFAIR,
            f"Whether {program} changes how many people {event} cannot be answered fairly from this data.",
            tuple(reason for _, reason in stops),
            tuple(guard for guard, _ in stops),
        )
    who = f"People who took part in {program}"
    other = f"similar people who had {compared_with}"
    if estimate.high < 0:
        return Verdict(
            Answer.REDUCED,
            f"{who} {event} less often than {other}: about {points(estimate.value)} less, "
            f"and probably between {points(estimate.high)} and {points(estimate.low)} less.",
        )
    if estimate.low > 0:
        return Verdict(
            Answer.INCREASED,
            f"{who} {event} more often than {other}: about {points(estimate.value)} more, "
            f"and probably between {points(estimate.low)} and {points(estimate.high)} more.",
        )
    if -margin <= estimate.low and estimate.high <= margin:
        return Verdict(
            Answer.SAME,
            f"{who} {event} about as often as {other}. Any difference is smaller than the "
            f"{points(margin)} agreed to matter.",
        )
    more = more_needed(estimate.se, participants, margin)
    return Verdict(
        Answer.TOO_FEW,
        f"There are not enough people yet to tell whether {program} changes how many people {event}: "
        f"about {more:,} more participants would be needed. This does not mean that it makes no difference.",
        more=more,
    )


def more_needed(se: float, participants: int, margin: float) -> int:
    """About how many more participants (with as many comparison people each) would show an effect of the
    size of the margin four times in five, or show that there is none that large; in steps of ten."""
    needed = participants * ((Z95 + Z80) * se / margin) ** 2
    return max(10, ceil((needed - participants) / 10) * 10)


def out_of_100(rate: float) -> int:
    """A rate as whole people out of 100."""
    return round(rate * 100)


def say(
    answer: Answer,
    sentence: str,
    reasons: Sequence[str] = (),
    *,
    program: str,
    event: str,
    rate_with: float,
    rate_without: float,
) -> tuple[list[str], list[str]]:
    """Lines ready to copy: (what you can say, what you cannot say)."""
    typical = (
        f"For any 100 typical people who took part in {program}, {out_of_100(rate_with)} {event}; "
        f"for any 100 similar people who did not take part, about {out_of_100(rate_without)}."
    )
    never = "That the program will have the same effect on other people, in other places or at other times."
    if answer is Answer.REDUCED:
        return [sentence, typical], [
            f"That {program} caused a fixed number of people not to return.",
            "That nothing else could explain any part of the difference.",
            never,
        ]
    if answer is Answer.INCREASED:
        return [sentence, typical], [
            f"That {program} makes any one person more likely to return.",
            "That nothing else could explain any part of the difference.",
            never,
        ]
    if answer is Answer.SAME:
        return [sentence, typical], [
            f"That {program} has no value: other outcomes may differ.",
            never,
        ]
    if answer is Answer.TOO_FEW:
        return [sentence], [
            f"That {program} works.",
            f"That {program} does not work.",
            "That the two groups are the same.",
        ]
    return [sentence, *reasons], [
        f"Anything about whether {program} works, in either direction, on the strength of this data.",
    ]
