"""Where the database is: an embedded server by default, or the one that ``DATABASE_URL`` names.

Three connections to the same database: ``default`` for requests and jobs, ``audit`` for the short
transactions that must outlive a refused or read-only one, and ``owner`` for migrations only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from throughgate.base import env, localpg

NAME = "throughgate"


def databases(home: Path) -> dict[str, dict[str, Any]]:
    """Django's DATABASES; ``home`` is the folder of the embedded server. Starts nothing."""
    url = env.text("DATABASE_URL")
    if url:
        app = _from_url(url)
        owner = _from_url(env.text("DATABASE_OWNER_URL")) if env.text("DATABASE_OWNER_URL") else None
    else:
        found = localpg.status(home)
        server = localpg.Server(found.home, found.socket)
        app = _from_conninfo(server.conninfo("tg_web", NAME))
        owner = _from_conninfo(server.conninfo("tg_owner", NAME))
    return {"default": app, "audit": dict(app), "owner": owner or dict(app)}


def _from_url(url: str) -> dict[str, Any]:
    return _from_conninfo({key: str(value) for key, value in conninfo_to_dict(url).items()})


def _from_conninfo(info: dict[str, str]) -> dict[str, Any]:
    given = dict(info)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": given.pop("dbname", NAME),
        "USER": given.pop("user", ""),
        "PASSWORD": given.pop("password", ""),
        "HOST": given.pop("host", ""),
        "PORT": given.pop("port", ""),
        "OPTIONS": given,
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }
