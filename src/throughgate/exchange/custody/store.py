"""A custody extract's rows against the database: reading them, comparing in batches, writing in bulk."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.base.errors import Reason
from throughgate.base.names import fold
from throughgate.exchange import files
from throughgate.exchange.custody import columns, writing
from throughgate.exchange.custody.judge import Circumstances, Known, Plan, Spell, Term, Verdict
from throughgate.exchange.custody.judge import judge as judge_person
from throughgate.exchange.custody.rows import Checked, check
from throughgate.exchange.models import Import, ImportRow, What
from throughgate.exchange.rows import plain, refuse_row, staged
from throughgate.outcomes.actions import cover
from throughgate.outcomes.models import RecordKind
from throughgate.people.actions.dates import facts_of
from throughgate.people.models import Identifier, Participant, ReleaseDate, Stay
from throughgate.places.models import Facility, FacilityKind, Unit


def read(load: Import, path: Path) -> Iterator[ImportRow]:
    """The rows of an extract, each checked by itself."""
    table = files.table_of(path, files.recognize(path, load.file_name))
    headings = columns.recognize(table.columns)
    load.notices = headings.notices
    as_of = dt.date.fromisoformat(load.options["as_of"])
    facilities = _facilities()
    allowed = load.options["facilities"]
    touched: set[int] = set()
    for record in table.records:
        cells = {ours: record.cells.get(theirs, "") for ours, theirs in headings.found.items()}
        if record.reasons:
            key = cells.get("person_ref", "")[:60]
            yield staged(load, record.line, thing="participant", key=key, reasons=record.reasons)
            continue
        row = check(cells, facilities, as_of)
        place = facilities.get(row.values["facility_code"])
        if place is not None:
            touched.add(place)
            if allowed is not None and place not in allowed:
                row.reasons.append(_not_yours())
        yield _staged(load, record.line, row)
    load.facility_ids = sorted(touched)


def _not_yours() -> Reason:
    return Reason(
        "not_yours",
        _("You do not work in this facility."),
        _("Ask somebody who works in every facility of the extract to import it."),
    )


def _twin_elsewhere() -> Reason:
    return Reason(
        "identity_elsewhere",
        _("Somebody of this name and date of birth may be known in another facility."),
        _("Ask somebody who works in every facility to import this row."),
    )


def _staged(load: Import, line: int, row: Checked) -> ImportRow:
    values = row.values
    label = f"{values['last_name']}, {values['first_name']}".strip(", ")
    made = staged(
        load, line, thing="participant", key=values["person_ref"], label=label,
        reasons=row.reasons, notes=row.notes,
    )  # fmt: skip
    made.values = {name: plain(text)[:500] for name, text in values.items()}
    made.identity = plain(row.identity)[:300]
    return made


def _facilities() -> dict[str, int]:
    """Facilities of custody in use, by the code that the custody system gives them."""
    found = Facility.objects.filter(active=True, external_code__isnull=False).exclude(
        kind=FacilityKind.COMMUNITY_OFFICE
    )
    return {str(each.external_code): each.pk for each in found.order_by("id")}


def notices(load: Import) -> list[str]:
    """Nothing beside what the headings told: an extract may leave people out."""
    return []


def finished(load: Import) -> None:
    """Studies of returns to prison may look as far as this extract reaches."""
    cover(
        by=Actor.system(f"import {load.code}"),
        source=load.source,
        kind=RecordKind.CUSTODY,
        extracted_on=min(dt.date.fromisoformat(load.options["as_of"]), timezone.localtime().date()),
    )


def judge(load: Import, rows: Sequence[ImportRow], *, write: bool) -> None:
    """Say of each row what it does, and do it when ``write``. A person's rows come together."""
    if not rows:
        return
    people: dict[str, list[ImportRow]] = defaultdict(list)
    for row in rows:
        people[row.key].append(row)
    surroundings = _Surroundings(load, people, lock=write)
    plans: list[tuple[Plan, ImportRow]] = []
    conflicts: list[tuple[int, ImportRow]] = []
    for key, own in people.items():
        verdict = surroundings.judge(key, own)
        _mark(own, verdict, surroundings)
        if verdict.plan is not None:
            plans.append((verdict.plan, own[-1]))
        conflicts += [(row.person_id, row) for row in own[:1] if row.what == What.CONFLICT and row.person_id]
    if write:
        _write(load, plans, conflicts)


