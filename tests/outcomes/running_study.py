"""A process of its own that runs a study, so that a test can kill it."""

from __future__ import annotations

import os
import sys

import django


def main(code: str) -> None:
    django.setup()
    from django.db import connections

    for alias in connections:
        connections[alias].settings_dict["NAME"] = os.environ["TEST_DATABASE"]
    from throughgate.outcomes import running

    running.run(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
