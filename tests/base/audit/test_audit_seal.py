"""The sealer: complete ranges whatever the order of commits, restarts, restores and proofs."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from itertools import pairwise
from threading import Thread

import pytest
from trail_cluster import act

from throughgate.base.audit import anchor
from throughgate.base.audit.anchor import AnchorMismatch
from throughgate.base.audit.keys import KeyTrouble, public_keys, signer
from throughgate.base.audit.seal import check_proof, declare_restore, prove
from throughgate.base.audit.sql import canonical

NOTE = "INSERT INTO note (participant_id) VALUES (1)"


def test_nothing_to_seal_makes_no_seal(trail) -> None:
    assert trail.seal() == []
    trail.write(NOTE)
    assert len(trail.seal()) == 1
    assert trail.seal() == []
    assert trail.verify().findings == []


def test_a_row_committed_late_with_an_early_id_is_sealed_later(trail) -> None:
    with trail.connect("tg_web", autocommit=False) as slow:
        act(slow)
        slow.execute(NOTE)  # takes event 1 and keeps its transaction open
        trail.write(NOTE, NOTE)
        assert trail.seal() == []  # later transactions wait for the open one
        slow.commit()
    (made,) = trail.seal()
    assert made.rows == 3
    assert trail.verify().findings == []


def test_a_row_carries_its_own_transaction_not_an_older_one_that_still_runs(trail, admin) -> None:
    with (
        trail.connect("tg_web", autocommit=False) as slow,
        trail.connect("tg_web", autocommit=False) as quick,
    ):
        act(slow)
        slow.execute(NOTE)
        act(quick)
        quick.execute(NOTE)
        (own,) = quick.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        quick.commit()
        assert admin.execute("SELECT xid FROM audit_event").fetchall() == [(own,)]


def test_rows_of_a_rolled_back_transaction_are_no_gap(trail) -> None:
    with trail.connect("tg_web", autocommit=False) as connection:
        act(connection)
        connection.execute(NOTE)
        connection.rollback()
    trail.write(NOTE)
    assert trail.seal()[0].rows == 1
    assert trail.verify().findings == []


def test_rows_written_in_a_savepoint_belong_to_their_transaction(trail) -> None:
    with trail.connect("tg_web", autocommit=False) as connection:
        act(connection)
        for _ in range(3):
            with connection.transaction():
                connection.execute(NOTE)
        connection.commit()
    assert trail.seal()[0].rows == 3
    assert trail.verify().findings == []


def test_long_ranges_are_cut_between_transactions(trail) -> None:
    trail.write(
        *[NOTE] * 5, "INSERT INTO note (participant_id) SELECT 1 FROM generate_series(1, 9)", *[NOTE] * 3
    )
    made = trail.seal(most_rows=4)
    assert sum(seal.rows for seal in made) == 17
    assert max(seal.rows for seal in made) == 9  # one transaction is never split
    assert all(left.xid_to == right.xid_from for left, right in pairwise(made))
    assert trail.verify().findings == []


def test_under_concurrent_writers_every_row_is_sealed_exactly_once(trail) -> None:
    def writer() -> None:
        trail.write(*[NOTE] * 40)

    writers = [Thread(target=writer) for _ in range(4)]
    for thread in writers:
        thread.start()
    made = []
    while any(thread.is_alive() for thread in writers):
        made += trail.seal()
    made += trail.seal()
    assert sum(seal.rows for seal in made) == 160
    result = trail.verify()
    assert (result.findings, result.rows["event"], result.window) == ([], 160, 0)


def test_a_second_sealer_leaves_the_work_to_the_first(trail) -> None:
    trail.write(NOTE)
    with trail.connect(autocommit=False) as holder:
        holder.execute("SELECT pg_advisory_xact_lock(%s)", [0x7467_5345_414C])
        assert trail.seal() == []
    assert len(trail.seal()) == 1


def test_rows_of_an_earlier_cluster_are_sealed_after_a_restore(trail, admin) -> None:
    trail.write(NOTE, NOTE, NOTE)
    # As after a dump and restore: rows of another cluster, whose transaction ids were far ahead of ours.
    admin.execute("UPDATE audit_event SET epoch = 42, xid = xid + 1000000000")
    admin.execute(f"UPDATE audit_event SET leaf = sha256({canonical('event')})")
    trail.write(NOTE, NOTE)
    (here,) = admin.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
    assert [(seal.epoch, seal.rows) for seal in trail.seal()] == [(42, 3), (here, 2)]
    trail.write(NOTE)
    assert [(seal.epoch, seal.rows) for seal in trail.seal()] == [(here, 1)]
    assert trail.verify().findings == []


def test_seals_follow_each_other_and_reach_the_anchor(trail) -> None:
    for _ in range(3):
        trail.write(NOTE)
        trail.seal()
    lines = [json.loads(line) for line in trail.where.anchor.read_text().splitlines()]
    assert [line["seq"] for line in lines] == [1, 2, 3]
    assert [line["prev"] for line in lines[1:]] == [line["head"] for line in lines[:2]]
    assert stat.S_IMODE(trail.where.anchor.stat().st_mode) == 0o600


@pytest.mark.parametrize("tail", ["", '{"seq": 3, "he', "\n"])
def test_an_anchor_left_behind_by_a_crash_catches_up(trail, tail) -> None:
    for _ in range(3):
        trail.write(NOTE)
        trail.seal()
    first = trail.where.anchor.read_text().splitlines(keepends=True)[0]
    trail.where.anchor.write_text(first + tail.strip("\n"))
    trail.seal()
    told = anchor.story(trail.where.anchor)
    assert (list(told.heads), told.broken, told.notes) == ([1, 2, 3], [], [])
    assert trail.verify().findings == []


def test_an_anchor_begun_late_says_so(trail) -> None:
    for _ in range(5):
        trail.write(NOTE)
        trail.seal()
    trail.where.anchor.unlink()
    trail.seal()
    result = trail.verify()
    assert result.findings == []
    assert result.notices == ["the anchor was begun at seal 5 of a trail already running"]


def test_an_older_database_stops_the_sealer_until_someone_says_why(trail, admin) -> None:
    for _ in range(4):
        trail.write(NOTE)
        trail.seal()
    admin.execute("DELETE FROM audit_event WHERE id > 2")
    admin.execute("DELETE FROM audit_seal WHERE seq > 2")
    trail.write(NOTE)
    with pytest.raises(AnchorMismatch, match="--restored"):
        trail.seal()
    with trail.connect("tg_web", autocommit=False) as connection, connection.cursor() as cursor:
        act(cursor, "", "tg_auditlog")
        facts = {"reason": "disk broke", "by": "ops", "at": datetime(2026, 1, 2, tzinfo=UTC)}
        with pytest.raises(ValueError, match="Say why"):
            declare_restore(cursor, trail.where, signer(trail.where), **{**facts, "reason": " "})
        note = declare_restore(cursor, trail.where, signer(trail.where), **facts)
        assert (note["kept_seq"], note["lost_to"]) == (2, 4)
        assert declare_restore(cursor, trail.where, signer(trail.where), **facts) is None
    assert [seal.seq for seal in trail.seal()] == [3]
    result = trail.verify()
    assert result.findings == []
    assert "seals 3 to 4 were given up" in result.notices[0]
    assert "disk broke" in result.notices[0]


def test_one_row_can_be_proven_to_someone_who_has_only_the_public_key(trail) -> None:
    trail.write(*[NOTE] * 7)
    trail.seal()
    trail.write(NOTE)
    (key,) = public_keys(trail.where).values()
    with trail.connect("tg_web", autocommit=False) as connection, connection.cursor() as cursor:
        act(cursor, "", "tg_auditlog")
        proofs = [json.loads(json.dumps(prove(cursor, "event", row_id))) for row_id in range(1, 8)]
        assert prove(cursor, "event", 8) is None  # not sealed yet
        assert prove(cursor, "event", 999) is None
        with pytest.raises(ValueError, match="no stream"):
            prove(cursor, "secret", 1)
    assert all(check_proof(proof, key) for proof in proofs)
    good = proofs[2]
    seal = good["seal"]
    for bad in (
        {**good, "id": 4},
        {**good, "leaf": "00" * 32},
        {**good, "index": 3},
        {**good, "path": good["path"][:-1]},
        {**good, "seal": {**seal, "rows": 8}},
        {**good, "seal": {**seal, "at": seal["at"] + 1}},
        {**good, "seal": {**seal, "signature": "00" * 64}},
        {**good, "seal": {}},
        {"id": 1},
    ):
        assert not check_proof(bad, key)


def test_the_signing_key_is_private_and_kept(trail) -> None:
    first = signer(trail.where)
    assert signer(trail.where).key_id == first.key_id
    assert stat.S_IMODE(trail.where.signing_key.stat().st_mode) == 0o600
    assert list(public_keys(trail.where)) == [first.key_id]
    trail.where.signing_key.chmod(0o644)
    with pytest.raises(KeyTrouble, match="chmod 600"):
        signer(trail.where)
    trail.where.signing_key.chmod(0o600)
    trail.where.signing_key.write_text("not a key")
    with pytest.raises(KeyTrouble, match="backup"):
        signer(trail.where)


def test_a_new_key_leaves_old_seals_verifiable(trail) -> None:
    trail.write(NOTE)
    trail.seal()
    trail.where.signing_key.unlink()
    trail.write(NOTE)
    trail.seal()
    assert len(public_keys(trail.where)) == 2
    assert trail.verify().findings == []
