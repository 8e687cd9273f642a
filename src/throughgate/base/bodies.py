"""Forms come in UTF-8. A request that names another encoding is read as UTF-8 all the same.

The framework looks the name up before any middleware runs, and some names (such as "hex") break it: so this
stands in front of the framework, around the WSGI application.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable
from typing import Any

READ = frozenset({"utf-8", "ascii"})
CHARSET = re.compile(r";\s*charset\s*=\s*(\"[^\"]*\"|[^;]*)", re.IGNORECASE)
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def in_utf8(application: Application) -> Application:
    """The application, which no longer hears of encodings that it does not read."""

    def plain(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["CONTENT_TYPE"] = plain_type(str(environ.get("CONTENT_TYPE", "")))
        return application(environ, start_response)

    return plain


def plain_type(declared: str) -> str:
    """A content type without the names of encodings that are not read here."""
    return CHARSET.sub(lambda found: found[0] if _read(found[1].strip("\" '")) else "", declared)


def _read(name: str) -> bool:
    try:
        return codecs.lookup(name.strip()).name in READ
    except (LookupError, ValueError):
        return False
