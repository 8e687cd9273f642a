"""The way of an import: read, check, compare, look, apply. Each step can be broken off and taken up again.

Reading starts over when it was broken off: it only prepares a preview. Applying goes on from the mark that
each batch moves in its own transaction, and looks at the database again before it writes, so that a batch
is applied once and the end is the same however often the process dies.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Protocol

from django.db import DatabaseError, connection, transaction
from django.db.models import Count, Max, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.base import scope
from throughgate.base.dberrors import reason_for
from throughgate.base.errors import Reason, Refused
from throughgate.base.scope import Audience, Context
from throughgate.base.works.models import Work
from throughgate.exchange import bulk, files
from throughgate.exchange.models import Import, ImportRow, Kind, State, What
from throughgate.exchange.rows import refuse_row

log = logging.getLogger("throughgate.exchange")
BATCH = 1000
# What reading tells of a row, and what judging does.
READ = (
    "line", "thing", "key", "label", "identity", "what", "reasons", "notes", "values", "diff", "decision",
    "decided_by",
)  # fmt: skip
JUDGED = ("id", "what", "reasons", "notes", "diff", "person_id")
Progress = Callable[[int, int], None]


class Subject(Protocol):
    """What a kind of import knows: how to read its file, and how its rows meet the database."""

    def read(self, load: Import, path: Path) -> Iterator[ImportRow]:
        """The rows of the file; raises Refused when the file as a whole cannot be read."""

    def judge(self, load: Import, rows: Sequence[ImportRow], *, write: bool) -> None:
        """Say of each row what it does; write it too when asked."""

    def notices(self, load: Import) -> list[str]:
        """What the whole file is told, after comparing."""

    def finished(self, load: Import) -> None:
        """What follows when everything is written."""


def subject(kind: str) -> Subject:
    """The subject of a kind of import."""
    from throughgate.exchange.custody import store as custody  # noqa: PLC0415 - each loads what it needs
    from throughgate.exchange.directory import store as directory  # noqa: PLC0415
    from throughgate.exchange.records import store as records  # noqa: PLC0415

    subjects: dict[str, Subject] = {Kind.DIRECTORY.value: directory, Kind.CUSTODY.value: custody}
    return subjects.get(kind, records)


@contextmanager
def acting_for(load: Import) -> Iterator[None]:
    """One transaction of the system for the one who asked; the audit names both."""
    context = Context(
        audience=Audience.JOB,
        actor_id=load.user_id,
        membership_id=load.membership_id,
        purpose=f"import {load.code}",
    )
    with scope.enter(context):
        yield


def _quiet(done: int, total: int) -> None:
    """Nobody waits for progress."""


# --- reading ---


def read(code: str, progress: Progress = _quiet) -> Import:
    """Read the kept file of an import, compare it with the database and leave a preview. Safe to repeat.

    A file that cannot be read leaves the import in state "failed" with its reason. The file is deleted
    either way.
    """
    with scope.system(f"import {code}"):
        load = Import.objects.get(code=code)
        if load.state != State.READING:
            return load
    path = files.kept(code)
    try:
        if not path.is_file():
            raise files.refuse(
                "no_file", _("The uploaded file is no longer there."), _("Upload it once more.")
            )
        _stage(load, path)
        _compare(load, progress)
    except Refused as refused:
        _fail(load, refused)
    path.unlink(missing_ok=True)
    return load


def _fail(load: Import, refused: Refused) -> None:
    with acting_for(load):
        load.rows.all().delete()
        load.state, load.finished_at = State.FAILED, timezone.now()
        load.reason = " ".join(f"{reason.text} {reason.remedy}".strip() for reason in refused.reasons)
        load.save(update_fields=["state", "finished_at", "reason"])
        _work(load, state=Work.State.FAILED, reason=load.reason, finished_at=timezone.now())


def _stage(load: Import, path: Path) -> None:
    with acting_for(load):
        load.rows.all().delete()
        _work(load, state=Work.State.RUNNING, started_at=timezone.now(), done=0)
        rows = subject(load.kind).read(load, path)
        while batch := list(islice(rows, BATCH)):
            bulk.insert(
                ImportRow, [{"load": load.pk, **{name: getattr(row, name) for name in READ}} for row in batch]
            )
        load.save(update_fields=["options", "notices"])
        _number(load)


def _number(load: Import) -> None:
    """Positions: things in the order in which they are applied, rows about one person at one position."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_importrow r SET position = s.place FROM ("
            " SELECT id, dense_rank() OVER (ORDER BY thing, key) AS place FROM exchange_importrow"
            " WHERE load_id = %s AND what = 'checked') s WHERE r.id = s.id",
            [load.pk],
        )


def _compare(load: Import, progress: Progress) -> None:
    with acting_for(load):
        most = _last(load)
    for start in range(0, most, BATCH):
        with acting_for(load):
            rows = _batch(load, start)
            subject(load.kind).judge(load, rows, write=False)
            _store(rows)
            _work(load, done=min(start + BATCH, most), total=most)
        progress(min(start + BATCH, most), most)
    with acting_for(load):
        _count(load)
        load.notices = [*load.notices, *subject(load.kind).notices(load)]
        load.state = State.READY
        load.save(update_fields=["counts", "notices", "state", "facility_ids"])
        _work(load, state=Work.State.DONE, finished_at=timezone.now())


