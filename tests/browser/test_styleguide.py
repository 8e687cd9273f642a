"""The style guide in a real browser: by keyboard, on a phone, in the dark, on paper, without scripts."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import RequestFactory
from playwright.sync_api import Browser, Page, Route
from serving import CHROMIUM, chromium

from throughgate.base.ui_views import sample

POLICY = "default-src 'self'; frame-ancestors 'none'"
ADDRESS = "http://throughgate.test/styleguide/"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM, reason="No Chromium: name one in CHROMIUM"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


@pytest.fixture(scope="module")
def guide() -> str:
    return render_to_string("styleguide.html", sample(), RequestFactory().get("/styleguide/"))


def serve(route: Route, guide: str) -> None:
    """The page and its static files straight from the finders: no server, no network."""
    path = route.request.url.removeprefix("http://throughgate.test")
    if path.startswith("/styleguide/"):
        headers = {"content-type": "text/html; charset=utf-8", "content-security-policy": POLICY}
        route.fulfill(body=guide, headers=headers)
        return
    found = finders.find(path.split("?")[0].rsplit("static/", 1)[-1])
    if found:
        kind = mimetypes.guess_type(str(found))[0] or "application/octet-stream"
        route.fulfill(body=Path(str(found)).read_bytes(), content_type=kind)
    else:
        route.fulfill(status=404, body=path)


def opened(browser: Browser, guide: str, **options: Any) -> tuple[Page, list[str]]:
    """The page, and what the browser complained about."""
    page = browser.new_context(**options).new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.route("**/*", lambda route: serve(route, guide))
    page.goto(ADDRESS)
    return page, complaints


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": {"width": 1280, "height": 900}},
        {"viewport": {"width": 360, "height": 800}},
        {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    ],
    ids=["desk", "phone", "dark"],
)
def test_everyone_can_read_it(browser: Browser, guide: str, options: dict[str, Any]) -> None:
    page, complaints = opened(browser, guide, **options)
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.fonts.check('16px \"Public Sans\"')")
    assert complaints == []


def test_attendance_by_keyboard(browser: Browser, guide: str) -> None:
    page, _ = opened(browser, guide)
    page.locator("input[name=m-1][value=here]").focus()
    page.keyboard.press("l")
    page.keyboard.press("r")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("a")
    page.keyboard.press("n")
    marked = page.evaluate(
        "[...document.querySelectorAll('.attendance input:checked')].map(i => i.name + i.value)"
    )
    assert marked == ["m-1late", "m-2here", "m-3unsent"]


def test_nothing_hangs_on_scripts(browser: Browser, guide: str) -> None:
    page, _ = opened(browser, guide, java_script_enabled=False)
    assert not page.locator("[data-needs-script]").first.is_visible()
    assert page.get_by_role("button", name="Show").is_visible()
    assert page.get_by_role("navigation", name="Main doors").is_visible()


def test_print_keeps_words_and_drops_doors(browser: Browser, guide: str) -> None:
    page, _ = opened(browser, guide)
    page.emulate_media(media="print")
    assert not page.locator(".doors").is_visible()
    assert not page.locator(".filters").is_visible()
    assert page.get_by_text("Overdue", exact=True).first.is_visible()
    assert page.get_by_text("Printed ").is_visible()
