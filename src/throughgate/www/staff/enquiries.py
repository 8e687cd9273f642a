"""Enquiries: who wants to help, whose turn it is and by when, and everything a coordinator does about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.base.codes import clean
from throughgate.base.errors import Reason, Refused
from throughgate.base.ui import Crumb, NavItem, Word
from throughgate.base.uploads import actions as uploads
from throughgate.partners.enquiries import actions, queries, rules
from throughgate.partners.enquiries.spam import SIGNS
from throughgate.partners.models import Enquiry, EnquiryKind, EnquiryMessage, Organization
from throughgate.partners.models.enquiries import OURS
from throughgate.partners.models.enquiries import EnquiryStatus as S
from throughgate.www.doors import actor_of, not_found
from throughgate.www.public.steps import read_back
from throughgate.www.staff.forms import enquiries as forms
from throughgate.www.staff.shell import (
    Refusable,
    attempt,
    done,
    edit,
    found,
    place_of,
    run_now,
    sent,
    show,
    staff,
)
from throughgate.www.staff.taking import begin_for

VIEW_WORDS: dict[str, str | Promise] = {
    "ours": gettext_lazy("Waiting for us"),
    "theirs": gettext_lazy("Waiting for them"),
    "parked": gettext_lazy("Parked"),
    "held": gettext_lazy("Held back"),
    "closed": gettext_lazy("Closed"),
}
TONES = {
    S.HELD: "wait", S.NEW: "wait", S.REPLIED: "wait", S.ASKED: "info", S.TALKING: "info", S.PARKED: "done",
    S.TAKEN: "good",
}  # fmt: skip


def home() -> list[Crumb]:
    """The way back to the list."""
    return [
        Crumb(_("Partners"), reverse("staff:partners")),
        Crumb(_("Enquiries"), reverse("staff:enquiries")),
    ]


@staff(Permission.MANAGE_PARTNERS)
def enquiries(request: HttpRequest) -> HttpResponse:
    """Who wants to help, by whose turn it is."""
    actor, place = actor_of(request), place_of(request)
    view = request.GET.get("view", "ours")
    view = view if view in queries.VIEWS else "ours"
    form = forms.EnquiryFilter({**request.GET.dict(), "view": view}, place=place)
    asked = form.asked
    number = request.GET.get("page", "1")
    listed = queries.listed(
        actor,
        view,
        kind=asked.get("kind", ""),
        words=asked.get("q", ""),
        facility=place.facility if "facility" in request.GET else None,
        page=int(number) if number.isdecimal() and len(number) < 6 else 1,
    )
    counts = queries.counts(actor)
    today = place.facility.today()
    context = {
        "form": form,
        "rows": [(row, word_of(row), rules.overdue(row.due_on, today)) for row in listed.rows],
        "page": Paginator(range(listed.total), queries.PAGE).get_page(listed.page),
        "view": view,
        "tab": view,
        "tabs": [
            NavItem(words, f"?view={name}", key=name, count=counts[name])
            for name, words in VIEW_WORDS.items()
        ],
        "crumbs": [home()[0], Crumb(_("Enquiries"))],
    }
    return show(request, "enquiries", "partners", context)


def word_of(row: Enquiry) -> Word:
    """The state of an enquiry as a word."""
    return Word(row.get_status_display(), TONES.get(S(row.status), "done"))  # type: ignore[arg-type]


def _enquiry(request: HttpRequest, code: str) -> Enquiry:
    return found(
        queries.mine(actor_of(request)).select_related("facility", "organization", "same_as"),
        code=clean(code),
    )


def _url(row: Enquiry) -> str:
    return reverse("staff:enquiry", args=[row.code])


@staff(Permission.MANAGE_PARTNERS)
def enquiry(request: HttpRequest, code: str) -> HttpResponse:
    """One enquiry: what they wrote, every message, what may be the same, and what can be done now."""
    row = _enquiry(request, code)
    own = {"organization_name": row.organization_name, "needs": row.needs}
    said = {**row.answers, **own, "facility": row.facility.code if row.facility else ""}
    verbs = rules.next_verbs(row.status)
    context = {
        "enquiry": row,
        "word": word_of(row),
        "late": rules.overdue(row.due_on, place_of(request).facility.today()),
        "answers": read_back(row.kind, said),
        "thread": queries.thread(row),
        "twins": [(twin, [rules.ALIKE_WORDS[why] for why in twin.why]) for twin in queries.twins(row)],
        "signs": [SIGNS[sign] for sign in row.signs if sign in SIGNS],
        "buttons": [(name, DOING[name].label) for name in DOING if name in verbs and not DOING[name].now],
        "clicks": [(name, DOING[name].label) for name in DOING if name in verbs and DOING[name].now],
        "ours": row.status in OURS,
        "crumbs": [*home(), Crumb(row.organization_name or row.name)],
    }
    return show(request, "enquiry", "partners", context)


@dataclass(frozen=True)
class Doing:
    """A verb as the page offers it; ``now`` ones are one click, the others a form."""

    label: str | Promise
    done: str | Promise
    form: type[Refusable] | None = None
    verb: Callable[..., Any] | None = None
    danger: bool = False

    @property
    def now(self) -> bool:
        """Whether it needs nothing typed."""
        return self.form is None


DOING: dict[str, Doing] = {
    "answer": Doing(
        gettext_lazy("Answer"), gettext_lazy("Your answer is on its way."), forms.AnswerForm, actions.answer
    ),
    "ask": Doing(
        gettext_lazy("Ask them something"),
        gettext_lazy("Your question is on its way."),
        forms.AskForm,
        actions.ask,
    ),
    "take": Doing(gettext_lazy("Take it on"), gettext_lazy("Taken on."), forms.TakeForm),
    "park": Doing(
        gettext_lazy("Park until a day"),
        gettext_lazy("Parked; it comes back by itself."),
        forms.ParkForm,
        actions.park,
    ),
    "decline": Doing(
        gettext_lazy("Decline"),
        gettext_lazy("Declined; the letter is on its way."),
        forms.DeclineForm,
        actions.decline,
        danger=True,
    ),
    "join": Doing(gettext_lazy("Join to another"), gettext_lazy("Joined."), forms.JoinForm),
    "release": Doing(
        gettext_lazy("Let it in"), gettext_lazy("Let in; its clock begins today."), verb=actions.release
    ),
    "reopen": Doing(gettext_lazy("Take it up again"), gettext_lazy("Taken up again."), verb=actions.reopen),
    "spam": Doing(
        gettext_lazy("It is spam"),
        gettext_lazy("Thrown away; it can be brought back."),
        verb=actions.mark_spam,
    ),
}


@staff(Permission.MANAGE_PARTNERS)
@require_POST
def enquiry_now(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """What needs nothing typed: let in, take up again, throw away."""
    row = _enquiry(request, code)
    doing = DOING.get(verb)
    not_found(doing is not None and doing.now)
    assert doing is not None
    act = doing.verb
    assert act is not None
    return run_now(request, lambda: act(by=actor_of(request), enquiry=row), str(doing.done), _url(row))


@staff(Permission.MANAGE_PARTNERS)
def enquiry_do(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """Answer, ask, decline, park, join, take on, move or note: one form each."""
    row = _enquiry(request, code)
    doing = {**DOING, "note": NOTE, "move": MOVE}.get(verb)
    not_found(doing is not None and not doing.now)
    assert doing is not None
    form = _form(request, row, verb, doing)
    if attempt(request, form, lambda data: _act(request, row, verb, doing, data)):
        return done(request, str(doing.done), _url(row))
    return edit(
        request,
        form,
        door="partners",
        title=doing.label,
        lede=f"{row.organization_name or row.name} · {row.email}",
        button=doing.label,
        danger=doing.danger,
        cancel_url=_url(row),
        crumbs=[*home(), Crumb(row.organization_name or row.name, _url(row))],
    )


NOTE = Doing(gettext_lazy("Write a note"), gettext_lazy("Noted."), forms.NoteForm, actions.note)
MOVE = Doing(gettext_lazy("Give it a facility"), gettext_lazy("Moved."), forms.MoveForm)


def _form(request: HttpRequest, row: Enquiry, verb: str, doing: Doing) -> Refusable:
    with translation.override(row.language):
        start: dict[str, Any] = {"text": forms.starting_letter(verb, row.kind)}
    places = [(each.code, each.name) for each in place_of(request).choices]
    if row.facility is not None:
        start["facility"] = row.facility.code
    if verb == "move":
        return forms.MoveForm(sent(request), initial=start, facilities=places)
    if verb == "take" and row.kind == EnquiryKind.INDIVIDUAL:
        return forms.TakeVisitorForm(sent(request), initial=start, facilities=places)
    start["organization"] = request.GET.get("organization", "")[:8]
    if verb == "take":
        return forms.TakeForm(sent(request), initial=start, facilities=places)
    assert doing.form is not None
    start["into"] = request.GET.get("into", "")[:8]
    return doing.form(sent(request), initial=start)


def _act(request: HttpRequest, row: Enquiry, verb: str, doing: Doing, data: dict[str, Any]) -> None:
    by = actor_of(request)
    if verb == "join":
        into = queries.mine(by).filter(code=clean(data["into"])).first()
        if into is None:
            raise Refused(Reason("join_into", _("There is no enquiry with this number."), field="into"))
        actions.join(by=by, enquiry=row, into=into)
    elif verb == "move":
        actions.move(by=by, enquiry=row, facility=_facility(request, data["facility"]))
    elif verb == "take" and row.kind == EnquiryKind.INDIVIDUAL:
        code = begin_for(by=by, enquiry=row, facility=_facility(request, data["facility"]))
        actions.taken_as_visitor(by=by, enquiry=row, application=code, text=data["text"])
    elif verb == "take":
        known = None
        if data["organization"]:
            known = Organization.objects.filter(code=clean(data["organization"])).first()
            if known is None:
                raise Refused(
                    Reason(
                        "no_organization", _("There is no organization with this code."), field="organization"
                    )
                )
        here = _facility(request, data["facility"])
        actions.take_organization(by=by, enquiry=row, facility=here, organization=known, text=data["text"])
    else:
        assert doing.verb is not None
        doing.verb(by=by, enquiry=row, **data)


def _facility(request: HttpRequest, code: str) -> Any:
    return next(each for each in place_of(request).choices if each.code == code)


@staff(Permission.MANAGE_PARTNERS)
def enquiry_file(request: HttpRequest, code: str, message: str) -> HttpResponse:
    """A file that came with a message, as a download; who may see the message may have it."""
    row = _enquiry(request, code)
    holder = found(EnquiryMessage.objects.filter(enquiry=row).exclude(upload=""), code=clean(message))
    response = uploads.answer(holder.upload)
    not_found(response is not None)
    assert response is not None
    return response
