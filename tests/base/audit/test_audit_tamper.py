"""Every way we know to falsify a sealed trail is found, with the number of the row or seal.

The adversary is an administrator of the database with triggers off who knows how rows are hashed
(``rehash``), but has neither the signing key nor the anchor.
"""

from __future__ import annotations

import json
from dataclasses import replace

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from throughgate.base.audit import keys, merkle
from throughgate.base.audit.keys import Signer, signer
from throughgate.base.audit.seal import COLUMNS, checkpoint, pack
from throughgate.base.audit.sql import canonical


@pytest.fixture
def sealed(trail):
    """Three seals over events and one each over reads and refusals; event ids 1 to 9."""
    for start in (0, 3, 6):
        trail.write(
            *(f"INSERT INTO note (participant_id, words) VALUES ({start + n}, 'w{n}')" for n in range(3))
        )
        trail.seal()
    trail.write(*(f"SELECT tg.log_read('page', '{{{n}}}', 'name', 1)" for n in range(3)))
    trail.write(*(f"SELECT tg.log_denied('see', 'page', 'no grant', {n})" for n in range(3)))
    trail.seal()
    assert trail.verify().findings == []
    return trail


def rehash(admin: psycopg.Connection, stream: str, row_id: int) -> None:
    """Make the stored hash fit the changed row, as a clever adversary would."""
    admin.execute(f"UPDATE audit_{stream} SET leaf = sha256({canonical(stream)}) WHERE id = %s", [row_id])


def kinds(trail) -> set[tuple[str, int | None]]:
    return {(finding.kind, finding.row_id or finding.seal) for finding in trail.verify().findings}


