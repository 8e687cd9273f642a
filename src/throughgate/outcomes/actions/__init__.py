"""Verbs on studies, their files, the sources of records and rosters."""

from throughgate.outcomes.actions.files import give_file, map_columns, remove_file
from throughgate.outcomes.actions.publications import publish_run, withdraw_result
from throughgate.outcomes.actions.rosters import decide_link, hand_in_roster
from throughgate.outcomes.actions.sources import cover
from throughgate.outcomes.actions.studies import (
    archive,
    check,
    define,
    definition_from_toml,
    register,
    revise,
    run,
)

__all__ = [
    "archive",
    "check",
    "cover",
    "decide_link",
    "define",
    "definition_from_toml",
    "give_file",
    "hand_in_roster",
    "map_columns",
    "publish_run",
    "register",
    "remove_file",
    "revise",
    "run",
    "withdraw_result",
]
