"""What is offered: programs, what they need beforehand, and who they are for."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from throughgate.base.guard import ALWAYS, Guard, Rule, Tier, permitted
from throughgate.base.models import Coded, Recorded
from throughgate.base.scope import Audience
from throughgate.people.models import NeedDomain

# What runs is public, save programs whose very name would tell who is in treatment ([A-29]).
LISTED = "listed AND NOT part2"
CATALOG = Guard(
    tier=Tier.PUBLIC,
    rules={
        Audience.PUBLIC: Rule(read=LISTED),
        Audience.EMPLOYER: Rule(read=LISTED),
        Audience.AUDITOR: Rule(read=LISTED),
        Audience.VISITOR: Rule(read=ALWAYS),
        Audience.PARTICIPANT: Rule(read=ALWAYS),
        Audience.PARTNER: Rule(read=ALWAYS),
        Audience.EMERGENCY: Rule(read=ALWAYS),
        Audience.STAFF: Rule(read=ALWAYS, write=permitted("manage_programs")),
    },
)


class Program(Coded, Recorded):
    """A program as it stands in the catalog: purpose, dose, group size; cohorts are its runs."""

    organization = models.ForeignKey(
        "partners.Organization",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="programs",
        verbose_name=_("partner"),
    )
    name = models.CharField(_("name"), max_length=120)
    name_es = models.CharField(_("name in Spanish"), max_length=120, blank=True)
    summary = models.TextField(_("what it is"), blank=True)
    summary_es = models.TextField(_("what it is, in Spanish"), blank=True)
    needs = ArrayField(
        models.CharField(max_length=20, choices=NeedDomain), verbose_name=_("needs addressed"), default=list
    )
    dose_hours = models.DecimalField(_("hours in full"), max_digits=6, decimal_places=1)
    group_min = models.PositiveSmallIntegerField(_("smallest group"), default=1)
    group_max = models.PositiveSmallIntegerField(_("largest group"))
    credit_rule = models.CharField(_("credit rule of the policy pack"), max_length=60, blank=True)
    credential = models.CharField(_("what one earns"), max_length=120, blank=True)
    movement_label = models.CharField(
        _("what lists call it"),
        max_length=60,
        blank=True,
        help_text=_("A neutral word where the name would tell too much, such as Health appointment."),
    )
    part2 = models.BooleanField(_("substance-use treatment"), default=False)
    listed = models.BooleanField(_("in the catalog"), default=True)

    guard = CATALOG

    class Meta:
        verbose_name = _("program")
        verbose_name_plural = _("programs")
        constraints = [
            models.CheckConstraint(
                condition=Q(group_max__gte=F("group_min")) & Q(group_min__gt=0),
                name="program_group_size_in_order",
                violation_error_message=_("The largest group cannot be smaller than the smallest."),
            ),
            models.CheckConstraint(
                condition=Q(part2=False) | ~Q(movement_label=""),
                name="program_part2_has_neutral_label",
                violation_error_message=_(
                    "A substance-use program needs a neutral word for lists (42 CFR Part 2)."
                ),
            ),
        ]

    @property
    def local_name(self) -> str:
        """The name in the reader's language, where the program has one."""
        return (self.name_es if (get_language() or "en").startswith("es") else "") or self.name

    @property
    def list_label(self) -> str:
        """What lists that others see call this program."""
        return self.movement_label or self.name


class Prerequisite(models.Model):
    """A program that must be completed before."""

    program = models.ForeignKey(Program, models.CASCADE, related_name="prerequisites")
    required = models.ForeignKey(
        Program, models.PROTECT, related_name="+", verbose_name=_("completed before")
    )

    guard = Guard(
        tier=Tier.PUBLIC,
        rules={
            **{a: Rule(read=ALWAYS) for a in CATALOG.rules},
            Audience.STAFF: Rule(
                read=ALWAYS, write=permitted("manage_programs"), delete=permitted("manage_programs")
            ),
        },
    )

    class Meta:
        verbose_name = _("prerequisite")
        verbose_name_plural = _("prerequisites")
        constraints = [
            models.UniqueConstraint(fields=["program", "required"], name="prerequisite_once"),
            models.CheckConstraint(
                condition=~Q(program=F("required")),
                name="prerequisite_is_another_program",
                violation_error_message=_("A program cannot require itself."),
            ),
        ]


class EligibilityRule(models.Model):
    """One small criterion with its words, and how near counts as "almost" ([P-6])."""

    class Fact(models.TextChoices):
        CUSTODY = "custody_level", _("Custody level")
        READING = "reading_level", _("Reading level (grade)")
        DIPLOMA = "has_diploma", _("Has a diploma or GED")
        AGE = "age", _("Age")
        MONTHS_LEFT = "months_left", _("Months to release")
        DAYS_CLEAR = "days_clear", _("Days without a misconduct finding")
        NEED = "need", _("Assessed need")
        POPULATION = "population", _("Population")

    class Test(models.TextChoices):
        AT_LEAST = "at_least", _("at least")
        AT_MOST = "at_most", _("at most")
        IS = "is", _("is")
        ONE_OF = "one_of", _("one of")

    program = models.ForeignKey(Program, models.CASCADE, related_name="eligibility")
    fact = models.CharField(_("what is looked at"), max_length=16, choices=Fact)
    test = models.CharField(_("how"), max_length=8, choices=Test)
    value = models.CharField(_("value"), max_length=120)
    almost = models.DecimalField(
        _("how near counts as almost"), max_digits=6, decimal_places=1, null=True, blank=True
    )
    words = models.CharField(_("in words"), max_length=160)
    words_es = models.CharField(_("in words, Spanish"), max_length=160, blank=True)
    required = models.BooleanField(_("a must, not a wish"), default=True)

    guard = Prerequisite.guard

    class Meta:
        verbose_name = _("eligibility rule")
        verbose_name_plural = _("eligibility rules")
