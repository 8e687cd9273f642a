"""Who came, what that counted for, and every change of mind about it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import Guard, Rule, Tier, granted, myself, permitted, seen, seen_participant
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.programs.models.places import Call, Enrollment
from throughgate.programs.models.sessions import Session

SEEN = seen_participant()
THEIR_SESSION = (
    "EXISTS (SELECT 1 FROM programs_session s WHERE s.id = session_id)"
    f" AND {granted('participant_id', Tier.OPERATIONAL)}"
)


class Attendance(Recorded):
    """What became of one person at one session, by the codes of the attendance pack ([P-210])."""

    call = models.OneToOneField(Call, models.PROTECT, related_name="attendance", primary_key=True)
    participant = models.ForeignKey("people.Participant", models.PROTECT, related_name="attendance")
    session = models.ForeignKey(Session, models.PROTECT, related_name="attendance")
    code = models.CharField(_("code of the pack"), max_length=24)
    detail = models.CharField(_("detail of the pack"), max_length=24, blank=True)
    minutes = models.PositiveSmallIntegerField(_("minutes counted"), default=0)
    note = models.CharField(_("note"), max_length=250, blank=True)
    marked_by = models.CharField(_("marked by"), max_length=120)
    marked_at = models.DateTimeField(_("marked at"))
    pack = models.CharField(_("policy pack and version"), max_length=80)
    version = models.PositiveSmallIntegerField(default=1)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            Audience.STAFF: Rule(
                read="(SELECT tg.has_permission('view_restricted') OR tg.has_permission('mark_attendance'))"
                f" AND {SEEN}",
                write="(SELECT tg.has_permission('mark_attendance') OR tg.has_permission('manage_sessions'))"
                f" AND {SEEN} AND {seen('programs_session', 'session_id')}",
            ),
            Audience.PARTNER: Rule(read=THEIR_SESSION, write=permitted("mark_attendance", THEIR_SESSION)),
            Audience.PARTICIPANT: Rule(read=myself()),
        },
    )

    class Meta:
        verbose_name = _("attendance")
        verbose_name_plural = _("attendance")
        indexes = [
            models.Index(fields=["session"], name="attendance_by_session"),
            models.Index(fields=["participant", "-marked_at"], name="attendance_by_person"),
        ]


class AttendanceChange(Recorded):
    """What the attendance said before it was changed, who changed it and why. Only ever added to."""

    attendance = models.ForeignKey(Attendance, models.PROTECT, related_name="changes")
    participant = models.ForeignKey("people.Participant", models.PROTECT, related_name="+")
    session = models.ForeignKey(Session, models.PROTECT, related_name="+")
    version = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=24)
    detail = models.CharField(max_length=24, blank=True)
    minutes = models.PositiveSmallIntegerField()
    note = models.CharField(max_length=250, blank=True)
    marked_by = models.CharField(max_length=120)
    marked_at = models.DateTimeField()
    replaced_by = models.CharField(_("changed by"), max_length=120)
    why = models.CharField(_("why"), max_length=250, blank=True)

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            audience: Rule(read=rule.read, write=rule.write, insert_only=True)
            for audience, rule in Attendance.guard.rules.items()
        },
        job=Rule(
            read="(SELECT tg.audience()) = 'job'", write="(SELECT tg.audience()) = 'job'", insert_only=True
        ),
    )

    class Meta:
        verbose_name = _("change of attendance")
        verbose_name_plural = _("changes of attendance")
        constraints = [
            models.UniqueConstraint(fields=["attendance", "version"], name="attendance_version_once")
        ]


class LedgerKind(models.TextChoices):
    HOURS = "hours", _("Hours")
    CREDIT_DAYS = "credit_days", _("Credit days")
    PAY = "pay", _("Pay")


class LedgerLine(Coded, Recorded):
    """One line of hours, credit or pay: a quantity with its policy and its evidence ([P-242]).

    Lines are never changed or deleted; a mistake is set right by a reversing line.
    """

    participant = models.ForeignKey("people.Participant", models.PROTECT, related_name="ledger")
    enrollment = models.ForeignKey(Enrollment, models.PROTECT, related_name="ledger")
    session = models.ForeignKey(Session, models.PROTECT, null=True, blank=True, related_name="ledger")
    attendance_version = models.PositiveSmallIntegerField(null=True, blank=True)
    kind = models.CharField(_("kind"), max_length=12, choices=LedgerKind)
    quantity = models.DecimalField(_("quantity"), max_digits=9, decimal_places=3)
    on = models.DateField(_("day"))
    pack = models.CharField(_("policy pack and version"), max_length=80)
    rule = models.CharField(_("rule"), max_length=60)
    evidence = models.CharField(_("evidence"), max_length=250)
    approved_by = models.CharField(_("approved by"), max_length=120, blank=True)
    reverses = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="reversed_by")

    guard = Guard(
        tier=Tier.RESTRICTED,
        participant="participant_id",
        rules={
            # Lines follow from attendance and approvals and are written by the system alone.
            Audience.STAFF: Rule(read=permitted("view_restricted", SEEN)),
            Audience.PARTNER: Rule(read=THEIR_SESSION),
            Audience.PARTICIPANT: Rule(read=myself()),
        },
        job=Rule(
            read="(SELECT tg.audience()) = 'job'", write="(SELECT tg.audience()) = 'job'", insert_only=True
        ),
    )

    class Meta:
        verbose_name = _("ledger line")
        verbose_name_plural = _("ledger lines")
        constraints = [
            models.UniqueConstraint(
                fields=["enrollment", "session", "kind", "rule", "attendance_version"],
                condition=Q(reverses__isnull=True, session__isnull=False),
                name="ledger_once_per_attendance_version",
            )
        ]
        indexes = [models.Index(fields=["participant", "kind", "on"], name="ledger_by_person")]


class ListKind(models.TextChoices):
    CALL_OUT = "call_out", _("Call-out")
    UNLOCK = "unlock", _("Unlock list")
    GATE = "gate", _("Gate list")
    ROSTER = "roster", _("Roster")
    SLIPS = "slips", _("Movement slips")
    TIMETABLE = "timetable", _("Timetable slips")


# A roster belongs to the facility of its session.
OF_ITS_SESSION = (
    "EXISTS (SELECT 1 FROM programs_session s WHERE s.id = session_id"
    " AND s.facility_id = programs_printedlist.facility_id)"
)


class PrintedList(Coded, Recorded):
    """A list as it was printed, so that what changed since can be shown and paper can come back.

    ``lines`` maps a line's key to a digest of what it said: enough to see a change, nothing to read.
    """

    kind = models.CharField(_("list"), max_length=10, choices=ListKind)
    facility = models.ForeignKey("places.Facility", models.PROTECT, related_name="printed_lists")
    unit = models.ForeignKey("places.Unit", models.PROTECT, null=True, blank=True, related_name="+")
    session = models.ForeignKey(Session, models.PROTECT, null=True, blank=True, related_name="printed")
    day = models.DateField(_("for"))
    part = models.CharField(_("part of the day"), max_length=2, blank=True)
    version = models.PositiveSmallIntegerField(_("version"))
    lines = models.JSONField(default=dict)
    printed_by = models.CharField(_("printed by"), max_length=120)
    printed_at = models.DateTimeField(_("printed at"))

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={
            Audience.STAFF: Rule(
                read="facility_id = ANY((SELECT tg.facility_ids())::bigint[])",
                write="(SELECT tg.has_permission('print_lists') OR tg.has_permission('mark_attendance'))"
                " AND facility_id = ANY((SELECT tg.facility_ids())::bigint[])"
                f" AND (session_id IS NULL OR {OF_ITS_SESSION})",
                insert_only=True,
            ),
            Audience.PARTNER: Rule(
                read=OF_ITS_SESSION,
                write=permitted("mark_attendance", OF_ITS_SESSION),
                insert_only=True,
            ),
        },
    )

    class Meta:
        verbose_name = _("printed list")
        verbose_name_plural = _("printed lists")
        indexes = [
            models.Index(fields=["facility", "kind", "day", "part", "-version"], name="printed_latest")
        ]
