"""Verbs on imports: take a file in, apply what was looked at, decide a doubt, throw away."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base.codes import new_code
from throughgate.base.errors import Reason, Refused
from throughgate.base.jobs import enqueue
from throughgate.base.works.models import Work
from throughgate.exchange import files, jobs
from throughgate.exchange.models import RECORDS, Import, ImportRow, Kind, State, What

_SOURCE = re.compile(r"[\w .,()/&'-]{2,60}")


def require(by: Actor, kind: str) -> None:
    """Who imports needs the permission; a directory also that of keeping partners, records that of evaluating."""
    if kind in RECORDS:
        by.require(Permission.EVALUATE)
        return
    by.require(Permission.IMPORT_DATA)
    if kind == Kind.DIRECTORY:
        by.require(Permission.MANAGE_PARTNERS)


@transaction.atomic
def receive(
    *,
    by: Actor,
    kind: str,
    file_name: str,
    content: Iterator[bytes],
    source: str,
    as_of: dt.date | None = None,
    system: str = "",
    lag_days: int | None = None,
    covers: Sequence[str] | None = None,
    later: bool = True,
) -> Import:
    """Take a file in; it is read in the background (or by the caller, when not ``later``).

    ``source`` names where the data comes from and tells its identifiers from others'; ``as_of`` is the day a
    custody extract speaks of; ``system`` names the numbering of its people (the source's name if not given).
    For records of what became of people ``lag_days`` says how late they arrive and ``covers`` which
    jurisdictions would be seen.
    Refuses an unknown kind, a source without a proper name, a missing or future as-of day, and a file that
    is empty or too large.
    """
    require(by, kind)
    reasons = list(_against(kind, source, as_of))
    if reasons:
        raise Refused(reasons)
    code = new_code()
    size, digest = files.keep(code, content)
    name = PurePath(file_name.replace("\\", "/")).name[:200] or "file"
    try:
        files.recognize(files.kept(code), name)
        work = Work.objects.create(
            kind="import", label=_("Reading %(name)s") % {"name": name[:150]}, unit=_("rows"),
            asked_by=by.name, membership_id=by.membership_id,
        )  # fmt: skip
        load = Import.objects.create(
            code=code,
            kind=kind,
            source=source.strip(),
            file_name=name,
            digest=digest,
            size=size,
            options={
                "as_of": as_of.isoformat() if as_of else "",
                "system": (system or source).strip()[:30],
                "lag_days": lag_days,
                "covers": None if covers is None else list(covers),
                "facilities": None if by.is_system else sorted(by.facility_ids),
            },
            asked_by=by.name,
            user_id=by.user_id,
            membership_id=by.membership_id,
            work=work,
        )
    except BaseException:
        files.kept(code).unlink(missing_ok=True)
        raise
    if later:
        enqueue(jobs.read_import, code=code)
    return load


def _against(kind: str, source: str, as_of: dt.date | None) -> Iterator[Reason]:
    if kind not in Kind.values:
        yield Reason("kind", _("This kind of import is not known."), _("Choose a directory or an extract."))
    if not _SOURCE.fullmatch(source.strip()):
        yield Reason(
            "source",
            _("The source needs a plain name of 2 to 60 letters."),
            _("Name the directory or custody system, the same each time."),
        )
    if kind in (Kind.CUSTODY, *RECORDS) and as_of is None:
        yield Reason("as_of", _("Say which day the extract speaks of."), _("Give the day it was made."))
    if as_of is not None and as_of > timezone.now().date() + dt.timedelta(days=1):
        yield Reason("as_of_future", _("The as-of day has not come yet."))
    if as_of is not None and kind == Kind.CUSTODY and _newer(source, as_of):
        yield Reason(
            "older",
            _("A newer extract of this source was applied already."),
            _("Ask for a fresh extract; an older one would turn facts back."),
        )


def _newer(source: str, as_of: dt.date) -> bool:
    return Import.objects.filter(
        kind=Kind.CUSTODY,
        source=source.strip(),
        state__in=[State.APPLYING, State.DONE],
        options__as_of__gt=as_of.isoformat(),
    ).exists()


def _held(load: Import) -> Import:
    return Import.objects.select_for_update(of=("self",)).get(pk=load.pk)


@transaction.atomic
def apply(*, by: Actor, load: Import, later: bool = True) -> Import:
    """Begin to write what the preview found. Pressing again changes nothing while it runs or when it is done.

    Refuses an import that is not ready, and one whose source has a newer extract applied since.
    """
    require(by, load.kind)
    load = _held(load)
    if load.state in (State.APPLYING, State.DONE):
        return load
    if load.state != State.READY:
        raise Refused(
            Reason("not_ready", _("This import is not ready to be applied."), _("Wait until it is read."))
        )
    as_of = load.options.get("as_of")
    if as_of and load.kind == Kind.CUSTODY and _newer(load.source, dt.date.fromisoformat(as_of)):
        raise Refused(Reason("older", _("A newer extract of this source was applied already.")))
    load.state = State.APPLYING
    load.work = Work.objects.create(
        kind="import", label=_("Applying %(name)s") % {"name": load.file_name[:150]}, unit=_("rows"),
        asked_by=by.name, membership_id=load.membership_id,
    )  # fmt: skip
    load.save(update_fields=["state", "work"])
    if later:
        enqueue(jobs.apply_import, key=f"apply import {load.code}", code=load.code)
    return load


@transaction.atomic
def discard(*, by: Actor, load: Import) -> Import:
    """Throw a preview away: its rows go at once. Refuses one that is being applied or was."""
    require(by, load.kind)
    load = _held(load)
    if load.state in (State.APPLYING, State.DONE):
        raise Refused(Reason("applied", _("This import is being applied or was; it stays.")))
    load.state, load.finished_at = State.DISCARDED, timezone.now()
    load.save(update_fields=["state", "finished_at"])
    enqueue(jobs.forget_rows, key=f"forget import {load.code}", code=load.code)
    return load


@transaction.atomic
def decide(*, by: Actor, row: ImportRow, decision: str) -> ImportRow:
    """Say whether the row of an identity conflict is the ``same`` person or an ``other`` one.

    The import is compared once more afterwards. Refuses rows that are no conflict, imports that are past it,
    and "other" for a number that somebody here already has: a number names one person.
    """
    require(by, row.load.kind)
    load = _held(row.load)
    codes = {each["code"] for each in row.reasons}
    if load.state != State.READY or row.what != What.CONFLICT:
        raise Refused(Reason("no_conflict", _("There is nothing to decide on this row.")))
    if decision not in ("same", "other") or not _possible(codes, decision):
        raise Refused(
            Reason(
                "not_possible",
                _("That cannot be decided here."),
                _("Correct it in the custody system and import again."),
            )
        )
    load.rows.filter(key=row.key, what=What.CONFLICT).update(decision=decision, decided_by=by.name)
    load.state = State.READING
    load.save(update_fields=["state"])
    enqueue(jobs.compare_import, code=load.code)
    row.refresh_from_db()
    return row


def _possible(codes: set[str], decision: str) -> bool:
    if codes == {"identity_number"}:
        return decision == "same"
    if codes == {"identity_twin_file"}:
        return decision == "other"
    return codes == {"identity_twin"}


def possible_decisions(row: ImportRow) -> list[str]:
    """Which decisions a person can take on this row."""
    codes = {each["code"] for each in row.reasons}
    if row.what != What.CONFLICT:
        return []
    return [decision for decision in ("same", "other") if _possible(codes, decision)]
