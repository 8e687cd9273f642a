"""Public results: what was done, and whether it helped, in figures that give nobody away."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from throughgate.base import ui
from throughgate.exchange.files import write_csv
from throughgate.outcomes.models import Publication
from throughgate.outcomes.queries import published
from throughgate.programs.queries import public
from throughgate.www.doors import everyone, not_found
from throughgate.www.public import search

Data = Mapping[str, Any]

TAGS: dict[str, tuple[ui.Tone, str | Promise]] = {
    "reduced": ("good", gettext_lazy("It helped: fewer returned")),
    "increased": ("late", gettext_lazy("More returned")),
    "no meaningful difference": ("done", gettext_lazy("No meaningful difference")),
    "not enough people yet": ("wait", gettext_lazy("Not enough people yet to tell")),
    "cannot be answered fairly": ("late", gettext_lazy("Cannot be answered fairly")),
}
STEPS: dict[str, str | Promise] = {
    "Handed in": gettext_lazy("Handed in"),
    "Found in the records": gettext_lazy("Found in the records"),
    "In the study file": gettext_lazy("In the study"),
    "Observed for the whole window": gettext_lazy("Followed for long enough"),
    "Compared": gettext_lazy("Compared"),
}
GUARDS: dict[str, str | Promise] = {
    "immortal_time": gettext_lazy("Some people were sure to stay free at first."),
    "completers_only": gettext_lazy("Only those who finished were counted."),
    "immature_window": gettext_lazy("The time after release is not over yet."),
    "balance": gettext_lazy("The two groups stay too different."),
    "overlap": gettext_lazy("There are too few comparable people."),
    "negative_control": gettext_lazy("Something that was not measured sets the two groups apart."),
    "coverage": gettext_lazy("Some returns would not be seen in the records."),
    "missing_data": gettext_lazy("Too many records are incomplete."),
}
OTHER_GUARD = gettext_lazy("Something in the records would make any answer misleading.")


@dataclass(frozen=True)
class Result:
    """A published result in the reader's language."""

    publication: Publication
    words: Mapping[str, str]
    tone: ui.Tone
    tag: str | Promise
    sentence: str
    how_sure: str


@dataclass(frozen=True)
class Circles:
    """One hundred people and the words under them."""

    svg: SafeString
    words: str


def told(publication: Publication) -> Result:
    """The verdict of a publication in the reader's language."""
    content = publication.content
    words = published.texts(content, get_language() or "en")
    tone, tag = TAGS[content["answer"]]
    return Result(publication, words, tone, tag, _sentence(content, words), _how_sure(content))


def _sentence(content: Data, words: Mapping[str, str]) -> str:
    answer = content["answer"]
    said = {"program": words["program"], "event": words["event"], "other": words["compared_with"]}
    if answer in {"reduced", "increased"}:
        if not content.get("points"):
            return _("The study has an answer, but too few people stand behind it to publish figures.")
        value, low, high = (abs(each) for each in content["points"])
        said |= {"points": f"{value:g}", "least": f"{min(low, high):g}", "most": f"{max(low, high):g}"}
        if answer == "reduced":
            return (
                _(
                    "Of 100 people who took part in %(program)s, about %(points)s fewer %(event)s than of 100 similar "
                    "people who had %(other)s; probably between %(least)s and %(most)s fewer."
                )
                % said
            )
        return (
            _(
                "Of 100 people who took part in %(program)s, about %(points)s more %(event)s than of 100 similar "
                "people who had %(other)s; probably between %(least)s and %(most)s more."
            )
            % said
        )
    if answer == "no meaningful difference":
        said["margin"] = f"{100 * content['margin']:g}"
        return (
            _(
                "People who took part in %(program)s %(event)s about as often as similar people who had %(other)s. "
                "Any difference is smaller than %(margin)s of 100, which was agreed beforehand not to matter."
            )
            % said
        )
    if answer == "not enough people yet":
        return (
            _(
                "There are not enough people yet to tell whether %(program)s changes how many people %(event)s. "
                "This does not mean that it makes no difference."
            )
            % said
        )
    return _("Whether %(program)s changes how many people %(event)s cannot be answered fairly yet.") % said


