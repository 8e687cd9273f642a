"""What would change: ask, watch it being worked out, read who gains and who loses beside things as they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base import ui
from throughgate.base.errors import Refused
from throughgate.base.ui import Crumb
from throughgate.programs.actions import what_ifs as verbs
from throughgate.programs.models import WhatIf, WhatIfKind, WhatIfState
from throughgate.programs.queries import what_ifs as queries
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.fill import fill_crumbs
from throughgate.www.staff.forms.what_if import EveningsForm, InstructorForm, PartnerForm, RoomsForm
from throughgate.www.staff.shell import attempt, done, edit, here, own, sent, show, staff

READ = "needs, proposed seats"
LEDES: Mapping[WhatIfKind, Any] = {
    WhatIfKind.INSTRUCTOR: gettext_lazy(
        "A second group like one that runs, at times of its own, with as many seats."
    ),
    WhatIfKind.ROOMS: gettext_lazy(
        "Groups that meet in these rooms would end, and whoever sits in one loses the seat."
    ),
    WhatIfKind.EVENINGS: gettext_lazy(
        "The groups of a program would begin at another hour, on the same days."
    ),
    WhatIfKind.PARTNER: gettext_lazy(
        "A group for needs that you name; everybody here with one of them could take part."
    ),
}
FORMS: Mapping[WhatIfKind, type[InstructorForm | RoomsForm | EveningsForm | PartnerForm]] = {
    WhatIfKind.INSTRUCTOR: InstructorForm,
    WhatIfKind.ROOMS: RoomsForm,
    WhatIfKind.EVENINGS: EveningsForm,
    WhatIfKind.PARTNER: PartnerForm,
}
VERBS: Mapping[WhatIfKind, Callable[..., WhatIf]] = {
    WhatIfKind.INSTRUCTOR: verbs.one_more_instructor,
    WhatIfKind.ROOMS: verbs.rooms_closed,
    WhatIfKind.EVENINGS: verbs.program_moved,
    WhatIfKind.PARTNER: verbs.new_partner,
}


def _crumbs() -> list[Crumb]:
    return [*fill_crumbs(), Crumb(_("What would change"), reverse("staff:what_if"))]


@staff(Permission.ENROLL)
def index(request: HttpRequest) -> HttpResponse:
    """What can be asked, and what was asked here before."""
    context = {
        "kinds": [(kind, LEDES[kind]) for kind in WhatIfKind],
        "asked": queries.recent(here(request)),
        "crumbs": [*_crumbs()[:-1], Crumb(_("What would change"))],
    }
    return show(request, "what_if", "programs", context)


@staff(Permission.ENROLL)
def ask(request: HttpRequest, change: str) -> HttpResponse:
    """The form of one question."""
    not_found(change in WhatIfKind.values)
    kind, facility = WhatIfKind(change), here(request)
    form = FORMS[kind](sent(request), facility=facility)
    made: list[WhatIf] = []

    def verb(data: dict[str, Any]) -> None:
        made.append(VERBS[kind](by=actor_of(request), facility=facility, **data))

    if attempt(request, form, verb):
        return HttpResponseRedirect(_url(made[0]))
    return edit(
        request,
        form,
        door="programs",
        title=kind.label,
        lede=LEDES[kind],
        button=_("Work it out"),
        cancel_url=reverse("staff:what_if"),
        crumbs=_crumbs(),
    )


def _url(row: WhatIf) -> str:
    return reverse("staff:what_if_one", args=[row.code])


def _own(request: HttpRequest, code: str) -> WhatIf:
    return own(actor_of(request), WhatIf.objects.select_related("facility", "work"), code)


@staff(Permission.ENROLL)
def one(request: HttpRequest, code: str) -> HttpResponse:
    """An answer: figures side by side, need by need, and whom it would give or take seats."""
    row = _own(request, code)
    found = queries.answer(row)
    note_read(request, found.people, READ)
    context = {
        "row": row,
        "found": found,
        "gains": [(each, queries.need_words(each.needs)) for each in found.gains],
        "loses": [(each, queries.need_words(each.needs)) for each in found.loses],
        "work": _work(row),
        "crumbs": [*_crumbs(), Crumb(row.name)],
    }
    return show(request, "what_if_one", "programs", context)


def _work(row: WhatIf) -> ui.Work | None:
    if row.state == WhatIfState.READY:
        return None
    work, waiting = row.work, row.state == WhatIfState.WAITING
    state = work.state if work else "waiting" if waiting else "failed"
    return ui.Work(
        code=row.code,
        label=row.name,
        state=cast(Literal["waiting", "running", "done", "failed"], state),
        done=work.done if work else 0,
        total=(work.total or 0) if work else 0,
        started=work.started_at if work else None,
        finished=work.finished_at if work else None,
        unit=work.unit if work else "",
        reason=row.why_failed,
        poll_url=_url(row) if waiting else "",
    )


@staff(Permission.ENROLL)
@require_POST
def again(request: HttpRequest, code: str) -> HttpResponseRedirect:
    """Ask one that broke off again."""
    row = _own(request, code)
    try:
        made = verbs.again(by=actor_of(request), what_if=row)
    except Refused as no:
        for reason in no.reasons:
            messages.error(request, f"{reason.text} {reason.remedy}".strip())
        return HttpResponseRedirect(_url(row))
    return done(request, _("Started again."), _url(made))
