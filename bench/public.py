"""What the public pages cost the server with 100,000 services and 100,000 enquiries in the database.

Prints, for each page: the time the whole application takes in-process (p50 and p95 of the requests, one at a
time), and beside it the bare database's time for the same count of round trips. The aim is below 50 ms.

    python bench/public.py [--rows 100000] [--times 40]
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests"), str(ROOT / "bench")]

AIM_MS = 50.0
WORDS = (
    *("welding", "reading", "housing", "recovery", "music", "garden", "budget", "family", "health", "tutor"),
    *("mentor", "court", "identity", "papers", "bus", "job", "kitchen", "carpentry", "language", "algebra"),
    *(
        "parenting",
        "choir",
        "computers",
        "trucks",
        "forklift",
        "shelter",
        "clinic",
        "legal",
        "meals",
        "books",
    ),
)
TOWNS = ("Rivertown", "Harbor City", "Millbrook", "Santa Rosa", "Fairfield", "Oakport")
NEEDS = ("education", "work", "housing", "family", "health", "finance")


def fill(rows: int) -> dict[str, str]:
    """Services of a tenth as many organizations, enquiries in every state, and the addresses to look at."""
    from django.db import connections
    from django.utils import timezone

    import factories as make
    from throughgate.base import scope
    from throughgate.partners.enquiries import actions
    from throughgate.partners.models import Enquiry, Location, Organization, Service, ServicePlace

    dice = random.Random(7)
    with scope.system("measurement"):
        place = make.facility()
        make.cohort(place, make.program(make.organization()))
        organizations = Organization.objects.bulk_create(
            [
                Organization(
                    name=f"{dice.choice(WORDS).title()} {dice.choice(TOWNS)} {number}", status="listed"
                )
                for number in range(rows // 10)
            ],
            batch_size=5000,
        )
        towns = Location.objects.bulk_create([Location(city=town, region="CA") for town in TOWNS])
        services = Service.objects.bulk_create(
            [
                Service(
                    organization=dice.choice(organizations),
                    name=f"{dice.choice(WORDS).title()} {dice.choice(WORDS)} {number}",
                    description=" ".join(dice.choices(WORDS, k=12)),
                    needs=[dice.choice(NEEDS)],
                    languages=dice.sample(["English", "Spanish", "Tagalog"], k=dice.randrange(1, 3)),
                )
                for number in range(rows)
            ],
            batch_size=2000,
        )
        ServicePlace.objects.bulk_create(
            [ServicePlace(service=service, location=dice.choice(towns)) for service in services],
            batch_size=5000,
        )
        now = timezone.now()
        enquiries = Enquiry.objects.bulk_create(
            [
                Enquiry(
                    kind="organization",
                    status=(status := dice.choice(("new", "asked", "talking", "declined", "held"))),
                    reason="no room" if status == "declined" else "",
                    due_on=place.today() if status == "new" else None,
                    facility=place,
                    name=f"Contact {number}",
                    email=f"c{number}@org{number % 5000}.example",
                    organization_name=f"{dice.choice(WORDS)} {number}",
                    name_key=f"{dice.choice(WORDS)} {number}",
                    domain=f"org{number % 5000}.example",
                    answers={"offer": "a class"},
                    text_key=str(number),
                    arrived_at=now,
                )
                for number in range(rows)
            ],
            batch_size=2000,
        )
        status = actions.status_path(enquiries[rows // 2])
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE")
    return {
        "home": "/",
        "what runs here": "/programs/",
        "a facility": f"/facilities/{place.code}/",
        "directory, first page": "/directory/",
        "directory, page 40": "/directory/?page=40",
        "directory, one word": "/directory/?q=welding",
        "directory, two words and a town": "/directory/?q=reading+books&city=Millbrook",
        "directory, a need": "/directory/?need=housing",
        "directory, a slip of the keyboard": "/directory/?q=carpentri",
        "an organization": f"/directory/{organizations[5].code}/",
        "get involved": "/get-involved/",
        "a form": "/get-involved/organization/",
        "where an offer stands": status,
        "results": "/results/",
        "stories": "/stories/",
    }


def measure(client: Any, address: str, times: int) -> tuple[float, float]:
    """Milliseconds at the middle and at 95 of 100."""
    client.get(address)
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        answer = client.get(address)
        taken.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"{address} answered {answer.status_code}")
    return statistics.median(taken), sorted(taken)[int(len(taken) * 0.95)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tg-public-") as folder:
        from pages import begin

        server = begin(folder)
        from django.test import Client

        from throughgate.base import limits, localpg
        from throughgate.base.paths import database_dir

        limits.allow = lambda *_args, **_given: True  # type: ignore[assignment]
        began = time.perf_counter()
        pages = fill(options.rows)
        print(f"{options.rows} services and enquiries written in {time.perf_counter() - began:.0f} s")
        print(f"{'page':36} {'p50 ms':>8} {'p95 ms':>8}   below {AIM_MS:.0f} ms")
        slow = 0
        for name, address in pages.items():
            middle, late = measure(Client(), address, options.times)
            slow += middle >= AIM_MS
            print(f"{name:36} {middle:8.1f} {late:8.1f}   {'yes' if middle < AIM_MS else 'NO'}")
        print("every page below the aim" if not slow else f"{slow} pages above the aim")
        del server
        localpg.stop(database_dir())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
