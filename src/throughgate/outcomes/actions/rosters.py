"""Rosters of partners: handing one in, and deciding who is meant where the model cannot."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import PurePath

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.base.errors import Forbidden, Reason, Refused
from throughgate.base.jobs import enqueue
from throughgate.base.works.models import Work
from throughgate.outcomes import jobs
from throughgate.outcomes.actions.studies import require
from throughgate.outcomes.models import Decision, Roster, RosterRecord, RosterState
from throughgate.partners.models import Organization
from throughgate.people.models import Participant
from throughgate.places.models import Facility

MOST_BYTES = 20 * 1024 * 1024
HEADINGS = {
    "first_name": "first_name", "firstname": "first_name", "given_name": "first_name",
    "last_name": "last_name", "lastname": "last_name", "surname": "last_name", "family_name": "last_name",
    "birth_date": "birth_date", "date_of_birth": "birth_date", "dob": "birth_date",
    "sex": "sex", "gender": "sex",
    "reference": "reference", "client_id": "reference", "id": "reference",
    "started_on": "started_on", "start_date": "started_on", "enrolled_on": "started_on",
    "completed": "completed", "hours": "hours",
}  # fmt: skip
SEX = {"m": "male", "f": "female", "male": "male", "female": "female", "x": "other", "other": "other"}
YES = {"yes": True, "y": True, "true": True, "1": True, "no": False, "n": False, "false": False, "0": False}


@dataclass
class _Read:
    """What a roster file holds: rows to link, and the others with why."""

    rows: list[RosterRecord] = field(default_factory=list)
    refused: list[dict[str, object]] = field(default_factory=list)


@transaction.atomic
def hand_in_roster(
    *,
    by: Actor,
    organization: Organization,
    program_name: str,
    file_name: str,
    content: bytes,
    later: bool = True,
) -> Roster:
    """Take in the people whom a partner served (CSV); they are found among the participants in the background.

    Needed columns: first_name, last_name; useful: birth_date, sex, reference, started_on, completed, hours.
    A row without a name or with a day that is none is left out, with its line and why. The same file again
    is no change. Refuses a file that is no CSV, lacks the names, or has no row that can be used.
    """
    require(by)
    read = _rows(content)
    digest = hashlib.sha256(content).hexdigest()
    here = Roster.objects.filter(organization=organization, digest=digest, program_name=program_name.strip())
    if found := here.exclude(state=RosterState.FAILED).first():
        return found
    facilities = (
        list(Facility.objects.order_by("id").values_list("id", flat=True))
        if by.is_system
        else sorted(by.facility_ids)
    )
    roster = Roster.objects.create(
        organization=organization,
        program_name=program_name.strip()[:120],
        file_name=PurePath(file_name.replace("\\", "/")).name[:200] or "roster.csv",
        digest=digest,
        refused=read.refused,
        given_by=by.name,
        facility_ids=facilities,
        work=Work.objects.create(
            kind="roster", label=_("Finding people of %(name)s") % {"name": organization.name[:150]},
            asked_by=by.name, membership_id=by.membership_id,
        ),
    )  # fmt: skip
    for each in read.rows:
        each.roster = roster
    RosterRecord.objects.bulk_create(read.rows)
    if later:
        enqueue(jobs.link_roster, key=f"link roster {roster.code}", code=roster.code)
    return roster


def _rows(content: bytes) -> _Read:
    if len(content) > MOST_BYTES:
        raise Refused(Reason("too_large", _("The file is larger than 20 MB."), field="file"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise Refused(Reason("binary", _("This is no CSV file."), _("Export the list as CSV."), field="file"))
    reader = csv.reader(io.StringIO(text), delimiter=max(",;\t", key=text[:2000].count))
    heading = [
        HEADINGS.get(re.sub(r"[^a-z]+", "_", cell.strip().lower()).strip("_"), "")
        for cell in next(reader, [])
    ]
    missing = [name for name in ("first_name", "last_name") if name not in heading]
    if missing:
        raise Refused(
            Reason(
                "no_names",
                _("The file has no column %(names)s.") % {"names": ", ".join(missing)},
                _("Name the columns first_name, last_name, birth_date, sex, started_on, completed, hours."),
                field="file",
            )
        )
    read = _Read()
    for line, cells in enumerate(reader, 2):
        if any(cell.strip() for cell in cells):
            _one(read, line, dict(zip(heading, (cell.strip() for cell in cells), strict=False)))
    if not read.rows:
        raise Refused(Reason("no_rows", _("The file has no row that can be used."), field="file"))
    return read


def _one(read: _Read, line: int, cells: dict[str, str]) -> None:
    def refuse(why: str) -> None:
        read.refused.append({"line": line, "why": why})

    if not cells.get("first_name") or not cells.get("last_name"):
        return refuse(_("A name is missing."))
    days: dict[str, dt.date | None] = {}
    for name in ("birth_date", "started_on"):
        days[name] = _day(cells.get(name, ""))
        if cells.get(name) and days[name] is None:
            return refuse(_("“%(text)s” is no day; write 2027-02-14.") % {"text": cells[name][:40]})
    try:
        hours = Decimal(cells["hours"]) if cells.get("hours") else None
    except InvalidOperation:
        return refuse(_("“%(text)s” is no number of hours.") % {"text": cells["hours"][:40]})
    read.rows.append(
        RosterRecord(
            line=line,
            reference=cells.get("reference", "")[:60],
            first_name=cells["first_name"][:80],
            last_name=cells["last_name"][:80],
            birth_date=days["birth_date"],
            sex=SEX.get(cells.get("sex", "").lower(), ""),
            started_on=days["started_on"],
            completed=YES.get(cells.get("completed", "").lower()),
            hours=hours,
        )
    )
    return None


def _day(text: str) -> dt.date | None:
    for form in ("%Y-%m-%d", "%m/%d/%Y"):
        try:
            return dt.datetime.strptime(text, form).replace(tzinfo=dt.UTC).date()
        except ValueError:
            continue
    return None


@transaction.atomic
def decide_link(*, by: Actor, record: RosterRecord, participant: Participant | None) -> RosterRecord:
    """Say who is meant by a row: one of its candidates, or nobody here. The quality of the roster follows.

    Refuses somebody who was no candidate, and a row of a roster that is not linked yet.
    """
    require(by)
    roster = Roster.objects.select_for_update().get(pk=record.roster_id)
    if not by.is_system and not set(roster.facility_ids) <= by.facility_ids:
        raise Forbidden(_("%(name)s does not work in every facility of this roster.") % {"name": by.name})
    held = RosterRecord.objects.select_for_update().get(pk=record.pk)
    if roster.state != RosterState.LINKED:
        raise Refused(Reason("not_linked", _("This roster is still being linked."), _("Wait for its end.")))
    shares = {int(key): float(share) for key, share in held.candidates}
    if participant is not None and participant.pk not in shares:
        raise Refused(Reason("no_candidate", _("This person is none of those who may be meant.")))
    held.participant = participant
    held.probability = shares.get(participant.pk) if participant else None
    held.decision = Decision.SAME if participant else Decision.NOBODY
    held.decided_by = by.name
    held.save(update_fields=["participant", "probability", "decision", "decided_by"])
    _measure_again(roster)
    return held


def _measure_again(roster: Roster) -> None:
    from throughgate.outcomes import linking  # noqa: PLC0415 - arithmetic only, but beside the engine

    told = linking.quality(roster, roster.quality.get("method", ""))
    roster.quality = {**told, "decided_at": timezone.now().isoformat()}
    roster.save(update_fields=["quality"])
