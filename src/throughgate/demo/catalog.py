"""The programs of the demonstration as a table. Words are ours; partners and figures are invented."""

from __future__ import annotations

from dataclasses import dataclass

# fact, test, value, how near is almost, words, words in Spanish
Rule = tuple[str, str, str, float | None, str, str]


def reads(grade: str) -> Rule:
    return (
        "reading_level",
        "at_least",
        grade,
        1.0,
        f"Reads at grade {grade} or above",
        f"Lee a nivel de grado {grade} o más",
    )


def reads_below(grade: str) -> Rule:
    return (
        "reading_level",
        "at_most",
        grade,
        0.5,
        f"Reads at grade {grade} or below",
        f"Lee a nivel de grado {grade} o menos",
    )


def months(least: str) -> Rule:
    return (
        "months_left",
        "at_least",
        least,
        1.0,
        f"At least {least} months to release",
        f"Le quedan al menos {least} meses",
    )


def near_release(most: str) -> Rule:
    return (
        "months_left",
        "at_most",
        most,
        2.0,
        f"At most {most} months to release",
        f"Le quedan como mucho {most} meses",
    )


def clear(days: str) -> Rule:
    return (
        "days_clear",
        "at_least",
        days,
        30.0,
        f"{days} days without a misconduct finding",
        f"{days} días sin faltas de conducta",
    )


def needs(area: str, words: str, words_es: str) -> Rule:
    return ("need", "is", area, None, words, words_es)


DIPLOMA: Rule = ("has_diploma", "is", "yes", 1.0, "Has a diploma or GED", "Tiene diploma o GED")
NO_DIPLOMA: Rule = ("has_diploma", "is", "no", None, "Has no diploma yet", "Aún no tiene diploma")
CUSTODY: Rule = (
    "custody_level", "at_most", "medium", 1.0, "Custody level medium or below", "Nivel de custodia medio o menor",
)  # fmt: skip


@dataclass(frozen=True)
class Spec:
    """One program: who gives it, where (facility keys), how often, for how long, in what kind of room."""

    key: str
    org: str
    name: str
    name_es: str
    summary: str
    summary_es: str
    needs: tuple[str, ...]
    places: str
    week: int
    minutes: int
    weeks: int
    group: tuple[int, int]
    room: str
    part: str
    rules: tuple[Rule, ...] = ()
    after: str = ""
    credit: bool = True
    credential: str = ""
    label: str = ""
    part2: bool = False
    days: tuple[int, ...] = ()
    language: str = ""
    faith: str = ""

    @property
    def hours(self) -> float:
        """The full dose in hours."""
        return round(self.week * self.weeks * self.minutes / 60, 1)


S = Spec
HEALTH = "Health appointment"
WORK, EDU, COG, FAM, PEER = ("work",), ("education",), ("cognition",), ("family",), ("peers",)
LEISURE, FINANCE, SUBSTANCE = ("leisure",), ("finance",), ("substance",)

