"""What somebody may come to earn: an amount and its assumptions, never a date of release. [P-241]"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from .accrual import accrue
from .credit import CreditRules
from .evidence import Event, Evidence, Facts, Pause
from .ledger import LedgerLine, total
from .packs import Pack
from .words import Label

OFFICIAL = Label(
    {
        "en": "This is an estimate. The official date comes from the records office and does not change.",
        "es": "Es una estimación. La fecha oficial viene de la oficina de registros y esto no la cambia.",
    }
)
ASSUMPTIONS = {
    "attends_all": Label(
        {"en": "Every planned session is attended.", "es": "Se asiste a todas las sesiones previstas."}
    ),
    "rules_stay": Label({"en": "The rules stay as they are.", "es": "Las reglas siguen como están."}),
    "approved": Label({"en": "Someone who may approve it does.", "es": "Quien puede aprobarlo lo aprueba."}),
    "sentence_unknown": Label(
        {
            "en": "The length of the sentence is not known here, so a limit by percent was not applied.",
            "es": "Aquí no se conoce la duración de la sentencia; no se aplicó el límite por porcentaje.",
        }
    ),
    "may_be_lost": Label({"en": "No credit is lost.", "es": "No se pierde ningún crédito."}),
}


@dataclass(frozen=True)
class Projection:
    """Earned so far and possible through `horizon`, the day that was asked about.

    It holds no other date on purpose: a legal date is imported, never worked out. `parts` says what the
    possible amount would go to; `capped` whether a limit holds some of it back.
    """

    policy: str
    measure: str
    earned: Decimal
    waits_for_approval: Decimal
    possible: Decimal
    horizon: dt.date
    capped: bool
    parts: tuple[tuple[Label, Decimal], ...]
    moves: Label
    apply_when: Label | None
    assumptions: tuple[Label, ...]
    official: Label
    disclaimer: Label
    invented: bool


def projection(
    pack: Pack[CreditRules],
    evidence: Iterable[Evidence],
    planned: Iterable[Evidence],
    *,
    as_of: dt.date,
    horizon: dt.date,
    facts: Facts | None = None,
    events: Iterable[Event] = (),
    pauses: Iterable[Pause] = (),
    prior: Iterable[LedgerLine] = (),
) -> Projection:
    """What is earned through `as_of`, and at most through `horizon` with what is planned.

    `planned` is evidence that does not exist yet: sessions to come, a completion hoped for; its days lie
    after `as_of` (others are left out). Raises ValueError when the horizon lies before `as_of`.
    """
    if horizon < as_of:
        raise ValueError(f"The day asked about ({horizon}) lies before today ({as_of}).")
    done, before = [each for each in evidence if each.on <= as_of], tuple(prior)
    known, happened, stood_still = facts or Facts(), tuple(events), tuple(pauses)
    later = [replace(each, id=f"planned-{each.id}") for each in planned if each.on > as_of]
    now = accrue(pack, done, as_of=as_of, facts=known, events=happened, pauses=stood_still, prior=before)
    then = accrue(
        pack, [*done, *later], as_of=horizon, facts=known, events=happened, pauses=stood_still, prior=before
    )
    possible = total(then)
    return Projection(
        policy=pack.cite,
        measure=pack.data.measure,
        earned=total(now),
        waits_for_approval=total(line for line in now if line.requires_approval),
        possible=possible,
        horizon=horizon,
        capped=any(line.withheld > 0 for line in then),
        parts=tuple(pack.data.split(possible)),
        moves=pack.data.moves,
        apply_when=pack.data.apply_when,
        assumptions=_assumptions(pack, then),
        official=OFFICIAL,
        disclaimer=pack.disclaimer,
        invented=pack.invented,
    )


def _assumptions(pack: Pack[CreditRules], lines: Iterable[LedgerLine]) -> tuple[Label, ...]:
    lines = list(lines)
    names = ["attends_all", "rules_stay"]
    if any(line.requires_approval for line in lines):
        names.append("approved")
    if any("percent_cap_not_checked" in line.why for line in lines):
        names.append("sentence_unknown")
    if any(rule.forfeitures for rule in pack.data.rules.values()):
        names.append("may_be_lost")
    return tuple(ASSUMPTIONS[name] for name in names)
