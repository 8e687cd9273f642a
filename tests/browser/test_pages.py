"""Every page in a real browser, as somebody it is made for: readable, on a phone, without scripts, on paper.

The address table is walked, so a new page is in it without anybody's doing. Facts come from the world of the
canaries: believable ones, with long words in every field.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from canary_walk import meant_for, paths
from canary_world import Viewer, World, build
from django.conf import settings
from playwright.sync_api import Browser, BrowserContext, Page
from serving import NEEDS_BROWSER, chromium, served
from test_every_address import addresses

from acting import signed_in
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.scope import Audience

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
MOST_TRIED = 12
PRINTED_AWAY = ".doors, .filters, .masthead .sign-out, .pager"
# Who opens the pages of each audience; a page is looked at as the first of them to whom it answers.
WHO: dict[Audience, tuple[RoleName, ...]] = {
    Audience.PUBLIC: (),
    Audience.PARTICIPANT: (RoleName.PARTICIPANT,),
    Audience.VISITOR: (RoleName.VISITOR,),
    Audience.PARTNER: (RoleName.PARTNER_LEAD,),
    Audience.AUDITOR: (RoleName.AUDITOR,),
    Audience.STAFF: (RoleName.COORDINATOR, RoleName.CAPTAIN, RoleName.LEADERSHIP, RoleName.ADMINISTRATOR),
}
BOTH_LANGUAGES = {Audience.PUBLIC, Audience.PARTICIPANT, Audience.VISITOR, Audience.PARTNER}
# Pages that no guard of ours lists: signing in, and an address that leads nowhere.
ALSO = {Audience.PUBLIC: (("/account/login/", 200), ("/account/password/reset/", 200), ("/nowhere/", 404))}

pytestmark = NEEDS_BROWSER


@dataclass
class Site:
    """The product at an address of this machine, on a database of its own, with the world in it."""

    address: str
    world: World
    sessions: dict[str, str] = field(default_factory=dict)

    def viewer(self, role: RoleName) -> Viewer:
        """Somebody with this role, in the closest relationship to the person at the heart of the world."""
        return next(each for each in self.world.viewers if each.role == role)

    def cookies(self, viewer: Viewer | None, language: str) -> list[dict[str, str]]:
        """The cookies of a signed-in browser."""
        made = [{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": self.address}]
        if viewer is not None and viewer.membership is not None:
            if viewer.label not in self.sessions:
                browser = signed_in(viewer.membership)
                self.sessions[viewer.label] = browser.cookies[settings.SESSION_COOKIE_NAME].value
            value = self.sessions[viewer.label]
            made.append({"name": settings.SESSION_COOKIE_NAME, "value": value, "url": self.address})
        return made


@pytest.fixture(scope="module")
def site(template_database: str, django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    def make() -> World:
        with scope.system("pages in a browser"):
            return build()

    with served(template_database, django_db_blocker, make) as (address, world):
        yield Site(address, world)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as made:
        yield made


def context(
    browser: Browser, site: Site, viewer: Viewer | None, language: str, scripts: bool
) -> BrowserContext:
    made = browser.new_context(viewport=DESK, java_script_enabled=scripts)
    made.add_cookies(site.cookies(viewer, language))  # type: ignore[arg-type]
    return made


def routes(audience: Audience) -> list[str]:
    """The routes that are made for this audience first of all; the auditor and the rest see public ones too."""
    found = []
    for route, pattern in addresses():
        meant = getattr(pattern.callback, "audiences", ())
        if not route.startswith(("account/", "i18n/")) and meant and meant[0] == audience:
            found.append(route)
    return found


def shown(site: Site, asking: BrowserContext, viewer: Viewer | None, route: str) -> tuple[str, int]:
    """The first address of a route that shows a page, and its status; nothing when it only takes forms or files."""
    last = 0
    for path in itertools.islice(paths(site.world, route), MOST_TRIED):
        answer = asking.request.get(site.address + path, max_redirects=0)
        last = answer.status
        assert last < 500 or path in {"/readyz", "/metrics"}, f"{path} broke: {last}"
        if last == 200 and answer.headers.get("content-type", "").startswith("text/html"):
            return path, 200
        if last in {405, 403}:  # it takes forms only, or is not for this person, whatever the code
            break
    return "", last


def troubles(page: Page, bare: Page, address: str, expected: int) -> Iterator[str]:
    """What is wrong with one page."""
    complaints: list[str] = []

    def heard(message: Any) -> None:
        if message.type == "error" and "404" not in message.text:
            complaints.append(message.text)

    page.on("console", heard)
    response = page.goto(address)
    assert response is not None
    if response.status != expected:
        yield f"answered {response.status}"
        return
    for violation in Axe().run(page).response["violations"]:
        yield f"axe: {violation['id']} at {[node['target'] for node in violation['nodes']][:3]}"
    page.set_viewport_size(PHONE)
    wide = page.evaluate("document.documentElement.scrollWidth")
    if wide > PHONE["width"]:
        yield f"{wide} px wide on a phone"
    page.set_viewport_size(DESK)
    page.emulate_media(media="print")
    left = page.locator(PRINTED_AWAY)
    if any(left.nth(number).is_visible() for number in range(left.count())):
        yield "prints what only a screen needs"
    if not page.locator("main h1").first.is_visible():
        yield "prints no heading"
    page.emulate_media(media="screen")
    page.remove_listener("console", heard)
    yield from (f"the browser complains: {each}" for each in complaints)
    plain = bare.goto(address)
    if plain is None or plain.status != expected or not bare.locator("main h1").first.is_visible():
        yield "shows nothing without scripts"
    dead = bare.locator("[data-needs-script]")
    if any(dead.nth(number).is_visible() for number in range(dead.count())):
        yield "offers without scripts what needs them"


@pytest.mark.parametrize("audience", list(WHO))
def test_pages(audience: Audience, browser: Browser, site: Site) -> None:
    left = routes(audience)
    viewers = [site.viewer(role) for role in WHO[audience]] or [None]
    wrong, looked = [], 0
    for viewer in viewers:
        full = context(browser, site, viewer, "en", scripts=True)
        plain = context(browser, site, viewer, "en", scripts=False)
        page, bare = full.new_page(), plain.new_page()
        found = {route: shown(site, full, viewer, route)[0] for route in left}
        left = [route for route in left if not found[route]]
        seen = [(path, 200) for path in found.values() if path]
        if viewer is viewers[0]:
            seen += ALSO.get(audience, ())
        for path, status in seen:
            looked += 1
            wrong += [f"{path}: {each}" for each in troubles(page, bare, site.address + path, status)]
        full.close()
        plain.close()
        if audience in BOTH_LANGUAGES:
            wrong += in_spanish(browser, site, viewer, [path for path, status in seen if status == 200])
    assert looked >= 1
    assert not wrong, "\n".join(wrong)


def in_spanish(browser: Browser, site: Site, viewer: Viewer | None, seen: list[str]) -> Iterator[str]:
    """Spanish words are longer: they too must fit a phone."""
    phone = context(browser, site, viewer, "es", scripts=False)
    page = phone.new_page()
    page.set_viewport_size(PHONE)
    for path in seen:
        page.goto(site.address + path)
        if page.locator("html").get_attribute("lang") != "es":
            yield f"{path}: is not in Spanish"
        box = page.locator("body").bounding_box()
        if box is None or box["width"] > PHONE["width"]:
            yield f"{path}: too wide for a phone in Spanish"
    phone.close()


def test_the_walk_reaches_pages_with_codes(browser: Browser, site: Site) -> None:
    """Guards the guard: the world has what the addresses ask for."""
    viewer = site.viewer(RoleName.PARTNER_LEAD)
    asking = context(browser, site, viewer, "en", scripts=False)
    assert shown(site, asking, viewer, "partner/sessions/<str:code>/")[0]
    assert shown(site, asking, viewer, "facilities/<str:code>/")[0]
    assert any(meant_for(viewer, pattern) for _route, pattern in addresses())
    asking.close()