def _write(load: Import, plans: list[tuple[Plan, ImportRow]], conflicts: list[tuple[int, ImportRow]]) -> None:
    writing.people(load, plans)
    writing.doubts(load, conflicts)


class _Surroundings:
    """What a batch is judged by, fetched together: who is known, who looks alike, where units are."""

    def __init__(self, load: Import, people: dict[str, list[ImportRow]], *, lock: bool) -> None:
        self.load = load
        self.as_of = dt.date.fromisoformat(load.options["as_of"])
        self.facilities = _facilities()
        self.names = {pk: code for code, pk in self.facilities.items()}
        self.units = {
            (each.facility_id, fold(each.name)): each.pk
            for each in Unit.objects.filter(facility_id__in=self.names).order_by("id")
        }
        numbers = dict(
            Identifier.objects.filter(system=load.options["system"], value__in=people)
            .order_by("id")
            .values_list("value", "participant_id")
        )
        fresh = [own[0] for key, own in people.items() if key not in numbers]
        twins = self._twins(fresh)
        ids = {*numbers.values(), *(pk for found in twins.values() for pk in found)}
        known = known_people(ids, lock=lock)
        self.known = {key: known[pk] for key, pk in numbers.items()}
        self.twins = {identity: [known[pk] for pk in found] for identity, found in twins.items()}
        self.in_file = self._in_file({row.identity for row in fresh})
        self.refused: dict[str, list[int]] = defaultdict(list)
        bad = load.rows.filter(key__in=people, what=What.REFUSED, position__isnull=True)
        for key, line in bad.order_by("line").values_list("key", "line"):
            self.refused[key].append(line)

    def _twins(self, fresh: list[ImportRow]) -> dict[str, list[int]]:
        """Participants of the same name and date of birth as somebody whose number is not known here."""
        wanted = {row.identity for row in fresh}
        found: dict[str, list[int]] = defaultdict(list)
        rows = Participant.objects.filter(
            sort_name__in=[identity.rpartition("|")[0] for identity in wanted],
            profile__birth_date__isnull=False,
        )
        for pk, name, born in rows.order_by("id").values_list("id", "sort_name", "profile__birth_date"):
            identity = f"{name}|{born}"
            if identity in wanted:
                found[identity].append(pk)
        return found

    def _in_file(self, identities: set[str]) -> set[str]:
        """Identities that the file gives to more than one number."""
        rows = self.load.rows.filter(identity__in=identities, position__isnull=False).order_by()
        counted = rows.values("identity").annotate(numbers=Count("key", distinct=True)).filter(numbers__gt=1)
        return set(counted.values_list("identity", flat=True))

    def judge(self, key: str, own: list[ImportRow]) -> Verdict:
        """The verdict on one person's rows."""
        known = self.known.get(key)
        allowed = self.load.options["facilities"]
        if known and allowed is not None and known.facility_id not in allowed:
            return Verdict(reasons=[_not_yours()])
        identity = own[0].identity
        twins = self.twins.get(identity, [])
        if not known and allowed is not None and any(each.facility_id not in allowed for each in twins):
            return Verdict(conflict=True, reasons=[_twin_elsewhere()])
        notes: list[str] = []
        terms = [self._term(row, notes) for row in own]
        verdict = judge_person(
            terms,
            known,
            Circumstances(
                as_of=self.as_of,
                source=self.load.source,
                decision=own[0].decision,
                twins_here=twins,
                twins_in_file=int(identity in self.in_file),
                refused_lines=self.refused.get(key, ()),
            ),
        )
        verdict.notes += notes
        return verdict

    def _term(self, row: ImportRow, notes: list[str]) -> Term:
        place = self.facilities[row.values["facility_code"]]
        unit = row.values["unit"]
        unit_id = self.units.get((place, fold(unit))) if unit else None
        if unit and unit_id is None and not row.values["release_date"]:
            notes.append(_("The facility has no unit “%(name)s”; it was left out.") % {"name": unit})
        return Term(row.line, row.values, place, unit_id)


