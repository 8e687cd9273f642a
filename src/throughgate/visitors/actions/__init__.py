"""The verbs of visitors. A clearance is a decision with its days, never the record behind it ([A-5])."""

from throughgate.visitors.actions.applications import (
    ask_for_facility,
    begin_application,
    follow_rules,
    open_under_other_rules,
)
from throughgate.visitors.actions.clearances import (
    VISITOR_FACTS,
    add_visitor_keep_apart,
    apply_for_clearance,
    ask_for_renewal,
    end_clearance,
    end_visitor_keep_apart,
    grant_clearance,
    make_regular,
    refuse_clearance,
    renew_clearance,
    save_visitor,
    suspend_clearance,
)
from throughgate.visitors.actions.common import allow
from throughgate.visitors.actions.references import (
    answer_reference,
    ask_again,
    name_reference,
    withdraw_reference,
)
from throughgate.visitors.actions.steps import (
    claim_step,
    record_step,
    send_back,
    take_back_waiver,
    undo_step,
    waive_step,
)
from throughgate.visitors.actions.ties import declare_conflict, leave, settle_conflict
from throughgate.visitors.actions.training import (
    book_training,
    cancel_seat,
    cancel_training,
    mark_training,
    save_training,
)

__all__ = [
    "VISITOR_FACTS",
    "add_visitor_keep_apart",
    "allow",
    "answer_reference",
    "apply_for_clearance",
    "ask_again",
    "ask_for_facility",
    "ask_for_renewal",
    "begin_application",
    "book_training",
    "cancel_seat",
    "cancel_training",
    "claim_step",
    "declare_conflict",
    "end_clearance",
    "end_visitor_keep_apart",
    "follow_rules",
    "grant_clearance",
    "leave",
    "make_regular",
    "mark_training",
    "name_reference",
    "open_under_other_rules",
    "record_step",
    "refuse_clearance",
    "renew_clearance",
    "save_training",
    "save_visitor",
    "send_back",
    "settle_conflict",
    "suspend_clearance",
    "take_back_waiver",
    "undo_step",
    "waive_step",
    "withdraw_reference",
]
