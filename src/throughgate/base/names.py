"""Names as people write them, and as lists order them."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Lower case without accents, blanks collapsed: for ordering and for comparing."""
    plain = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).lower().split())


def sort_name(last: str, first: str) -> str:
    """The key by which lists order people, as the database has no language-aware collation."""
    return f"{fold(last)}, {fold(first)}"
