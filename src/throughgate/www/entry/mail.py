"""The mailbox of the demonstration, where no mail leaves the house: what people outside would have got."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from throughgate.base import scope
from throughgate.base.outbox.models import Message
from throughgate.www.doors import everyone

SHOWN = 30


@everyone()
@require_safe
def mail(request: HttpRequest) -> HttpResponse:
    """The newest mails, or those to one address; anywhere else than in a demonstration this page does not exist."""
    if not settings.DEMO:
        raise Http404
    to = request.GET.get("to", "")[:250].replace("\x00", "")
    with scope.system("mailbox of the demonstration", readonly=True):
        rows = Message.objects.filter(status=Message.Status.SENT, channel=Message.Channel.EMAIL)
        if to:
            rows = rows.filter(address__iexact=to)
        found = list(rows.order_by("-sent_at", "-pk")[:SHOWN])
    letters = [(row, _pieces(row.body)) for row in found]
    return render(request, "entry/mail.html", {"letters": letters, "to": to})


def _pieces(body: str) -> list[tuple[str, str]]:
    """A letter as texts and links of ours: (text, "") or (address, path)."""
    site = re.escape(settings.SITE_ADDRESS.rstrip("/"))
    pieces: list[tuple[str, str]] = []
    at = 0
    for match in re.finditer(rf"{site}(/\S*)", body):
        pieces += [(body[at : match.start()], ""), (match[0], match[1])]
        at = match.end()
    return [*pieces, (body[at:], "")]