CHANGES = {
    "value": "diff = jsonb_set(diff, '{words,1}', '\"other\"')",
    "actor": "actor = 8",
    "login": "login = 'someone'",
    "purpose": "purpose = 'audit'",
    "participant": "participant_id = participant_id + 1",
    "operation": "op = 'U'",
    "a microsecond later": "at = at + interval '1 microsecond'",
    "a microsecond earlier": "at = at - interval '1 microsecond'",
    "actor taken away": "actor = NULL",
    "tier": "tier = 0",
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("clever", [False, True], ids=["plain", "rehashed"])
def test_a_changed_row(sealed, admin, change, clever) -> None:
    admin.execute(f"UPDATE audit_event SET {change} WHERE id = 5")
    if clever:
        rehash(admin, "event", 5)
    assert kinds(sealed) == {("rewritten" if clever else "changed", 5)}


@pytest.mark.parametrize("stream", ["read", "denied"])
@pytest.mark.parametrize("clever", [False, True], ids=["plain", "rehashed"])
def test_a_changed_row_of_the_other_streams(sealed, admin, stream, clever) -> None:
    admin.execute(f"UPDATE audit_{stream} SET view = 'other page' WHERE id = 2")
    if clever:
        rehash(admin, stream, 2)
    assert kinds(sealed) == {("rewritten" if clever else "changed", 2)}


@pytest.mark.parametrize("stream", ["event", "read", "denied"])
@pytest.mark.parametrize("row_id", [1, 2, 3])
def test_a_deleted_row(sealed, admin, stream, row_id) -> None:
    admin.execute(f"DELETE FROM audit_{stream} WHERE id = %s", [row_id])
    assert kinds(sealed) == {("deleted", row_id)}


def test_a_back_dated_row(sealed, admin) -> None:
    admin.execute(
        "INSERT INTO audit_event SELECT (jsonb_populate_record(e, '{\"id\": 99}')).*"
        " FROM audit_event e WHERE id = 4"
    )
    rehash(admin, "event", 99)
    assert kinds(sealed) == {("inserted", 99)}


def test_a_row_put_before_the_first_seal(sealed, admin) -> None:
    admin.execute(
        'INSERT INTO audit_event SELECT (jsonb_populate_record(e, \'{"id": 99, "xid": 3}\')).*'
        " FROM audit_event e WHERE id = 4"
    )
    rehash(admin, "event", 99)
    assert kinds(sealed) == {("inserted", 99)}


def test_a_row_from_the_future(sealed, admin) -> None:
    sealed.write("INSERT INTO note (participant_id) VALUES (1)")
    admin.execute("UPDATE audit_event SET xid = xid + 100000 WHERE id = 10")
    rehash(admin, "event", 10)
    assert kinds(sealed) == {("inserted", 10)}


def test_swapped_contents(sealed, admin) -> None:
    admin.execute("""UPDATE audit_event e SET diff = o.diff, leaf = o.leaf FROM audit_event o
                     WHERE (e.id, o.id) IN ((4, 5), (5, 4))""")
    assert kinds(sealed) == {("changed", 4), ("changed", 5)}
    rehash(admin, "event", 4)
    rehash(admin, "event", 5)
    assert kinds(sealed) == {("rewritten", 4), ("rewritten", 5)}


def test_rows_moved_to_another_transaction(sealed, admin) -> None:
    admin.execute(
        "UPDATE audit_event e SET xid = o.xid FROM audit_event o WHERE (e.id, o.id) IN ((4, 9), (9, 4))"
    )
    rehash(admin, "event", 4)
    rehash(admin, "event", 9)
    assert {row_id for _, row_id in kinds(sealed)} == {4, 9}


def test_a_row_moved_out_of_its_seal(sealed, admin) -> None:
    admin.execute("UPDATE audit_event SET epoch = epoch + 1 WHERE id = 4")
    rehash(admin, "event", 4)
    assert ("deleted", 4) in kinds(sealed)


def test_a_cut_tail_with_its_seals(sealed, admin) -> None:
    admin.execute("DELETE FROM audit_event WHERE id > 6")
    admin.execute("DELETE FROM audit_read")
    admin.execute("DELETE FROM audit_denied")
    admin.execute("DELETE FROM audit_seal WHERE seq > 2")
    assert kinds(sealed) == {("seal missing", 3), ("seal missing", 4), ("seal missing", 5)}


def test_a_cut_tail_without_any_anchor_is_at_least_told(sealed) -> None:
    sealed.where.anchor.unlink()
    assert kinds(sealed) == {("anchor", None)}


def test_a_seal_cut_from_the_middle(sealed, admin) -> None:
    admin.execute("DELETE FROM audit_event WHERE id BETWEEN 4 AND 6")
    admin.execute("DELETE FROM audit_seal WHERE seq = 2")
    assert ("seal missing", 2) in kinds(sealed)


SEAL_CHANGES = {
    "root": "root = sha256(root)",
    "rows": "rows = rows + 1",
    "range": "xid_to = xid_to + 1",
    "time": "at = at + interval '1 microsecond'",
    "entries": "entries = set_byte(entries, 20, (get_byte(entries, 20) + 1) % 256)",
    "signature": "signature = set_byte(signature, 3, (get_byte(signature, 3) + 1) % 256)",
    "signature cut short": "signature = substr(signature, 1, 10)",
    "no signature": "signature = ''",
    "no entries": "entries = ''",
    "entries cut short": "entries = substr(entries, 1, 39)",
    "fewer than none": "rows = -1",
    "link": "prev = sha256(prev)",
    "head": "head = sha256(head)",
    "key": "key_id = 'feedfeedfeedfeed'",
    "stream": "stream = 'read'",
    "cluster": "epoch = epoch + 1",
}


@pytest.mark.parametrize("change", SEAL_CHANGES.values(), ids=SEAL_CHANGES.keys())
def test_a_changed_seal(sealed, admin, change) -> None:
    admin.execute(f"UPDATE audit_seal SET {change} WHERE seq = 2")
    found = sealed.verify().findings
    assert 2 in {finding.seal for finding in found}


def test_seals_in_another_order(sealed, admin) -> None:
    admin.execute("UPDATE audit_seal SET seq = CASE seq WHEN 2 THEN -3 ELSE -2 END WHERE seq IN (2, 3)")
    admin.execute("UPDATE audit_seal SET seq = -seq WHERE seq < 0")
    assert {("seal changed", 2), ("seal changed", 3)} <= kinds(sealed)


def forge(admin: psycopg.Connection, forger: Signer, seq: int, **changes: int) -> None:
    """Make seal ``seq`` fit the rows as they are now, signed with a key of the forger's choice."""
    row = admin.execute(f"SELECT {COLUMNS} FROM audit_seal WHERE seq = %s", [seq]).fetchone()
    old = replace(checkpoint(row), **changes)
    found = admin.execute(
        f"SELECT id, leaf FROM audit_{old.stream} WHERE epoch = %s AND xid >= %s AND xid < %s"
        " ORDER BY xid, id",
        [old.epoch, old.xid_from, old.xid_to],
    ).fetchall()
    entries = pack(found)
    root = merkle.root(entries)
    head = replace(old, root=root.hex(), rows=len(entries)).computed_head()
    admin.execute(
        "UPDATE audit_seal SET entries = %s, rows = %s, root = %s, head = %s, signature = %s, xid_from = %s"
        " WHERE seq = %s",
        [b"".join(entries), len(entries), root, head, forger.sign(head), old.xid_from, seq],
    )


def test_a_forged_signature_over_a_falsified_range(sealed, admin) -> None:
    own = Ed25519PrivateKey.generate()
    admin.execute("DELETE FROM audit_event WHERE id = 8")
    forge(admin, Signer(own, signer(sealed.where).key_id), 3)
    assert ("signature", 3) in kinds(sealed)
    assert ("seal changed", 3) in kinds(sealed)  # the anchor remembers the true head


def test_a_thief_of_the_key_is_caught_by_the_anchor(sealed, admin) -> None:
    admin.execute("DELETE FROM audit_event WHERE id = 8")
    forge(admin, signer(sealed.where), 3)
    assert ("seal changed", 3) in kinds(sealed)


def test_a_thief_of_the_key_breaks_the_chain_even_without_an_anchor(sealed, admin) -> None:
    sealed.where.anchor.unlink()
    admin.execute("DELETE FROM audit_event WHERE id = 5")
    forge(admin, signer(sealed.where), 2)
    assert kinds(sealed) == {("anchor", None), ("seal chain", 3)}


def test_a_thief_of_the_key_cannot_leave_a_gap_between_seals(sealed, admin) -> None:
    sealed.write("INSERT INTO note (participant_id) VALUES (1)")
    (last,) = sealed.seal()
    sealed.where.anchor.unlink()
    forge(admin, signer(sealed.where), last.seq, xid_from=last.xid_from + 1)
    assert kinds(sealed) == {("anchor", None), ("seal range", last.seq)}


def test_rows_whose_seal_was_taken_away_do_not_pass_as_new(sealed, admin) -> None:
    admin.execute("DELETE FROM audit_seal WHERE seq = 2")
    found = kinds(sealed)
    assert {("no seal", 4), ("no seal", 5), ("no seal", 6), ("seal missing", 2)} <= found


def test_a_row_rewritten_together_with_its_entry_does_not_lead_to_the_root(sealed, admin) -> None:
    admin.execute("UPDATE audit_event SET actor = 99 WHERE id = 5")
    rehash(admin, "event", 5)
    rows = admin.execute(
        "SELECT id, leaf FROM audit_event WHERE id BETWEEN 4 AND 6 ORDER BY xid, id"
    ).fetchall()
    admin.execute("UPDATE audit_seal SET entries = %s WHERE seq = 2", [b"".join(pack(rows))])
    assert kinds(sealed) == {("seal changed", 2)}


def test_a_spoiled_list_of_entries_accuses_no_row(sealed, admin) -> None:
    admin.execute("UPDATE audit_seal SET entries = substr(entries, 1, 80) WHERE seq = 2")
    assert kinds(sealed) == {("seal changed", 2)}


def test_a_changed_anchor(sealed) -> None:
    lines = sealed.where.anchor.read_text().splitlines()
    told = json.loads(lines[1])
    told["head"] = "00" * 32
    sealed.where.anchor.write_text("\n".join([lines[0], json.dumps(told), *lines[2:]]) + "\n")
    assert kinds(sealed) == {("seal changed", 2)}
    sealed.where.anchor.write_text("\n".join([lines[0], "gar{bage", *lines[2:]]) + "\n")
    assert kinds(sealed) == {("anchor", None), ("anchor", 2)}


@pytest.mark.parametrize(
    "line",
    [
        "null", "[]", "7", '"seq"', "{}", '{"seq": 3}', '{"seq": "3", "head": 4}', '{"note": 5}',
        '{"note": "restored"}', '{"note": "restored", "kept_seq": "2", "kept_head": 0, "lost_to": null}',
        '{"note": "begun", "seq": 2, "key_id": [], "signature": 5}', '{"note": "other", "seq": 1}', "\\xff",
    ],
)  # fmt: skip
def test_nonsense_in_the_anchor_is_told_and_breaks_nothing(sealed, line) -> None:
    with sealed.where.anchor.open("a") as file:
        file.write(line + "\n")
    assert kinds(sealed) == {("anchor", None)}
    sealed.write("INSERT INTO note (participant_id) VALUES (1)")
    assert len(sealed.seal()) == 1


def test_a_false_note_does_not_excuse_a_cut(sealed, admin) -> None:
    admin.execute("DELETE FROM audit_seal WHERE seq > 2")
    note = {"note": "restored", "kept_seq": 2, "kept_head": "", "lost_to": 5, "reason": "x", "by": "y",
            "at": "2026-01-01", "key_id": signer(sealed.where).key_id, "signature": "00" * 64}  # fmt: skip
    with sealed.where.anchor.open("a") as file:
        file.write(json.dumps(note) + "\n")
    assert ("anchor", None) in kinds(sealed)


def test_keys_of_a_stranger_are_not_believed(sealed, tmp_path, admin) -> None:
    for kept in sealed.where.public_keys.glob("*.pem"):
        kept.unlink()
    other = keys.Places(tmp_path / "other.pem", sealed.where.public_keys, sealed.where.anchor)
    signer(other)
    assert {kind for kind, _ in kinds(sealed)} == {"unknown key"}


def test_the_stated_limit_a_clever_change_before_sealing_is_not_found(trail, admin) -> None:
    trail.write("INSERT INTO note (participant_id, words) VALUES (1, 'a')")
    admin.execute("UPDATE audit_event SET actor = 99")
    assert kinds(trail) == {("changed", 1)}
    rehash(admin, "event", 1)
    result = trail.verify()
    assert (result.findings, result.window) == ([], 1)
    assert result.window_seconds > 0
