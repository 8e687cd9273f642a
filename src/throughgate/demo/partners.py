"""Thirty-five invented organizations: what they offer outside, and the agreements they signed."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.backends.postgresql.psycopg_any import DateRange

from throughgate.demo import names
from throughgate.demo.making import Build, save
from throughgate.partners.models import (
    Agreement,
    AgreementKind,
    Location,
    OpeningHours,
    Organization,
    OrganizationKind,
    OrganizationStatus,
    Service,
    ServicePlace,
)

K = OrganizationKind
# key: kind, name, what it is. [P-301]: 12 faith, 9 non-profits, 3 colleges, 4 employers or unions, 4 clinics
# or agencies, 3 arts or sport.
ORGANIZATIONS: dict[str, tuple[str, str, str]] = {
    "opendoor": (K.FAITH, "Open Door Fellowship of Eastmere", "Worship, study and letters; a meal after release."),
    "breakwater": (K.FAITH, "Our Lady of the Breakwater Parish", "Mass, visits, and help with first weeks' rent."),
    "saltmarsh": (K.FAITH, "Saltmarsh Road Baptist Assembly", "Study groups and a men's choir."),
    "masjid": (K.FAITH, "Masjid Nur al-Mina", "Friday prayer, study, and a table for whoever comes home."),
    "beit": (K.FAITH, "Congregation Beit Namal", "Study and holidays, and a chaplain by telephone."),
    "friends": (K.FAITH, "Lantern Street Friends Meeting", "Silent meetings and workshops on conflict."),
    "sangha": (K.FAITH, "Quiet Water Sangha of Port Corrow", "Sitting meditation and teaching."),
    "orilla": (K.FAITH, "Iglesia Nueva Orilla", "Worship and study in Spanish; help for families."),
    "heron": (K.FAITH, "Grey Heron Lodge Circle", "Talking circles and ceremony led by elders."),
    "chapelhope": (K.FAITH, "Kingsbarrow Chapel of Hope", "Worship and a welcome group after release."),
    "gurdwara": (K.FAITH, "Gurdwara Sahib Port Corrow", "Prayer, study, and a kitchen open to everybody."),
    "gospel": (K.FAITH, "Breakwater Light Gospel Ministry", "A gospel choir and Sunday services."),
    "secondtide": (K.NONPROFIT, "Second Tide Reentry Services", "Release planning, first-week help, navigators."),
    "mentors": (K.NONPROFIT, "Harborlight Mentors", "Mentors who start inside and stay for a year."),
    "parents": (K.NONPROFIT, "Parents Across the Water", "Parenting classes, story recordings, family days."),
    "table": (K.NONPROFIT, "Common Table Kitchen", "Cooking for a living: classes and a training kitchen."),
    "ledger": (K.NONPROFIT, "The Ledger Project", "Money skills, credit reports, first bank accounts."),
    "plainspoken": (K.NONPROFIT, "Plainspoken Circles", "Groups on thinking, choices and anger."),
    "marea": (K.NONPROFIT, "Casa Marea", "Support for Spanish-speaking women and their families."),
    "paws": (K.NONPROFIT, "Paws and Pilings", "Dogs from the shelter, trained inside for people who need them."),
    "paper": (K.NONPROFIT, "Paper Trail ID Help", "Birth certificates, social security cards, state ID."),
    "pccc": (K.COLLEGE, "Port Corrow Community College", "College courses for credit, inside and after."),
    "esu": (K.COLLEGE, "Eastmere State University", "A bachelor's program and a writing center."),
    "adult": (K.COLLEGE, "Kingsbarrow Adult School", "Reading, numbers, high school equivalency, English."),
    "shipwrights": (K.EMPLOYER, "Corrow Shipwrights and Welders Union", "Welding pre-apprenticeship and the hall."),
    "northpier": (K.EMPLOYER, "Northpier Logistics", "Warehouse certificates and interviews."),
    "builders": (K.EMPLOYER, "Fennick Valley Builders Apprenticeship", "Carpentry pre-apprenticeship."),
    "bakeries": (K.EMPLOYER, "Saltmarsh Bakeries", "Baking certificates; hires from its own classes."),
    "bayline": (K.CLINIC, "Bayline Recovery Clinic", "Outpatient treatment for substance use."),
    "peers": (K.CLINIC, "Fennick Peer Recovery Network", "Recovery coaches who have been there."),
    "cove": (K.CLINIC, "Quiet Cove Counseling", "Counseling for trauma, grief and anxiety."),
    "health": (K.GOVERNMENT, "Harbor County Public Health", "Health education, vaccines, coverage on release."),
    "tideline": (K.ARTS, "Tideline Theater Workshop", "Plays made with the people who act in them."),
    "strings": (K.ARTS, "Open Water Strings", "Guitar and strings, loaned instruments."),
    "running": (K.ARTS, "Eastmere Yoga and Running", "Yoga, a running club, breathing."),
}  # fmt: skip
BILINGUAL = frozenset({"marea", "orilla", "secondtide", "paper", "health"})
PART2 = frozenset({"bayline", "peers"})
ALTERNATE = {"pccc": "PCCC", "esu": "ESU", "shipwrights": "Local 88 (invented)", "paper": "Paper Trail"}

# Agreements that do not simply run on: days from today on which they end, or are already over.
ENDS_IN = {
    "tideline": 9,
    "strings": 41,
    "table": 26,
    "chapelhope": 73,
    "northpier": 118,
    "sangha": 12,
    "paper": 160,
    # The days after the last one, on which renewal is reminded first and last but two.
    "ledger": 31,
    "running": 91,
}

# key: (service, in Spanish, what it is, needs, categories, Spanish description)
SERVICES: dict[str, tuple[tuple[str, str, str, tuple[str, ...], str], ...]] = {
    "secondtide": (
        ("Release-day navigator", "Acompañamiento el día de salida", "Somebody meets you at the gate and stays the"
         " day: bus, phone, first appointment.", ("housing", "identity"), "Case management"),
        ("Transitional rooms on Ropewalk", "Cuartos de transición en Ropewalk", "Twelve rooms for up to six months;"
         " sober living, two shared kitchens.", ("housing",), "Housing"),
    ),
    "mentors": (("Mentors for a year", "Mentoría por un año", "Weekly contact with the same person, inside and"
                 " after.", ("peers", "family"), "Mentoring"),),
    "parents": (("Parenting classes in the evening", "Clases para madres y padres", "Eight evenings, children"
                 " welcome.", ("family",), "Parenting"),),
    "table": (("Training kitchen", "Cocina escuela", "Paid training in a working kitchen, twelve weeks.", ("work",),
               "Job training"),),
    "ledger": (("Credit report clinic", "Clínica de historial de crédito", "Read your report, dispute what is wrong,"
                " open an account.", ("finance",), "Money"),),
    "plainspoken": (("Evening circle", "Círculo de la tarde", "Open group for people who took our groups inside.",
                     ("cognition", "anger"), "Support group"),),
    "marea": (("Casa Marea women's house", "Casa para mujeres Casa Marea", "Eight beds for women with or without"
               " children.", ("housing", "family"), "Housing"),
              ("Family table", "Mesa familiar", "Supper and help with papers, in Spanish.", ("family", "identity"),
               "Family support")),
    "paper": (("ID walk-in", "Ayuda con identificación", "Birth certificate, state ID, social security card; fees"
               " are paid.", ("identity",), "Documents"),),
    "pccc": (("Return to college", "Regreso a la universidad", "Advising, credit for courses taken inside, aid"
              " forms.", ("education",), "College"),),
    "adult": (("Evening high school equivalency", "Equivalencia de secundaria por la tarde", "Finish what you"
               " started inside; test on site.", ("education",), "Adult education"),
              ("English as a second language", "Inglés como segunda lengua", "Three levels, mornings and evenings.",
               ("education",), "Adult education")),
    "shipwrights": (("Hall dispatch for graduates", "Bolsa de trabajo del sindicato", "Graduates of the welding class"
                     " are dispatched like everybody else.", ("work",), "Employment"),),
    "northpier": (("Warehouse openings", "Vacantes de almacén", "Day and night shifts, transport from Port Corrow.",
                   ("work",), "Employment"),),
    "builders": (("Pre-apprenticeship", "Preaprendizaje", "Twelve paid weeks toward the carpenters' apprenticeship.",
                  ("work",), "Job training"),),
    "bakeries": (("Early shift openings", "Vacantes del turno de madrugada", "Starts at 3 a.m.; van from the"
                  " center.", ("work",), "Employment"),),
    "bayline": (("Outpatient treatment", "Tratamiento ambulatorio", "Counseling and medication; first appointment"
                 " within three days of release.", ("substance",), "Treatment"),),
    "peers": (("Recovery coaches", "Acompañantes en recuperación", "By phone any time, in person the same day.",
               ("substance", "peers"), "Peer support"),),
    "cove": (("Counseling", "Consejería", "Trauma and grief; sliding scale, no insurance needed.", ("mental_health",
              "trauma"), "Counseling"),),
    "health": (("Coverage on release", "Cobertura médica al salir", "Applications filed before the release day.",
                ("health",), "Health coverage"),),
    "orilla": (("Family pantry", "Despensa familiar", "Groceries on Thursdays, no questions.", ("family",), "Food"),),
    "gurdwara": (("Open kitchen", "Cocina abierta", "A hot meal every day, for everybody.", ("health",), "Food"),),
    "breakwater": (("First month's rent", "Primer mes de renta", "Help with a deposit once a plan is agreed.",
                    ("housing",), "Housing"),),
    "running": (("Saturday run", "Carrera del sábado", "An easy run by the water, shoes on loan.", ("leisure",),
                 "Recreation"),),
}  # fmt: skip


@dataclass
class Partners:
    """Organizations and their running agreement, by key."""

    organizations: dict[str, Organization]
    agreements: dict[str, Agreement]


def make(build: Build, facilities_of: dict[str, str]) -> Partners:
    """Write organizations, directory entries and agreements; ``facilities_of`` says which facilities each serves."""
    random_ = build.random("partners")
    organizations = {key: _organization(build, key, names.phone(random_)) for key in ORGANIZATIONS}
    save(organizations.values())
    _directory(build, organizations)
    agreements = {
        key: _agreement(build, key, organizations[key], random_.randint(200, 900), random_.randint(190, 700))
        for key in ORGANIZATIONS
    }
    save(agreements.values())
    for key, agreement in agreements.items():
        agreement.facilities.set([build.places.facilities[each] for each in facilities_of.get(key, "R")])
    save(_data_agreements(build, organizations))
    return Partners(organizations, agreements)


def slug(name: str) -> str:
    """A name as part of an invented address."""
    return "".join(each for each in name.lower() if each.isascii() and each.isalnum())[:24]


def _organization(build: Build, key: str, phone: str) -> Organization:
    kind, name, words = ORGANIZATIONS[key]
    return Organization(
        code=build.code(),
        name=name,
        alternate_name=ALTERNATE.get(key, ""),
        kind=kind,
        status=OrganizationStatus.ACTIVE,
        description=f"{words} Invented for the demonstration.",
        website=f"https://{slug(name)}.example",
        email=f"hello@{slug(name)}.example",
        phone=phone,
        part2=key in PART2,
        source="demonstration",
        source_id=key,
    )


def _directory(build: Build, organizations: dict[str, Organization]) -> None:
    random_ = build.random("directory")
    locations = {
        key: Location(
            code=build.code(),
            name=organization.name,
            address_1=names.address(random_),
            city=random_.choice(names.CITIES),
            region="Harbor (invented)",
            postal_code="00000",
            source="demonstration",
            source_id=key,
        )
        for key, organization in organizations.items()
    }
    save(locations.values())
    services = [
        (key, _service(build, key, organizations[key], each))
        for key, some in SERVICES.items()
        for each in some
    ]
    save(service for _, service in services)
    save(ServicePlace(service=service, location=locations[key]) for key, service in services)
    save(
        OpeningHours(service=service, location=locations[key], weekday=day, opens="09:00", closes="17:00")
        for key, service in services
        for day in range(5)
    )


Offer = tuple[str, str, str, tuple[str, ...], str]


def _service(build: Build, key: str, organization: Organization, offer: Offer) -> Service:
    name, name_es, words, needs, category = offer
    return Service(
        code=build.code(),
        organization=organization,
        name=name,
        name_es=name_es,
        description=words,
        needs=list(needs),
        categories=[category],
        languages=["English", "Spanish"] if key in BILINGUAL else ["English"],
        how_to_apply="Call or come by; say that you are coming home.",
        phone=organization.phone,
        last_verified=build.day(-30 - len(name)),
        source="demonstration",
        source_id=f"{key}-{name}",
    )


def _agreement(build: Build, key: str, organization: Organization, age: int, ahead: int) -> Agreement:
    kind = AgreementKind.SERVICE if organization.kind in {K.COLLEGE, K.CLINIC} else AgreementKind.MOU
    random_ = build.random(f"agreement/{key}")
    return Agreement(
        code=build.code(),
        organization=organization,
        kind=kind,
        title="Programs at Harbor State Corrections",
        valid=DateRange(build.day(-400 - age), build.day(ENDS_IN.get(key, ahead))),
        notice_days=random_.choice((30, 60, 90)),
        signed_by_us="Louise Hargrove, Deputy Commissioner",
        signed_by_them=f"{names.first_name(random_, random_.choice('MF'))} {random_.choice(names.LAST)}",
    )


def _data_agreements(build: Build, organizations: dict[str, Organization]) -> list[Agreement]:
    return [
        Agreement(
            code=build.code(),
            organization=organizations[key],
            kind=AgreementKind.DATA,
            title="Sharing attendance and completion",
            valid=DateRange(build.day(-300), build.day(430)),
            signed_by_us="Louise Hargrove, Deputy Commissioner",
            signed_by_them="For the organization",
        )
        for key in ("pccc", "esu", "secondtide", "bayline")
    ]
