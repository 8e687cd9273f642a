"""The living style guide: every component with invented data, routed only in DEBUG and demonstrations."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from throughgate.base import charts, ui

TODAY = date(2026, 11, 22)


class SampleForm(forms.Form):
    """One field of each shape."""

    was = forms.ChoiceField(
        label="Marcus was",
        choices=[("here", "Present"), ("away", "Absent, with a reason")],
        widget=forms.RadioSelect,
    )
    hours = forms.DecimalField(
        label="Hours", help_text="In quarter hours, such as 1.5", min_value=0, max_value=8
    )
    on = forms.DateField(label="Day", widget=ui.DateInput())
    room = forms.ChoiceField(label="Room", choices=[("b2", "Room B2"), ("b3", "Room B3")])
    note = forms.CharField(label="Note", widget=forms.Textarea(attrs={"rows": 3}), required=False)
    tell = forms.BooleanField(label="Tell the facilitator", required=False)


class SampleFilter(forms.Form):
    """What narrows a list."""

    q = forms.CharField(label="Name or number", required=False)
    unit = forms.ChoiceField(label="Unit", choices=[("", "Every unit"), ("b", "Unit B")], required=False)
    state = forms.ChoiceField(
        label="Status", choices=[("", "Any"), ("late", "Overdue"), ("wait", "Waiting")], required=False
    )


def _week() -> list[ui.Day]:
    monday = TODAY - timedelta(days=TODAY.weekday())
    days = []
    for number in range(7):
        slots = []
        if number < 5:
            slots.append(
                ui.Slot("09:00", "10:30", "GED maths", "#", "Room B2 · 9 of 12", ui.Word("Ready", "good"))
            )
        if number in {1, 3}:
            slots.append(
                ui.Slot(
                    "14:00",
                    "15:30",
                    "Moving past anger",
                    "#",
                    "Chapel",
                    ui.Word("No cleared visitor", "late"),
                )
            )
        if number == 2:
            slots.append(
                ui.Slot("18:00", "19:00", "Forklift theory", "#", "Shop 1", ui.Word("Room shared", "wait"))
            )
        days.append(ui.Day(monday + timedelta(days=number), slots, today=number == 1))
    return days


def _table() -> ui.Table:
    return ui.Table(
        caption="Lost hours by cause",
        columns=[
            ui.Column("Cause", sort="cause"),
            ui.Column("Hours", number=True, sort="hours"),
            ui.Column("State"),
        ],
        rows=[
            [ui.Link("Lockdown", "#", "Two days in November"), 412, ui.Word("Made up in part", "wait")],
            [ui.Link("Not sent", "#"), 96, ui.Word("Asked why", "late")],
            [ui.Link("Facilitator ill", "#"), 18, ui.Word("Made up", "good")],
        ],
        total=["Together", 526, ""],
    )


def _charts() -> list[charts.Chart]:
    months = [0, 6, 12, 18, 24, 30, 36]
    return [
        charts.line(
            title="Share of scheduled hours that were held",
            desc="Between 70 and 82 of 100 scheduled hours were held, rising slowly.",
            x_label="Month",
            y_label="Share held",
            x=["Jun", "Jul", "Aug", "Sep", "Oct", "Nov"],
            series=[
                charts.Series(
                    "Held",
                    [0.70, 0.72, 0.71, 0.78, 0.80, 0.82],
                    low=[0.65, 0.67, 0.66, 0.73, 0.75, 0.77],
                    high=[0.75, 0.77, 0.76, 0.83, 0.85, 0.87],
                )
            ],
            percent=True,
            note="Invented figures. The band is the 95 % interval.",
        ),
        charts.steps(
            title="Still in work after the start",
            desc="After 36 months about 50 of 100 with the program and 38 of 100 without are still in work.",
            x_label="Months",
            y_label="Share still in work",
            x=months,
            series=[
                charts.Series("With the program", [1, 0.88, 0.78, 0.69, 0.61, 0.55, 0.50]),
                charts.Series("Comparison", [1, 0.82, 0.69, 0.58, 0.50, 0.43, 0.38]),
            ],
            percent=True,
            note="Invented figures.",
        ),
        charts.bars(
            title="People who need more than there are seats for",
            desc="Housing has the widest gap, then work, then maths.",
            x_label="People",
            labels=["Housing", "Work", "Maths", "Driving"],
            values=[120, 84, 40, 12],
            note="Invented figures.",
        ),
        charts.forest(
            title="Effect on being in work after a year",
            desc="Three of four programs point to more work; one interval crosses no difference.",
            x_label="Difference in percentage points",
            labels=["Forklift", "GED", "Mentoring", "All"],
            estimates=[9.0, 4.0, 2.5, 5.1],
            lows=[3.0, 0.5, -2.0, 2.2],
            highs=[15.0, 7.5, 7.0, 8.0],
            note="Invented figures. Bars are 95 % intervals.",
        ),
    ]


def sample() -> dict[str, Any]:
    """Everything that the style guide shows; every person and number in it is invented."""
    wrong = SampleForm({"was": "here", "hours": "15", "on": "2026-11-24", "room": "b2"})
    wrong.is_valid()
    return {
        "navigation": [
            ui.NavItem(_("Today"), "#", key="today"),
            ui.NavItem(_("Week"), "#", key="week"),
            ui.NavItem(_("People"), "#", key="people"),
            ui.NavItem(_("Programs"), "#", key="programs"),
            ui.NavItem(_("Partners"), "#", key="partners"),
            ui.NavItem(_("Visitors"), "#", key="visitors"),
            ui.NavItem(_("Outcomes"), "#", key="outcomes"),
            ui.NavItem(_("Settings"), "#", key="settings"),
        ],
        "door": "people",
        "actor": ui.ActorLine("Dana Whitfield", "Franklin Correctional"),
        "search_url": "#",
        "crumbs": [ui.Crumb("People", "#"), ui.Crumb("Marcus Reyes")],
        "tab": "overview",
        "tabs": [
            ui.NavItem("Overview", "#", key="overview"),
            ui.NavItem("Plan", "#", count=5),
            ui.NavItem("Sessions", "#"),
            ui.NavItem("Messages", "#", count=0),
            ui.NavItem("History", "#"),
        ],
        "today": TODAY,
        "release": date(2027, 2, 14),
        "overdue": TODAY - timedelta(days=12),
        "now": datetime(2026, 11, 22, 19, 0, tzinfo=UTC),
        "reasons": ["The only cleared facilitator is away", "Agreement ends on 23 Nov 2026"],
        "page": Paginator(range(1, 201), 10).page(4),
        "table": _table(),
        "events": [
            ui.Event(
                "Attended maths tutoring, 1 h 30 min",
                datetime(2026, 11, 20, 14, tzinfo=UTC),
                "Ruth Okafor, tutor",
            ),
            ui.Event(
                "Referral sent to Open Door Housing",
                datetime(2026, 11, 18, 9, 12, tzinfo=UTC),
                "Dana Whitfield",
            ),
            ui.Event(
                "Missed group session — facility lockdown", date(2026, 11, 12), "Harbor Behavioral Health"
            ),
        ],
        "work": ui.Work(
            "k3",
            "Import of the population file",
            "running",
            5_420,
            9_000,
            datetime(2026, 11, 22, 18, tzinfo=UTC),
            unit="rows",
        ),
        "failed": ui.Work(
            "k4",
            "Import of the class list",
            "failed",
            12,
            40,
            datetime(2026, 11, 22, 18, tzinfo=UTC),
            unit="rows",
            reason="Row 13 has no identifier. Put one in and send the file again: nothing was changed.",
        ),
        "week": _week(),
        "charts": _charts(),
        "form": wrong,
        "filter": SampleFilter({"unit": "b"}),
        "marks": [
            ui.Mark("1", "Marcus Reyes", "here", "A512-884 · B-14"),
            ui.Mark("2", "Tobias Lindqvist", "", "A498-112 · B-07"),
            ui.Mark("3", "Yusuf Demir", "", "A530-447 · C-21"),
        ],
        "choices": [
            ui.Choice("here", "a", "Attended"),
            ui.Choice("late", "l", "Late"),
            ui.Choice("excused", "e", "Excused"),
            ui.Choice("refused", "r", "Refused"),
            ui.Choice("unsent", "n", "Not sent"),
        ],
    }


@login_not_required
@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component on one page."""
    return render(request, "styleguide.html", sample())
