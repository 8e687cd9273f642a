"""What the audit trail costs and how fast it is checked: ratios side by side in one run.

Prints audited against unaudited writes a second (8 clients, fsync on, rounds interleaved), the lag of a
sealer running beside the writers, sealed rows a second, and verified rows a second.

    python bench/audit.py [--seconds 3] [--rounds 3] [--rows 200000]
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path
from threading import Event, Thread

import django
from django.conf import settings

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests" / "base" / "audit")]

CLIENTS = 8
INSERT = "INSERT INTO {} (participant_id, words, due) VALUES (%s, %s, now()) RETURNING id"
UPDATE = "UPDATE {} SET words = %s WHERE id = %s"


def configure() -> None:
    """The trail's models are all that is needed from Django here."""
    settings.configure(
        SECRET_KEY="bench", USE_TZ=True,
        INSTALLED_APPS=["django.contrib.postgres", "throughgate.base.audit"],
    )  # fmt: skip
    django.setup()


def write_for(folder: str, table: str, seconds: float) -> float:
    """Transactions a second of CLIENTS clients; each inserts a row or updates one, alternately."""
    from trail_cluster import act, connect

    counts = [0] * CLIENTS
    start = time.perf_counter()

    def client(number: int) -> None:
        with connect(folder, user="tg_web", autocommit=False) as connection, connection.cursor() as cursor:
            row_id = None
            while time.perf_counter() - start < seconds:
                act(cursor)
                if row_id is None:
                    cursor.execute(INSERT.format(table), [number, "the first words of a note"])
                    row_id = cursor.fetchone()[0]
                else:
                    cursor.execute(UPDATE.format(table), ["other words of the same note", row_id])
                    row_id = None
                connection.commit()
                counts[number] += 1

    threads = [Thread(target=client, args=[number]) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def seal_beside(trail: object, stop: Event, every: float, lags: list[float], took: list[float]) -> None:
    """Seal until told to stop; note how old the oldest sealed row was and how long each seal took."""
    while not stop.is_set():
        begun = time.perf_counter()
        made = trail.seal()
        took.append(time.perf_counter() - begun)
        with trail.connect() as admin:
            for seal in made:
                lags.append(admin.execute(
                    "SELECT extract(epoch FROM clock_timestamp() - min(at))::float8 FROM audit_event"
                    " WHERE epoch = %s AND xid >= %s AND xid < %s",
                    [seal.epoch, seal.xid_from, seal.xid_to],
                ).fetchone()[0])  # fmt: skip
        stop.wait(every)


def main() -> None:
    """Run everything and print it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=200_000)
    options = parser.parse_args()
    configure()
    import trail_cluster

    from conftest import Trail

    with trail_cluster.cluster(options=()) as folder, tempfile.TemporaryDirectory() as files:
        trail_cluster.build(folder)
        trail = Trail(folder, "trail", Path(files))
        plain, audited = [], []
        for _ in range(options.rounds):
            plain.append(write_for(folder, "plain", options.seconds))
            audited.append(write_for(folder, "note", options.seconds))
        base, cost = statistics.median(plain), statistics.median(audited)
        print(f"writes a second, {CLIENTS} clients: unaudited {base:,.0f}, audited {cost:,.0f},"
              f" ratio {cost / base:.2f}")  # fmt: skip
        trail.seal()

        stop, lags, took = Event(), [], []
        sealer = Thread(target=seal_beside, args=[trail, stop, 0.5, lags, took])
        sealer.start()
        with_sealer = write_for(folder, "note", options.seconds)
        stop.set()
        sealer.join()
        print(f"sealing every 0.5 s beside {with_sealer:,.0f} writes a second: a seal takes"
              f" {1000 * statistics.median(took):.0f} ms (most {1000 * max(took):.0f}),"
              f" the oldest row sealed was {max(lags):.2f} s old")  # fmt: skip

        with trail.connect() as admin:
            admin.execute(
                "INSERT INTO note (participant_id, words, due)"
                " SELECT n %% 5000, 'words of note ' || n, now() FROM generate_series(1, %s) n",
                [options.rows],
            )
            admin.execute("VACUUM ANALYZE")
        begun = time.perf_counter()
        rows = sum(seal.rows for seal in trail.seal())
        print(f"sealed {rows:,} rows, {rows / (time.perf_counter() - begun):,.0f} a second")
        result = trail.verify()
        total = sum(result.rows.values())
        print(f"verified {total:,} rows in {result.seals} seals, {result.rate:,.0f} a second,"
              f" {len(result.findings)} problems")  # fmt: skip
        with trail.connect() as admin:
            size = admin.execute(
                "SELECT sum(pg_total_relation_size(c)) FROM unnest('{audit_event,audit_seal}'::regclass[]) c"
            ).fetchone()[0]
        print(f"{size / total:,.0f} bytes a row with indexes and seals")


if __name__ == "__main__":
    main()
