"""Files of studies: handing in, saying which column is what, taking away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.base.codes import new_code
from throughgate.base.errors import Reason, Refused
from throughgate.base.jobs import enqueue
from throughgate.outcomes import files, jobs
from throughgate.outcomes.actions.studies import newest, require, revise
from throughgate.outcomes.models import Basis, Study, StudyFile, StudyVersion


@transaction.atomic
def give_file(
    *, by: Actor, study: Study, file_name: str, content: Iterator[bytes], later: bool = True
) -> StudyFile:
    """Hand in a data file (CSV, TSV, Parquet, or text of fixed width); its columns are found in the background.

    The same file again is no change. Refuses a study of live records, and a file that is empty, too large or
    of another kind.
    """
    require(by, study)
    if study.basis != Basis.FILE:
        raise Refused(Reason("live", _("This study takes its people from the records kept here.")))
    name = PurePath(file_name.replace("\\", "/")).name[:200] or "file"
    ending = files.ending_of(name)
    code = new_code()
    path = files.data_file(code, ending)
    size, digest = files.keep(path, content)
    try:
        known = study.files.filter(digest=digest).first()
        if known is not None and known.removed_at is None:
            path.unlink(missing_ok=True)
            return known
        if known is not None:
            path.replace(files.data_file(known.code, known.ending))
            known.removed_at = None
            known.save(update_fields=["removed_at"])
            made = known
        else:
            made = StudyFile.objects.create(
                code=code,
                study=study,
                file_name=name,
                ending=ending,
                digest=digest,
                size=size,
                given_by=by.name,
            )
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if later:
        enqueue(jobs.look_at_file, key=f"look at {made.code}", code=made.code)
    return made


def map_columns(
    *,
    by: Actor,
    study: Study,
    columns: Mapping[str, Mapping[str, Any]],
    roles: Mapping[str, str],
    covariates: Mapping[str, Mapping[str, Any]],
) -> StudyVersion:
    """Say how each column is read and which role it plays; makes another version of the plan.

    ``columns``, ``roles`` and ``covariates`` are what the parts of the same names hold in a study file.
    Refuses what the engine refuses: an unknown kind, a role without a column, a covariate without its time.
    """
    plan = dict(newest(study).definition)
    plan |= {"columns": dict(columns), "roles": dict(roles), "covariates": dict(covariates)}
    return revise(by=by, study=study, definition=plan)


@transaction.atomic
def remove_file(*, by: Actor, file: StudyFile) -> StudyFile:
    """Delete the data; the digest and what reading gave stay, so that runs can still be told apart."""
    require(by, file.study)
    files.data_file(file.code, file.ending).unlink(missing_ok=True)
    file.removed_at = timezone.now()
    file.save(update_fields=["removed_at"])
    return file
