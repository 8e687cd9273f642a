"""Builds "Harbor State Corrections", the invented agency of the demonstration, where it is not there yet."""

from __future__ import annotations

import argparse
import datetime as dt
import sys

from django.db import connection

from throughgate.base import scope
from throughgate.demo import (
    actors,
    coming,
    filling,
    front,
    history,
    insight,
    journeys,
    lapsing,
    lines,
    mentoring,
    outcomes,
    partners,
    partnerships,
    people,
    places,
    visitors,
    waiting,
    weeks,
)
from throughgate.demo.making import ZONE, Build
from throughgate.demo.people import Person
from throughgate.places.models import Agency

SEED = 1848
WHO = """
Open the address below and add /be/ to it: one click makes you any of these invented people.
  Dana Whitfield    program coordinator at Ridgeway: her morning is the tour of the README
  Theo Lindqvist    case manager             Ivy Okafor        control room and movement
  Raymond Pruitt    gate officer             Helen Stroud      captain
  Naveen Iyer       classification           Grace Tran        education
  Amara Boateng     health services          Douglas Kane      warden
  Amara Nwosu       program coordinator of all facilities: fills Monday's seats
  Louise Hargrove   leadership               Samir Haddad      administrator
  Noor Castellan    evaluator of outcomes
  Kofi Mensah       supervision officer      Ines Caldeira     auditor
  Joanna Reyes      partner lead             Walter Sims       mentor who comes in
  Amina Farah       has applied as a tutor
  ... and an employer, a college, three participants, and the coordinators of the other facilities.
The data stay in var/demo; to begin again, stop it, remove that folder and run this again.

"""
PURPOSE = "build the demonstration"


def main(argv: list[str]) -> int:
    """Build the demonstration unless an agency is there already; says what it does on the terminal."""
    parser = argparse.ArgumentParser(prog="throughgate demo", description=main.__doc__)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(argv)
    if not is_there():
        sys.stdout.write("Building Harbor State Corrections. Everybody and everything in it is invented.\n")
        build(seed=options.seed, quiet=False)
    sys.stdout.write(WHO)
    return 0


def is_there() -> bool:
    """Whether this database has an agency."""
    with scope.system(PURPOSE, readonly=True):
        return Agency.objects.exists()


def build(
    *, seed: int = SEED, today: dt.date | None = None, size: float = 1.0, back: int = 364, quiet: bool = True
) -> Build:
    """Write the whole demonstration in one transaction; the same for the same seed, day, size and days of history."""
    made = Build(seed, today or dt.datetime.now(ZONE).date(), size, back, quiet)
    with scope.system(PURPOSE):
        with connection.cursor() as cursor:
            # Nothing is known yet about tables that fill up here: without this, triggers would scan them whole.
            cursor.execute("SET LOCAL enable_seqscan = off")
        _write(made)
    return made


def _write(build: Build) -> None:
    build.places = places.make(build)
    build.say("facilities, units and rooms")
    build.partners = partners.make(build, lines.places_of())
    programs = lines.programs(build)
    week = lines.plan(build, programs)
    build.say(f"{len(build.partners.organizations)} partners, {len(programs)} programs")
    build.people = people.make(build)
    build.say(f"{len(build.people.all)} participants")
    outside = visitors.make(build, week, actors.leaders())
    build.say("visitors")
    runs = weeks.runs(build, week)
    weeks.sessions(build, runs)
    build.say(f"{len(runs)} cohorts, {sum(len(run.sessions) for run in runs)} sessions")
    seats = history.seat(build, runs)
    waiting.seated(build, seats)
    history.write(seats)
    waiting.make(build, runs)
    build.say(f"{len(seats)} enrollments and the lines")
    fell_out = history.call(build, seats)
    build.say(f"{sum(len(each.calls) for each in seats)} calls")
    weeks.effects(runs, fell_out)
    history.attend(build, seats)
    build.say("attendance")
    history.ledger(build, seats)
    build.say("hours and credit")
    _today(build, runs, seats, outside)
    build.say("what needs somebody today")
    filling.make(build)
    build.say("proposals for free seats")
    outcomes.make(build)
    build.say("studies whose truth is known, and a real one")
    front.make(build, list({id(seat.person): seat.person for seat in seats}.values()))
    insight.make(build)
    build.say("where need goes unmet, and what people say is wrong")
    partnerships.make(build)
    build.say("partnerships in every stage")
    actors.make(build, outside.all, chosen(seats))
    mentoring.make(build, outside.all, chosen(seats))
    lapsing.make(build)
    build.say("mentors, and what lapses")
    build.say("someone to be for every role")


def _today(
    build: Build, runs: list[weeks.Run], seats: list[history.Seat], outside: visitors.Visitors
) -> None:
    coming.keep_apart(build, seats, outside.all)
    coming.clearances(build, runs, outside)
    journeys.make(build, outside)
    coming.changes(build)
    coming.continuations(build, seats)
    coming.messages(build, runs)
    coming.absences(build, seats)
    coming.called_off(build, runs)
    coming.too_small(build, runs)


def chosen(seats: list[history.Seat]) -> list[Person]:
    """Two participants with a seat now, one of whom reads Spanish, and one who is home already."""
    here = [seat.person for seat in seats if seat.row.status == "active"]
    inside = [person for person in here if person.now.place == "R"]
    wanted = [
        next((p for p in inside if p.language == "en" and len(p.completed) > 1), None),
        next((p for p in inside if p.language == "es"), None),
        next((p for p in here if p.now.place == "H"), None),
    ]
    return [person for person in wanted if person is not None]
