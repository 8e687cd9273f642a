"""Imports in the background. Each job may be run again at any time and goes on where it was broken off."""

from __future__ import annotations

from django.utils import timezone

from throughgate.base.jobs import job
from throughgate.exchange import pipeline
from throughgate.exchange.models import Import, ImportRow
from throughgate.places.models import Agency
from throughgate.policies import queries as policies


@job("read import", own_transactions=True)
def read_import(code: str) -> None:
    """Read a file and leave its preview."""
    pipeline.read(code)


@job("compare import", own_transactions=True)
def compare_import(code: str) -> None:
    """Compare a preview with the database once more, after a person decided."""
    pipeline.compare_again(code)


@job("apply import", own_transactions=True)
def apply_import(code: str) -> None:
    """Write what a preview found."""
    pipeline.apply(code)


@job("forget import")
def forget_rows(code: str) -> None:
    """Delete the rows of a discarded import."""
    ImportRow.objects.filter(load__in=Import.objects.filter(code=code, state="discarded")).delete()


@job("sweep imports", every="40 3 * * *")
def sweep_imports() -> None:
    """Delete rows past their retention ([A-16]) and files that nobody reads any more."""
    agency = Agency.objects.order_by("id").first()
    today = timezone.now().date()
    kept = policies.retention(agency.jurisdiction if agency else "default", today).data.records["import"]
    pipeline.sweep(today, kept.until)
