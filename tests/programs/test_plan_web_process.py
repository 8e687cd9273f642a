"""A web process shows and decides proposals without ever loading the solver or its libraries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from django.urls import reverse

from acting import acting
from plan_world import Place
from throughgate.base import scope
from throughgate.programs import planning, trying
from throughgate.programs.actions import plans, what_ifs

TESTS = Path(__file__).resolve().parents[1]


def test_no_page_of_filling_seats_loads_the_solver(live_database: str) -> None:
    with scope.system("a place"):
        here = Place()
    with acting(here.staff) as by:
        plan = plans.ask(by=by, facility=here.facility, later=False)
        room = here.cohort.room
        assert room is not None
        asked = what_ifs.rooms_closed(by=by, facility=here.facility, rooms=[room], later=False)
    planning.run(plan.code)
    trying.run(asked.code)
    of_plan = ("fill_plan", "fill_record", "fill_record_csv", "fill_record_json", "fill_together")
    paths = [
        *(reverse(f"staff:{name}") for name in ("fill", "fill_weights", "what_if")),
        *(reverse(f"staff:{name}", args=[plan.code]) for name in of_plan),
        *(
            reverse("staff:what_if_ask", args=[kind])
            for kind in ("instructor", "rooms", "evenings", "partner")
        ),
        reverse("staff:what_if_one", args=[asked.code]),
        f"post:{reverse('staff:fill_accept', args=[plan.code])}",
    ]
    done = subprocess.run(
        [sys.executable, str(TESTS / "programs" / "web_process.py"), live_database, here.staff.code, *paths],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(TESTS)])},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["heavy"] == []
    assert {path: status for path, status in told["answers"].items() if status != 200} == {paths[-1]: 302}
    with scope.system("look"):
        assert plan.proposals.filter(status="accepted").count() == 2
