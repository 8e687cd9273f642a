"""The four tables of the trail. Only the database's own functions write them; nobody changes them.

Rows refer to people and records by plain numbers, without foreign keys: the trail outlives what it tells of.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.utils.translation import gettext_lazy as _


class Entry(models.Model):
    """What every row of the trail tells: when, in which transaction of which cluster, who and why.

    ``xid`` is PostgreSQL's 64-bit transaction id and ``epoch`` the cluster's system identifier: ids restart
    when a dump is restored into a new cluster, and the pair keeps the order unambiguous. ``leaf`` is the
    SHA-256 of the row's canonical bytes (see :func:`throughgate.base.audit.sql.canonical`). ``login`` is the
    database login, so that a change made past the application still names a hand.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(_("at"))
    xid = models.BigIntegerField(_("transaction"))
    epoch = models.BigIntegerField(_("cluster"))
    login = models.TextField(_("database login"))
    actor = models.BigIntegerField(_("actor"), null=True)
    membership = models.BigIntegerField(_("membership"), null=True)
    audience = models.TextField(_("acting as"), null=True)
    purpose = models.TextField(_("purpose"), null=True)
    basis = models.TextField(_("basis"), null=True)
    request_id = models.TextField(_("request"), null=True)
    ip = models.GenericIPAddressField(_("address"), null=True)
    leaf = models.BinaryField(_("leaf hash"))

    class Meta:
        abstract = True


class Event(Entry):
    """One written row: inserted (I), updated (U) or deleted (D) ([A-64]).

    ``diff`` maps each changed column to ``[before, after]``. In tables of tier 3 and above, and in columns
    named as hidden, a value is a keyed hash: it can be proven, not read.
    """

    op = models.CharField(_("operation"), max_length=1)
    table_name = models.TextField(_("table"))
    pk_value = models.TextField(_("record"))
    participant_id = models.BigIntegerField(_("participant"), null=True)
    tier = models.SmallIntegerField(_("tier"))
    diff = models.JSONField(_("changes"))

    class Meta:
        db_table = "audit_event"
        indexes = [
            models.Index(fields=["epoch", "xid"], name="audit_event_order"),
            models.Index(
                fields=["participant_id", "id"],
                name="audit_event_person",
                condition=models.Q(participant_id__isnull=False),
            ),
            models.Index(fields=["table_name", "pk_value"], name="audit_event_record"),
        ]


class ReadEvent(Entry):
    """One answer that showed people's data of tier 2 and up: which view, whom, which fields ([A-65])."""

    view = models.TextField(_("view"))
    participant_ids = ArrayField(models.BigIntegerField(), verbose_name=_("participants"))
    fields = models.TextField(_("fields"))
    count = models.IntegerField(_("rows shown"))

    class Meta:
        db_table = "audit_read"
        indexes = [
            models.Index(fields=["epoch", "xid"], name="audit_read_order"),
            GinIndex(fields=["participant_ids"], name="audit_read_person"),
        ]


class DeniedEvent(Entry):
    """One refused authorization: what was asked for and why it was refused ([A-66])."""

    permission = models.TextField(_("permission"))
    view = models.TextField(_("view"))
    reason = models.TextField(_("reason"))
    participant_id = models.BigIntegerField(_("participant"), null=True)

    class Meta:
        db_table = "audit_denied"
        indexes = [models.Index(fields=["epoch", "xid"], name="audit_denied_order")]


class Seal(models.Model):
    """A signed checkpoint over all rows of one stream whose transactions lie in [xid_from, xid_to) ([A-67]).

    ``entries`` holds 40 bytes a row, its id (8, big-endian) and its leaf (32), in the order of (xid, id);
    ``root`` is their Merkle root, ``head`` chains the seal to the one before it, ``signature`` is Ed25519
    over ``head``.
    """

    seq = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField(_("at"))
    stream = models.CharField(_("stream"), max_length=8)
    epoch = models.BigIntegerField(_("cluster"))
    xid_from = models.BigIntegerField(_("from transaction"))
    xid_to = models.BigIntegerField(_("to transaction"))
    rows = models.IntegerField(_("rows"))
    entries = models.BinaryField(_("entries"))
    root = models.BinaryField(_("Merkle root"))
    prev = models.BinaryField(_("head before"))
    head = models.BinaryField(_("head"))
    key_id = models.CharField(_("key"), max_length=16)
    signature = models.BinaryField(_("signature"))

    class Meta:
        db_table = "audit_seal"
        indexes = [models.Index(fields=["stream", "epoch", "-xid_to"], name="audit_seal_tip")]
