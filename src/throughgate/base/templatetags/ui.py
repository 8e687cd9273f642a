"""The components that pages are made of. docs/components.md shows each with its arguments.

Every tag escapes what it is given; only the block between a block tag and its end is markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.core.paginator import Page
from django.forms import BaseForm
from django.http import QueryDict
from django.template import Context
from django.template.loader import render_to_string
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from django.utils.translation import gettext

from throughgate.base import ui

register = template.Library()

ICONS = {
    "check": "M4 12l5 5L20 6",
    "clock": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18M12 7v5l3 2",
    "alert": "M12 4l9 16H3zM12 10v4M12 17v.01",
    "lock": "M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3",
    "print": "M7 9V3h10v6M7 17H4v-8h16v8h-3M7 14h10v7H7z",
    "copy": "M9 9h11v11H9zM5 15H4V4h11v1",
}


def _draw(name: str, /, **values: Any) -> SafeString:
    return mark_safe(render_to_string(f"components/{name}.html", values))  # noqa: S308  (a template's own output)


def _inner(content: str) -> SafeString:
    """What stood between a block tag and its end: markup already, because the template escaped it."""
    return mark_safe(content.strip())  # noqa: S308


def _tone(tone: str) -> str:
    if tone and tone not in ui.TONES:
        raise template.TemplateSyntaxError(f"Unknown tone {tone!r}: use one of {', '.join(ui.TONES)}.")
    return tone


def _query(context: Context) -> QueryDict:
    request = context.get("request")
    return request.GET.copy() if request else QueryDict(mutable=True)


def _with(query: QueryDict, **changes: str) -> str:
    changed = query.copy()
    for key, value in changes.items():
        changed[key] = value
    return "?" + changed.urlencode()


# --- Where am I -------------------------------------------------------------------------------------------


@register.simple_block_tag
def pageheader(content: str, title: Any, kicker: Any = "", lede: Any = "", actions: Any = "") -> SafeString:
    """The page's one h1; the block holds ``{% fact %}`` items, ``actions`` a kept ``{% actions %}``."""
    return _draw("pageheader", title=title, kicker=kicker, lede=lede, facts=_inner(content), actions=actions)


@register.simple_block_tag
def fact(content: str, label: Any = "") -> SafeString:
    """One fact in the line under the h1."""
    return format_html("<li>{}{}</li>", format_html("{} ", label) if label else "", _inner(content))


@register.simple_tag
def breadcrumbs(crumbs: Sequence[ui.Crumb]) -> SafeString:
    """The way to this page."""
    return _draw("breadcrumbs", crumbs=crumbs)


@register.simple_tag(takes_context=True)
def tabs(context: Context, items: Sequence[ui.NavItem], label: Any) -> SafeString:
    """Navigation inside one subject; current by the item itself or by the context's ``tab`` key."""
    return _draw("tabs", items=items, label=label, tab=context.get("tab", ""))


@register.simple_tag
def step(number: int, total: int) -> SafeString:
    """Which question of how many, above the h1 of a long form."""
    return _draw("step", number=number, total=total)


# --- A word about a state ---------------------------------------------------------------------------------


@register.simple_tag
def tag(word: Any, tone: str = "done") -> SafeString:
    """A state as a word in a tint; ``word`` may be a ``ui.Word``, which brings its own tone."""
    if isinstance(word, ui.Word):
        word, tone = word.word, word.tone
    return format_html('<span class="tag {}">{}</span>', _tone(tone), word)


@register.simple_block_tag
def notice(content: str, title: Any = "", tone: str = "info", id: str = "") -> SafeString:
    """What needs doing or knowing, above the rest of the page."""
    return _draw("notice", title=title, tone=_tone(tone), content=_inner(content), id=id)


@register.simple_block_tag
def card(content: str, title: Any = "") -> SafeString:
    """A quiet box beside the main matter."""
    return _draw("card", title=title, content=_inner(content))


