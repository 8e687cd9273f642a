"""Whom one can be in the demonstration: an invented person for every role, entered by a click on /be/."""

from __future__ import annotations

from dataclasses import dataclass

from throughgate.access.models import Membership, User
from throughgate.access.roles import RoleName as R
from throughgate.demo.making import Build, save
from throughgate.demo.people import Person
from throughgate.visitors.models import Visitor

DOMAIN = "demo.throughgate.invalid"
CANNOT_SIGN_IN_BY_PASSWORD = "!demonstration"  # noqa: S105 - not a password: no hash begins with it


@dataclass(frozen=True)
class Actor:
    """One persona. ``place`` is a facility key or "*" for the whole agency; ``org`` a partner's key."""

    name: str
    role: R
    place: str = ""
    org: str = ""
    leads: str = ""  # the persona is the first leader of this partner's sessions


ACTORS = (
    Actor("Dana Whitfield", R.COORDINATOR, "R"),
    Actor("Rosa Delgado", R.COORDINATOR, "W"),
    Actor("Marcus Adeyemi", R.COORDINATOR, "D"),
    Actor("Amara Nwosu", R.COORDINATOR, "*"),
    Actor("Theo Lindqvist", R.CASE_MANAGER, "R"),
    Actor("Nadia Benally", R.CASE_MANAGER, "W"),
    Actor("Ivy Okafor", R.CONTROL, "R"),
    Actor("Raymond Pruitt", R.GATE, "R"),
    Actor("Helen Stroud", R.CAPTAIN, "R"),
    Actor("Naveen Iyer", R.CLASSIFICATION, "R"),
    Actor("Grace Tran", R.EDUCATION, "R"),
    Actor("Amara Boateng", R.HEALTH, "R"),
    Actor("Douglas Kane", R.WARDEN, "R"),
    Actor("Louise Hargrove", R.LEADERSHIP, "*"),
    Actor("Samir Haddad", R.ADMINISTRATOR, "*"),
    Actor("Kofi Mensah", R.SUPERVISION, "H"),
    Actor("Noor Castellan", R.EVALUATOR, "*"),
    Actor("Ines Caldeira", R.AUDITOR, "*"),
    Actor("Joanna Reyes", R.PARTNER_LEAD, org="plainspoken", leads="plainspoken"),
    Actor("Caleb Osei", R.PARTNER_STAFF, org="plainspoken"),
    Actor("Priya Venkat", R.PARTNER_LEAD, org="pccc", leads="pccc"),
    Actor("Ada Finch", R.PARTNER_LEAD, org="tinwhistle"),
    Actor("Walter Sims", R.VISITOR, leads="mentors"),
    Actor("Amina Farah", R.VISITOR),
    Actor("Maureen Doyle", R.EMPLOYER, org="northpier"),
)


def leaders() -> dict[str, tuple[str, str]]:
    """The partners whose first leader is a persona, with first and last name."""
    found = {}
    for actor in ACTORS:
        if actor.leads:
            first, last = actor.name.split()
            found[actor.leads] = (first, last)
    return found


def make(build: Build, visitors: list[Visitor], participants: list[Person]) -> list[Membership]:
    """Write users and memberships; ``participants`` get a persona each."""
    by_name = {visitor.name: visitor for visitor in visitors}
    rows = [_staff(build, actor, by_name.get(actor.name)) for actor in ACTORS]
    rows += [_participant(build, person) for person in participants]
    save(row.user for row in rows)
    return save(rows)


def _user(build: Build, name: str, language: str = "en") -> User:
    address = name.lower().replace(" ", ".")
    return User(
        code=build.code(),
        email=f"{address}@{DOMAIN}",
        name=name,
        language=language,
        password=CANNOT_SIGN_IN_BY_PASSWORD,
    )


def _staff(build: Build, actor: Actor, visitor: Visitor | None) -> Membership:
    return Membership(
        code=build.code(),
        user=_user(build, actor.name),
        person_name=actor.name,
        role=actor.role,
        facility=build.places.facilities.get(actor.place),
        organization=build.partners.organizations.get(actor.org),
        visitor=visitor,
        agency_wide=actor.place == "*",
    )


def _participant(build: Build, person: Person) -> Membership:
    name = f"{person.row.first_name} {person.row.last_name}"
    return Membership(
        code=build.code(),
        user=_user(build, name.encode("ascii", "ignore").decode(), person.row.language),
        person_name=name,
        role=R.PARTICIPANT,
        participant=person.row,
    )
