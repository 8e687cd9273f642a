"""What the pages staff live in cost, beside the same reads in plain SQL, at three sizes of agency, in one run.

Prints, for each number of people: My day, the week board and a person's page (p50, p95 and pages a second of
four threads through the whole application in-process; beside them the very statements of the page replayed
through psycopg by four threads); the readiness of a week of 110 sessions; the call-out of 1,200 people as a
PDF; and the lists with row-level security on and off, in the same throw-away database.

    python bench/pages.py [--people 1200 10000 100000] [--seconds 3]
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(ROOT / "bench")]

THREADS = 4
READS = ("SELECT", "WITH", "SET")


def begin(folder: str) -> Any:
    """A database server of our own with an empty, complete database; settings as a deployment has them."""
    os.environ.pop("DATABASE_URL", None)
    os.environ.update(
        THROUGHGATE_DATA=folder,
        SECRET_KEY="measurements only",
        DJANGO_SETTINGS_MODULE="throughgate.settings",
    )
    from throughgate.base import localpg, setup
    from throughgate.base.paths import database_dir

    setup.prepare()
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["*"]
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "whitenoise" not in name]
    return localpg.ensure(database_dir())


def use(server: Any, people: int) -> str:
    """A copy of the empty database, filled for so many people; the application reads it from here on."""
    from _scale import fill
    from django.db import connections

    connections.close_all()
    name = f"bench_{people}"
    with psycopg.connect(**server.conninfo(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE throughgate STRATEGY FILE_COPY")
    begun = time.perf_counter()
    with psycopg.connect(**server.conninfo(dbname=name), autocommit=True) as admin:
        fill(admin, people)
        admin.execute("VACUUM ANALYZE")
    for alias in connections:
        connections[alias].settings_dict["NAME"] = name
    print(f"\n{people:,} people (written in {time.perf_counter() - begun:.0f} s)")
    return name


def browser() -> Any:
    """A client of the coordinator's, signed in once; others share its cookie."""
    from acting import signed_in
    from throughgate.access.models import Membership
    from throughgate.base import scope
    from throughgate.base.scope import Audience

    with scope.as_role(Audience.AUTH):
        member = Membership.objects.select_related("user").get(pk=1)
    return signed_in(member), member


