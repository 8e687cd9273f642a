"""A process of its own that applies an import, so that a test can kill it."""

from __future__ import annotations

import os
import sys

import django


def main(code: str, batch: str) -> None:
    django.setup()
    from django.db import connections

    for alias in connections:
        connections[alias].settings_dict["NAME"] = os.environ["TEST_DATABASE"]
    from throughgate.exchange import pipeline

    pipeline.BATCH = int(batch)
    pipeline.apply(code, lambda done, total: print(done, total, flush=True))


if __name__ == "__main__":
    main(*sys.argv[1:])