EDUCATION = (
    S("hse_reading", "adult", "High school equivalency: reading and writing", "Equivalencia: lectura y escritura",
      "Prepares for the reading and writing tests.", "Prepara para las pruebas de lectura y escritura.",
      EDU, "RW", 2, 120, 14, (6, 16), "class", "am", (reads("6"), NO_DIPLOMA, months("4")),
      credential="High school equivalency, reading"),
    S("hse_math", "adult", "High school equivalency: math", "Equivalencia: matemáticas",
      "Prepares for the math test.", "Prepara para la prueba de matemáticas.",
      EDU, "RW", 2, 120, 14, (6, 16), "class", "pm", (reads("6"), NO_DIPLOMA, months("4")),
      credential="High school equivalency, math"),
    S("esl", "adult", "English as a second language", "Inglés como segunda lengua",
      "Speaking, reading and filling in forms.", "Hablar, leer y llenar formularios.",
      EDU, "R", 2, 90, 16, (5, 14), "class", "pm", (), language="es"),
    S("literacy", "adult", "Reading together", "Leer juntos",
      "Small-group reading with trained tutors.", "Lectura en grupos pequeños con tutores.",
      EDU, "R", 2, 60, 20, (3, 10), "class", "am", (reads_below("5.9"),)),
    S("psychology", "pccc", "Introduction to psychology (3 credits)", "Introducción a la psicología (3 créditos)",
      "A first college course; the credits count anywhere in the state.", "Un primer curso universitario.",
      EDU, "R", 2, 75, 15, (8, 18), "class", "ed", (DIPLOMA, reads("9"), months("4")),
      credential="3 college credits"),
    S("composition", "pccc", "College composition (3 credits)", "Redacción universitaria (3 créditos)",
      "Writing that argues and explains.", "Escribir para argumentar y explicar.",
      EDU, "RW", 2, 75, 15, (8, 16), "class", "ed", (DIPLOMA, reads("9"), months("4")),
      credential="3 college credits"),
    S("seminar", "esu", "Bachelor's seminar: history of work", "Seminario de licenciatura: historia del trabajo",
      "Third-year seminar for students who hold 30 credits.", "Seminario de tercer año.",
      EDU, "R", 1, 150, 15, (6, 14), "class", "pm", (DIPLOMA, reads("10"), months("6")), after="composition",
      credential="4 college credits"),
    S("writing", "esu", "Writing center", "Taller de escritura",
      "Bring what you write; leave with a better draft.", "Traiga lo que escribe.",
      EDU, "RW", 1, 90, 20, (3, 12), "class", "ed", (), credit=False),
    S("digital", "adult", "Digital basics", "Computación básica",
      "Keyboard, files, forms, e-mail and keeping safe.", "Teclado, archivos, formularios y correo.",
      ("education", "work"), "RWD", 2, 90, 8, (5, 12), "lab", "am", (), credential="Digital literacy certificate"),
)  # fmt: skip
WORKING = (
    S("welding", "shipwrights", "Welding I", "Soldadura I",
      "Shop safety, cutting, flat and horizontal welds; counts toward the apprenticeship.",
      "Seguridad, corte y soldadura plana; cuenta para el aprendizaje.",
      WORK, "R", 3, 150, 12, (6, 12), "weld", "am", (CUSTODY, clear("180"), months("6"), reads("6")),
      credential="Welding safety card"),
    S("welding2", "shipwrights", "Welding II", "Soldadura II",
      "Vertical and overhead; test for the first certificate.", "Vertical y sobrecabeza; prueba del certificado.",
      WORK, "R", 3, 150, 12, (5, 10), "weld", "pm", (CUSTODY, clear("180"), months("4")), after="welding",
      credential="Structural welding certificate"),
    S("carpentry", "builders", "Carpentry pre-apprenticeship", "Preaprendizaje de carpintería",
      "Framing, tools and blueprint reading.", "Estructuras, herramientas y planos.",
      WORK, "R", 3, 150, 12, (6, 12), "wood", "am", (CUSTODY, clear("90"), months("4")),
      credential="Pre-apprenticeship certificate"),
    S("warehouse", "northpier", "Forklift and warehouse safety", "Montacargas y seguridad en almacén",
      "Six weeks to the ticket that shift leads ask for.", "Seis semanas para la licencia de montacargas.",
      WORK, "RD", 2, 120, 6, (6, 12), "class", "pm", (near_release("18"), reads("5")),
      credential="Forklift operator ticket"),
    S("kitchen", "table", "Kitchen basics and food handler card", "Cocina básica y tarjeta de manipulador",
      "Knife work, stations, and the card every kitchen wants.", "Cuchillo, estaciones y la tarjeta.",
      WORK, "RW", 2, 120, 8, (5, 10), "kitchen", "pm", (clear("60"),), credential="Food handler card"),
    S("baking", "bakeries", "Baking certificate", "Certificado de panadería",
      "From scaling to shaping; the bakery hires from this class.", "De la balanza al horno.",
      WORK, "W", 3, 150, 10, (4, 8), "kitchen", "am", (clear("60"), months("3")), credential="Baking certificate"),
    S("jobs", "secondtide", "Looking for work", "Buscar trabajo",
      "A one-page resume, an honest answer about the past, three practice interviews.",
      "Un currículum, una respuesta honesta y tres entrevistas de práctica.",
      WORK, "RWDH", 1, 120, 8, (5, 14), "lab", "pm", (near_release("12"),)),
)  # fmt: skip
HEALTHY = (
    S("thinking", "plainspoken", "Thinking for a change of course", "Pensar para cambiar de rumbo",
      "Notice a thought, stop, choose. Two groups a week for twelve weeks.", "Notar, parar, elegir.",
      COG, "RW", 2, 120, 12, (8, 14), "group", "am", (needs("cognition", "Assessed need: thinking skills",
      "Necesidad evaluada: pensamiento"), months("3"))),
    S("anger", "plainspoken", "Anger and repair", "El enojo y la reparación",
      "What anger protects, what it costs, and how to repair.", "Qué cuida el enojo y cómo reparar.",
      ("anger",), "RW", 2, 90, 10, (8, 14), "group", "pm", (months("3"),)),
    S("circles", "friends", "Restorative circles", "Círculos restaurativos",
      "A circle on harm, need and responsibility.", "Un círculo sobre el daño y la responsabilidad.",
      ("cognition", "peers"), "R", 1, 120, 16, (6, 14), "group", "ed", ()),
    S("iop", "bayline", "Recovery: three days a week", "Recuperación: tres días por semana",
      "Group treatment with a counselor, twelve weeks.", "Tratamiento en grupo, doce semanas.",
      SUBSTANCE, "RW", 3, 90, 12, (6, 12), "clinic", "am", (months("3"),), label=HEALTH, part2=True),
    S("coaches", "peers", "Recovery coaching group", "Grupo de recuperación entre iguales",
      "Led by people in long recovery.", "Guiado por personas en recuperación.",
      SUBSTANCE, "RWDH", 1, 90, 16, (4, 12), "clinic", "pm", (), label=HEALTH, part2=True, credit=False),
    S("relapse", "bayline", "Staying well after release", "Seguir bien al salir",
      "A plan for the first ninety days.", "Un plan para los primeros noventa días.",
      SUBSTANCE, "RH", 1, 90, 8, (4, 10), "clinic", "ed", (near_release("9"),), label=HEALTH, part2=True),
    S("trauma", "cove", "Healing from trauma", "Sanar del trauma",
      "A closed group with a counselor.", "Grupo cerrado con terapeuta.",
      ("trauma", "mental_health"), "RW", 1, 90, 14, (4, 10), "clinic", "ed", (months("4"),), label=HEALTH,
      credit=False),
    S("healthy", "health", "Healthy living", "Vida sana",
      "Sleep, food, hepatitis, overdose rescue.", "Sueño, comida, hepatitis, rescate de sobredosis.",
      ("health",), "RWD", 1, 90, 6, (5, 14), "group", "am", ()),
    S("coverage", "health", "Coverage and care after release", "Cobertura y atención al salir",
      "File the application, book the first appointment.", "Solicitud y primera cita.",
      ("health",), "D", 1, 90, 4, (4, 12), "lab", "pm", (near_release("6"),), credit=False),
)  # fmt: skip
BELONGING = (
    S("parenting", "parents", "Parenting from here", "Ser madre o padre desde aquí",
      "Calls, letters and visits that children can use.", "Llamadas, cartas y visitas que ayudan.",
      FAM, "RWD", 1, 120, 10, (6, 14), "group", "pm", ()),
    S("madres", "marea", "Círculo de madres (in Spanish)", "Círculo de madres",
      "A circle for Spanish-speaking mothers.", "Un círculo para madres que hablan español.",
      ("family", "peers"), "W", 1, 90, 16, (4, 12), "group", "ed", (("population", "is", "women", None,
      "For women", "Para mujeres"),), credit=False, language="es"),
    S("mentoring", "mentors", "Mentoring group", "Grupo de mentoría",
      "Meet the mentor who stays with you for a year after.", "Conozca a quien le acompañará un año.",
      PEER, "RWDH", 1, 90, 20, (4, 10), "group", "ed", (near_release("14"),)),
    S("money", "ledger", "Money that lasts", "Dinero que alcanza",
      "Budget, credit, debts from before, a first account.", "Presupuesto, crédito y deudas.",
      FINANCE, "RWD", 1, 90, 8, (6, 14), "group", "pm", ()),
    S("papers", "paper", "Papers before release", "Documentos antes de salir",
      "Birth certificate, social security card and state ID, ordered together.", "Acta, seguro social e ID.",
      ("identity",), "RWD", 1, 60, 4, (4, 12), "lab", "am", (near_release("9"),), credit=False),
    S("planning", "secondtide", "Release planning workshop", "Taller de plan de salida",
      "Housing, first week, first month: a plan that was tested by phone.", "Vivienda, primera semana, primer mes.",
      ("housing", "work"), "RWD", 1, 120, 6, (6, 14), "group", "am", (near_release("8"),)),
)  # fmt: skip
FAITHS = (
    S("sunday", "gospel", "Sunday worship", "Culto dominical", "Songs and a sermon.", "Cantos y predicación.",
      LEISURE, "RW", 1, 90, 26, (1, 14), "chapel", "am", (), credit=False, faith="protestant", days=(6,)),
    S("mass", "breakwater", "Mass and study", "Misa y estudio", "Mass in English and Spanish.", "Misa bilingüe.",
      LEISURE, "RW", 1, 90, 26, (1, 12), "chapel", "pm", (), credit=False, faith="catholic", days=(5,)),
    S("jumah", "masjid", "Friday prayer", "Oración del viernes", "Prayer and a short talk.", "Oración y charla.",
      LEISURE, "R", 1, 75, 26, (1, 14), "chapel", "pm", (), credit=False, faith="muslim", days=(4,)),
    S("study", "saltmarsh", "Scripture study", "Estudio bíblico", "A book a season.", "Un libro por temporada.",
      LEISURE, "R", 1, 90, 26, (2, 10), "chapel", "ed", (), credit=False, faith="protestant"),
    S("estudio", "orilla", "Study and song in Spanish", "Estudio y canto en español", "In Spanish.", "En español.",
      LEISURE, "R", 1, 90, 26, (2, 10), "chapel", "ed", (), credit=False, faith="catholic protestant", language="es"),
    S("torah", "beit", "Texts and holidays", "Textos y fiestas", "Reading and holidays.", "Lectura y fiestas.",
      LEISURE, "R", 1, 75, 26, (1, 8), "chapel", "ed", (), credit=False, faith="jewish"),
    S("sitting", "sangha", "Sitting meditation", "Meditación", "Silence, then questions.", "Silencio y preguntas.",
      LEISURE, "RW", 1, 75, 26, (2, 10), "chapel", "ed", (), credit=False),
    S("lodge", "heron", "Talking circle", "Círculo de la palabra", "Led by elders.", "Guiado por ancianos.",
      LEISURE, "R", 1, 120, 26, (2, 12), "chapel", "pm", (), credit=False, faith="native"),
    S("welcome", "chapelhope", "Welcome home supper", "Cena de bienvenida", "A meal and a hand.", "Cena y apoyo.",
      PEER, "DH", 1, 90, 26, (2, 14), "group", "ed", (), credit=False),
    S("kitchenprayer", "gurdwara", "Prayer and study", "Oración y estudio", "Open to all.", "Abierto a todos.",
      LEISURE, "R", 1, 75, 26, (1, 10), "chapel", "am", (), credit=False, faith="sikh buddhist none", days=(5,)),
    S("letters", "opendoor", "Letters and listening", "Cartas y escucha", "Writing home.", "Escribir a casa.",
      ("family", "peers"), "W", 1, 75, 26, (2, 10), "chapel", "pm", (), credit=False),
)  # fmt: skip
MAKING = (
    S("theater", "tideline", "Theater workshop", "Taller de teatro", "A play in fourteen weeks, then shown.",
      "Una obra en catorce semanas.", LEISURE, "R", 2, 120, 14, (6, 14), "arts", "ed", (clear("30"),)),
    S("guitar", "strings", "Guitar and strings", "Guitarra y cuerdas", "From tuning to a song.", "De afinar a tocar.",
      LEISURE, "RW", 1, 90, 12, (4, 10), "arts", "pm", (), credit=False),
    S("yoga", "running", "Yoga and breathing", "Yoga y respiración", "No experience needed.", "Sin experiencia.",
      LEISURE, "RWD", 1, 60, 10, (4, 16), "gym", "am", (), credit=False),
    S("dogs", "paws", "Dog training", "Adiestramiento de perros",
      "Raise and train a dog for someone who needs it.", "Criar y adiestrar un perro.",
      ("work", "peers"), "R", 3, 120, 26, (4, 8), "dogs", "am", (CUSTODY, clear("180"), months("7")),
      credential="Kennel assistant certificate"),
)  # fmt: skip

PROGRAMS = (*EDUCATION, *WORKING, *HEALTHY, *BELONGING, *FAITHS, *MAKING)
BY_KEY = {each.key: each for each in PROGRAMS}
