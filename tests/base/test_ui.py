"""Components escape, keep their promises without JavaScript, and the stylesheet stays readable."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.contrib.staticfiles import finders
from django.core.paginator import Paginator
from django.template import Context, Template, TemplateSyntaxError
from django.template.loader import render_to_string
from django.test import Client, RequestFactory, override_settings
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

import throughgate
from throughgate.base import ui
from throughgate.base.staticfiles import FILES, PackageFinder
from throughgate.base.templatetags import when
from throughgate.base.ui_views import SampleForm, sample

ROOT = Path(throughgate.__file__).parent
CSS = (ROOT / "static" / "throughgate.css").read_text()
EVIL = "<img src=x onerror=alert(1)>\"'"


def draw(source: str, **values: object) -> str:
    request = values.pop("request", None) or RequestFactory().get("/")
    return Template("{% load ui when %}" + source).render(Context({"request": request, **values}))


@pytest.fixture(scope="module")
def guide() -> str:
    return render_to_string("styleguide.html", sample(), RequestFactory().get("/styleguide/"))


class Ids(HTMLParser):
    """Collects ids and everything that points at one."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.pointers: set[str] = set()
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.ids.append(value)
            if name in {"for", "aria-describedby", "aria-labelledby"} and value:
                self.pointers.update(value.split())


def test_style_guide_has_one_heading_and_no_inline_code(guide: str) -> None:
    assert guide.count("<h1") == 1
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", guide)
    assert all("src=" in script for script in re.findall(r"<script[^>]*>", guide))


def test_labels_and_descriptions_point_at_something(guide: str) -> None:
    found = Ids(guide)
    assert found.pointers <= set(found.ids)
    assert len(found.ids) == len(set(found.ids))


@pytest.mark.parametrize(
    "source",
    [
        "{% pageheader x kicker=x lede=x %}{% fact x %}{{ x }}{% endfact %}{% endpageheader %}",
        "{% breadcrumbs crumbs %}",
        "{% tabs items x %}",
        "{% tag x 'good' %}{% tag word %}",
        "{% notice x 'late' %}{{ x }}{% endnotice %}",
        "{% card x %}{{ x }}{% endcard %}",
        "{% empty x x %}{{ x }}{% endempty %}",
        "{% readiness 'red' texts %}",
        "{% table x x %}{% rowhead x %}{{ x }}{% endrowhead %}{% cell x %}{{ x }}{% endcell %}{% endtable %}",
        "{% datatable data %}",
        "{% pairs %}{% pair x %}{{ x }}{% endpair %}{% endpairs %}",
        "{% timeline events x %}",
        "{% progress work %}",
        "{% meter 1 2 x x %}",
        "{% stats %}{% stat x x hint=x url=x %}{% endstats %}",
        "{% weekboard days x %}",
        "{% button x name=x value=x %}{% linkbutton x x %}{% postbutton x x name=x value=x confirm=x %}",
        "{% printbutton x %}{% copycode x %}{% help x %}{{ x }}{% endhelp %}",
        "{% postform form x url=x cancel_url=x %}",
        "{% filters form target=x button=x %}",
        "{% attendance x marks choices details %}",
    ],
)
def test_nothing_given_becomes_markup(source: str) -> None:
    class Form(forms.Form):
        name = forms.CharField(label=EVIL, help_text=EVIL, max_length=3)

    out = draw(
        source,
        x=EVIL,
        texts=[EVIL],
        word=ui.Word(EVIL),
        crumbs=[ui.Crumb(EVIL, EVIL), ui.Crumb(EVIL)],
        items=[ui.NavItem(EVIL, EVIL)],
        data=ui.Table(EVIL, [ui.Column(EVIL)], [[EVIL], [ui.Link(EVIL, EVIL, EVIL)], [ui.Word(EVIL)]]),
        events=[ui.Event(EVIL, date(2026, 11, 1), EVIL, EVIL)],
        work=ui.Work(
            "k", EVIL, "failed", 1, 2, unit=EVIL, result=EVIL, result_url=EVIL, reason=EVIL, poll_url=EVIL
        ),
        days=[ui.Day(date(2026, 11, 1), [ui.Slot(EVIL, EVIL, EVIL, EVIL, EVIL, ui.Word(EVIL))], note=EVIL)],
        form=Form({"name": EVIL}),
        details=[(EVIL, EVIL)],
        marks=[ui.Mark(EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL)],
        choices=[ui.Choice(EVIL, EVIL, EVIL)],
    )
    assert "<img" not in out
    assert "onerror" in out
    assert "\"'" not in out


