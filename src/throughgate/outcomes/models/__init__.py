"""What became of people after release, and the studies made of it."""

from throughgate.outcomes.models.linkage import Decision, Roster, RosterRecord, RosterState
from throughgate.outcomes.models.records import (
    Departure,
    DepartureKind,
    EventKind,
    JusticeEvent,
    Nature,
    PositiveKind,
    PositiveOutcome,
    SupervisionKind,
    SupervisionSpell,
)
from throughgate.outcomes.models.selections import RunSelection
from throughgate.outcomes.models.sources import RecordKind, SourceCoverage
from throughgate.outcomes.models.studies import (
    Basis,
    Publication,
    PublicationKind,
    RunState,
    Study,
    StudyFile,
    StudyRun,
    StudyVersion,
)

__all__ = [
    "Basis",
    "Decision",
    "Departure",
    "DepartureKind",
    "EventKind",
    "JusticeEvent",
    "Nature",
    "PositiveKind",
    "PositiveOutcome",
    "Publication",
    "PublicationKind",
    "RecordKind",
    "Roster",
    "RosterRecord",
    "RosterState",
    "RunSelection",
    "RunState",
    "SourceCoverage",
    "Study",
    "StudyFile",
    "StudyRun",
    "StudyVersion",
    "SupervisionKind",
    "SupervisionSpell",
]
