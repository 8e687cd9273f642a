"""An evaluator brings records in on the pages of imports; others find nothing of them there."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

import factories as make
from acting import signed_in
from throughgate.access.roles import RoleName
from throughgate.exchange import pipeline
from throughgate.exchange.models import Import
from throughgate.outcomes.models import JusticeEvent, SourceCoverage

pytestmark = pytest.mark.django_db


def test_an_evaluator_brings_justice_events_in_by_the_page() -> None:
    here = make.facility()
    who = make.participant(here)
    content = f"person_ref,kind,on,nature\n{who.identifiers.get().value},arrest,2026-03-01,new crime\nX1,arrest,x,new\n"
    browser = signed_in(make.member(RoleName.EVALUATOR, facility=here))
    form = browser.get(reverse("staff:import_new")).content.decode()
    assert "Justice events" in form
    assert "Custody extract" not in form
    facts = {
        "kind": "justice", "source": "State court", "system": "HB-DOC", "as_of": "2026-11-01", "lag_days": "30",
        "covers": "us-hb; us-xx", "file": SimpleUploadedFile("events.csv", content.encode()),
    }  # fmt: skip
    answer = browser.post(reverse("staff:import_new"), facts)
    assert answer.status_code == 302, answer.content.decode()
    load = pipeline.read(Import.objects.get().code)
    page = browser.get(answer["Location"]).content.decode()
    assert "is no day here" in page
    assert browser.post(reverse("staff:import_apply", args=[load.code])).status_code == 302
    pipeline.apply(load.code)
    assert JusticeEvent.objects.get().participant == who
    reach = SourceCoverage.objects.get()
    assert (reach.lag_days, reach.covers) == (30, ["US-HB", "US-XX"])
    assert "events.csv" in browser.get(reverse("staff:imports")).content.decode()
    other = signed_in(make.member(RoleName.COORDINATOR, facility=here), Client())
    assert other.get(answer["Location"]).status_code == 404
    assert "events.csv" not in other.get(reverse("staff:imports")).content.decode()
    assert "Justice events" not in other.get(reverse("staff:import_new")).content.decode()
    facts["file"] = SimpleUploadedFile("events.csv", content.encode())
    assert other.post(reverse("staff:import_new"), facts).status_code == 200
    gate = signed_in(make.member(RoleName.GATE, facility=here), Client())
    assert gate.get(reverse("staff:imports")).status_code == 403
