"""What mentors and coordinators are told by mail. Never a participant's name, never what a concern is about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.urls import reverse

from throughgate.access.permissions import Permission
from throughgate.access.queries import desk
from throughgate.base.lapses import Recipient
from throughgate.base.outbox.actions import RECHECKS, send
from throughgate.mentoring.models import Concern, Match, MatchStatus
from throughgate.places.models import Facility


def tell_mentor(match: Match, what: str, *, stamp: str, topic: str = "matches", recheck: str = "") -> bool:
    """Write to the mentor about a match; once for a stamp. Whether it is new."""
    who = match.visitor
    return send(
        key=f"match {what} {match.code} {stamp} visitor {who.code}",
        address=who.email,
        name=who.first_name,
        person=f"visitor {who.code}",
        language=who.language,
        template="match_mentor",
        data={
            "what": what,
            "match": match.code,
            "url": _url("visitor:match", match.code),
            "place": match.facility.name,
        },
        facility_id=match.facility_id,
        thread=f"match {match.code}",
        topic=topic,
        zone=match.facility.timezone,
        recheck=recheck,
    )


def tell_staff(
    match: Match,
    what: str,
    *,
    stamp: str,
    urgent: bool = False,
    recheck: str = "",
    more: Mapping[str, Any] | None = None,
) -> int:
    """Write to the coordinators where the match is; once for a stamp. How many are new."""
    new = 0
    for each in coordinators(match.facility):
        new += send(
            key=f"match {what} {match.code} {stamp} {each.key}",
            address=each.address,
            name=each.name,
            person=each.key,
            language=each.language,
            template="match_staff",
            data={
                "what": what,
                "match": match.code,
                "url": _url("staff:match", match.code),
                "place": match.facility.name,
                "mentor": match.visitor.name,
                **(more or {}),
            },
            facility_id=match.facility_id,
            thread=f"match {match.code}",
            topic="matches",
            urgent=urgent,
            zone=match.facility.timezone,
            recheck=recheck,
        )
    return new


def coordinators(facility: Facility) -> list[Recipient]:
    """Who is written to about mentoring at a facility: those who keep its visitors and fill seats."""
    return desk(Permission.MANAGE_WAITLIST, Permission.MANAGE_VISITORS).at([facility.pk])


def _url(name: str, code: str) -> str:
    return settings.SITE_ADDRESS.rstrip("/") + reverse(name, args=[code])


def _still(status: str) -> Any:
    def ask(data: Mapping[str, Any]) -> bool:
        return Match.objects.filter(code=data["match"], status=status).exists()

    return ask


def _silent(data: Mapping[str, Any]) -> bool:
    """Whether nobody has met since the day that the message speaks of."""
    match = Match.objects.filter(code=data["match"], status=MatchStatus.ACTIVE).first()
    since = dt.date.fromisoformat(data["since"]) if data.get("since") else None
    return match is not None and (since is None or not match.meetings.filter(on__gt=since).exists())


def _unseen(data: Mapping[str, Any]) -> bool:
    return Concern.objects.filter(code=data["concern"], seen_at__isnull=True).exists()


RECHECKS["match_proposed"] = _still(MatchStatus.PROPOSED)
RECHECKS["match_silent"] = _silent
RECHECKS["match_concern"] = _unseen
