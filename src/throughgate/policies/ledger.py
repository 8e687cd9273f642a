"""Lines of a credit ledger: never deleted, put right by reversal. [P-242]"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal

NONE = Decimal(0)


@dataclass(frozen=True)
class LedgerLine:
    """One line of a credit ledger: what counts on which day, by which policy, from which evidence.

    `withheld` is what a cap kept back; `why` holds plain codes (cap_month, rolled_over, ...). A reversal
    names the `key` of its line and has the opposite amount on the same day. `posted_on` is when it was
    written.
    """

    policy: str
    rule: str
    kind: str  # "earned" or "forfeited"
    on: dt.date
    amount: Decimal
    measure: str
    evidence: tuple[str, ...]
    withheld: Decimal = NONE
    why: tuple[str, ...] = ()
    requires_approval: bool = False
    reverses: str = ""
    posted_on: dt.date | None = field(default=None, compare=False)

    @property
    def key(self) -> str:
        """The same for the same line, however often it is worked out: 20 hexadecimal digits."""
        parts = (
            self.policy,
            self.rule,
            self.kind,
            self.on,
            self.amount.normalize(),
            self.measure,
            self.evidence,
        )
        return hashlib.sha256(repr((*parts, self.reverses)).encode()).hexdigest()[:20]


def total(lines: Iterable[LedgerLine]) -> Decimal:
    """What the lines come to, reversals and forfeitures included."""
    return sum((line.amount for line in lines), NONE)


def reverse(line: LedgerLine, *, why: str, posted_on: dt.date) -> LedgerLine:
    """The line that takes another back: the opposite amount, for the same day, naming it."""
    return replace(
        line, amount=-line.amount, withheld=NONE, why=(why,), reverses=line.key, posted_on=posted_on
    )


def outstanding(posted: Iterable[LedgerLine]) -> list[LedgerLine]:
    """The lines that were posted and not reversed, in the order they were posted."""
    lines = list(posted)
    taken_back = Counter(line.reverses for line in lines if line.reverses)
    left = []
    for line in lines:
        if line.reverses:
            continue
        if taken_back[line.key] > 0:
            taken_back[line.key] -= 1
        else:
            left.append(line)
    return left


def reconcile(
    posted: Iterable[LedgerLine], should: Iterable[LedgerLine], *, why: str, posted_on: dt.date
) -> list[LedgerLine]:
    """What to append so that a ledger says what it should: reversals first, then new lines.

    Nothing is appended when they already agree, so it may run as often as one likes.
    """
    standing, wanted = outstanding(posted), list(should)
    missing = Counter(line.key for line in wanted)
    changes = []
    for line in standing:
        if missing[line.key] > 0:
            missing[line.key] -= 1
        else:
            changes.append(reverse(line, why=why, posted_on=posted_on))
    for line in wanted:
        if missing[line.key] > 0:
            missing[line.key] -= 1
            changes.append(replace(line, posted_on=posted_on))
    return changes
