"""What of a report everybody may read, and whether it may be read beside what was published before.

A publication holds a fixed set of figures, never a filter: whole people out of a hundred, counts rounded with
small ones hidden and further ones hidden beside them, the adjusted difference, and the words that a named
person wrote for it in each language. Pure functions; the verbs are in `actions.publications`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from throughgate.policies.house import PublishingRules

Data = Mapping[str, Any]
FORMAT = "throughgate.public-result/1"
WORDS = ("title", "program", "event", "compared_with")
KEY_BYTES = 8


def content(
    result: Data, words: Mapping[str, Mapping[str, str]], rules: PublishingRules, *, standing: Data
) -> dict[str, Any]:
    """The public figures of a report. `standing`: registered (day or empty), before_first_run, runs.

    Figures of the effect are left out where too few people stand behind them or there is no fair answer.
    """
    verdict = result["verdict"]
    made: dict[str, Any] = {
        "format": FORMAT,
        "answer": verdict["answer"],
        "guards": list(verdict["guards"]),
        "more": verdict["more"],
        "words": {language: dict(texts) for language, texts in words.items()},
        "window": result["window"],
        "unit": result["unit"],
        "margin": result["margin"],
        "detectable": _points(result["minimum_detectable"]),
        "counted": _counted(result, rules),
        "standing": dict(standing),
        "code": result["provenance"]["code"],
        "made": result["provenance"]["made"],
        "threshold": rules.smallest,
        "round_to": rules.round_to,
    }
    if result.get("observed") and verdict["answer"] != "cannot be answered fairly":
        made |= _figures(result, rules)
    return made


def _points(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _counted(result: Data, rules: PublishingRules) -> list[dict[str, Any]]:
    """The funnel as everybody may see it: no count below the threshold, no step that differs by few."""
    out: list[dict[str, Any]] = []
    last: tuple[int, int] | None = None
    for step in result["counted"]:
        now = (step["people"], step["participants"])
        if last and any(0 < abs(a - b) < rules.smallest for a, b in zip(last, now, strict=True)):
            continue
        last = now
        people, participants = (_rounded(n, rules) for n in now)
        out.append({"label": step["label"], "people": people, "participants": participants})
    return out


def _rounded(count: int, rules: PublishingRules) -> int | None:
    """A count as published; None where it is small."""
    if 0 < count < rules.smallest:
        return None
    return rules.round_to * round(count / rules.round_to)


def _figures(result: Data, rules: PublishingRules) -> dict[str, Any]:
    """Rates, the difference and the table, where enough people stand behind every one of them."""
    import numpy as np  # noqa: PLC0415 - only when something is published

    from throughgate.engines.impact import disclosure  # noqa: PLC0415

    seen = result["observed"]
    table = np.array([[each["events"], each["people"] - each["events"]] for each in seen])
    safe = disclosure.protect(table, threshold=rules.smallest, base=rules.round_to)
    figures: dict[str, Any] = {
        "table": {"cells": [list(row) for row in safe.cells], "rows": list(safe.rows)},
        "columns": list(safe.columns),
        "total": safe.total,
    }
    enough = all(each["people"] >= rules.rate_smallest for each in seen)
    if not enough or (table < rules.smallest).any():
        return figures
    main, with_ = result["estimates"][0], result["rates"]["with"]
    figures["hundred"] = {
        "with": [_whole(with_), _whole(seen[0]["low"]), _whole(seen[0]["high"])],
        "without": [
            _whole(result["rates"]["without"]),
            _whole(with_ - main["high"]),
            _whole(with_ - main["low"]),
        ],
    }
    figures["points"] = [_points(main[name]) for name in ("value", "low", "high")]
    figures["strong"] = main["se"] > 0 and abs(main["value"]) / main["se"] >= 3.29
    return figures


def _whole(share: float) -> int:
    return round(100 * min(1.0, max(0.0, share)))


# --- who stands behind a publication ---


@dataclass(frozen=True)
class Group:
    """People behind a published figure, each as a keyed fingerprint that says nothing by itself."""

    name: str
    people: frozenset[bytes]


def fingerprints(people: Iterable[str], space: str, secret: str) -> bytes:
    """Sorted fingerprints of people, joined; the same person of the same space always has the same one."""
    key = hashlib.blake2b(f"selection {secret}".encode(), digest_size=32).digest()
    base = hashlib.blake2b(key=key, digest_size=KEY_BYTES)
    base.update(space.encode() + b"\0")
    out = []
    for person in people:
        one = base.copy()
        one.update(person.encode())
        out.append(one.digest())
    return b"".join(sorted(out))


def group(name: str, keys: bytes) -> Group:
    """A group from its joined fingerprints."""
    spots = range(0, len(keys), KEY_BYTES)
    return Group(name, frozenset(bytes(keys[at : at + KEY_BYTES]) for at in spots))


def clashes(new: Iterable[Group], old: Iterable[Group], smallest: int) -> list[tuple[str, str, int]]:
    """Pairs of a new and a published group whose difference would single out a few people: (new, old, how many).

    Whoever holds both pages could subtract one from the other [T-19]. Only groups within one another can be
    subtracted; groups that merely overlap tell nothing apart.
    """
    found = []
    published = list(old)
    for one in new:
        for other in published:
            if not (one.people <= other.people or other.people <= one.people):
                continue
            apart = len(one.people ^ other.people)
            if 0 < apart < smallest:
                found.append((one.name, other.name, apart))
    return found
