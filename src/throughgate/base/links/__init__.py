"""Links that let somebody without an account do one thing once: confirm, sign, answer, upload.

The address holds a random token and nothing else; only its hash is kept. A link has one purpose and one
subject, ends on a day, and is used up by the answer it gave, never by being looked at: mail scanners and
previews follow links, so a GET changes nothing (the request's transaction is read only).

    path = links.offer(purpose="sign agreement", subject=agreement.code, days=14)

    @links.answers("sign agreement")
    def sign(request: HttpRequest, link: links.Followed) -> HttpResponse:
        ...  # GET shows the question; POST acts, then link.spend()
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps as registry  # this package has a module of that name
from django.conf import settings
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _

from throughgate.base import scope
from throughgate.base.errors import Reason, Refused
from throughgate.base.scope import Audience

# 24 random bytes: 192 bits, 32 characters of an address.
TOKEN_BYTES = 24
TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
IN_TEXT = re.compile(r"/l/[A-Za-z0-9_-]{32}/")
HIDDEN = "/l/…/"
LONGEST_DAYS = 400


@dataclass(frozen=True)
class Followed:
    """A link that holds now, as its view gets it."""

    pk: int
    purpose: str
    subject: str
    expires_at: dt.datetime
    single_use: bool
    data: Mapping[str, Any] = field(default_factory=dict)

    def spend(self) -> None:
        """Use the link up, in the transaction of the answer; a second answer at the same moment is refused.

        A link for many uses stays open.
        """
        if not self.single_use:
            return
        rows = _rows().filter(pk=self.pk, used_at=None, withdrawn_at=None)
        with scope.as_role(Audience.JOB, purpose=f"link {self.purpose}"):
            if not rows.update(used_at=Now()):
                raise Refused(
                    Reason(
                        "link_used",
                        _("This link was already used."),
                        _("Nothing more needs doing. If you did not do it, tell the one who wrote to you."),
                    )
                )


@dataclass(frozen=True)
class Closed:
    """A link that does not hold: ``why`` is "unknown", "used", "expired" or "withdrawn"."""

    why: str
    purpose: str = ""


Answer = Callable[[HttpRequest, Followed], HttpResponseBase]
ANSWERS: dict[str, Answer] = {}


def answers(purpose: str) -> Callable[[Answer], Answer]:
    """Register the view that a followed link of this purpose shows.

    It runs as the system (role ``tg_job``), in a transaction that is read only on GET. It must look at nothing
    but the link's own subject, and call ``link.spend()`` when it acted.
    """

    def register(view: Answer) -> Answer:
        known = ANSWERS.get(purpose)
        if known is not None and (known.__module__, known.__name__) != (view.__module__, view.__name__):
            raise ValueError(f"Two views answer links for {purpose!r}.")
        ANSWERS[purpose] = view
        return view

    return register


def offer(
    *,
    purpose: str,
    subject: str,
    days: int,
    single_use: bool = True,
    data: Mapping[str, Any] | None = None,
) -> str:
    """Make a link and return its path, ``/l/<token>/``; it cannot be read back later.

    ``subject`` is the code of the thing it is about, ``data`` plain values for its view. It ends ``days`` days
    from now (1 to 400). Written as the system within the caller's transaction.
    """
    if not 1 <= days <= LONGEST_DAYS:
        raise ValueError(f"A link holds for 1 to {LONGEST_DAYS} days, not {days}.")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with scope.as_role(Audience.JOB, purpose=f"offer link {purpose}"):
        _rows().create(
            token_hash=hash_of(token),
            purpose=purpose,
            subject=subject,
            single_use=single_use,
            data=dict(data or {}),
            expires_at=timezone.now() + dt.timedelta(days=days),
        )
    return f"/l/{token}/"


def find(token: str, *, lock: bool = False) -> Followed | Closed:
    """What a token leads to now. With ``lock`` a second answer waits until this transaction ends."""
    if not TOKEN.fullmatch(token):
        return Closed("unknown")
    rows = _rows().filter(token_hash=hash_of(token))
    with scope.as_role(Audience.JOB, purpose="follow link"):
        row = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if row is None:
        return Closed("unknown")
    if row.withdrawn_at is not None:
        return Closed("withdrawn", row.purpose)
    if row.used_at is not None:
        return Closed("used", row.purpose)
    if row.expires_at <= timezone.now():
        return Closed("expired", row.purpose)
    return Followed(row.pk, row.purpose, row.subject, row.expires_at, row.single_use, row.data)


def withdraw(*, purpose: str, subject: str) -> int:
    """Close every open link of a purpose about a subject, such as when it was answered another way."""
    with scope.as_role(Audience.JOB, purpose=f"withdraw link {purpose}"):
        open_ = _rows().filter(purpose=purpose, subject=subject, used_at=None, withdrawn_at=None)
        return int(open_.update(withdrawn_at=Now()))


def address(path: str) -> str:
    """A path of this site as the full address that stands in a mail."""
    return settings.SITE_ADDRESS.rstrip("/") + path


def hidden(text: str) -> str:
    """A text with every link made unusable, for what is kept of a mail that went out."""
    return IN_TEXT.sub(HIDDEN, text)


def hash_of(token: str) -> str:
    """What is kept of a token. It is random and long, so a plain hash tells nothing about it."""
    return hashlib.sha256(token.encode()).hexdigest()


def _rows() -> Any:
    return registry.get_model("links", "Link").objects.all()


__all__ = [
    "ANSWERS",
    "Closed",
    "Followed",
    "address",
    "answers",
    "find",
    "hidden",
    "offer",
    "withdraw",
]
