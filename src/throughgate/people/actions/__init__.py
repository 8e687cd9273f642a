"""The verbs about people. Nobody else writes this room's facts."""

from throughgate.people.actions.apart import add_keep_apart, end_keep_apart
from throughgate.people.actions.changes import acknowledge_change
from throughgate.people.actions.consents import give_consent, revoke_consent
from throughgate.people.actions.dates import record_release_date
from throughgate.people.actions.facts import (
    move_unit,
    record_access_need,
    record_need,
    remove_access_need,
    save_person,
)
from throughgate.people.actions.identity import add_identifier, reassign_identifier, register
from throughgate.people.actions.moves import (
    close_record,
    end_absence,
    record_absence,
    record_death,
    release,
    return_to_custody,
    settle_absences,
    transfer,
)

__all__ = [
    "acknowledge_change",
    "add_identifier",
    "add_keep_apart",
    "close_record",
    "end_absence",
    "end_keep_apart",
    "give_consent",
    "move_unit",
    "reassign_identifier",
    "record_absence",
    "record_access_need",
    "record_death",
    "record_need",
    "record_release_date",
    "register",
    "release",
    "remove_access_need",
    "return_to_custody",
    "revoke_consent",
    "save_person",
    "settle_absences",
    "transfer",
]
