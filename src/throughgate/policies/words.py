"""A text in several languages, as a pack carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import get_language


@dataclass(frozen=True)
class Label:
    """One text in several languages, English always among them. `str()` gives the reader's language."""

    by_language: Mapping[str, str]

    def __post_init__(self) -> None:
        if not self.by_language.get("en", "").strip():
            raise ValueError('a text needs at least an English version: en = "..."')

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.by_language.items())))

    def in_language(self, code: str) -> str:
        """The text in a language such as "es" or "es-mx"; English where there is none."""
        return self.by_language.get(code.split("-", maxsplit=1)[0].lower()) or self.by_language["en"]

    def __str__(self) -> str:
        try:
            return self.in_language(get_language() or "en")
        except ImproperlyConfigured:  # used as a plain library, without settings
            return self.by_language["en"]
