"""What every model of the house has in common."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from throughgate.base.codes import new_code


class Coded(models.Model):
    """A thing that people name by its short random code; the database id is never shown."""

    code = models.CharField(_("code"), max_length=8, unique=True, default=new_code, editable=False)

    class Meta:
        abstract = True


class Recorded(models.Model):
    """A fact that remembers when it was written down, by the database's clock ([A-69])."""

    recorded_at = models.DateTimeField(_("recorded at"), db_default=Now(), editable=False)

    class Meta:
        abstract = True
