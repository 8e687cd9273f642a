"""``throughgate begin``: the first minute of an agency's own installation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from django.db import transaction

from throughgate.access import inviting
from throughgate.access.actions import invite
from throughgate.access.actor import Actor
from throughgate.access.models import Membership, User
from throughgate.access.roles import RoleName
from throughgate.base import scope
from throughgate.base.errors import Refused
from throughgate.base.trouble import Trouble
from throughgate.places.actions import save_agency, save_facility
from throughgate.places.models import Agency, FacilityKind
from throughgate.policies.queries import jurisdictions

PURPOSE = "begin"


def begin(argv: Sequence[str]) -> int:
    """Found an agency with its first facility and administrator, and print the link by which they come in.

    With --link ADDRESS: print a new link for somebody who has a role, when mail does not reach them.
    """
    options = _options(argv)
    try:
        with scope.system(PURPOSE):
            link = _link(options.link) if options.link else _found(options)
    except Refused as refused:
        raise Trouble(" ".join(f"{each.text} {each.remedy}".strip() for each in refused.reasons)) from None
    sys.stdout.write(f"Open this address in a browser; it works once:\n  {link}\n")
    return 0


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="throughgate begin", description=begin.__doc__)
    parser.add_argument("--link", metavar="ADDRESS", help="a new link for somebody who has a role already")
    parser.add_argument("--agency", help="name of the agency")
    parser.add_argument(
        "--jurisdiction", default="default", help=f"which rules apply: {', '.join(sorted(jurisdictions()))}"
    )
    parser.add_argument("--zone", help="time zone, such as America/Chicago")
    parser.add_argument("--facility", help="name of the first facility")
    parser.add_argument("--name", help="the first administrator's name")
    parser.add_argument("--email", help="the first administrator's e-mail address")
    return parser.parse_args(list(argv))


def _asked(options: argparse.Namespace, name: str, question: str) -> str:
    """An option, or the answer typed at the terminal."""
    given: str = getattr(options, name) or ""
    if not given and sys.stdin.isatty():
        given = input(f"{question}: ")
    if not given.strip():
        raise Trouble(f"the {question.lower()} is missing. Give it as --{name}.")
    return given.strip()


@transaction.atomic
def _found(options: argparse.Namespace) -> str:
    if Agency.objects.exists():
        raise Trouble("there is an agency already. Its administrators invite others under Settings, Team.")
    by = Actor.system(PURPOSE)
    agency = save_agency(
        by=by,
        name=_asked(options, "agency", "Name of the agency"),
        jurisdiction=options.jurisdiction,
        timezone=_asked(options, "zone", "Time zone"),
    )
    facility = _asked(options, "facility", "Name of the first facility")
    save_facility(
        by=by,
        name=facility,
        short_name=facility.split()[0][:30],
        kind=FacilityKind.PRISON,
        population="all",
        jurisdiction=agency.jurisdiction,
        timezone=agency.timezone,
    )
    first = invite(
        by=by,
        email=_asked(options, "email", "E-mail address of the first administrator"),
        name=_asked(options, "name", "Name of the first administrator"),
        role=RoleName.ADMINISTRATOR,
        agency_wide=True,
        by_mail=False,
    )
    return inviting.link_for(first.user)


def _link(address: str) -> str:
    user = User.objects.filter(email=address.strip().lower(), is_active=True).first()
    if user is None or not Membership.objects.filter(user=user, ends_at=None).exists():
        raise Trouble(f"nobody with a role has the address {address}.")
    return inviting.link_for(user)