@register.simple_block_tag
def empty(content: str, title: Any, why: Any) -> SafeString:
    """An empty place that teaches: what this is, why it is empty; the block is the one next step."""
    return _draw("empty", title=title, why=why, content=_inner(content))


@register.simple_tag
def readiness(light: str, reasons: Sequence[Any] = ()) -> SafeString:
    """Red, amber or green as a word, with every reason under it."""
    if light not in ui.LIGHT_WORDS:
        raise template.TemplateSyntaxError(f"Unknown light {light!r}: use green, amber or red.")
    word, tone = ui.LIGHT_WORDS[light]
    return _draw("readiness", word=word, tone=tone, reasons=reasons)


@register.simple_tag
def icon(name: str) -> SafeString:
    """One of the few drawings, always beside a word: check, clock, alert, lock, print, copy."""
    return format_html(
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>', ICONS[name]
    )


# --- Tables -----------------------------------------------------------------------------------------------


def _columns(context: Context, columns: Sequence[Any]) -> list[dict[str, Any]]:
    """Headings ready to draw: a text ("#" in front: a number column) or a ``ui.Column``, which may sort."""
    query = _query(context)
    now = query.get("sort", "")
    ready = []
    for given in columns:
        column = given
        if not isinstance(given, ui.Column):
            text = str(given)
            number = text.startswith("#")
            column = ui.Column(gettext(text[1:]) if number else text, number=number)
        url, order = "", ""
        if column.sort:
            order = {column.sort: "ascending", f"-{column.sort}": "descending"}.get(now, "")
            turned = f"-{column.sort}" if order == "ascending" else column.sort
            query.pop("page", None)
            url = _with(query, sort=turned)
        ready.append({"label": column.label, "number": column.number, "url": url, "order": order})
    return ready


@register.simple_block_tag(takes_context=True)
def table(
    context: Context,
    content: str,
    caption: Any,
    *columns: Any,
    show_caption: bool = False,
    compact: bool = False,
) -> SafeString:
    """A list of things: headings as texts or one list of ``ui.Column``; the block holds the rows."""
    if len(columns) == 1 and isinstance(columns[0], list | tuple):
        columns = tuple(columns[0])
    return _draw(
        "table",
        caption=caption,
        columns=_columns(context, columns),
        content=_inner(content),
        show_caption=show_caption,
        compact=compact,
    )


@register.simple_block_tag
def rowhead(content: str, under: Any = "") -> SafeString:
    """A row's first cell, which names the row, with an optional soft line under it."""
    soft = format_html('<span class="under">{}</span>', under) if under else ""
    return format_html('<th scope="row">{}{}</th>', _inner(content), soft)


@register.simple_block_tag
def cell(content: str, label: Any = "", number: bool = False) -> SafeString:
    """A row's other cells; ``label`` is the column's name, shown when the row becomes a card on a phone."""
    return format_html(
        "<td{}{}>{}</td>",
        mark_safe(' class="number"') if number else "",
        format_html(' data-label="{}"', label) if label else "",
        _inner(content),
    )


def _plain_cell(value: Any) -> Any:
    if isinstance(value, ui.Word):
        return tag(value)
    if isinstance(value, ui.Link):
        under = format_html('<span class="under">{}</span>', value.under) if value.under else ""
        return format_html('<a href="{}">{}</a>{}', value.url, value.label, under)
    return "—" if value is None or value == "" else value


@register.simple_tag(takes_context=True)
def datatable(
    context: Context, table: ui.Table, show_caption: bool = True, compact: bool = False
) -> SafeString:
    """A whole ``ui.Table``, for reports and beside charts."""
    columns = _columns(context, table.columns)
    rows = [[_plain_cell(value) for value in row] for row in table.rows]
    return _draw(
        "datatable",
        caption=table.caption,
        columns=columns,
        rows=[list(zip(columns, row, strict=True)) for row in rows],
        total=list(zip(columns, table.total, strict=True)) if table.total else [],
        show_caption=show_caption,
        compact=compact,
    )


