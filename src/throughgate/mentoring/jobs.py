"""What runs by the clock: asking about matches that are silent."""

from __future__ import annotations

from django.db.models import Max

from throughgate.base.jobs import job
from throughgate.mentoring import notices, queries, rules
from throughgate.mentoring.models import OPEN, Match

TOPICS = {"first_meeting": "meetings", "silent": "meetings", "answer": "matches"}


@job("silent matches", every="35 * * * *", lock="silent matches")
def silent_matches() -> None:
    """Ask mentors, then coordinators, about matches that nobody answered or in which nobody met."""
    ask_about_silence()


def ask_about_silence() -> int:
    """Write to whoever is due to be asked, once for each silence; how many messages are new. As the system."""
    rows = (
        Match.objects.filter(status__in=OPEN)
        .select_related("visitor", "participant", "facility")
        .annotate(last_met=Max("meetings__on"))
        .order_by("pk")
    )
    new = 0
    for match in rows:
        today, house = match.facility.today(), queries.rules_of(match.facility)
        for each in rules.chase(queries.course(match, match.last_met), today, house):
            new += _ask(match, each)
    return new


def _ask(match: Match, chase: rules.Chase) -> int:
    stamp = f"{chase.what} {chase.since.isoformat()}"
    recheck = "match_proposed" if chase.what == "answer" else "match_silent"
    if chase.who == "mentor":
        return int(
            notices.tell_mentor(
                match, f"ask_{chase.what}", stamp=stamp, topic=TOPICS[chase.what], recheck=recheck
            )
        )
    return notices.tell_staff(
        match, chase.what, stamp=stamp, recheck=recheck, more={"since": chase.since.isoformat()}
    )
