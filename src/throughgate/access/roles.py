"""The roles of the field (practice.md section 2), as plain sets of permissions with human descriptions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from throughgate.access.permissions import Permission as P
from throughgate.base.scope import Audience


class RoleName(StrEnum):
    COORDINATOR = "coordinator"
    CASE_MANAGER = "case_manager"
    CONTROL = "control"
    GATE = "gate"
    CAPTAIN = "captain"
    CLASSIFICATION = "classification"
    EDUCATION = "education"
    HEALTH = "health"
    WARDEN = "warden"
    LEADERSHIP = "leadership"
    ADMINISTRATOR = "administrator"
    SUPERVISION = "supervision"
    EVALUATOR = "evaluator"
    AUDITOR = "auditor"
    PARTNER_LEAD = "partner_lead"
    PARTNER_STAFF = "partner_staff"
    VISITOR = "visitor"
    EMPLOYER = "employer"
    PARTICIPANT = "participant"


@dataclass(frozen=True)
class Role:
    """A role: who it is for, what it may do, and whose eyes its transactions have."""

    name: RoleName
    audience: Audience
    display_name: str | Promise
    description: str | Promise
    permissions: frozenset[P]


_SEE = {P.VIEW_PEOPLE, P.VIEW_RESTRICTED, P.VIEW_REPORTS}
_LISTS = {P.PRINT_LISTS, P.VIEW_GATE_LIST}

ROLES: dict[RoleName, Role] = {
    role.name: role
    for role in (
        Role(
            RoleName.COORDINATOR,
            Audience.STAFF,
            _("Program coordinator"),
            _("Answers those who want to help, keeps the week of sessions running, fills seats."),
            frozenset(
                _SEE
                | _LISTS
                | {
                    P.MANAGE_PROGRAMS,
                    P.MANAGE_SESSIONS,
                    P.MANAGE_WAITLIST,
                    P.ENROLL,
                    P.OVERRIDE_BOOKING,
                    P.MARK_ATTENDANCE,
                    P.CORRECT_ATTENDANCE,
                    P.MANAGE_PARTNERS,
                    P.DECIDE_PROPOSALS,
                    P.MANAGE_VISITORS,
                    P.MANAGE_FACILITY,
                    P.IMPORT_DATA,
                    P.VIEW_MESSAGES,
                    P.EDIT_PEOPLE,
                    P.BREAK_GLASS,
                }
            ),
        ),
        Role(
            RoleName.CASE_MANAGER,
            Audience.STAFF,
            _("Case manager"),
            _("Works with participants one by one: needs, referrals, waitlists, release plans."),
            frozenset(
                _SEE
                | {
                    P.EDIT_PEOPLE,
                    P.MANAGE_WAITLIST,
                    P.ENROLL,
                    P.MOVE_PEOPLE,
                    P.PRINT_LISTS,
                    P.BREAK_GLASS,
                }
            ),
        ),
        Role(
            RoleName.CONTROL,
            Audience.STAFF,
            _("Control room and movement"),
            _("Moves people to and from sessions by the call-out and unlock lists."),
            frozenset({P.VIEW_PEOPLE} | _LISTS),
        ),
        Role(
            RoleName.GATE,
            Audience.STAFF,
            _("Gate officer"),
            _("Lets in those who are on today's gate list."),
            frozenset({P.VIEW_GATE_LIST, P.PRINT_LISTS}),
        ),
        Role(
            RoleName.CAPTAIN,
            Audience.STAFF,
            _("Captain, security"),
            _("Declares and lifts regimes, keeps keep-apart orders, signs lists."),
            frozenset(
                _LISTS
                | {
                    P.VIEW_PEOPLE,
                    P.VIEW_RESTRICTED,
                    P.VIEW_KEEP_APART,
                    P.EDIT_KEEP_APART,
                    P.DECLARE_REGIME,
                    P.MANAGE_SESSIONS,
                    P.MANAGE_VISITORS,
                    P.DECIDE_PROPOSALS,
                    P.BREAK_GLASS,
                }
            ),
        ),
        Role(
            RoleName.CLASSIFICATION,
            Audience.STAFF,
            _("Classification and allocation"),
            _("Places people, decides on waitlists, records moves."),
            frozenset(
                _SEE
                | {
                    P.VIEW_KEEP_APART,
                    P.EDIT_PEOPLE,
                    P.MOVE_PEOPLE,
                    P.MANAGE_WAITLIST,
                    P.ENROLL,
                    P.OVERRIDE_BOOKING,
                    P.IMPORT_DATA,
                }
            ),
        ),
        Role(
            RoleName.EDUCATION,
            Audience.STAFF,
            _("Education staff"),
            _("Runs classes, marks attendance, records hours and credentials."),
            frozenset(
                _SEE
                | {
                    P.MANAGE_PROGRAMS,
                    P.MANAGE_SESSIONS,
                    P.MANAGE_WAITLIST,
                    P.ENROLL,
                    P.MARK_ATTENDANCE,
                    P.APPROVE_CREDIT,
                    P.PRINT_LISTS,
                    P.DECIDE_PROPOSALS,
                }
            ),
        ),
        Role(
            RoleName.HEALTH,
            Audience.STAFF,
            _("Health services"),
            _("Looks at what partners propose for health and treatment; sees no record of anybody."),
            frozenset({P.DECIDE_PROPOSALS}),
        ),
        Role(
            RoleName.WARDEN,
            Audience.STAFF,
            _("Warden"),
            _("Gives the last word on what partners propose, and sees how the facility is doing."),
            frozenset({P.DECIDE_PROPOSALS, P.VIEW_REPORTS, P.VIEW_GATE_LIST}),
        ),
        Role(
            RoleName.LEADERSHIP,
            Audience.STAFF,
            _("Leadership"),
            _("Sees need against capacity, lost hours and their causes, and what works."),
            frozenset(
                {
                    P.VIEW_REPORTS,
                    P.REVIEW_ACCESS,
                    P.VIEW_MESSAGES,
                    P.VIEW_GATE_LIST,
                    P.PUBLISH_RESULTS,
                    P.DECIDE_PROPOSALS,
                }
            ),
        ),
        Role(
            RoleName.ADMINISTRATOR,
            Audience.STAFF,
            _("Agency administrator"),
            _("Sets up facilities, roles and imports; sees no clinical or protected facts."),
            frozenset(
                {
                    P.MANAGE_FACILITY,
                    P.MANAGE_ACCESS,
                    P.REVIEW_ACCESS,
                    P.IMPORT_DATA,
                    P.MANAGE_PARTNERS,
                    P.VIEW_MESSAGES,
                    P.VIEW_REPORTS,
                }
            ),
        ),
        Role(
            RoleName.SUPERVISION,
            Audience.STAFF,
            _("Supervision officer"),
            _("Sees attendance and completion facts and the next appointment, never therapy."),
            frozenset({P.VIEW_PEOPLE, P.VIEW_RESTRICTED}),
        ),
        Role(
            RoleName.EVALUATOR,
            Audience.STAFF,
            _("Evaluator"),
            _("Studies whether programs help, from justice records that nobody else reads one by one."),
            frozenset({P.VIEW_REPORTS, P.EVALUATE}),
        ),
        Role(
            RoleName.AUDITOR,
            Audience.AUDITOR,
            _("Auditor"),
            _("Reads and verifies the audit trail, and nothing else."),
            frozenset({P.VIEW_AUDIT, P.REVIEW_ACCESS}),
        ),
        Role(
            RoleName.PARTNER_LEAD,
            Audience.PARTNER,
            _("Partner lead"),
            _("Keeps the organization's offers, team and sessions."),
            frozenset({P.VIEW_PEOPLE, P.VIEW_RESTRICTED, P.MARK_ATTENDANCE, P.MANAGE_OWN_TEAM}),
        ),
        Role(
            RoleName.PARTNER_STAFF,
            Audience.PARTNER,
            _("Partner staff"),
            _("Sees who is coming to their sessions and marks attendance."),
            frozenset({P.VIEW_PEOPLE, P.VIEW_RESTRICTED, P.MARK_ATTENDANCE}),
        ),
        Role(
            RoleName.VISITOR,
            Audience.VISITOR,
            _("Visitor"),
            _("A volunteer, mentor, tutor or facilitator: own clearance, visits and hours."),
            frozenset(),
        ),
        Role(
            RoleName.EMPLOYER,
            Audience.EMPLOYER,
            _("Employer"),
            _("Openings, and people who agreed to be introduced; never offenses."),
            frozenset(),
        ),
        Role(
            RoleName.PARTICIPANT,
            Audience.PARTICIPANT,
            _("Participant"),
            _("Own week, place in line, hours and papers, and who has looked."),
            frozenset(),
        ),
    )
}


def role_choices() -> list[tuple[str, str | Promise]]:
    """Role names with what people read, for forms and for the database's own check."""
    return [(role.name.value, role.display_name) for role in ROLES.values()]
