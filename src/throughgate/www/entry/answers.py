"""What a followed link of the entry pages does: stop notices of one kind."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language

import throughgate.www.entry.coming_in  # noqa: F401 - answers links too
from throughgate.base.links import Followed, answers
from throughgate.base.outbox.preferences import house, turn_off


@answers("stop notices")
def stop(request: HttpRequest, link: Followed) -> HttpResponse:
    """Ask whether notices of this kind shall stop; a POST, also one that a mail program sends, stops them."""
    topic = house().topic(str(link.data["topic"]))
    stopped = request.method == "POST" and turn_off(link.subject, topic.code)
    language = (get_language() or "en").split("-", maxsplit=1)[0]
    context = {
        "topic": topic.label.get(language) or topic.label["en"],
        "stopped": stopped,
        "asked": not stopped,
    }
    return render(request, "entry/stop.html", context)
