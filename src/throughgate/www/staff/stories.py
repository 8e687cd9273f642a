"""Stories of second chances: written with the person, agreed to, published, and taken down at their word."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from throughgate.access.permissions import Permission
from throughgate.access.reading import note_read
from throughgate.base.codes import clean
from throughgate.base.ui import Crumb, Word
from throughgate.people.models import Participant
from throughgate.stories import actions, rules
from throughgate.stories.models import Naming, Story
from throughgate.www.doors import actor_of, not_found
from throughgate.www.staff.shell import Refusable, attempt, done, edit, found, run_now, sent, show, staff

READ_AS = "story"


class StoryForm(Refusable):
    """The words, and how the person wants to be named."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=120)
    text = forms.CharField(
        label=gettext_lazy("Story"), max_length=12_000, widget=forms.Textarea(attrs={"rows": 12})
    )
    title_es = forms.CharField(label=gettext_lazy("Title in Spanish"), max_length=120, required=False)
    text_es = forms.CharField(
        label=gettext_lazy("Story in Spanish"),
        max_length=12_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    naming = forms.ChoiceField(
        label=gettext_lazy("How do they want to be named?"), choices=Naming.choices, widget=forms.RadioSelect
    )
    own_name = forms.CharField(label=gettext_lazy("The name they choose"), max_length=60, required=False)
    may_identify = forms.BooleanField(
        label=gettext_lazy("They want what tells who they are to stand in it, and said so"), required=False
    )


class PaperForm(Refusable):
    """A signed sheet."""

    witness = forms.CharField(
        label=gettext_lazy("Who saw them sign?"),
        max_length=120,
        help_text=gettext_lazy("They must have read every word, or had it read to them. Keep the sheet."),
    )


def word_of(row: Story) -> Word:
    """Where a story stands, as a word."""
    if row.withdrawn_at is not None:
        return Word(_("Taken down"), "done")
    if row.published_at is not None:
        return Word(_("Published"), "good")
    if row.agreed_at is not None:
        return Word(_("Agreed, not published"), "wait")
    return Word(_("Waits for their yes"), "info")


def home() -> Crumb:
    """The way back to the list."""
    return Crumb(_("Stories"), reverse("staff:stories"))


@staff(Permission.EDIT_PEOPLE)
def stories(request: HttpRequest) -> HttpResponse:
    """Every story of people whom the actor holds."""
    rows = list(
        Story.objects.filter(participant__facility__in=actor_of(request).facility_ids)
        .select_related("participant")
        .order_by("-recorded_at", "-pk")[:200]
    )
    note_read(request, [row.participant_id for row in rows], READ_AS)
    context = {"rows": [(row, word_of(row)) for row in rows], "crumbs": [Crumb(_("Stories"))]}
    return show(request, "stories", "people", context)


def _story(request: HttpRequest, code: str) -> Story:
    rows = Story.objects.filter(participant__facility__in=actor_of(request).facility_ids)
    row = found(rows.select_related("participant"), code=clean(code))
    note_read(request, [row.participant_id], READ_AS)
    return row


@staff(Permission.EDIT_PEOPLE)
def story(request: HttpRequest, code: str) -> HttpResponse:
    """One story: its words, the agreement, and what can be done."""
    row = _story(request, code)
    known = actions.known_of(row.participant)
    told = rules.gives_away("\n".join((row.title, row.text, row.title_es, row.text_es)), row.naming, known)
    context = {
        "story": row,
        "word": word_of(row),
        "shown": rules.shown_name(row.naming, known, row.own_name),
        "told": [] if row.may_identify else told.reasons,
        "crumbs": [home(), Crumb(row.title)],
    }
    return show(request, "story", "people", context)


@staff(Permission.EDIT_PEOPLE)
def story_edit(request: HttpRequest, code: str = "", person: str = "") -> HttpResponse:
    """Write a story with a participant, or change it."""
    row = _story(request, code) if code else None
    who = row.participant if row else found(
        Participant.objects.filter(facility__in=actor_of(request).facility_ids), code=clean(person)
    )  # fmt: skip
    note_read(request, [who.pk], READ_AS)
    names = StoryForm.base_fields
    start = {name: getattr(row, name) for name in names} if row else {"naming": Naming.NOBODY.value}
    form = StoryForm(sent(request), initial=start)

    def save(data: dict[str, Any]) -> None:
        data["saved"] = actions.write(by=actor_of(request), participant=who, story=row, **data)

    if attempt(request, form, save):
        saved = form.cleaned_data["saved"]
        return done(request, _("Saved. It is not public before they agreed and you publish it."), _url(saved))
    return edit(
        request,
        form,
        door="people",
        title=_("Change the story") if row else _("Write a story"),
        lede=who.name,
        button=_("Save the story"),
        cancel_url=_url(row) if row else reverse("staff:stories"),
        notes=[_("Changed words need a new yes: what was published of the old ones comes down.")]
        if row
        else [],
        crumbs=[home()],
    )


def _url(row: Story) -> str:
    return reverse("staff:story", args=[row.code])


@staff(Permission.EDIT_PEOPLE)
def story_paper(request: HttpRequest, code: str) -> HttpResponse:
    """Record that the person signed on paper."""
    row = _story(request, code)
    form = PaperForm(sent(request))
    if attempt(request, form, lambda data: actions.agree(by=actor_of(request), story=row, **data)):
        return done(request, _("Their yes is recorded."), _url(row))
    return edit(
        request,
        form,
        door="people",
        title=_("They agreed on paper"),
        lede=row.title,
        button=_("Record their yes"),
        cancel_url=_url(row),
        crumbs=[home(), Crumb(row.title, _url(row))],
    )


@staff(Permission.EDIT_PEOPLE)
@require_POST
def story_now(request: HttpRequest, code: str, verb: str) -> HttpResponse:
    """Publish, or take down."""
    row, by = _story(request, code), actor_of(request)
    not_found(verb in {"publish", "down"})
    if verb == "publish":
        words = _("Published. They can take it down at any time.")
        return run_now(request, lambda: actions.publish(by=by, story=row), words, _url(row))
    return run_now(request, lambda: actions.take_down(by=by, story=row), _("Taken down."), _url(row))