def _how_sure(content: Data) -> str:
    answer = content["answer"]
    if answer in {"reduced", "increased"}:
        if content.get("strong"):
            return _("Very sure: chance alone would show this less than once in a thousand times.")
        return _("Fairly sure: chance alone would show this less than once in twenty times.")
    if answer == "no meaningful difference":
        return _("Sure that any difference is small.")
    if answer == "not enough people yet":
        more = content.get("more")
        if not more:
            return _("Not sure in either direction.")
        text = ngettext(
            "Not sure in either direction: about %(n)s more person is needed.",
            "Not sure in either direction: about %(n)s more people are needed.",
            more,
        )
        return text % {"n": f"{more:,}"}
    return _("We do not know, and these records cannot tell.")


@never_cache
@everyone()
def results(request: HttpRequest) -> HttpResponse:
    """What can be said honestly today, and what cannot."""
    today = timezone.localdate()
    context = {
        "rows": [(place, public.totals(today, place)) for place in public.facilities()],
        "all": public.totals(today),
        "results": [told(each) for each in published.standing()],
        "withdrawn": published.withdrawn(),
        "door": "results",
        **search.alternates(request),
    }
    return render(request, "public/results.html", context)


@never_cache
@everyone()
def result(request: HttpRequest, code: str) -> HttpResponse:
    """One published result; for one that was withdrawn, that it was and why."""
    found = published.one(code)
    if found is None:
        gone = published.withdrawn(code)
        not_found(bool(gone))
        context = {"gone": gone[0], "door": "results"}
        return render(request, "public/result_withdrawn.html", context, status=410)
    content, shown = found.content, told(found)
    context = {
        "result": shown,
        "content": content,
        "circles": _circles(content, shown.words),
        "guards": [GUARDS.get(name, OTHER_GUARD) for name in content["guards"]],
        "counted": _counted(content),
        "table": _table(content),
        "registered": _day(content["standing"].get("registered", "")),
        "window": content["window"],
        "months": content["unit"] == "month",
        "door": "results",
        **search.alternates(request),
    }
    return render(request, "public/result.html", context)


@never_cache
@everyone()
def result_csv(request: HttpRequest, code: str) -> HttpResponse:
    """A published result as a table."""
    found = published.one(code)
    not_found(found is not None)
    assert found is not None
    response = HttpResponse("\ufeff", content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="result-{found.code}.csv"'
    rows = published.as_rows(found.content, get_language() or "en")
    write_csv(response, list(published.CSV_COLUMNS), rows)
    return response


def _circles(content: Data, words: Mapping[str, str]) -> list[Circles]:
    if not content.get("hundred"):
        return []
    with_, without = content["hundred"]["with"][0], content["hundred"]["without"][0]
    event = words["event"]
    return [
        Circles(
            published.circles(content, "with", title=_("With the program"), event=event),
            _("%(n)s of 100 people who took part %(event)s") % {"n": with_, "event": event},
        ),
        Circles(
            published.circles(content, "without", title=_("Without the program"), event=event),
            _("about %(n)s of 100 similar people who did not take part %(event)s")
            % {"n": without, "event": event},
        ),
    ]


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _about(count: int | None, threshold: int) -> str:
    if count is None:
        return _("fewer than %(n)d") % {"n": threshold}
    return _("about %(n)s") % {"n": f"{count:,}"} if count else _("none")


def _counted(content: Data) -> ui.Table:
    least = content["threshold"]
    rows = [
        [
            STEPS.get(step["label"], step["label"]),
            _about(step["people"], least),
            _about(step["participants"], least),
        ]
        for step in content["counted"]
    ]
    columns = [ui.Column(_("Step")), ui.Column(_("People")), ui.Column(_("Of them took part"))]
    return ui.Table(_("From the people handed in to the people compared"), columns, rows)


def _table(content: Data) -> ui.Table | None:
    """The protected table of people, where there is one; hidden cells are told as such."""
    if "table" not in content:
        return None

    def cell(count: int | None) -> str:
        return _("not shown") if count is None else f"{count:,}"

    names = (_("Took part"), _("Did not take part"))
    rows = [
        [name, *(cell(each) for each in row), cell(total)]
        for name, row, total in zip(names, content["table"]["cells"], content["table"]["rows"], strict=True)
    ]
    columns = [
        ui.Column(_("People")),
        ui.Column(_("With the event"), number=True),
        ui.Column(_("Without the event"), number=True),
        ui.Column(_("All"), number=True),
    ]
    return ui.Table(_("People, rounded"), columns, rows)