def many(work: Callable[[], Callable[[], None]], seconds: float) -> tuple[float, float, float]:
    """Four threads doing the work over and over: p50 and p95 in ms, and how often a second."""
    taken: list[float] = []

    def run() -> None:
        once = work()
        once()
        until = time.perf_counter() + seconds
        while (start := time.perf_counter()) < until:
            once()
            taken.append(time.perf_counter() - start)
        close = getattr(once, "close", None)
        if close:
            close()

    threads = [Thread(target=run) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(taken, n=20)
    return 1000 * statistics.median(taken), 1000 * cuts[18], len(taken) / seconds


class Replay:
    """The statements of a page, sent again through psycopg: one transaction, and the read log in its own."""

    def __init__(self, server: Any, name: str, reads: list[str], logged: list[str]) -> None:
        self.main = psycopg.connect(**server.conninfo("tg_web", name))
        self.audit = psycopg.connect(**server.conninfo("tg_web", name)) if logged else None
        self.reads, self.logged = reads, logged

    def __call__(self) -> None:
        for sql in self.reads:
            self.main.execute(sql).fetchall()
        if self.audit is not None:
            for sql in self.logged:
                self.audit.execute(sql)
            self.audit.commit()
        self.main.rollback()

    def close(self) -> None:
        """Give the connections back."""
        self.main.close()
        if self.audit is not None:
            self.audit.close()


def statements(client: Any, path: str) -> tuple[list[str], list[str]]:
    """What a page asks of the database, and what it writes into the read log."""
    from django.db import connections
    from django.test.utils import CaptureQueriesContext

    with (
        CaptureQueriesContext(connections["default"]) as asked,
        CaptureQueriesContext(connections["audit"]) as logged,
    ):
        response = client.get(path)
    assert response.status_code == 200, (path, response.status_code)

    def sent(captured: Any) -> list[str]:
        return [
            query["sql"]
            for query in captured.captured_queries
            if query["sql"].lstrip().startswith(READS) and "SET TRANSACTION" not in query["sql"]
        ]

    return sent(asked), sent(logged)


def pages(server: Any, name: str, seconds: float) -> None:
    """The three pages beside the same reads."""
    from django.db import connections
    from django.test import Client
    from django.urls import reverse

    client, _member = browser()
    with psycopg.connect(**server.conninfo(dbname=name)) as admin:
        code = admin.execute("SELECT code FROM people_participant WHERE id = 5").fetchone()[0]
    cookies = {key: morsel.value for key, morsel in client.cookies.items()}
    print(
        f"  {'':<12}{'alone':>8}{'four at once':>30}   {'the same reads in SQL, four at once':>40}{'page/SQL':>10}\n"
        f"  {'page':<12}{'ms':>8}{'p50 ms':>10}{'p95 ms':>10}{'a second':>10}"
        f"   {'statements':>10}{'p50 ms':>10}{'p95 ms':>10}{'a second':>10}{'p50':>10}"
    )
    for words, path in (
        ("My day", reverse("staff:today")),
        ("Week board", reverse("staff:week")),
        ("Person", reverse("staff:person", args=[code])),
    ):
        client.get(path)
        reads, logged = statements(client, path)

        def visit(path: str = path) -> Callable[[], None]:
            own = Client()
            own.cookies.load(cookies)

            class Visit:
                def __call__(self) -> None:
                    assert own.get(path).status_code == 200

                def close(self) -> None:
                    connections.close_all()

            return Visit()

        alone, _last = repeated(lambda path=path: client.get(path), seconds / 2)
        page = many(visit, seconds)
        plain = many(lambda reads=reads, logged=logged: Replay(server, name, reads, logged), seconds)
        print(
            f"  {words:<12}{alone:>8.1f}{page[0]:>10.1f}{page[1]:>10.1f}{page[2]:>10.1f}"
            f"   {len(reads) + len(logged):>10}{plain[0]:>10.1f}{plain[1]:>10.1f}{plain[2]:>10.1f}"
            f"{page[0] / plain[0]:>10.1f}"
        )


def repeated(once: Callable[[], Any], seconds: float) -> tuple[float, Any]:
    """Median ms of doing something again and again, and what it last gave."""
    found, taken = once(), []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(taken) < 3:
        start = time.perf_counter()
        found = once()
        taken.append(time.perf_counter() - start)
    return 1000 * statistics.median(taken), found


def work_of_a_week(seconds: float) -> dict[str, Callable[[], int]]:
    """The reads behind lists, as the coordinator; each gives how many rows it found."""
    from throughgate.people.queries import case_list, find
    from throughgate.places.models import Facility
    from throughgate.programs.models import Session
    from throughgate.programs.queries import lists, readiness, week

    facility = Facility(pk=1)

    def here() -> Any:
        nonlocal facility
        facility = facility if facility.name else Facility.objects.get(pk=1)
        return facility

    def sessions() -> int:
        monday = here().today() + dt.timedelta(days=7 - here().today().weekday())
        rows = Session.objects.filter(
            facility=1, starts_at__gte=here().at(monday, dt.time()),
            starts_at__lt=here().at(monday + dt.timedelta(days=7), dt.time()),
        )  # fmt: skip
        found = list(rows.select_related("facility", "room", "cohort", "organization").order_by("id")[:110])
        return len(readiness.of_sessions(found))

    from _scale import CALL_OUT_DAYS_AHEAD

    day = dt.timedelta(days=CALL_OUT_DAYS_AHEAD)
    by = actor()
    return {
        "readiness of 110 sessions": sessions,
        "week board": lambda: len(list(week.week(by, here(), here().today()).rows)),
        "case list": lambda: case_list(by).total,
        "call-out, 1,200 calls": lambda: len(lists.call_out(here(), here().today() + day).lines),
        "find a name": lambda: len(find(by, "Lastbbh").participant_ids),
    }


def actor() -> Any:
    """The coordinator."""
    from acting import actor_of

    _client, member = browser()
    from throughgate.base import scope
    from throughgate.base.scope import Audience

    with scope.as_role(Audience.AUTH):
        return actor_of(member)


def security(server: Any, name: str, on: bool) -> None:
    """Turn the policies of every table on or off, as only the superuser of this throw-away database can."""
    verb = "ENABLE" if on else "DISABLE"
    with psycopg.connect(**server.conninfo(dbname=name), autocommit=True) as admin:
        tables = admin.execute(
            "SELECT DISTINCT tablename FROM pg_policies WHERE schemaname = 'public' ORDER BY 1"
        ).fetchall()
        for (table,) in tables:
            admin.execute(f'ALTER TABLE "{table}" {verb} ROW LEVEL SECURITY')


def on_and_off(server: Any, name: str, seconds: float) -> None:
    """Each list with policies and without, in turns, twice; the rows must be the same."""
    from throughgate.base import scope

    by = actor()
    taken: dict[tuple[str, bool], list[float]] = {}
    rows: dict[tuple[str, bool], int] = {}
    for on in (True, False, True, False):
        security(server, name, on)
        for words, once in work_of_a_week(seconds).items():
            with scope.enter(by.context(), readonly=True):
                ms, found = repeated(once, seconds / 4)
            taken.setdefault((words, on), []).append(ms)
            rows[words, on] = found
    security(server, name, True)
    print(f"  {'read':<28}{'rows':>7}{'ms, policies on':>17}{'off':>8}{'on/off':>8}")
    for words, on in taken:
        if on:
            with_, without = statistics.median(taken[words, True]), statistics.median(taken[words, False])
            same = "" if rows[words, True] == rows[words, False] else f" (off: {rows[words, False]:,} rows)"
            print(
                f"  {words:<28}{rows[words, True]:>7,}{with_:>17.1f}{without:>8.1f}{with_ / without:>8.2f}{same}"
            )


def print_call_out() -> None:
    """The PDF of the longest call-out."""
    from _scale import CALL_OUT_DAYS_AHEAD

    from throughgate.base import scope
    from throughgate.places.models import Facility
    from throughgate.programs.actions.lists import print_list
    from throughgate.programs.queries import lists

    by = actor()
    with scope.enter(by.context()):
        place = Facility.objects.get(pk=1)
        begun = time.perf_counter()
        listing = lists.call_out(place, place.today() + dt.timedelta(days=CALL_OUT_DAYS_AHEAD))
        read = time.perf_counter()
        _printed, paper = print_list(by=by, listing=listing)
        done = time.perf_counter()
    print(f"  call-out PDF: {len(listing.lines):,} people, read {read - begun:.2f} s, recorded and set"
          f" {done - read:.2f} s, {len(paper) / 1024:,.0f} kB")  # fmt: skip


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, nargs="+", default=[1_200, 10_000])
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    from throughgate.base import localpg

    with tempfile.TemporaryDirectory(prefix="throughgate-bench-") as folder:
        server = begin(folder)
        try:
            for people in options.people:
                name = use(server, people)
                pages(server, name, options.seconds)
                on_and_off(server, name, options.seconds)
                print_call_out()
                sys.stdout.flush()
        finally:
            from django.db import connections

            connections.close_all()
            localpg.stop(Path(folder) / "db")


if __name__ == "__main__":
    main()
