"""What machines are told: sound structured data, both languages, and no way to a link out of a mail."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

import pytest
from django.test import Client

import factories as make

pytestmark = pytest.mark.django_db


def data_of(page: str) -> dict[str, object]:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert found
    return dict(json.loads(found[1]))


def test_structured_data_is_sound_and_cannot_break_out() -> None:
    place = make.facility(name="Ridge</script><script>alert(1)</script>")
    make.cohort(place, make.program(name="Welding & more"))
    page = Client().get(f"/facilities/{place.code}/").content.decode()
    data = data_of(page)
    assert data["name"] == place.name
    assert "Welding & more" in str(data["event"])
    assert "<script>alert" not in page
    assert data_of(Client().get("/").content.decode())["@type"] == "GovernmentOrganization"
    org = make.organization(email="a@b.org")
    assert data_of(Client().get(f"/directory/{org.code}/").content.decode())["email"] == "a@b.org"


def test_treatment_is_not_told_to_machines_either() -> None:
    place = make.facility()
    make.cohort(place, make.program(name="Recovery group", part2=True, movement_label="Health"))
    assert "Recovery group" not in Client().get(f"/facilities/{place.code}/").content.decode()


def test_each_page_names_itself_in_both_languages() -> None:
    make.facility()
    page = Client().get("/get-involved/?lang=es").content.decode()
    assert '<html lang="es"' in page
    assert 'hreflang="en" href="http://localhost:8000/get-involved/?lang=en"' in page
    assert 'rel="canonical" href="http://localhost:8000/get-involved/?lang=es"' in page
    assert Client().get("/?lang=xx").status_code == 200


def test_the_site_map_lists_what_is_public() -> None:
    place, org = make.facility(), make.organization()
    gone = make.organization(status="suspended")
    page = Client().get("/sitemap.xml")
    tree = ET.fromstring(page.content)
    found = {each.text for each in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")}
    assert f"http://localhost:8000/facilities/{place.code}/" in found
    assert f"http://localhost:8000/directory/{org.code}/" in found
    assert not any(gone.code in str(each) for each in found)
    robots = Client().get("/robots.txt").content.decode()
    assert "Disallow: /l/" in robots
    assert "Sitemap: http://localhost:8000/sitemap.xml" in robots
