"""References: named by the applicant, asked through a link without an account, read only by those who decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.base import links, saving, scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.outbox.actions import send
from throughgate.base.scope import Audience
from throughgate.visitors.actions.common import is_open, locked, mine_or_kept
from throughgate.visitors.models import Reference, ReferenceAnswer, Step
from throughgate.visitors.steps import requirement_of

PURPOSE = "visitor-reference"
LINK_DAYS = 30
WORDS_LONGEST = 2000
EACH_AT_MOST = 3


@transaction.atomic
def name_reference(*, by: Actor, step: Step, name: str, email: str, relation: str) -> Reference:
    """Name somebody who can say something about the applicant; they are asked at once."""
    mine_or_kept(by, step.clearance.visitor_id, step.clearance.facility_id)
    with scope.as_role(Audience.JOB, purpose="a reference is named"):
        row = locked(step)
        asked = requirement_of(row)
        against = []
        if asked.proof != "reference" or not is_open(row.clearance):
            against.append(Reason("no_reference", _("No reference is asked here.")))
        standing = row.references.filter(withdrawn_at__isnull=True)
        if standing.count() >= asked.count:
            text = _("%(n)s references are named already.") % {"n": asked.count}
            against.append(Reason("enough", text, _("Take one back first.")))
        if email.strip().lower() == row.clearance.visitor.email.lower():
            against.append(Reason("oneself", _("Nobody is their own reference."), field="email"))
        if against:
            raise Refused(against)
        made = Reference(step=row, name=name.strip(), email=email.strip().lower(), relation=relation.strip())
        saving.save(made)
        _ask(made)
    return made


@transaction.atomic
def ask_again(*, by: Actor, reference: Reference) -> Reference:
    """Send a fresh link; a few times at most, and not to somebody who has answered."""
    step = reference.step
    mine_or_kept(by, step.clearance.visitor_id, step.clearance.facility_id)
    with scope.as_role(Audience.JOB, purpose="a reference is asked again"):
        row = (
            Reference.objects.select_for_update(of=("self",))
            .select_related("step__clearance")
            .get(pk=reference.pk)
        )
        if row.answered_at is not None or row.withdrawn_at is not None:
            raise Refused(Reason("answered", _("Nothing is waited for here any more.")))
        if row.times_asked >= EACH_AT_MOST:
            text = _("They were asked %(n)s times.") % {"n": row.times_asked}
            raise Refused(Reason("asked_enough", text, _("Name somebody else.")))
        _ask(row)
    return row


@transaction.atomic
def withdraw_reference(*, by: Actor, reference: Reference) -> Reference:
    """Take back somebody who has not answered, so that another can be named."""
    step = reference.step
    mine_or_kept(by, step.clearance.visitor_id, step.clearance.facility_id)
    with scope.as_role(Audience.JOB, purpose="a reference is taken back"):
        row = Reference.objects.select_for_update(of=("self",)).get(pk=reference.pk)
        if row.answered_at is not None:
            raise Refused(Reason("answered", _("They have answered already.")))
        row.withdrawn_at = row.withdrawn_at or timezone.now()
        saving.save(row)
        links.withdraw(purpose=PURPOSE, subject=row.code)
    return row


@transaction.atomic
def answer_reference(*, code: str, answers: Mapping[str, str]) -> Reference:
    """Keep what a referee wrote, in confidence. The link proves who answers; every question needs words."""
    with scope.as_role(Audience.JOB, purpose="a referee answers"):
        row = (
            Reference.objects.select_for_update(of=("self",))
            .select_related("step__clearance__facility", "step__clearance__visitor")
            .filter(code=code)
            .first()
        )
        if row is None or row.withdrawn_at is not None or not is_open(row.step.clearance):
            raise Refused(Reason("not_asked", _("This reference is no longer needed. Thank you."), ""))
        if row.answered_at is not None:
            raise Refused(Reason("answered", _("You have answered already. Thank you.")))
        row.answered_at = timezone.now()
        saving.save(row)
        saving.save(ReferenceAnswer(reference=row, answers=_sound(row, answers)))
    return row


def _sound(row: Reference, answers: Mapping[str, str]) -> list[dict[str, str]]:
    kept, against = [], []
    for each in requirement_of(row.step).questions:
        words = answers.get(each.code, "").strip()
        choices = dict(each.choices)
        if not words or (choices and words not in choices):
            against.append(Reason(f"{each.code}.missing", _("Please answer this too."), field=each.code))
        elif len(words) > WORDS_LONGEST:
            text = _("At most %(n)s characters, please.") % {"n": WORDS_LONGEST}
            against.append(Reason(f"{each.code}.long", text, field=each.code))
        else:
            kept.append({"question": str(each.label), "words": str(choices.get(words, words))})
    if against:
        raise Refused(against)
    return kept


def _ask(row: Reference) -> None:
    links.withdraw(purpose=PURPOSE, subject=row.code)
    path = links.offer(purpose=PURPOSE, subject=row.code, days=LINK_DAYS)
    clearance: Any = row.step.clearance
    row.asked_at, row.times_asked = timezone.now(), row.times_asked + 1
    saving.save(row)
    send(
        key=f"reference {row.code} {row.times_asked}",
        address=row.email,
        template="reference_request",
        data={
            "who": clearance.visitor.name,
            "place": clearance.facility.name,
            "link": links.address(path),
            "days": LINK_DAYS,
        },
        name=row.name,
        language=clearance.visitor.language,
        facility_id=clearance.facility_id,
    )
