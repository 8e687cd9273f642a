"""Taking a file in, and handing it out again to someone who was found to be allowed."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpResponse
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from throughgate.base import scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.scope import Audience
from throughgate.base.uploads import sniff
from throughgate.base.uploads.models import Bytes, Upload


@transaction.atomic
def take(
    *,
    file: UploadedFile[Any] | None,
    purpose: str,
    subject: str,
    given_by: str,
    most_bytes: int | None = None,
) -> Upload:
    """Keep a file that was sent with a form; raises :class:`Refused` in words when it is not let in.

    Its type is found from its content (PDF, JPEG, PNG, plain text), its name is cleaned, its size is at most
    ``most_bytes`` (the deployment's ``THROUGHGATE_UPLOAD_BYTES``, 10 MB). Written as the system; the caller
    decided that somebody may send it here, and keeps the returned ``code`` with the fact it proves.
    """
    if file is None:
        raise Refused(
            Reason("upload_missing", _("No file came with the form."), _("Choose a file."), field="file")
        )
    most = most_bytes or settings.UPLOAD_BYTES
    if (file.size or 0) > most:
        raise Refused(
            Reason(
                "upload_large",
                _("This file is larger than %(most)s.") % {"most": filesizeformat(most)},
                _("Send a smaller copy; a scan in black and white is often enough."),
                field="file",
            )
        )
    content = file.read(most + 1)
    found = sniff.look(content, file.name or "", file.content_type or "")
    with scope.as_role(Audience.JOB, purpose=f"take file {purpose}"):
        upload = Upload.objects.create(
            name=found.name,
            kind=found.kind,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            purpose=purpose,
            subject=subject,
            given_by=given_by[:120],
        )
        Bytes.objects.create(upload=upload, content=content)
    return upload


def find(code: str) -> Upload | None:
    """What is known of a file, without its content. The caller decides who may know it."""
    with scope.as_role(Audience.JOB, purpose="look up a file"):
        return Upload.objects.filter(code=code).first()


def answer(code: str) -> HttpResponse | None:
    """The file as a download, never shown inside a page; None when there is no such file.

    The caller must have found that the reader may see the fact which the file belongs to.
    """
    with scope.as_role(Audience.JOB, purpose="hand out a file"):
        upload = Upload.objects.select_related("content").filter(code=code).first()
        if upload is None:
            return None
        content = bytes(upload.content.content)
    response = HttpResponse(content, content_type=sniff.TYPES[upload.kind])
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(upload.name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response["Cache-Control"] = "no-store, private"
    return response


def remove(code: str) -> None:
    """Delete a file with its content; the audit keeps that it was there."""
    with scope.as_role(Audience.JOB, purpose="remove a file"):
        Upload.objects.filter(code=code).delete()
