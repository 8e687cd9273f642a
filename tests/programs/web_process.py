"""Looks at the pages of Fill seats as a web process does, and says which heavy libraries that loaded.

A program of its own: ``web_process.py DATABASE MEMBERSHIP PATH...``; it prints a JSON object.
"""

from __future__ import annotations

import json
import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "throughgate.settings"
django.setup()

import throughgate.wsgi  # noqa: E402, F401 - what a web server loads
from acting import signed_in  # noqa: E402
from cluster import point_at  # noqa: E402
from throughgate.access.models import Membership  # noqa: E402
from throughgate.base import scope  # noqa: E402

HEAVY = {"numba", "scipy", "highspy", "llvmlite"}


def main(database: str, membership: str, paths: list[str]) -> None:
    """Ask for each address; those after "post:" are sent a form that accepts everything."""
    point_at(database)
    with scope.system("look at pages"):
        member = Membership.objects.select_related("user").get(code=membership)
        browser = signed_in(member)
    answers = {}
    for path in paths:
        kind, _colon, bare = path.rpartition("post:")
        sent = browser.post(bare, {"all": "1"}) if kind or path.startswith("post:") else browser.get(path)
        answers[path] = sent.status_code
    print(json.dumps({"answers": answers, "heavy": sorted(HEAVY & set(sys.modules))}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
