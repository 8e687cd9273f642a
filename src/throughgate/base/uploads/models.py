"""Files that came in, kept in the database beside what they belong to: outside every web folder."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Tier
from throughgate.base.models import Coded, Recorded


class Upload(Coded, Recorded):
    """One file: what it is called, what it really is, and its hash. Its bytes stand in :class:`Bytes`.

    Only the system reads this table. The room that a file belongs to keeps the code with its own fact, decides
    who may see that fact, and then opens the file with ``uploads.actions.open_file``.
    """

    class Kind(models.TextChoices):
        PDF = "pdf", "PDF"
        JPEG = "jpeg", "JPEG"
        PNG = "png", "PNG"
        TEXT = "text", _("Plain text")

    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("kind"), max_length=4, choices=Kind)
    size = models.PositiveIntegerField(_("size (bytes)"))
    sha256 = models.CharField(max_length=64)
    purpose = models.CharField(_("for"), max_length=60)
    subject = models.CharField(_("about"), max_length=120)
    given_by = models.CharField(_("from"), max_length=120)

    guard = Guard(tier=Tier.RESTRICTED)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="upload_not_empty")]
        indexes = [models.Index(fields=["purpose", "subject"], name="upload_by_subject")]


class Bytes(models.Model):
    """The content of a file. Its hash in the audited row proves it, so the trail holds no second copy."""

    upload = models.OneToOneField(Upload, models.CASCADE, related_name="content", primary_key=True)
    content = models.BinaryField()

    guard = Guard(tier=Tier.RESTRICTED, audited=False)

    class Meta:
        verbose_name = _("content of a file")
        verbose_name_plural = _("contents of files")
