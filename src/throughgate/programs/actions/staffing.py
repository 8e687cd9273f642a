"""Who leads a session, who covers, and which officer is there."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection, transaction
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from throughgate.access.actor import Actor
from throughgate.access.permissions import Permission
from throughgate.base import scope
from throughgate.base.dberrors import RAISED, refusing
from throughgate.base.errors import Decision, Reason, Refused
from throughgate.base.scope import Audience
from throughgate.programs.actions.saving import stop
from throughgate.programs.models import Facilitator, Session, SessionStatus
from throughgate.programs.rules.booking import said
from throughgate.visitors.models import Clearance, Visitor


@transaction.atomic
def assign(*, by: Actor, session: Session, visitor: Visitor, cover: bool = False) -> Facilitator:
    """Let a visitor lead a session.

    Refuses with every reason at once: the session is cancelled or over, the visitor has no clearance there on
    that day, leads another session then, or must be kept apart from somebody who is called.
    """
    session = _hold(by, session)
    stop(Decision(tuple(_against(session, visitor))))
    with refusing():
        made, new = Facilitator.objects.get_or_create(
            session=session,
            visitor=visitor,
            defaults={"cover": cover, "during": (session.starts_at, session.ends_at)},
        )
        if not new:
            made.active, made.cover = True, cover
            made.save(update_fields=["active", "cover"])
    return made


@transaction.atomic
def assign_cover(
    *, by: Actor, session: Session, visitor: Visitor, instead_of: Visitor | None = None
) -> Facilitator:
    """Let a visitor cover a session, instead of a leader who then is not expected, or beside the others."""
    if instead_of is not None:
        remove_facilitator(by=by, session=session, visitor=instead_of)
    return assign(by=by, session=session, visitor=visitor, cover=True)


@transaction.atomic
def remove_facilitator(*, by: Actor, session: Session, visitor: Visitor) -> None:
    """A visitor does not lead this session after all; refuses when they have come in already."""
    session = _hold(by, session)
    found = Facilitator.objects.filter(session=session, visitor=visitor, active=True).first()
    if found is None:
        raise Refused(Reason("not_leading", _("This visitor does not lead the session.")))
    if found.arrived_at is not None:
        raise Refused(Reason("already_in", _("This visitor has come in already.")))
    found.active = False
    found.save(update_fields=["active"])


@transaction.atomic
def confirm_officer(*, by: Actor, session: Session, officer: str) -> Session:
    """Write down which officer or escort is there; refuses an empty name and a cancelled session."""
    session = _hold(by, session)
    found = []
    if not officer.strip():
        found.append(Reason("officer_missing", _("Name the officer or post.")))
    if session.status == SessionStatus.CANCELLED:
        found.append(RAISED["TG003"])
    stop(Decision(tuple(found)))
    session.officer = officer.strip()[:80]
    session.save(update_fields=["officer"])
    return session


def _hold(by: Actor, session: Session) -> Session:
    by.require(Permission.MANAGE_SESSIONS, session.facility_id)
    return (
        Session.objects.select_for_update(of=("self",), no_key=True)
        .select_related("facility")
        .get(pk=session.pk)
    )


def _against(session: Session, visitor: Visitor) -> Iterator[Reason]:
    if session.status == SessionStatus.CANCELLED:
        yield RAISED["TG003"]
    if session.ends_at < session.facility.now():
        yield Reason("session_over", _("The session is over."))
    day = session.starts_at.astimezone(session.facility.zone).date()
    cleared = Clearance.objects.filter(
        visitor=visitor, facility=session.facility_id, ready__contains=day
    ).exists()
    if not cleared:
        text = _("%(name)s has no clearance for %(facility)s on %(day)s.")
        words = {"name": visitor.name, "facility": session.facility.short_name, "day": said(day)}
        yield Reason(
            "visitor_not_cleared", text % words, _("Choose a cleared visitor, or renew the clearance.")
        )
    for other in _elsewhere(session, visitor):
        local = other.starts_at.astimezone(session.facility.zone)
        text = _("%(name)s leads another session then: %(cohort)s, %(when)s.")
        words = {
            "name": visitor.name,
            "cohort": other.cohort.program.list_label,
            "when": date_format(local, "D j M H:i"),
        }
        yield Reason(
            "visitor_elsewhere", text % words, _("Choose someone else, or move one of the sessions.")
        )
    with connection.cursor() as cursor:
        cursor.execute("SELECT tg.visitor_kept_apart(%s, %s)", [visitor.pk, session.pk])
        row = cursor.fetchone()
    if row and row[0]:
        text = _("This visitor may not lead this session. Ask security if you need to know more.")
        yield Reason("keep_apart", text, _("Choose another visitor."))


def _elsewhere(session: Session, visitor: Visitor) -> list[Session]:
    """Other sessions that the visitor leads at that time, in whichever facility."""
    with scope.as_role(Audience.JOB, purpose="where a visitor is expected"):
        return list(
            Session.objects.filter(
                facilitators__visitor=visitor,
                facilitators__active=True,
                during__overlap=(session.starts_at, session.ends_at),
            )
            .exclude(pk=session.pk)
            .exclude(status=SessionStatus.CANCELLED)
            .select_related("cohort__program")
            .order_by("starts_at", "id")
        )