def known_people(ids: set[int], *, lock: bool) -> dict[int, Known]:
    """Participants with what an extract is compared with; locked until the end of the transaction if asked."""
    if not ids:
        return {}
    if lock:
        list(
            Participant.objects.select_for_update(of=("self",))
            .filter(pk__in=ids)
            .order_by("id")
            .values_list("id")
        )
    found = {
        each.pk: Known(
            each.pk,
            each.facility_id,
            each.unit_id,
            each.cell,
            each.whereabouts,
            each.first_name,
            each.last_name,
            each.language,
            _profile(each),
        )
        for each in Participant.objects.filter(pk__in=ids).select_related("profile").order_by("id")
    }
    for stay in Stay.objects.filter(participant_id__in=ids).order_by("participant_id", "during"):
        if stay.during.lower is None:
            continue
        spell = Spell(stay.facility_id, stay.during.lower, stay.during.upper, stay.pk)
        found[stay.participant_id].stays.append(spell)
    dates = ReleaseDate.objects.filter(participant_id__in=ids, superseded_at__isnull=True)
    for date in dates.order_by("participant_id", "kind"):
        found[date.participant_id].dates[date.kind] = facts_of(date)
    return found


def _profile(person: Participant) -> dict[str, object]:
    names = ("birth_date", "sex", "race_ethnicity", "release_on", "release_as_of")
    if not hasattr(person, "profile"):
        return {
            "birth_date": None,
            "sex": "",
            "race_ethnicity": "",
            "release_on": None,
            "release_as_of": None,
        }
    return {name: getattr(person.profile, name) for name in names}


def _mark(own: list[ImportRow], verdict: Verdict, around: _Surroundings) -> None:
    """Tell each row of a person what it does."""
    plan = verdict.plan
    known = plan.known if plan else around.known.get(own[0].key)
    twins = around.twins.get(own[0].identity, [])
    for row in own:
        row.reasons, row.diff, row.person_id = [], {}, known.pk if known else None
        if verdict.reasons:
            for reason in verdict.reasons:
                refuse_row(row, reason, What.CONFLICT if verdict.conflict else What.REFUSED)
            if verdict.conflict and known is None and len(twins) == 1:
                row.person_id = twins[0].pk
            if verdict.reasons[0].code in ("not_yours", "identity_elsewhere"):
                row.person_id = None
            continue
        if row.line in verdict.doubled:
            refuse_row(row, verdict.doubled[row.line])
            continue
        assert plan is not None
        if row.line in verdict.added:
            row.diff = {"stay": verdict.added[row.line]}
        if row.line == plan.current.line:
            row.diff = {**row.diff, **_worded(verdict.diff, around)}
            row.notes = list(dict.fromkeys([*row.notes, *verdict.notes]))
        row.what = What.NEW if plan.known is None else What.CHANGED if row.diff else What.UNCHANGED


def _worded(diff: dict[str, list[object]], around: _Surroundings) -> dict[str, list[object]]:
    """Facilities and units by their codes and names: internal numbers are never shown."""
    worded = dict(diff)
    if "facility" in worded:
        worded["facility"] = [around.names.get(int(str(pk)), "?") for pk in worded["facility"]]
    if "unit_id" in worded:
        units = dict(
            Unit.objects.filter(pk__in=[pk for pk in worded["unit_id"] if pk])
            .order_by("id")
            .values_list("id", "name")
        )
        worded["unit"] = [units.get(int(str(pk)), "") if pk else "" for pk in worded.pop("unit_id")]
    return worded
