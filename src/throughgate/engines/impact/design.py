"""The target-trial card and the guards: checks, each with a name, that stop an unfair comparison.

A card is filled in before anything is computed. A guard returns findings; a finding that stops carries what
to do about it. Guards look at facts about people, never at the estimate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Level(StrEnum):
    """How much a finding weighs."""

    STOP = "stop"
    WARN = "warn"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """What a guard found: its name, how much it weighs, what is wrong and what to do."""

    guard: str
    level: Level
    message: str
    remedy: str = ""


@dataclass(frozen=True)
class Card:
    """The trial one would run if one could, in words and choices. Every field must be filled.

    time_zero: "release", "enrollment" (the day each person could start, both arms) or "landmark".
    arm: "started" (everyone who started), "offered" (by intent) or "completed" (descriptive only).
    place: where the program takes place: "inside" (before time zero) or "outside".
    landmark: days after release at which people still free are sorted into arms (time_zero = landmark).
    estimand: "ATT", the effect on those who took part; nothing else is called an effect on participants.
    """

    eligibility: str = ""
    time_zero: str = ""
    strategy: str = ""
    compared_with: str = ""
    outcome: str = ""
    estimand: str = ""
    arm: str = ""
    place: str = ""
    landmark: int | None = None


CHOICES: Mapping[str, tuple[str, ...]] = {
    "time_zero": ("release", "enrollment", "landmark"),
    "estimand": ("ATT",),
    "arm": ("started", "offered", "completed"),
    "place": ("inside", "outside"),
}


def card_complete(card: Card) -> list[Finding]:
    """Stop unless every field of the card is filled with a choice the engine can honor [T-7]."""
    found = []
    for field in fields(card):
        value = getattr(card, field.name)
        if field.name == "landmark":
            if card.time_zero == "landmark" and (value is None or value < 1):
                found.append(_blank("landmark", "a number of days after release"))
        elif not value:
            found.append(_blank(field.name, " or ".join(CHOICES.get(field.name, ("a sentence",)))))
        elif field.name in CHOICES and value not in CHOICES[field.name]:
            found.append(_wrong(field.name, str(value)))
    return found


def _blank(name: str, wanted: str) -> Finding:
    return Finding(
        "incomplete_card",
        Level.STOP,
        f"The trial card does not say {name.replace('_', ' ')}.",
        f"Fill it in with {wanted} before the analysis runs.",
    )


def _wrong(name: str, value: str) -> Finding:
    if name == "estimand":
        return Finding(
            "wrong_estimand",
            Level.STOP,
            f"{value} is not the effect on the people who took part.",
            "Use ATT: overlap weights answer for a different, unnamed group of people.",
        )
    return Finding(
        "incomplete_card",
        Level.STOP,
        f"{value!r} is not a possible {name.replace('_', ' ')}.",
        f"Choose {' or '.join(CHOICES[name])}.",
    )


def completers_only(card: Card) -> list[Finding]:
    """Stop when only those who finished count as participants [T-2]."""
    if card.arm != "completed":
        return []
    return [
        Finding(
            "completers_only",
            Level.STOP,
            "Only people who completed the program count as participants; those who finish differ from those "
            "who leave, whatever the program does.",
            "Count everyone who started. People who completed may be described beside it.",
        )
    ]


def immortal_time(card: Card, treated: Bools, started: Floats | None) -> list[Finding]:
    """Stop when participants had to stay free for a while to become participants [T-1].

    started (n,): day the program began, counted from release (negative: before release; NaN: never). In a
    landmark study arms are fixed by the landmark day, from which time is counted.
    """
    if started is None:
        if card.place == "outside" and card.time_zero != "enrollment":
            return [
                _immortal(
                    "The program takes place after release, and the file does not say when each person started."
                )
            ]
        return []
    first = np.where(treated, started, np.nan)
    if card.time_zero == "landmark":
        late = int(np.sum(first > (card.landmark or 0)))
        return [_immortal(f"{late} people joined only after the landmark day.")] if late else []
    late = int(np.sum(first > 0)) if card.time_zero == "release" else 0
    if late:
        return [_immortal(f"{late} people are counted as participants from release but started only later.")]
    return []


def _immortal(message: str) -> Finding:
    return Finding(
        "immortal_time",
        Level.STOP,
        message + " The days before they started were sure to be free ones.",
        "Use a landmark: sort the people still free on a given day by whether they had started by then.",
    )


def post_baseline(timing: Mapping[str, str]) -> list[Finding]:
    """Stop when a covariate is measured after time zero, or nobody says when it was [T-8]."""
    found = []
    for name, when in timing.items():
        if when == "after":
            found.append(
                Finding(
                    "post_release_covariate",
                    Level.STOP,
                    f"{name} was measured after time zero, so it may already carry the outcome.",
                    "Leave it out, or use its value dated before time zero.",
                )
            )
        elif when != "before":
            found.append(
                Finding(
                    "post_release_covariate",
                    Level.STOP,
                    f"Nobody has said when {name} was measured.",
                    'Say measured = "before" (dated before time zero) or leave it out.',
                )
            )
    return found


def follow_up(window: int, available: Floats | None, time: Floats, event: Bools) -> list[Finding]:
    """Stop when some people's window is not over yet and they are counted all the same [T-3], [T-4].

    available (n,): time each person could be observed (None: unknown); time (n,): time to the event or to
    the end of observation; event (n,): whether the event happened.
    """
    if available is None:
        short = ~event & (time < window)
        if short.any():
            return [_immature(int(short.sum()), window)]
        return [
            Finding(
                "unequal_follow_up",
                Level.WARN,
                "The file does not say how long each person could be observed, so nobody can check that the "
                "same cutoff was applied to people with and without the event.",
                "Give the time available per person (from release to the end of the data).",
            )
        ]
    short = available < window
    if not short.any():
        return []
    if not np.any(short & ~event):
        return [
            Finding(
                "unequal_follow_up",
                Level.STOP,
                f"{int(short.sum())} people whose {window} units are not over are kept because they had the "
                "event; nobody without the event was kept that early.",
                "Apply one cutoff to everyone: leave out all people whose window is not over.",
            )
        ]
    return [_immature(int(short.sum()), window)]


def _immature(people: int, window: int) -> Finding:
    return Finding(
        "immature_window",
        Level.STOP,
        f"For {people} people the {window} units of follow-up are not over; counting them as successes "
        "would make the rate too low.",
        "Wait for their windows to end, or leave them out whether or not they had the event.",
    )


def double_counting(person: Sequence[Any], treated: Bools) -> list[Finding]:
    """Stop when a person appears more than once, or in both arms [T-13]. Rows are never compared by
    attributes: identical rows may be different people [T-18]."""
    _, index = np.unique(np.asarray(person).astype(str), return_inverse=True)
    rows = np.bincount(index)
    if rows.max(initial=0) <= 1:
        return []
    arms = np.bincount(index, weights=treated)
    both = int(np.sum((arms > 0) & (arms < rows)))
    return [
        Finding(
            "double_counting",
            Level.STOP,
            f"{int(np.sum(rows > 1))} people appear more than once, {both} of them in both groups.",
            "Use each person's first release in the period.",
        )
    ]


def coverage(
    covered: Bools | None, treated: Bools, *, floor: float = 0.9, gap: float = 0.05
) -> list[Finding]:
    """Stop when too many people left the area the records cover, or more in one group [T-15]."""
    if covered is None:
        return [
            Finding(
                "coverage",
                Level.WARN,
                "Nobody has said whether events in other states or federal courts would be seen.",
                "Say for each person whether the sources cover where they live.",
            )
        ]
    share = float(covered.mean())
    apart = abs(float(covered[treated].mean()) - float(covered[~treated].mean()))
    if share >= floor and apart <= gap:
        return []
    return [
        Finding(
            "coverage",
            Level.STOP,
            f"Events would be seen for {share:.0%} of the people, and the two groups differ by {apart:.0%}; "
            "what is not seen looks like success.",
            "Add the missing sources, or study only people whom the sources cover.",
        )
    ]


def surveillance(
    counts_technical: bool, supervised: Bools | None, treated: Bools, adjusted: bool
) -> list[Finding]:
    """Technical violations can only happen to people under supervision [T-6]."""
    if not counts_technical:
        return []
    if supervised is None:
        return [
            Finding(
                "surveillance",
                Level.WARN,
                "The outcome includes technical violations and the file does not say who was supervised.",
                "Give the release type, and show new crimes separately.",
            )
        ]
    apart = abs(float(supervised[treated].mean()) - float(supervised[~treated].mean()))
    if apart <= 0.05 or adjusted:
        return [
            Finding(
                "surveillance",
                Level.NOTE,
                "The outcome includes technical violations; new crimes are to be shown separately.",
            )
        ]
    return [
        Finding(
            "surveillance",
            Level.STOP,
            f"The outcome includes technical violations, and the share supervised differs by {apart:.0%} "
            "between the groups: people who are watched have more to be caught for.",
            "Compare within the same release type, or count new crimes only.",
        )
    ]


def before_release(days: Floats, offense_days: Floats | None) -> list[Finding]:
    """Stop when events for offenses committed before release are counted [T-14]."""
    wrong = int(np.sum(days < 0))
    if offense_days is not None:
        wrong += int(np.sum((offense_days < 0) & (days >= 0)))
    if not wrong:
        return []
    return [
        Finding(
            "offense_before_release",
            Level.STOP,
            f"{wrong} events are for offenses committed before release.",
            "Leave them out: they say nothing about life after release.",
        )
    ]


def missing_flip(pairs: Sequence[tuple[str, float, float]]) -> list[Finding]:
    """Warn when complete cases and everybody point in opposite directions [T-9], [I-14].

    pairs: (what was estimated, estimate on everybody, estimate on complete cases).
    """
    return [
        Finding(
            "missing_data",
            Level.WARN,
            f"The {what} points one way among everybody ({everyone * 100:+.1f} points) and the other way "
            f"among people with complete records ({complete * 100:+.1f} points).",
            "Find out why records are incomplete before reading a direction into this study.",
        )
        for what, everyone, complete in pairs
        if everyone * complete < 0
    ]


def too_small_to_see(detectable: float, plausible: float) -> list[Finding]:
    """Warn, before anything is run, when the study could not see a plausible effect [T-12]."""
    if detectable <= plausible:
        return []
    return [
        Finding(
            "too_small_to_see",
            Level.WARN,
            f"The smallest difference this study could show is {detectable * 100:.1f} points; an effect of "
            f"more than {plausible * 100:.0f} points would be surprising for any program.",
            "Wait for more people, or join with other sites. An inconclusive result is the likely one.",
        )
    ]


def landmark_arms(started: Floats, ended: Floats, landmark: int) -> tuple[Bools, Bools, Floats]:
    """Sort people into arms on the landmark day, the fair way to study a program that starts after release.

    started, ended (n,): days from release (NaN: never started). Returns (who is still observed after the
    landmark day, who had started by then, time from the landmark), each (n,); use only rows of the first.
    """
    kept = ended > landmark
    arm = np.nan_to_num(started, nan=np.inf) <= landmark
    return kept, arm, ended - landmark
