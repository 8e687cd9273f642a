"""The tree: against RFC 6962's recursive definition and the published test vectors of its authors."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from throughgate.base.audit import merkle

# Certificate Transparency's reference inputs and the roots over the first n of them.
INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


def recursive(entries: list[bytes]) -> bytes:
    """The definition, word for word: split at the largest power of two below the size."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return sha256(b"\x01" + recursive(entries[:split]) + recursive(entries[split:])).digest()


@pytest.mark.parametrize("size", ROOTS)
def test_published_roots(size) -> None:
    assert merkle.root(INPUTS[:size]).hex() == ROOTS[size]


entries = st.lists(st.binary(max_size=40), max_size=70)


@given(entries)
def test_the_root_is_that_of_the_definition(given_entries) -> None:
    assert merkle.root(given_entries) == recursive(given_entries)


@settings(max_examples=50)
@given(entries.filter(bool), st.data())
def test_every_entry_is_provable_in_its_own_place_only(given_entries, data) -> None:
    size = len(given_entries)
    index = data.draw(st.integers(0, size - 1))
    root, path = merkle.root(given_entries), merkle.path(given_entries, index)
    assert merkle.root_from_path(given_entries[index], index, size, path) == root
    assert merkle.root_from_path(given_entries[index] + b"x", index, size, path) != root
    with pytest.raises(ValueError, match="too long"):
        merkle.root_from_path(given_entries[index], index, size, [*path, root])
    if path:
        with pytest.raises(ValueError, match="too short"):
            merkle.root_from_path(given_entries[index], index, size, path[:-1])


def test_places_outside_the_tree_are_refused() -> None:
    with pytest.raises(IndexError):
        merkle.path([b"a"], 1)
    with pytest.raises(ValueError, match="no entry"):
        merkle.root_from_path(b"a", 1, 1, [])
