"""The product served to a real browser, on a database of its own."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.db import connections
from playwright.sync_api import Browser, sync_playwright

from cluster import admin, clone, point_at

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
NEEDS_BROWSER = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="No Chromium: name one in CHROMIUM"),
]

Arranged = TypeVar("Arranged")


class QuietHandler(WSGIRequestHandler):
    """Says nothing for each request."""

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def served(template: str, blocker: Any, arrange: Callable[[], Arranged]) -> Iterator[tuple[str, Arranged]]:
    """The address of a running site, and what ``arrange`` put into its database before."""
    before = connections["default"].settings_dict["NAME"]
    name = f"live_pages_{os.getpid()}"
    with blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        # The browser's driver keeps an event loop in this thread, which Django would take for asynchronous code.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        clone(template, name)
        point_at(name)
        server = ThreadedWSGIServer(("127.0.0.1", 0), QuietHandler, ipv6=False)
        server.set_app(StaticFilesHandler(WSGIHandler()))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://localhost:{server.server_address[1]}", arrange()
        finally:
            server.shutdown()
            server.server_close()
            connections.close_all()
            point_at(before)
            with admin() as connection:
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()
