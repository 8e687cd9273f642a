"""What the pages of imports show."""

from __future__ import annotations

from django.core.paginator import Page, Paginator

from throughgate.exchange.models import Import, ImportRow, What

PAGE = 50
# First what needs a person.
ORDER = (What.CONFLICT, What.REFUSED, What.CHANGED, What.NEW, What.UNCHANGED)


def recent(number: int = 1) -> Page[Import]:
    """Imports that the actor may see, newest first."""
    return Paginator(Import.objects.order_by("-recorded_at", "-id"), PAGE).get_page(number)


def one(code: str) -> Import | None:
    """An import by its code, if the actor may see it."""
    return Import.objects.select_related("work").filter(code=code).first()


def rows(load: Import, what: str = "", words: str = "", number: str | int = 1) -> Page[ImportRow]:
    """A page of an import's rows, narrowed to what they do and to words in their key or name."""
    found = ImportRow.objects.filter(load=load)
    if what in What.values:
        found = found.filter(what=what)
    if words:
        found = found.filter(label__icontains=words) | found.filter(key__icontains=words)
    return Paginator(found.order_by("line", "id"), PAGE).get_page(number)
