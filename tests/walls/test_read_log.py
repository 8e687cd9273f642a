"""No restricted fact reaches staff or a partner without a line that says whose it was and who read it ([G-7])."""

from __future__ import annotations

import pytest
from canary_walk import walk
from canary_world import Kind, build
from django.db import connections

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

# Facts of tier 2 and above about the person; a reason about a visitor or a regime is about no participant.
ABOUT_THE_PERSON = set(Kind) - {Kind.NAME, Kind.CLEARANCE, Kind.REGIME, Kind.ENQUIRY, Kind.VETTING}


def lines_about(participant_id: int) -> int:
    """How many lines of the read log name this participant."""
    with connections["audit"].cursor() as cursor:
        cursor.execute("SELECT set_config('role', 'tg_auditor', true)")
        cursor.execute(
            "SELECT count(*) FROM audit_read WHERE participant_ids @> ARRAY[%s]::bigint[]", [participant_id]
        )
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize(
    "label", ["coordinator, here", "classification, here", "leadership, here", "partner_lead, teaches"]
)
def test_every_answer_with_a_restricted_fact_is_in_the_read_log(label: str) -> None:
    world = build()
    viewer = next(each for each in world.viewers if each.label == label)
    before, shown, silent = lines_about(world.target_id), 0, set()
    for answer in walk(world, viewer, last_read=lambda: lines_about(world.target_id)):
        told = [c.label for c in answer.found if c.about == "target" and c.kind in ABOUT_THE_PERSON]
        shown += bool(told)
        if told and answer.last_read == before:
            silent.add((answer.method, answer.path, answer.view, told[0]))
        before = answer.last_read
    assert silent == set()
    assert shown or label == "leadership, here", "the walk came upon no restricted fact, so it proves nothing"