@register.simple_tag(takes_context=True)
def pager(context: Context, page: Page[Any], capped: bool = False) -> SafeString:
    """Which part of a list this is and the way to the others; keeps the filters.

    ``capped`` says that counting stopped there: "500 or more".
    """
    query = _query(context)
    marks = [
        {"number": number, "url": _with(query, page=str(number)) if isinstance(number, int) else ""}
        for number in page.paginator.get_elided_page_range(page.number, on_each_side=1, on_ends=1)
    ]
    return _draw("pager", page=page, marks=marks, capped=capped)


# --- Facts, events, numbers -------------------------------------------------------------------------------


@register.simple_block_tag
def pairs(content: str) -> SafeString:
    """A list of names and values; the block holds ``{% pair %}`` items."""
    return format_html('<dl class="pairs">{}</dl>', _inner(content))


@register.simple_block_tag
def pair(content: str, label: Any) -> SafeString:
    """One name and its value; an empty value shows as a dash."""
    return format_html("<dt>{}</dt><dd>{}</dd>", label, _inner(content) or "—")


@register.simple_tag
def timeline(events: Sequence[ui.Event], label: Any = "") -> SafeString:
    """What happened, newest first."""
    return _draw("timeline", events=events, label=label)


@register.simple_tag
def progress(work: ui.Work) -> SafeString:
    """Long work: started, how far, what is left, the result or the reason."""
    return _draw("progress", work=work, id=f"work-{work.code}", share=_share(work.done, work.total))


def _share(value: float, most: float) -> str:
    return f"{100 * min(max(value / most, 0), 1):.1f}%" if most else "0%"


@register.simple_tag
def meter(value: float, most: float, label: Any = "", unit: Any = "", tone: str = "") -> SafeString:
    """How much of how much, in words and as a bar."""
    share = _share(value, most)
    return _draw("meter", value=value, most=most, label=label, unit=unit, tone=_tone(tone), share=share)


@register.simple_block_tag
def stats(content: str) -> SafeString:
    """A row of ``{% stat %}`` tiles."""
    return format_html('<div class="stats">{}</div>', _inner(content))


@register.simple_tag
def stat(value: Any, label: Any, hint: Any = "", url: str = "", tone: str = "") -> SafeString:
    """One number that matters, with its name, and the list behind it."""
    return _draw("stat", value=value, label=label, hint=hint, url=url, tone=_tone(tone))


@register.simple_tag
def weekboard(days: Sequence[ui.Day], label: Any = "") -> SafeString:
    """The week side by side; one under the other on a phone."""
    return _draw("weekboard", days=days, label=label)


@register.simple_tag
def chart(picture: Any, beside: bool = False) -> SafeString:
    """A ``charts.Chart`` with the table of its numbers, which opens under it or stands beside it."""
    return _draw("chart", picture=picture, beside=beside, id=slugify(picture.title))


# --- Doing something --------------------------------------------------------------------------------------

KINDS = ("", "quiet", "danger", "small", "quiet small", "danger small")


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise template.TemplateSyntaxError(f"Unknown kind of button {kind!r}: use {', '.join(KINDS[1:])}.")
    return f"button {kind}".strip()


@register.simple_tag
def button(label: Any, kind: str = "", name: str = "", value: str = "") -> SafeString:
    """Sends the form it stands in; says what happens."""
    attrs = format_html_join("", ' {}="{}"', [(k, v) for k, v in (("name", name), ("value", value)) if v])
    return format_html('<button class="{}"{}>{}</button>', _kind(kind), attrs, label)


@register.simple_tag
def linkbutton(label: Any, url: str, kind: str = "") -> SafeString:
    """A link that looks like a button: goes to a form or to the question before something hard to undo."""
    return format_html('<a class="{}" href="{}">{}</a>', _kind(kind), url, label)


