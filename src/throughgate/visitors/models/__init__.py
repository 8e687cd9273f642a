"""Visitors: everyone from outside who is cleared to come in. We hold the decision, never the record ([A-5])."""

from throughgate.visitors.models.clearances import (
    CLEARED,
    Clearance,
    ClearanceLevel,
    ClearanceNote,
    ClearanceStatus,
    Source,
    Visitor,
    VisitorKeepApart,
    VisitorKind,
)
from throughgate.visitors.models.steps import Conflict, Reference, ReferenceAnswer, Stage, Step
from throughgate.visitors.models.training import TrainingDate, TrainingSeat

__all__ = [
    "CLEARED",
    "Clearance",
    "ClearanceLevel",
    "ClearanceNote",
    "ClearanceStatus",
    "Conflict",
    "Reference",
    "ReferenceAnswer",
    "Source",
    "Stage",
    "Step",
    "TrainingDate",
    "TrainingSeat",
    "Visitor",
    "VisitorKeepApart",
    "VisitorKind",
]
