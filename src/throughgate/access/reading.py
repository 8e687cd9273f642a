"""The read log: which people's restricted facts a response shows, written before it is sent ([A-65])."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest


def note_read(request: HttpRequest, participants: Iterable[int], fields: str) -> None:
    """Say that this response shows ``fields`` (such as "attendance, release date") of these people.

    Call it in every view that shows facts of tier 2 and above. :class:`~throughgate.access.middleware.ActingAs`
    writes one row for the response, and does not send the page when that fails.
    """
    noted: list[tuple[list[int], str]] = request.__dict__.setdefault("noted_reads", [])
    noted.append((list(participants), fields))


def noted_reads(request: HttpRequest) -> tuple[list[int], str]:
    """Everything noted for this request: the people, once each, and the fields."""
    noted: list[tuple[list[int], str]] = request.__dict__.get("noted_reads", [])
    people = sorted({person for ids, _ in noted for person in ids})
    return people, ", ".join(dict.fromkeys(fields for _, fields in noted))