@register.simple_tag(takes_context=True)
def postbutton(
    context: Context,
    label: Any,
    url: str,
    kind: str = "",
    *,
    name: str = "",
    value: str = "",
    confirm: Any = "",
) -> SafeString:
    """A form of a single button. ``confirm`` asks once more, only where JavaScript runs."""
    return _draw(
        "postbutton",
        label=label,
        url=url,
        classes=_kind(kind),
        name=name,
        value=value,
        confirm=confirm,
        csrf_token=context.get("csrf_token", ""),
    )


@register.simple_block_tag
def actions(content: str) -> SafeString:
    """Buttons in a row; with ``as name`` the row can go into a ``{% pageheader %}``."""
    return format_html('<div class="actions">{}</div>', _inner(content))


@register.simple_tag
def printbutton(label: Any = "") -> SafeString:
    """Prints this page; shown where JavaScript runs."""
    return _draw("printbutton", label=label)


@register.simple_tag
def copycode(code: str) -> SafeString:
    """A code to be read aloud or copied."""
    return _draw("copycode", code=code)


@register.simple_block_tag(name="help")
def explanation(content: str, summary: Any) -> SafeString:
    """An explanation for those who ask for it."""
    return format_html(
        '<details class="help"><summary>{}</summary><div>{}</div></details>',
        summary,
        _inner(content),
    )


# --- Forms ------------------------------------------------------------------------------------------------


@register.simple_tag
def errorsummary(*forms: BaseForm) -> SafeString:
    """Everything that is wrong with the forms, first on the page, each line leading to its field."""
    lines = []
    for form in forms:
        lines += [{"text": text, "target": ""} for text in form.non_field_errors()]
        for field in form:
            first = f"{field.auto_id}_0" if field.use_fieldset else field.id_for_label
            lines += [{"text": f"{field.label}: {text}", "target": first} for text in field.errors]
    return _draw("errorsummary", lines=lines) if lines else mark_safe("")


@register.simple_tag(takes_context=True)
def postform(
    context: Context, form: BaseForm, button: Any, *, url: str = "", cancel_url: str = "", kind: str = ""
) -> SafeString:
    """A whole form: error summary, fields, the button that says what happens, the way out."""
    return _draw(
        "postform",
        form=form,
        summary=errorsummary(form),
        button=button,
        url=url,
        cancel_url=cancel_url,
        classes=_kind(kind),
        csrf_token=context.get("csrf_token", ""),
    )


@register.simple_tag(takes_context=True)
def filters(context: Context, form: BaseForm, target: str = "results", button: Any = "") -> SafeString:
    """A filter form that works as plain GET; htmx replaces only the element with the id ``target``."""
    query = _query(context)
    # Which order the list is in is kept while filtering.
    kept = [("sort", query["sort"])] if "sort" in query and "sort" not in form.fields else []
    active = any(query.get(field.html_name) for field in form)
    request = context.get("request")
    return _draw(
        "filters",
        form=form,
        target=target,
        button=button,
        kept=kept,
        active=active,
        path=request.path if request else "",
    )


@register.simple_tag
def attendance(
    caption: Any,
    marks: Sequence[ui.Mark],
    choices: Sequence[ui.Choice],
    details: Sequence[tuple[str, str]] = (),
) -> SafeString:
    """The marking grid: a row a person, a letter a choice. Stands inside the page's own POST form.

    With ``details`` (value, label) each row can also hold a reason, a note and minutes.
    """
    return _draw("attendance", caption=caption, marks=marks, choices=choices, details=details)


@register.simple_tag
def noun(key: str, count: int = 1, capital: bool = False) -> str:
    """The deployment's own word for a key noun, in the reader's language."""
    word = ui.noun(key, count)
    return str(conditional_escape(word[:1].upper() + word[1:] if capital else word))