def test_a_block_may_hold_markup() -> None:
    assert "<b>yes</b>" in draw("{% notice 'Look' %}<p><b>yes</b></p>{% endnotice %}")


@pytest.mark.parametrize(
    "source", ["{% tag 'x' 'pink' %}", "{% readiness 'blue' %}", "{% button 'x' 'loud' %}"]
)
def test_unknown_words_of_the_design_are_refused(source: str) -> None:
    with pytest.raises(TemplateSyntaxError, match="use "):
        draw(source)


def test_pager_and_sorting_keep_the_filters() -> None:
    request = RequestFactory().get("/list/?unit=b&sort=name&page=3")
    page = Paginator(range(100), 10).page(3)
    out = draw("{% pager page %}", request=request, page=page)
    assert "?unit=b&amp;sort=name&amp;page=4" in out
    assert "21 to 30 of 100" in out
    columns = [ui.Column("Name", sort="name"), ui.Column("Due", sort="due")]
    head = draw("{% table 'People' columns %}{% endtable %}", request=request, columns=columns)
    assert 'aria-sort="ascending"' in head
    assert "?unit=b&amp;sort=-name" in head
    assert "page=" not in head


def test_table_marks_numbers_and_rows_carry_their_labels() -> None:
    out = draw("{% table 'Hours' 'Who' '#Hours' %}{% cell 'Hours' number=True %}4{% endcell %}{% endtable %}")
    assert '<th scope="col" class="number">Hours</th>' in out
    assert '<td class="number" data-label="Hours">4</td>' in out


def test_what_is_wrong_is_said_above_and_linked() -> None:
    form = SampleForm({"hours": "15", "was": ""})
    out = draw("{% postform form 'Save' %}", form=form)
    assert '<a href="#id_hours">' in out
    assert '<a href="#id_was_0">Marcus was: This field is required.</a>' in out
    assert 'aria-describedby="id_hours_helptext id_hours_error"' in out
    assert out.index("id_hours_error") < out.index('name="hours"')
    assert 'value="15"' in out
    assert {link for link in re.findall(r'href="#([^"]+)"', out)} <= set(Ids(out).ids)
    assert "error-summary" not in draw("{% postform form 'Save' %}", form=SampleForm())


def test_filter_form_is_plain_get_and_keeps_the_order() -> None:
    request = RequestFactory().get("/list/?unit=b&sort=-due")
    out = draw("{% filters form %}", request=request, form=sample()["filter"])
    assert 'method="get"' in out
    assert '<input type="hidden" name="sort" value="-due">' in out
    assert "csrf" not in out
    assert 'hx-target="#results"' in out


@pytest.mark.parametrize("layout", ["staff", "partner", "visitor", "participant", "public"])
def test_each_shell_says_which_door_is_current(layout: str) -> None:
    values = {
        "navigation": [ui.NavItem("Today", "/a/", key="a"), ui.NavItem("Week", "/b/", key="b")],
        "door": "b",
        "actor": ui.ActorLine("Dana", "Franklin"),
        "environment_banner": "Invented",
    }
    out = render_to_string(f"layouts/{layout}.html", values, RequestFactory().get("/"))
    assert re.findall(r'<a href="([^"]+)" aria-current="page">', out) == ["/b/"]
    assert 'href="#main"' in out
    assert "Franklin" in out
    assert "Invented" in out


@pytest.mark.parametrize("code", ["400", "403", "404", "500", "403_csrf"])
def test_error_pages_need_nothing(code: str) -> None:
    assert "<h1>" in render_to_string(f"{code}.html")


def test_question_before_something_hard_to_undo() -> None:
    asked = ui.Confirmation("Cancel 3 sessions?", ["12 people are told"], "Cancel 3 sessions", "/week/")
    out = render_to_string("patterns/confirm.html", {"confirmation": asked}, RequestFactory().get("/"))
    assert '<button class="button danger">Cancel 3 sessions</button>' in out
    assert "12 people are told" in out
    assert 'href="/week/"' in out


# --- Dates ------------------------------------------------------------------------------------------------


