"""Studies as plans, files and runs. A plan is not changed but made anew; a run is never deleted."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import ALWAYS, Guard, Rule, Tier, permitted
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience

READ = permitted("view_reports")
EVALUATE = permitted("evaluate")
# Nobody deletes, not even a job: that a study was run again must show ([T-11]).
WHOLE = "facility_ids <> '{}' AND facility_ids <@ (SELECT tg.facility_ids())::bigint[]"
# Who evaluates works on studies of people in their own facilities; results, which are totals, are for all.
OWN_STUDY = permitted("evaluate", WHOLE)
OF_OWN_STUDY = permitted(
    "evaluate", f"EXISTS (SELECT 1 FROM outcomes_study mine WHERE mine.id = study_id AND {WHOLE})"
)
# Who publishes is not who evaluates: two people stand behind what everybody reads.
PUBLISH = permitted("publish_results")
# The auditor sees every plan, run and verdict, and that something was published or withdrawn; never a person.
AUDITED = {Audience.AUDITOR: Rule(read=ALWAYS)}
KEPT = Rule(read="(SELECT tg.audience()) = 'job'", write="(SELECT tg.audience()) = 'job'")


class Basis(models.TextChoices):
    """Where the people of a study come from."""

    LIVE = "live", _("The records kept here")
    FILE = "file", _("A study file")


class Study(Coded, Recorded):
    """A question about a program that is to be answered fairly, or said to be unanswerable.

    ``facility_ids`` are the facilities whose people it may look at: at most those of who began it.
    """

    title = models.CharField(_("title"), max_length=200)
    program = models.ForeignKey(
        "programs.Program", models.PROTECT, null=True, blank=True, related_name="studies",
        verbose_name=_("program"),
    )  # fmt: skip
    basis = models.CharField(_("people come from"), max_length=6, choices=Basis)
    made_by = models.CharField(_("begun by"), max_length=120)
    facility_ids = ArrayField(models.BigIntegerField(), default=list)
    archived_at = models.DateTimeField(_("put away"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL, rules={Audience.STAFF: Rule(read=READ, write=OWN_STUDY), **AUDITED}, job=KEPT
    )

    class Meta:
        verbose_name = _("study")
        verbose_name_plural = _("studies")


class StudyVersion(Recorded):
    """A plan as it was agreed: plain data, and the hash that is registered.

    ``definition`` holds what a study file holds (``docs/impact.md``); a study of live records has [cohort]
    instead of [columns] and [roles]. ``check`` is what was told before running: people, smallest
    difference that could be found, what stands in the way; it never holds an effect.
    """

    study = models.ForeignKey(Study, models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField(_("version"))
    definition = models.JSONField(_("plan"))
    sha256 = models.CharField(_("hash of the plan"), max_length=64)
    made_by = models.CharField(_("made by"), max_length=120)
    registered_at = models.DateTimeField(_("registered"), null=True, blank=True)
    registered_by = models.CharField(_("registered by"), max_length=120, blank=True)
    check_result = models.JSONField(_("told before running"), default=dict, blank=True)
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)
    work = models.ForeignKey("works.Work", models.SET_NULL, null=True, blank=True, related_name="+")

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={Audience.STAFF: Rule(read=READ, write=OF_OWN_STUDY), **AUDITED},
        job=KEPT,
    )

    class Meta:
        verbose_name = _("version of a study")
        verbose_name_plural = _("versions of studies")
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="study_version_once"),
            models.CheckConstraint(
                condition=Q(registered_at__isnull=True, registered_by="")
                | (Q(registered_at__isnull=False) & ~Q(registered_by="")),
                name="study_registration_is_paired",
            ),
        ]


class StudyFile(Coded, Recorded):
    """A data file handed in for a study. The file waits outside the database; its digest stays.

    ``headings`` are the columns found; ``reading`` is what the last look gave: rows, taken, refused with
    their numbers and reasons.
    """

    study = models.ForeignKey(Study, models.PROTECT, related_name="files")
    file_name = models.CharField(_("file"), max_length=200)
    ending = models.CharField(max_length=10)
    digest = models.CharField(_("SHA-256 of the file"), max_length=64)
    size = models.BigIntegerField(_("bytes"))
    headings = models.JSONField(_("columns found"), default=list)
    reading = models.JSONField(_("what reading gave"), default=dict)
    given_by = models.CharField(_("handed in by"), max_length=120)
    removed_at = models.DateTimeField(_("file removed"), null=True, blank=True)

    guard = Guard(tier=Tier.RESTRICTED, rules={Audience.STAFF: Rule(read=OF_OWN_STUDY, write=OF_OWN_STUDY)})

    class Meta:
        verbose_name = _("file of a study")
        verbose_name_plural = _("files of studies")
        constraints = [models.UniqueConstraint(fields=["study", "digest"], name="study_file_once")]


class RunState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Could not be run")


class StudyRun(Coded, Recorded):
    """One run of a plan on one state of the data. Kept for ever, answered or not.

    ``detectable`` is told before the effect is known (share; 0.03 is 3 points). ``result`` is the engine's
    report as data (``report.json``); ``files`` lists name, bytes and SHA-256 of what lies in its folder.
    """

    study = models.ForeignKey(Study, models.PROTECT, related_name="runs")
    version = models.ForeignKey(StudyVersion, models.PROTECT, related_name="runs")
    number = models.PositiveIntegerField(_("run"))
    state = models.CharField(_("state"), max_length=8, choices=RunState, default=RunState.WAITING)
    data_digest = models.CharField(_("SHA-256 of the data"), max_length=64, blank=True)
    plan_hash = models.CharField(_("hash of the plan"), max_length=64)
    code_version = models.CharField(_("SHA-256 of the engine"), max_length=64, blank=True)
    detectable = models.FloatField(_("smallest difference it could find"), null=True, blank=True)
    answer = models.CharField(_("verdict"), max_length=40, blank=True)
    sentence = models.TextField(_("verdict in words"), blank=True)
    guards = models.JSONField(_("what stood in the way"), default=list)
    result = models.JSONField(_("result"), default=dict)
    files = models.JSONField(_("files"), default=list)
    linkage = models.JSONField(_("quality of linkage"), default=dict)
    refused_rows = models.PositiveIntegerField(_("rows refused"), default=0)
    asked_by = models.CharField(_("asked by"), max_length=120)
    work = models.ForeignKey("works.Work", models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.TextField(_("why it could not be run"), blank=True)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    guard = Guard(
        tier=Tier.OPERATIONAL,
        rules={Audience.STAFF: Rule(read=READ, write=OF_OWN_STUDY, insert_only=True), **AUDITED},
        job=KEPT,
    )

    class Meta:
        verbose_name = _("run of a study")
        verbose_name_plural = _("runs of studies")
        constraints = [
            models.UniqueConstraint(fields=["study", "number"], name="study_run_once"),
            models.CheckConstraint(
                condition=~Q(state="done") | (~Q(answer="") & ~Q(data_digest="")),
                name="study_run_done_has_answer",
            ),
            models.CheckConstraint(
                condition=~Q(state="failed") | ~Q(reason=""), name="study_run_failed_for_a_reason"
            ),
        ]
        indexes = [models.Index(fields=["study", "-number"], name="study_run_newest")]


class PublicationKind(models.TextChoices):
    STUDY = "study", _("Result of a study")
    PORTFOLIO = "portfolio", _("Many programs side by side")
    RETURN = "return", _("Figures for a funder")


class Publication(Coded, Recorded):
    """A page that everybody may read, with protected numbers only. Withdrawn with a reason, never changed."""

    kind = models.CharField(_("kind"), max_length=10, choices=PublicationKind)
    run = models.ForeignKey(StudyRun, models.PROTECT, null=True, blank=True, related_name="publications")
    title = models.CharField(_("title"), max_length=200)
    content = models.JSONField(_("content"))
    published_by = models.CharField(_("published by"), max_length=120)
    withdrawn_at = models.DateTimeField(_("withdrawn"), null=True, blank=True)
    withdrawn_reason = models.CharField(_("why it was withdrawn"), max_length=250, blank=True)

    guard = Guard(
        tier=Tier.PUBLIC,
        rules={
            Audience.STAFF: Rule(read=ALWAYS, write=PUBLISH),
            **AUDITED,
            **dict.fromkeys(
                (
                    Audience.PUBLIC,
                    Audience.PARTNER,
                    Audience.VISITOR,
                    Audience.PARTICIPANT,
                    Audience.EMPLOYER,
                ),
                Rule(read="withdrawn_at IS NULL"),
            ),
        },
        job=KEPT,
    )

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_reason="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_reason="")),
                name="publication_withdrawn_with_reason",
                violation_error_message=_("Say why it is withdrawn."),
            )
        ]
