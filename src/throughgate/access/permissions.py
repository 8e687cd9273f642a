"""What can be allowed, each with the words that a person reads when it is granted or refused."""

from __future__ import annotations

from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Permission(StrEnum):
    """One thing that a role may do; the database knows the same names (``tg.has_permission``)."""

    VIEW_PEOPLE = "view_people"
    VIEW_RESTRICTED = "view_restricted"
    VIEW_CLINICAL = "view_clinical"
    VIEW_KEEP_APART = "view_keep_apart"
    EDIT_KEEP_APART = "edit_keep_apart"
    EDIT_PEOPLE = "edit_people"
    MOVE_PEOPLE = "move_people"
    MANAGE_PROGRAMS = "manage_programs"
    MANAGE_SESSIONS = "manage_sessions"
    MANAGE_WAITLIST = "manage_waitlist"
    ENROLL = "enroll"
    OVERRIDE_BOOKING = "override_booking"
    MARK_ATTENDANCE = "mark_attendance"
    CORRECT_ATTENDANCE = "correct_attendance"
    APPROVE_CREDIT = "approve_credit"
    DECLARE_REGIME = "declare_regime"
    PRINT_LISTS = "print_lists"
    VIEW_GATE_LIST = "view_gate_list"
    MANAGE_PARTNERS = "manage_partners"
    DECIDE_PROPOSALS = "decide_proposals"
    MANAGE_VISITORS = "manage_visitors"
    MANAGE_FACILITY = "manage_facility"
    VIEW_REPORTS = "view_reports"
    IMPORT_DATA = "import_data"
    MANAGE_ACCESS = "manage_access"
    REVIEW_ACCESS = "review_access"
    BREAK_GLASS = "break_glass"
    VIEW_AUDIT = "view_audit"
    VIEW_MESSAGES = "view_messages"
    MANAGE_OWN_TEAM = "manage_own_team"
    EVALUATE = "evaluate"
    PUBLISH_RESULTS = "publish_results"

    @property
    def words(self) -> str | Promise:
        """What the permission lets someone do, to finish the sentence "may ..."."""
        return WORDS[self]


WORDS: dict[Permission, str | Promise] = {
    Permission.VIEW_PEOPLE: _("see participants' names, units and calls"),
    Permission.VIEW_RESTRICTED: _("see release dates, needs, attendance and progress"),
    Permission.VIEW_CLINICAL: _("see clinical facts that the participant agreed to share"),
    Permission.VIEW_KEEP_APART: _("see who must be kept apart, and why"),
    Permission.EDIT_KEEP_APART: _("record and end keep-apart orders"),
    Permission.EDIT_PEOPLE: _("change what is known about a participant"),
    Permission.MOVE_PEOPLE: _("record transfers, temporary absences and releases"),
    Permission.MANAGE_PROGRAMS: _("set up programs, cohorts and weekly times"),
    Permission.MANAGE_SESSIONS: _("schedule, move and cancel sessions, and find cover"),
    Permission.MANAGE_WAITLIST: _("put people on a waitlist, approve and decline"),
    Permission.ENROLL: _("give, suspend and end places"),
    Permission.OVERRIDE_BOOKING: _("overrule a refusal with a reason"),
    Permission.MARK_ATTENDANCE: _("record who came"),
    Permission.CORRECT_ATTENDANCE: _("correct attendance after its editing window"),
    Permission.APPROVE_CREDIT: _("approve and reverse credit lines"),
    Permission.DECLARE_REGIME: _("declare, shorten and lift a lockdown or modified regime"),
    Permission.PRINT_LISTS: _("print and publish official lists"),
    Permission.VIEW_GATE_LIST: _("see who may come in today"),
    Permission.MANAGE_PARTNERS: _("keep partner organizations and agreements"),
    Permission.DECIDE_PROPOSALS: _("approve, return or decline what a partner proposes"),
    Permission.MANAGE_VISITORS: _("keep visitors and decide clearances"),
    Permission.MANAGE_FACILITY: _("keep units, rooms, counts and movement windows"),
    Permission.VIEW_REPORTS: _("see totals and reports"),
    Permission.IMPORT_DATA: _("import custody extracts and directories"),
    Permission.MANAGE_ACCESS: _("invite people and give roles"),
    Permission.REVIEW_ACCESS: _("review emergency access and who looked at what"),
    Permission.BREAK_GLASS: _("open one record in an emergency, with a reason, for an hour"),
    Permission.VIEW_AUDIT: _("read and verify the audit trail"),
    Permission.VIEW_MESSAGES: _("see which messages were sent"),
    Permission.MANAGE_OWN_TEAM: _("keep their own organization's team"),
    Permission.EVALUATE: _("read justice records one by one, and define and run studies of outcomes"),
    Permission.PUBLISH_RESULTS: _("publish results of studies, and withdraw them"),
}