def test_dates_and_times_as_people_read_them() -> None:
    at = datetime(2027, 2, 14, 19, 30, tzinfo=ZoneInfo("UTC"))
    with timezone.override(ZoneInfo("America/New_York")):
        assert when.day(date(2027, 2, 14)) == "14 Feb 2027"
        assert when.moment(at) == "14 Feb 2027, 14:30"
        assert when.clock(at, "America/Los_Angeles") == "11:30"
        assert when.weekday(at) == "Sun 14 Feb"
        assert when.day(datetime(2027, 2, 15, 3, tzinfo=ZoneInfo("UTC"))) == "14 Feb 2027"
    with translation.override("es"):
        assert when.longday(date(2026, 11, 24)).lower().startswith("martes 24")
    assert when.day(None) == when.moment(None) == when.clock(None) == "—"


@pytest.mark.parametrize(("minutes", "said"), [(45, "45 min"), (60, "1 h"), (90, "1 h 30 min"), (0, "0 min")])
def test_minutes_as_hours(minutes: int, said: str) -> None:
    assert when.hours(minutes) == said


@given(st.integers(-4000, 4000))
def test_distance_never_lies_about_the_side(days: int) -> None:
    today = date(2026, 11, 22)
    said = when.distance(today + timedelta(days=days), today)
    assert ("ago" in said or said == "yesterday") == (days < 0)
    assert (said.startswith("in ") or said == "tomorrow") == (days > 0)
    assert ("late" in when.due(today + timedelta(days=days), today)) == (days < 0)


# --- Words ------------------------------------------------------------------------------------------------


def test_a_deployment_may_use_its_own_nouns() -> None:
    assert draw("{% noun 'participant' %} {% noun 'facility' 2 capital=True %}") == "participant Facilities"
    with override_settings(THROUGHGATE_NOUNS={"participant": {"en": ["resident", "residents"]}}):
        assert ui.noun("participant", 3) == "residents"
    with pytest.raises(KeyError):
        ui.noun("nothing")


# --- The files --------------------------------------------------------------------------------------------


def test_files_of_other_packages_are_served() -> None:
    finder = PackageFinder()
    for name, storage in finder.list(None):
        with storage.open(name) as file:
            assert file.read(1)
        assert finder.find(name) == str(FILES[name])
    assert finder.find("other.js") == []


def test_every_file_that_pages_name_is_found() -> None:
    named = set(re.findall(r'{% static "([^"]+)" %}', (ROOT / "templates" / "base.html").read_text()))
    named |= set(re.findall(r'url\("([^"]+)"\)', CSS))
    assert named
    assert [name for name in named if not finders.find(name)] == []


def test_files_stay_few_and_short() -> None:
    assert CSS.count("\n") <= 800
    assert (ROOT / "static" / "throughgate.js").read_text().count("\n") < 150
    assert sum(1 for path in (ROOT / "static").rglob("*") if path.is_file()) + len(FILES) < 25


def _tokens(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6});", block))


def _luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read_on_their_tints(scheme: str) -> None:
    layer = CSS[CSS.index("@layer tokens {") : CSS.index("@layer base {")]
    before, after = layer.split("prefers-color-scheme: dark")
    tokens = _tokens(before) | (_tokens(after) if scheme == "dark" else {})
    pairs = [(f"{tone}-ink", tone) for tone in ui.TONES]
    pairs += [(ink, on) for ink in ("ink", "soft", "link") for on in ("paper", "wash")]
    pairs += [("ink", tone) for tone in ui.TONES] + [("link", tone) for tone in ("wait", "late", "info")]
    pairs += [("brand-ink", "brand"), ("focus-ink", "focus"), ("late-ink", "paper"), ("accent", "paper")]
    assert {
        pair: _contrast(tokens[pair[0]], tokens[pair[1]])
        for pair in pairs
        if _contrast(tokens[pair[0]], tokens[pair[1]]) < 4.5
    } == {}


# --- Sign-in pages ----------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_sign_in_wears_the_same_clothes(client: Client) -> None:
    out = client.get("/account/login/").content.decode()
    assert out.count("<h1") == 1
    assert 'class="masthead"' in out
    assert '<label for="id_login">' in out
    assert [name for name in re.findall(r'src="/static/([^"]+)"', out) if not finders.find(name)] == []
    wrong = client.post("/account/login/", {"login": "", "password": ""}).content.decode()
    assert '<a href="#id_login">' in wrong
