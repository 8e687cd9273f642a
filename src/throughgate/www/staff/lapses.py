"""What lapses: every clearance, agreement, document, training and approval that ends, in one list."""

from __future__ import annotations

from dataclasses import dataclass

from django import forms
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from throughgate.access.permissions import Permission
from throughgate.base.lapses import queries
from throughgate.base.lapses.models import Lapsing, Reminder
from throughgate.base.ui import Crumb, Word
from throughgate.places.models import Facility
from throughgate.www.doors import actor_of
from throughgate.www.staff.shell import HereFilter, place_of, show, staff
from throughgate.www.staff.today import home

MAY = (
    Permission.MANAGE_PARTNERS,
    Permission.MANAGE_VISITORS,
    Permission.MANAGE_PROGRAMS,
    Permission.MANAGE_SESSIONS,
)
WORDS = {
    "red": Word(_("Act now"), "late"),
    "amber": Word(_("It will hit something"), "wait"),
    "green": Word(_("In time"), "good"),
}
SPANS = [
    ("120", _("Within 120 days")),
    ("30", _("Within 30 days")),
    ("60", _("Within 60 days")),
    ("90", _("Within 90 days")),
    ("400", _("Within a year")),
    ("-1", _("Has lapsed")),
]
PAGE = 50


class LapsesFilter(HereFilter):
    """What narrows the list."""

    kind = forms.ChoiceField(label=_("Kind"), required=False)
    within = forms.ChoiceField(label=_("When"), required=False, choices=SPANS)

    def narrow(self, kinds: list[tuple[str, str]]) -> LapsesFilter:
        """Offer the kinds that are there."""
        field = self.fields["kind"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Everything")), *kinds]
        return self


@dataclass(frozen=True)
class Row:
    """One thing on the list: how urgent, what it is called, and who was told of this end."""

    it: Lapsing
    word: Word
    kind: str
    told: list[Reminder]

    @property
    def reached(self) -> list[Reminder]:
        """Reminders that somebody got."""
        return [each for each in self.told if each.told]


@staff()
def lapses(request: HttpRequest) -> HttpResponse:
    """What lapses, what it hits first; each with its one click."""
    actor, place = actor_of(request), place_of(request)
    if not any(actor.can(permission) for permission in MAY):
        actor.require(Permission.MANAGE_PARTNERS)
    today = place.facility.today()
    named = {kind: queries.kind_words(kind, today) for kind in queries.kinds()}
    form = LapsesFilter(request.GET or {"within": "120"}, place=place).narrow(list(named.items()))
    asked = form.asked
    chosen = _chosen(place.choices, asked.get("facility", ""))
    found = queries.lapsing(
        queries.Filter(
            kind=asked.get("kind", ""), facility_ids=chosen, within=int(asked.get("within") or SPANS[0][0])
        ),
        today,
    )
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    told = queries.told(list(page.object_list))
    rows = [Row(it, WORDS[it.light], named[it.kind], told.get(it.pk, [])) for it in page.object_list]
    context = {"form": form, "page": page, "rows": rows, "crumbs": [*home(), Crumb(_("What lapses"))]}
    return show(request, "lapses", "today", context)


def _chosen(choices: tuple[Facility, ...], code: str) -> list[int]:
    return [each.pk for each in choices if not code or each.code == code]
