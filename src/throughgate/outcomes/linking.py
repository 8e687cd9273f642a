"""Finding the people of a roster among the participants, in the worker. Safe to repeat."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from throughgate.base import scope
from throughgate.base.works.models import Work
from throughgate.engines import linkage as engine
from throughgate.outcomes.models import Decision, Roster, RosterRecord, RosterState
from throughgate.people.models import Participant
from throughgate.places.models import Facility
from throughgate.policies import queries as policies
from throughgate.policies.linkage import LinkageRules


def rules_for(roster: Roster) -> LinkageRules:
    """The linkage rules in force where the roster is linked."""
    place = Facility.objects.filter(pk__in=roster.facility_ids).order_by("id").first()
    return policies.linkage(place.jurisdiction if place else "default", timezone.localtime().date()).data


def link(code: str) -> Roster:
    """Link a roster. What a person decided earlier stays decided."""
    purpose = f"link roster {code}"
    with scope.system(purpose):
        roster = Roster.objects.select_related("work").get(code=code)
        if roster.state == RosterState.LINKED:
            return roster
        rules = rules_for(roster)
        _mark(roster, Work.State.RUNNING)
        rows = [_row(each) for each in roster.records.order_by("line")]
        register = _register(roster)
    found = engine.link(rows, register, expected=rules.expected)
    with scope.system(purpose):
        _keep(roster, found, rules)
        roster.state = RosterState.LINKED
        roster.quality = quality(roster, engine.version())
        roster.save(update_fields=["state", "quality"])
        _mark(roster, Work.State.DONE)
    return roster


def _mark(roster: Roster, state: str) -> None:
    if roster.work_id:
        ended = timezone.now() if state == Work.State.DONE else None
        Work.objects.filter(pk=roster.work_id).update(state=state, finished_at=ended)


def _row(each: RosterRecord) -> engine.Person:
    return engine.Person(each.pk, each.first_name, each.last_name, each.birth_date, each.sex)


def _register(roster: Roster) -> list[engine.Person]:
    people = Participant.objects.filter(facility_id__in=roster.facility_ids).order_by("id")
    rows = people.values_list("id", "first_name", "last_name", "profile__birth_date", "profile__sex")
    return [engine.Person(pk, first, last, born, sex or "") for pk, first, last, born, sex in rows]


def _keep(roster: Roster, found: dict[int, list[engine.Candidate]], rules: LinkageRules) -> None:
    changed = []
    for record in roster.records.filter(decision__in=[Decision.OPEN, Decision.SURE], decided_by="").order_by(
        "line"
    ):
        own = found[record.pk][: rules.most_candidates]
        record.candidates = [[each.key, round(each.probability, 4)] for each in own]
        verdict = engine.possible(own, sure=rules.sure, possible=rules.possible)
        record.participant_id = own[0].key if verdict == "sure" else None
        record.probability = own[0].probability if verdict == "sure" else None
        record.decision = {"sure": Decision.SURE, "open": Decision.OPEN, "nobody": Decision.NOBODY}[verdict]
        changed.append(record)
    RosterRecord.objects.bulk_update(changed, ["candidates", "participant", "probability", "decision"])


def quality(roster: Roster, method: str) -> dict[str, Any]:
    """What the linkage of a roster is worth now, as plain data."""
    candidates: dict[int, list[engine.Candidate]] = {}
    chosen: dict[int, float] = {}
    open_ = 0
    for each in roster.records.order_by("line"):
        candidates[each.pk] = [engine.Candidate(int(key), float(share)) for key, share in each.candidates]
        if each.decision in (Decision.SURE, Decision.SAME) and each.participant_id:
            chosen[each.pk] = 1.0 if each.decision == Decision.SAME else float(each.probability or 0)
        elif each.decision == Decision.OPEN:
            open_ += 1
        elif each.decided_by:
            candidates[each.pk] = []
    told = engine.quality(candidates, chosen, open_)
    return {
        "method": method,
        "submitted": told.submitted,
        "linked": told.linked,
        "to_decide": told.to_decide,
        "precision": round(told.precision, 4),
        "recall": round(told.recall, 4),
        "unlinked_share": round(told.unlinked_share, 4),
        "refused": len(roster.refused),
    }
