"""Ask for a gap map; it is made in the background."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.dberrors import refusing
from throughgate.base.errors import Reason, Refused
from throughgate.base.jobs import enqueue
from throughgate.base.works.models import Work
from throughgate.places.models import Facility
from throughgate.programs import jobs
from throughgate.programs.models import GapMap, PlanState


@transaction.atomic
def ask(*, by: Actor, facility: Facility, later: bool = True) -> GapMap:
    """Ask for a new map of a facility. Refuses while another one is being made."""
    by.require(Permission.ENROLL, facility.pk)
    if GapMap.objects.filter(facility=facility, state=PlanState.WAITING).exists():
        text = _("The map of this facility is being made.")
        raise Refused(Reason("being_made", text, _("Wait until it is there.")))
    work = Work.objects.create(
        kind="gap map", label=_("Gap map of %(name)s") % {"name": facility.name}, total=3,
        unit=_("steps"), asked_by=by.name, membership_id=by.membership_id,
    )  # fmt: skip
    with refusing():
        made = GapMap.objects.create(facility=facility, work=work, asked_by=by.name)
    if later:
        enqueue(jobs.map_gaps, code=made.code)
    return made