def compare_again(code: str) -> Import:
    """Compare a preview once more, after a person decided on some of its rows. Safe to repeat."""
    with scope.system(f"import {code}"):
        load = Import.objects.get(code=code)
    if load.state == State.READING:
        load.notices = []
        _compare(load, _quiet)
    return load


def _last(load: Import) -> int:
    return int(load.rows.aggregate(most=Max("position"))["most"] or 0)


def _batch(load: Import, after: int) -> list[ImportRow]:
    rows = load.rows.filter(position__gt=after, position__lte=after + BATCH).exclude(what__in=[What.REFUSED])
    return list(rows.order_by("position", "line"))


def _store(rows: Sequence[ImportRow]) -> None:
    bulk.update(ImportRow, [{name: getattr(row, name) for name in JUDGED} for row in rows])


def _count(load: Import) -> None:
    counts: dict[str, dict[str, int]] = {}
    found = load.rows.values("thing", "what").annotate(number=Count("id")).order_by("thing", "what")
    for each in found:
        counts.setdefault(each["thing"], {})[each["what"]] = each["number"]
    load.counts = counts


def _work(load: Import, **given: object) -> None:
    if load.work_id:
        Work.objects.filter(pk=load.work_id).update(**given)


# --- applying ---


def apply(code: str, progress: Progress = _quiet) -> Import:
    """Write what an import's preview found, batch by batch, from where it was broken off. Safe to repeat."""
    with scope.system(f"import {code}"):
        load = Import.objects.get(code=code)
        most = _last(load)
    done = load.applied_through
    while load.state == State.APPLYING and done < most:
        done = _apply_batch(load, most)
        progress(min(done, most), most)
    with acting_for(load):
        load = Import.objects.select_for_update(of=("self",)).get(pk=load.pk)
        if load.state == State.APPLYING:
            _count(load)
            load.state, load.finished_at = State.DONE, timezone.now()
            load.save(update_fields=["counts", "state", "finished_at"])
            subject(load.kind).finished(load)
            _work(load, state=Work.State.DONE, finished_at=timezone.now(), done=most)
    return load


def _apply_batch(load: Import, most: int) -> int:
    """One batch in one transaction, mark and all. Holding the import's row keeps a second worker out."""
    with acting_for(load):
        held = Import.objects.select_for_update(of=("self",)).get(pk=load.pk)
        if held.state != State.APPLYING or held.applied_through >= most:
            return most
        rows = _batch(held, held.applied_through)
        _write(held, rows)
        held.applied_through = min(held.applied_through + BATCH, most)
        held.save(update_fields=["applied_through"])
        _work(held, state=Work.State.RUNNING, done=held.applied_through, total=most)
        return held.applied_through


def _write(load: Import, rows: list[ImportRow]) -> None:
    """Write rows together; where the database refuses, halve until the bad one stands alone."""
    if not rows:
        return
    before = [(row.what, row.reasons, row.notes, row.diff) for row in rows]
    try:
        with transaction.atomic():
            subject(load.kind).judge(load, rows, write=True)
    except (DatabaseError, Refused) as error:
        for row, (what, reasons, notes, diff) in zip(rows, before, strict=True):
            row.what, row.reasons, row.notes, row.diff = what, reasons, notes, diff
        groups = _groups(rows)
        if len(groups) == 1:
            for row in rows:
                for reason in _why(error):
                    refuse_row(row, reason)
            _store(rows)
            return
        middle = len(groups) // 2
        _write(load, [row for group in groups[:middle] for row in group])
        _write(load, [row for group in groups[middle:] for row in group])
        return
    changed = [
        row
        for row, (what, reasons, _notes, _diff) in zip(rows, before, strict=True)
        if (row.what, row.reasons) != (what, reasons)
    ]
    _store(changed)


def _groups(rows: Sequence[ImportRow]) -> list[list[ImportRow]]:
    groups: dict[int | None, list[ImportRow]] = {}
    for row in rows:
        groups.setdefault(row.position, []).append(row)
    return list(groups.values())


def _why(error: Exception) -> tuple[Reason, ...]:
    if isinstance(error, Refused):
        return error.reasons
    reason = reason_for(error) if isinstance(error, DatabaseError) else None
    if reason is None:
        log.warning("a row was refused by the database: %s", type(error.__cause__ or error).__name__)
        reason = Reason(
            "database", _("The database does not take this row."), _("Tell your administrator its line.")
        )
    return (reason,)


# --- keeping and throwing away ---


def sweep(today: dt.date, keep_until: Callable[[dt.date], dt.date]) -> int:
    """Delete rows of imports past their retention, and files nobody reads any more; returns the imports."""
    ended = Import.objects.filter(
        Q(finished_at__isnull=False) | Q(state=State.READY), rows__isnull=False
    ).distinct()
    count = 0
    for load in ended.order_by("id"):
        if keep_until((load.finished_at or load.recorded_at).date()) < today:
            load.rows.all().delete()
            count += 1
    reading = set(Import.objects.filter(state=State.READING).order_by("id").values_list("code", flat=True))
    for path in files.folder().glob("*.bin"):
        if path.stem not in reading:
            path.unlink(missing_ok=True)
    return count
