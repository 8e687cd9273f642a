"""How an application begins: from an enquiry taken on, an invitation, staff, or the visitor's own page."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from throughgate.access import actions as access
from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.access.roles import RoleName
from throughgate.base import saving, scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.outbox.actions import send
from throughgate.base.scope import Audience
from throughgate.places.models import Facility
from throughgate.policies import queries as policies
from throughgate.visitors import rules, steps
from throughgate.visitors.actions.clearances import open_application
from throughgate.visitors.actions.common import DAY, is_open
from throughgate.visitors.models import Clearance, Source, Visitor


@transaction.atomic
def begin_application(
    *,
    by: Actor,
    facility: Facility,
    first_name: str = "",
    last_name: str = "",
    email: str = "",
    phone: str = "",
    language: str = "en",
    kind: str = "volunteer",
    grade: str = "",
    organization: Any = None,
    visitor: Visitor | None = None,
    source: str = Source.STAFF,
    enquiry: Any = None,
    invite: bool = True,
) -> Clearance:
    """Open the application of somebody at a facility, with every step that its rules ask, and tell them.

    ``visitor`` is somebody known already; else a person with the same e-mail and name is taken for the same.
    ``enquiry`` is what it came from (a thing with a code, or the code). With ``invite`` they get an account, so
    that they see where they stand. Opening what is open already gives it back.
    """
    by.require(Permission.MANAGE_VISITORS, facility)
    who = visitor or _known(first_name, last_name, email)
    if who is None:
        who = Visitor(
            first_name=first_name.strip(),
            last_name=last_name.strip(),
            email=email.strip().lower(),
            phone=phone,
            language=language,
            kind=kind,
            organization=organization,
            id_document="",
        )
        saving.save(who)
    if who.left_on is not None:
        who.left_on = None
        saving.save(who)
    code = str(getattr(enquiry, "code", enquiry or ""))[:8]
    row = open_application(
        visitor=who,
        facility=facility,
        role=kind,
        grade=grade,
        source=Source.PUBLIC if code and source == Source.STAFF else source,
        enquiry=code,
    )
    if invite and who.email:
        _give_account(who)
        send(
            key=f"visitor welcome {row.code}",
            address=who.email,
            template="visitor_welcome",
            data={"place": facility.name, "steps": row.steps.count()},
            name=who.name,
            language=who.language,
            facility_id=facility.pk,
        )
    return row


def _known(first_name: str, last_name: str, email: str) -> Visitor | None:
    if not email.strip():
        return None
    rows = Visitor.objects.filter(email__iexact=email.strip(), last_name__iexact=last_name.strip())
    return rows.filter(first_name__iexact=first_name.strip()).order_by("pk").first()


def _give_account(who: Visitor) -> None:
    """Who keeps visitors may let a visitor see their own page; it opens nothing else."""
    access.invite(
        by=Actor.system("a visitor's own page"),
        email=who.email,
        name=who.name,
        role=RoleName.VISITOR,
        visitor=who,
    )


@transaction.atomic
def ask_for_facility(*, by: Actor, visitor: Visitor, facility: Facility) -> Clearance:
    """A visitor applies at a further facility from their own page; what they have shown is taken along."""
    if by.visitor_id != visitor.pk:
        by.require(Permission.MANAGE_VISITORS, facility)
    if not facility.active:
        raise Refused(Reason("facility_closed", _("This facility is not in use.")))
    with scope.as_role(Audience.JOB, purpose="application at another facility"):
        if visitor.left_on is not None:
            raise Refused(
                Reason("has_left", _("You said that you no longer come."), _("Write to the coordinator."))
            )
        return open_application(visitor=visitor, facility=facility, source=Source.VISITOR)


@transaction.atomic
def follow_rules(*, by: Actor, clearance: Clearance) -> int:
    """Bring an open clearance under the rules of today: what is newly asked gets its time, what is dropped is
    asked no longer. How many steps changed."""
    by.require(Permission.MANAGE_VISITORS, clearance.facility_id)
    row = (
        Clearance.objects.select_for_update(of=("self",))
        .select_related("facility", "visitor")
        .get(pk=clearance.pk)
    )
    today = row.facility.today()
    pack = policies.clearances(row.facility.jurisdiction, today)
    if pack is None or not row.pack or row.pack == pack.id or not is_open(row):
        return 0
    row.pack, row.grace_days = pack.id, pack.data.grace_days
    saving.save(row, trusted={"ready"})
    asked = {each.code: each for each in pack.data.of(row.role, row.grade)}
    changed = 0
    for step in list(row.steps.order_by("position", "pk")):
        kept = asked.pop(step.requirement, None)
        if step.asked != (kept is not None):
            step.asked = kept is not None
            saving.save(step)
            changed += 1
    due = today + pack.data.newly_asked_days * DAY if row.status in rules.CLEARED else None
    for number, step in enumerate(steps.fresh(row, asked.values(), due_on=due)):
        step.position = 100 + number
        saving.save(step)
        changed += 1
    return changed


def open_under_other_rules() -> list[Clearance]:
    """Open clearances whose pack is not the one in force, for the nightly job."""
    rows = Clearance.objects.filter(status__in=rules.OPEN).exclude(pack="").select_related("facility")
    current: dict[int, str] = {}
    for row in rows:
        if row.facility_id not in current:
            pack = steps.rules_here(row.facility)
            current[row.facility_id] = pack.id if pack else ""
    return [row for row in rows if current[row.facility_id] not in ("", row.pack)]
