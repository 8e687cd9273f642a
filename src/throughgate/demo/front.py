"""Who wants to help: enquiries in every state at believable ages, and two stories with their consent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from throughgate.demo.making import DAY, Build, at
from throughgate.demo.people import Person
from throughgate.partners.enquiries import queries, rules, spam
from throughgate.partners.models import Enquiry, EnquiryMessage
from throughgate.partners.models.enquiries import OURS
from throughgate.partners.models.enquiries import EnquiryStatus as S
from throughgate.people.models import Participant
from throughgate.places.models import Facility
from throughgate.stories.models import PublishedStory, Story
from throughgate.stories.rules import Known, shown_name, words_hash

COORDINATOR = "Dana Whitfield"


@dataclass(frozen=True)
class Offer:
    """An invented offer of help: who, what, where it stands and since how many days."""

    kind: str
    who: str
    organization: str
    status: S
    days: int
    place: str
    offer: str
    needs: tuple[str, ...] = ()
    said: tuple[tuple[str, Any], ...] = ()
    talk: tuple[tuple[str, str], ...] = ()
    email: str = ""
    language: str = "en"
    more: tuple[tuple[str, Any], ...] = ()


OFFERS = (
    Offer(
        "organization", "Ruth Calloway", "Second Shelf Libraries", S.NEW, 1, "R",
        "A reading circle every week for twelve people, and a library card on the day of release.",
        ("education", "peers"), (("how_often", "weekly"), ("cost", "free"), ("organization_kind", "nonprofit")),
    ),
    Offer(
        "individual", "Owen Brandt", "", S.NEW, 0, "R",
        "I taught algebra for thirty years and would like to tutor for the diploma test.",
        said=(("roles", ["tutor"]), ("adult", "yes"), ("mode", "inside"), ("times", ["weekday_afternoon"])),
    ),
    Offer(
        "organization", "Mateo Villalobos", "Manos a la Obra", S.NEW, 6, "H",
        "Taller de carpintería en español, doce semanas, con herramientas propias.",
        ("work",), (("how_often", "course"), ("cost", "partly"), ("organization_kind", "nonprofit")), language="es",
    ),
    Offer(
        "employer", "Priya Natarajan", "Harborline Cold Storage", S.REPLIED, 4, "",
        "Warehouse work with steady hours, forklift training paid, first pay after one week.",
        ("work",), (("sector", "making"), ("jobs", 6), ("starts", "weeks")),
        (("out", "Thank you for writing. Could people start on a Monday, and is there a bus?"),
         ("in", "Yes, any Monday; line 14 stops at the gate from 5:30.")),
    ),
    Offer(
        "organization", "Sister Agnes Doyle", "St. Brigid's Table", S.ASKED, 3, "R",
        "Cooking for one's family on little money, with a meal at the end of each evening.",
        ("family", "finance"), (("how_often", "fortnightly"), ("cost", "free"), ("organization_kind", "faith")),
        (("out", "That would be welcome. Which kitchen tools would you bring? Knives need another room."),),
    ),
    Offer(
        "individual", "Lena Fairchild", "", S.TALKING, 8, "M",
        "I was inside myself, six years ago, and would like to be there for one person after release.",
        said=(("roles", ["mentor"]), ("adult", "yes"), ("mode", "both"), ("times", ["evening", "weekend"])),
        talk=(("out", "Your experience is just what people ask for. Can we speak on Thursday?"),),
    ),
    Offer(
        "organization", "Harlan Whitcomb", "Fairfield Community Band", S.PARKED, 25, "R",
        "A brass group that rehearses on Saturdays.",
        ("leisure",), (("how_often", "weekly"), ("cost", "free"), ("organization_kind", "arts")),
        (("out", "We would love to, once the music room is repaired. We come back to you then."),),
        more=(("parked_in", 30),),
    ),
    Offer(
        "organization", "Corinne Adler", "BrightPath Seminars", S.DECLINED, 18, "H",
        "A one-day motivation seminar at 4,000 dollars.",
        ("work",), (("how_often", "once"), ("cost", "paid"), ("organization_kind", "other")),
        (("out", "Thank you. We have no money for paid one-day seminars."),),
        more=(("reason", "One day, paid, no evidence"), ("signpost", "Workforce board of Harbor County")),
    ),
    Offer(
        "organization", "R. Calloway", "The Second Shelf Library", S.NEW, 0, "R",
        "Books and reading circles; I think my colleague wrote as well.",
        ("education",), (("how_often", "weekly"), ("cost", "free"), ("organization_kind", "nonprofit")),
        email="rcalloway@second-shelf.example",
    ),
    Offer(
        "organization", "Growth Team", "Rank Rocket", S.HELD, 2, "",
        "SEO and backlinks! First page of Google, click here: http://a.example http://b.example http://c.example",
    ),
    Offer("individual", "Jo Park", "", S.WITHDRAWN, 30, "H", "I wanted to teach guitar but am moving away.",
          said=(("roles", ["skills"]), ("adult", "yes"))),
    Offer("organization", "xx", "xx", S.SPAM, 40, "", "casino casino casino"),
)  # fmt: skip

STORIES = (
    (
        "The first key",
        "I had not held a key for four years. The man from the housing group drove me there himself. He said: try it."
        " It opened. I stood in that doorway until he laughed. I still work on Saturdays with the crew that I learned"
        " roofing with inside, and I pay my own rent.",
        "La primera llave",
        "Llevaba cuatro años sin tener una llave. El hombre del grupo de vivienda me llevó él mismo. Me dijo:"
        " pruébala. Abrió. Me quedé en la puerta hasta que él se rio. Todavía trabajo los sábados con la cuadrilla"
        " con la que aprendí a techar dentro, y pago mi propia renta.",
        "initial",
    ),
    (
        "Somebody picked up",
        "My tutor gave me a number and said: after you leave, too. The third week I almost did something stupid. I"
        " called. She picked up. We talked about fractions for an hour, because I did not want to talk about the rest."
        " In spring I passed the test.",
        "",
        "",
        "nobody",
    ),
)


def make(build: Build, people: Sequence[Person]) -> None:
    """Write the offers of help, with their threads, and two stories."""
    for offer in OFFERS:
        _offer(build, offer, build.places.facilities.get(offer.place))
    home = [person for person in people if person.now.place == "H"]
    for words, person in zip(STORIES, [*home, *people], strict=False):
        _story(build, words, person.row)


def _offer(build: Build, offer: Offer, facility: Facility | None) -> None:
    dice = build.random(f"front {offer.who}")
    arrived = at(build.day(-offer.days), dt.time(dice.randint(8, 16), dice.choice((5, 20, 40))))
    domain = f"{rules.name_key(offer.organization).replace(' ', '-') or 'mail'}.example"
    email = offer.email or f"{offer.who.split()[0].lower()}@{domain}"
    place = queries.place_for(facility)
    more = dict(offer.more)
    said = {"offer": offer.offer} if offer.kind == "organization" else {"about": offer.offer}
    if offer.kind == "employer":
        said = {"work": offer.offer}
    verdict = spam.judge(spam.Traits((offer.offer,)), queries.rules_for(place).spam)
    ours = offer.status in OURS
    row = Enquiry.objects.create(
        code=build.code(),
        kind=offer.kind,
        status=offer.status,
        facility=facility,
        name=offer.who,
        email=email,
        phone=f"(805) 555-01{dice.randint(10, 99)}",
        language=offer.language,
        organization_name=offer.organization,
        summary=rules.one_line([offer.offer]),
        needs=list(offer.needs),
        answers={**said, **dict(offer.said)},
        name_key=rules.name_key(offer.organization or offer.who),
        domain=rules.domain_of(email),
        text_key=spam.text_key([offer.offer]),
        score=verdict.score,
        signs=list(verdict.signs),
        arrived_at=arrived,
        due_on=queries.due_day(place, arrived.date() + DAY * (2 if offer.talk else 0)) if ours else None,
        parked_until=build.day(more["parked_in"]) if "parked_in" in more else None,
        first_answered_at=arrived + DAY if offer.talk else None,
        closed_at=arrived + 2 * DAY if offer.status in rules.CLOSED else None,
        reason=more.get("reason", ""),
        signpost=more.get("signpost", ""),
        handled_by=COORDINATOR if offer.talk else "",
    )
    for number, (direction, words) in enumerate(offer.talk, start=1):
        EnquiryMessage.objects.create(
            code=build.code(),
            enquiry=row,
            direction=direction,
            body=words,
            written_by=COORDINATOR if direction == "out" else offer.who,
            written_at=arrived + number * DAY,
        )


def _story(build: Build, words: tuple[str, str, str, str, str], person: Participant) -> None:
    title, text, title_es, text_es, naming = words
    known = Known(person.first_name, person.last_name, person.preferred_name)
    shown = shown_name(naming, known)
    agreed = at(build.day(-20), dt.time(10, 15))
    story = Story.objects.create(
        code=build.code(),
        participant=person,
        title=title,
        text=text,
        title_es=title_es,
        text_es=text_es,
        naming=naming,
        written_by=COORDINATOR,
        agreed_at=agreed,
        agreed_how="paper",
        witness="Theo Lindqvist",
        agreed_sha256=words_hash(shown, title, text, title_es, text_es),
        published_at=agreed + DAY,
        published_by=COORDINATOR,
    )
    PublishedStory.objects.create(
        code=build.code(),
        story=story,
        shown_name=shown,
        title=title,
        text=text,
        title_es=title_es,
        text_es=text_es,
        published_on=build.day(-19),
    )
