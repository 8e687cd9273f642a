"""Forms about studies: the question and its target trial, which column is what, publishing, returns.

A plan is a form in five parts. Each part says why it is asked, because a study is only as fair as its plan.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from throughgate.base import ui
from throughgate.outcomes import rules
from throughgate.outcomes.models import Basis
from throughgate.outcomes.queries import measures
from throughgate.places.models import Facility
from throughgate.policies.worth import CostRules
from throughgate.programs.models import Program
from throughgate.www.staff.shell import HereFilter, Refusable

if TYPE_CHECKING:
    OneProgram = forms.ModelChoiceField[Program]
else:
    OneProgram = forms.ModelChoiceField

WIDE = {"rows": 2}


@dataclass(frozen=True)
class Part:
    """One part of the plan: its number, name, why it is asked, and its fields."""

    number: int
    title: str | Promise
    why: str | Promise
    fields: tuple[forms.BoundField, ...]


class _Named(OneProgram):
    def label_from_instance(self, obj: Program) -> str:
        return obj.name


class PlanForm(Refusable):
    """The plan of a study: what is asked, whom it looks at, the trial it imitates, what makes people alike."""

    title = forms.CharField(
        label=_("What do you ask?"),
        max_length=200,
        help_text=_("Such as: Does the welding course help people stay free?"),
    )
    program = _Named(
        queryset=Program.objects.none(),
        label=_("Which program?"),
        to_field_name="code",
        required=False,
        empty_label=_("None of those here"),
    )
    words = forms.CharField(
        label=_("The program, as it stands in a sentence"),
        max_length=120,
        help_text=_(
            "Such as: the welding course. The verdict will read: people who took part in the welding course …"
        ),
    )
    measure = forms.ChoiceField(
        label=_("What counts as not staying free?"),
        help_text=_(
            "The same people give 25 or 67 of 100, depending on this. Its whole sentence is printed with "
            "the result; all of them are below."
        ),
    )
    event = forms.CharField(
        label=_("The same, as it stands in a sentence"),
        max_length=120,
        required=False,
        help_text=_(
            "Such as: returned to prison within 36 months. Leave it empty to take the measure's own words."
        ),
    )
    since = forms.DateField(
        label=_("Released from"),
        required=False,
        widget=ui.DateInput,
        help_text=_("The first day of release that is looked at."),
    )
    until = forms.DateField(
        label=_("Released until"),
        required=False,
        widget=ui.DateInput,
        help_text=_(
            "The last one. People whose time after release is not over are left out, returned or not."
        ),
    )
    facilities = forms.MultipleChoiceField(
        label=_("From which facilities?"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked means all of yours."),
    )
    least_days_inside = forms.IntegerField(
        label=_("Inside for at least this many days"),
        required=False,
        min_value=0,
        initial=0,
        help_text=_("Long enough that everybody could have taken part."),
    )
    eligibility = forms.CharField(
        label=_("Who could have taken part?"),
        widget=forms.Textarea(attrs=WIDE),
        help_text=_(
            "Both groups must fulfil it. Such as: people released after at least 90 days in custody."
        ),
    )
    place = forms.ChoiceField(
        label=_("Where does the program take place?"),
        choices=[("inside", _("Inside, before release")), ("outside", _("Outside, after release"))],
    )
    time_zero = forms.ChoiceField(
        label=_("From which day is counted, for both groups?"),
        choices=[("release", _("The day of release")), ("landmark", _("A landmark some days after release"))],
        help_text=_(
            "A program after release needs a landmark: who began it was free until then for sure, and would "
            "look successful for that alone."
        ),
    )
    landmark = forms.IntegerField(
        label=_("The landmark, in days after release"),
        required=False,
        min_value=1,
        help_text=_("Only people still free on that day are compared, sorted by whether they had begun."),
    )
    strategy = forms.CharField(
        label=_("What does taking part mean?"),
        widget=forms.Textarea(attrs=WIDE),
        help_text=_("Such as: began the course during the sentence, whether or not they stayed in it."),
    )
    arm = forms.ChoiceField(
        label=_("Who counts as a participant?"),
        choices=[("started", _("Everybody who started")), ("offered", _("Everybody to whom it was offered"))],
        help_text=_(
            "Never only those who finished: they differ from those who leave, whatever the program does."
        ),
    )
    compared_with = forms.CharField(
        label=_("What did the others have?"),
        max_length=160,
        initial="",
        help_text=_("Such as: the usual services. The result is the difference between the two."),
    )
    outcome = forms.CharField(
        label=_("The outcome, in words"),
        max_length=200,
        help_text=_("Such as: return to prison within 36 months of release."),
    )
    covariates = forms.MultipleChoiceField(
        label=_("Which facts must be alike in both groups?"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "Only facts from before time zero. Take those that drive both taking part and returning."
        ),
    )
    subgroups = forms.MultipleChoiceField(
        label=_("For whom is it also asked?"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Name groups now. A group chosen after looking proves nothing."),
    )
    margin_points = forms.FloatField(
        label=_("Smallest difference that matters, of 100 people"),
        min_value=0.5,
        max_value=49,
        initial=3,
        help_text=_("If the difference is surely smaller, the verdict is: no meaningful difference."),
    )
    plausible_points = forms.FloatField(
        label=_("Largest difference one could believe, of 100 people"),
        min_value=1,
        max_value=60,
        initial=13,
        help_text=_("If the study could only find larger ones, it says so before it runs."),
    )
    cost = forms.ChoiceField(
        label=_("What does it cost per participant?"),
        required=False,
        help_text=_("From the dated table of costs. Without it the report says nothing about money."),
    )

    def __init__(
        self,
        *args: Any,
        basis: str,
        facilities: Sequence[Facility],
        costs: CostRules | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.basis = basis
        self._choose("measure", [(each.name, each.title) for each in measures()])
        self._choose("facilities", [(each.code, each.name) for each in facilities])
        self._choose("covariates", [(name, each.label) for name, each in rules.COVARIATES.items()])
        self._choose("subgroups", list(rules.SUBGROUPS.items()))
        kinds = [] if costs is None else [(each.code, str(each.label)) for each in costs.programs.values()]
        self._choose("cost", [("", _("Say nothing about money")), *kinds])
        program = self.fields["program"]
        assert isinstance(program, forms.ModelChoiceField)
        program.queryset = Program.objects.filter(listed=True).order_by("name")
        if basis == Basis.FILE:
            for name in ("since", "until", "facilities", "least_days_inside", "covariates", "subgroups"):
                del self.fields[name]
        else:
            program.required = True
            for name in ("since", "until", "covariates"):
                self.fields[name].required = True

    def _choose(self, name: str, choices: Any) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        """A landmark needs its day."""
        found = super().clean() or {}
        if found.get("time_zero") == "landmark" and not found.get("landmark"):
            self.add_error("landmark", _("Say after how many days people are sorted."))
        return found

    def parts(self) -> Iterator[Part]:
        """The form as its parts, in the order of thinking."""
        number = 0
        for title, why, names in PARTS:
            fields = tuple(self[name] for name in names if name in self.fields)
            if fields:
                number += 1
                yield Part(number, title, why, fields)


PARTS: tuple[tuple[str | Promise, str | Promise, tuple[str, ...]], ...] = (
    (
        _("The question"),
        _("One program, one outcome. A study that asks many things at once finds something by chance."),
        ("title", "program", "words", "measure", "event"),
    ),
    (
        _("The people"),
        _("Everybody who was released in a time, not a selection: leaving people out is how results are bent."),
        ("since", "until", "facilities", "least_days_inside"),
    ),
    (
        _("The trial that this imitates"),
        _("If one could draw lots, what would the trial be? Writing that down first is what keeps the comparison "
          "fair. The effect asked for is always that on the people who took part."),
        ("eligibility", "place", "time_zero", "landmark", "strategy", "arm", "compared_with", "outcome"),
    ),
    (
        _("What makes people alike"),
        _("People choose programs. Those who sign up are often those who would have done well anyway; these facts "
          "are made equal between the groups. What is not recorded cannot be."),
        ("covariates", "subgroups"),
    ),
    (
        _("What would matter"),
        _("Agreed before anybody looks, so that nobody can move it afterwards."),
        ("margin_points", "plausible_points", "cost"),
    ),
)  # fmt: skip

ROLES: dict[str, str | Promise] = {
    "person": _("Who: a number for each person"),
    "treated": _("Took part (yes or no)"),
    "time": _("Time until the event, or until the records end"),
    "event": _("Had the event (yes or no)"),
    "departed": _("Died or left for good (yes or no)"),
    "available": _("How long each person could be followed"),
    "started": _("When the program began, counted from release"),
    "covered": _("Lives where events would be seen (yes or no)"),
    "supervised": _("Under supervision after release (yes or no)"),
    "offense_time": _("When the offense was, counted from release"),
    "new_crime": _("The event is a new crime (yes or no)"),
    "negative_control": _("Something the program cannot have changed"),
}
NEEDED = ("treated", "time", "event")
FACT, FACT_LOG, GROUP = "fact", "fact, log", "group"
KINDS = [
    ("", _("as found")),
    ("text", _("words")),
    ("int", _("whole numbers")),
    ("float", _("numbers")),
    ("date", _("dates")),
    ("bool", _("yes or no")),
]
NATURAL = {
    "person": "text", "treated": "bool", "time": "int", "event": "bool", "departed": "bool", "available": "int",
    "started": "float", "covered": "bool", "supervised": "bool", "offense_time": "float", "new_crime": "bool",
    "negative_control": "float", FACT: "float", FACT_LOG: "float", GROUP: "text",
}  # fmt: skip


class ColumnsForm(Refusable):
    """Which column of a study file is what; two fields for each heading, and one for turned answers."""

    def __init__(self, *args: Any, headings: Sequence[str], plan: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.headings = list(headings)
        roles = [
            ("", _("not used")),
            (_("About the study"), list(ROLES.items())),
            (
                _("Facts from before time zero"),
                [
                    (FACT, _("A fact to make equal")),
                    (
                        FACT_LOG,
                        _("A fact to make equal, with its logarithm (long tails, such as time served)"),
                    ),
                    (GROUP, _("A group named in advance")),
                ],
            ),
        ]
        before = self._before(plan)
        for number, heading in enumerate(self.headings):
            role, kind, turned = before.get(heading, ("", "", False))
            self.fields[f"r{number}"] = forms.ChoiceField(
                label=_("Is"), choices=roles, required=False, initial=role
            )
            self.fields[f"k{number}"] = forms.ChoiceField(
                label=_("Holds"), choices=KINDS, required=False, initial=kind
            )
            self.fields[f"t{number}"] = forms.BooleanField(
                label=_("1 means no"), required=False, initial=turned
            )

    def _before(self, plan: Mapping[str, Any]) -> dict[str, tuple[str, str, bool]]:
        """What the plan says already, by heading."""
        columns = plan.get("columns", {})
        played = {column: role for role, column in plan.get("roles", {}).items()}
        shapes = plan.get("covariates", {})
        groups = plan.get("study", {}).get("subgroups", ())
        found = {}
        for name, facts in columns.items():
            role = played.get(name, "")
            if not role and name in shapes:
                role = FACT_LOG if "log" in shapes[name].get("also", ()) else FACT
            if not role and name in groups:
                role = GROUP
            turned = facts.get("codes", {}).get("1") == "0"
            found[facts.get("source") or name] = (role, facts.get("kind", ""), turned)
        return found

    def rows(self) -> Iterator[tuple[str, forms.BoundField, forms.BoundField, forms.BoundField]]:
        """Each heading with its fields."""
        for number, heading in enumerate(self.headings):
            yield heading, self[f"r{number}"], self[f"k{number}"], self[f"t{number}"]

    def clean(self) -> dict[str, Any]:
        """Every role once; those without which nothing can be counted."""
        found = super().clean() or {}
        chosen = [found.get(f"r{number}") for number in range(len(self.headings))]
        for role, words in ROLES.items():
            if chosen.count(role) > 1:
                self.add_error(None, _("Two columns are “%(what)s”. Choose one.") % {"what": words})
            if role in NEEDED and role not in chosen:
                self.add_error(None, _("Say which column is “%(what)s”.") % {"what": words})
        if not {FACT, FACT_LOG} & set(chosen):
            self.add_error(None, _("Name at least one fact from before time zero, to make people alike."))
        return found

    def mapped(self) -> dict[str, Any]:
        """Columns, roles, covariates and subgroups as a study file holds them."""
        out: dict[str, Any] = {"columns": {}, "roles": {}, "covariates": {}, "subgroups": []}
        for number, heading in enumerate(self.headings):
            role = self.cleaned_data.get(f"r{number}")
            if not role:
                continue
            kind = self.cleaned_data.get(f"k{number}") or NATURAL[role]
            facts: dict[str, Any] = {"kind": kind}
            if role in NEEDED:
                facts["required"] = True
            if self.cleaned_data.get(f"t{number}"):
                facts["codes"] = {"0": "1", "1": "0"}
            out["columns"][heading] = facts
            if role in ROLES:
                out["roles"][role] = heading
            elif role == GROUP:
                out["subgroups"].append(heading)
            else:
                out["covariates"][heading] = {"measured": "before"}
                if role == FACT_LOG:
                    out["covariates"][heading]["also"] = ["log"]
        return out


class FileForm(Refusable):
    """A data file for a study."""

    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "CSV, TSV or Parquet: one row for each person, with a heading for each column. No names."
        ),
    )


class PublishForm(Refusable):
    """The words of a public page, in both languages; the figures come from the report."""

    title_en = forms.CharField(label=_("Title"), max_length=160)
    title_es = forms.CharField(label=_("Title, in Spanish"), max_length=160)
    program_en = forms.CharField(label=_("The program, as it stands in a sentence"), max_length=120)
    program_es = forms.CharField(
        label=_("The program, in Spanish"), max_length=120, help_text=_("Such as: el taller de soldadura")
    )
    event_en = forms.CharField(label=_("The event, as it stands in a sentence"), max_length=120)
    event_es = forms.CharField(
        label=_("The event, in Spanish"),
        max_length=120,
        help_text=_("Such as: volvieron a prisión en 36 meses"),
    )
    compared_with_en = forms.CharField(label=_("What the others had"), max_length=160)
    compared_with_es = forms.CharField(
        label=_("What the others had, in Spanish"),
        max_length=160,
        help_text=_("Such as: los servicios habituales"),
    )

    def words(self) -> dict[str, dict[str, str]]:
        """The words by language."""
        names = ("title", "program", "event", "compared_with")
        return {
            language: {name: self.cleaned_data[f"{name}_{language}"].strip() for name in names}
            for language in ("en", "es")
        }


class WithdrawForm(Refusable):
    """Why a public result is taken back; everybody reads it."""

    reason = forms.CharField(
        label=_("Why is it withdrawn?"),
        max_length=250,
        widget=forms.Textarea(attrs=WIDE),
        help_text=_("Everybody who follows the old address reads this."),
    )


class ReturnForm(HereFilter):
    """For which days the return is made."""

    since = forms.DateField(label=_("From"), required=False, widget=ui.DateInput)
    until = forms.DateField(label=_("Until"), required=False, widget=ui.DateInput)

    def period(self, today: dt.date) -> tuple[dt.date, dt.date]:
        """The days asked for; the last whole quarter where nothing sound was asked."""
        since, until = self.asked.get("since"), self.asked.get("until")
        if since and until and since <= until:
            return since, until
        first = dt.date(today.year, 3 * ((today.month - 1) // 3) + 1, 1)
        last = first - dt.timedelta(days=1)
        return dt.date(last.year, last.month - 2, 1), last
