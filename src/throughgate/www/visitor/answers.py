"""What somebody without an account answers: a reference about an applicant."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _

from throughgate.base import links
from throughgate.visitors import actions
from throughgate.visitors.actions.references import PURPOSE, WORDS_LONGEST
from throughgate.visitors.models import Reference
from throughgate.visitors.steps import requirement_of
from throughgate.www.doors import not_found
from throughgate.www.staff.shell import Refusable, tried


class AnswerForm(Refusable):
    """The questions of the rules, one field each."""

    def __init__(self, *args: Any, questions: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in questions:
            if each.choices:
                self.fields[each.code] = forms.ChoiceField(
                    label=str(each.label),
                    choices=[(code, str(label)) for code, label in each.choices],
                    widget=forms.RadioSelect,
                )
            else:
                self.fields[each.code] = forms.CharField(
                    label=str(each.label), max_length=WORDS_LONGEST, widget=forms.Textarea(attrs={"rows": 4})
                )


@links.answers(PURPOSE)
def reference(request: HttpRequest, link: links.Followed) -> HttpResponse:
    """Ask what the rules ask about the applicant; thank for the answer. Nothing else is shown of them."""
    row = (
        Reference.objects.select_related("step__clearance__facility", "step__clearance__visitor")
        .filter(code=link.subject, withdrawn_at__isnull=True)
        .first()
    )
    not_found(row is not None)
    assert row is not None
    clearance = row.step.clearance
    asked = request.GET.get("language") or clearance.visitor.language
    language = asked if asked in ("en", "es") else translation.get_language() or "en"
    with translation.override(language):
        questions = requirement_of(row.step).questions
        form = AnswerForm(request.POST if request.method == "POST" else None, questions=questions)

        def answer() -> None:
            actions.answer_reference(code=row.code, answers=form.cleaned_data)
            link.spend()

        context = {
            "who": clearance.visitor.name,
            "place": clearance.facility.name,
            "form": form,
            "title": _("A reference for %(name)s") % {"name": clearance.visitor.name},
            "done": request.method == "POST" and form.is_valid() and tried(form, answer),
        }
        return render(request, "visitor/reference.html", context)
