"""The facts of programs: catalog, cohorts, dated sessions, places in them, attendance and credit."""

from throughgate.programs.models.attendance import (
    Attendance,
    AttendanceChange,
    LedgerKind,
    LedgerLine,
    ListKind,
    PrintedList,
)
from throughgate.programs.models.catalog import EligibilityRule, Prerequisite, Program
from throughgate.programs.models.cohorts import LIVE_COHORT, Cohort, CohortStatus, WeeklySlot
from throughgate.programs.models.places import (
    OPEN_WAIT,
    SEATED,
    Call,
    Continuation,
    Enrollment,
    EnrollmentStatus,
    RequestedBy,
    SlotExclusion,
    Suspension,
    WaitlistEntry,
    WaitStatus,
)
from throughgate.programs.models.plans import PlanState, ProposalStatus, SeatPlan, SeatProposal
from throughgate.programs.models.sessions import (
    Facilitator,
    RegimeEffect,
    Session,
    SessionKind,
    SessionStatus,
    UsualFacilitator,
)

__all__ = [
    "LIVE_COHORT",
    "OPEN_WAIT",
    "SEATED",
    "Attendance",
    "AttendanceChange",
    "Call",
    "Cohort",
    "CohortStatus",
    "Continuation",
    "EligibilityRule",
    "Enrollment",
    "EnrollmentStatus",
    "Facilitator",
    "LedgerKind",
    "LedgerLine",
    "ListKind",
    "PlanState",
    "Prerequisite",
    "PrintedList",
    "Program",
    "ProposalStatus",
    "RegimeEffect",
    "RequestedBy",
    "SeatPlan",
    "SeatProposal",
    "Session",
    "SessionKind",
    "SessionStatus",
    "SlotExclusion",
    "Suspension",
    "UsualFacilitator",
    "WaitStatus",
    "WaitlistEntry",
    "WeeklySlot",
]
