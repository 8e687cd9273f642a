"""What may follow what, who is waiting for whom, and what makes two enquiries look alike. Pure."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from throughgate.base.errors import Decision, Reason
from throughgate.base.names import fold
from throughgate.partners.models.enquiries import EnquiryStatus as S

_ACTIVE = {
    "answer": S.TALKING,
    "ask": S.ASKED,
    "park": S.PARKED,
    "take": S.TAKEN,
    "decline": S.DECLINED,
    "join": S.JOINED,
    "spam": S.SPAM,
    "withdraw": S.WITHDRAWN,
}
# Every status with the verbs that are possible there and where each leads.
TRANSITIONS: dict[S, dict[str, S]] = {
    S.HELD: {"release": S.NEW, "spam": S.SPAM, "reply": S.HELD, "withdraw": S.WITHDRAWN},
    S.NEW: {**_ACTIVE, "reply": S.NEW},
    S.REPLIED: {**_ACTIVE, "reply": S.REPLIED},
    S.ASKED: {**_ACTIVE, "reply": S.REPLIED},
    S.TALKING: {**_ACTIVE, "reply": S.REPLIED},
    S.PARKED: {**_ACTIVE, "reply": S.REPLIED, "wake": S.REPLIED},
    S.TAKEN: {"reply": S.TAKEN},
    S.DECLINED: {"reply": S.REPLIED, "reopen": S.REPLIED},
    S.JOINED: {"reply": S.JOINED, "reopen": S.REPLIED},
    S.WITHDRAWN: {"reply": S.REPLIED, "reopen": S.REPLIED},
    S.SPAM: {"release": S.NEW, "reply": S.SPAM},
}
CLOSED = (S.TAKEN, S.DECLINED, S.JOINED, S.WITHDRAWN, S.SPAM)

# What the one who asked is told: where it stands, and what happens next.
STANDS: dict[S, tuple[str | Promise, str | Promise]] = {
    S.NEW: (
        gettext_lazy("With us: a coordinator reads it"),
        gettext_lazy("You get a first answer from a person."),
    ),
    S.REPLIED: (
        gettext_lazy("With us: we have your message"),
        gettext_lazy("You get an answer from a person."),
    ),
    S.ASKED: (
        gettext_lazy("With you: we asked you something"),
        gettext_lazy("Answer below. We go on as soon as we have your words."),
    ),
    S.TALKING: (
        gettext_lazy("We answered you"),
        gettext_lazy("Read our answer below. You can write back at any time."),
    ),
    S.PARKED: (
        gettext_lazy("Put aside until a day"),
        gettext_lazy("We come back to it by ourselves. You can write before that."),
    ),
    S.TAKEN: (
        gettext_lazy("Taken on: you are on the way in"),
        gettext_lazy("You get a letter with your next step. Each step shows what is still missing."),
    ),
    S.DECLINED: (
        gettext_lazy("We cannot take this on"),
        gettext_lazy("Our letter below says why, and who may help instead. You can write back."),
    ),
    S.JOINED: (
        gettext_lazy("Put together with your other enquiry"),
        gettext_lazy("We go on there. What you write here reaches the same people."),
    ),
    S.WITHDRAWN: (
        gettext_lazy("You took it back"),
        gettext_lazy("Nothing more happens. Write below if you change your mind."),
    ),
}
# Who was held back is not told so: a machine would learn from it, and a person is answered after release.
STANDS[S.HELD] = STANDS[S.SPAM] = STANDS[S.NEW]

LETTERS = re.compile(r"[^\W\d_]+")
FREE_MAIL = frozenset(
    {
        *("gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "aol.com", "live.com"),
        *("proton.me", "protonmail.com", "msn.com", "comcast.net", "verizon.net", "gmx.com", "mail.com"),
    }
)
SHORTEST_NUMBER = 7
COMMON_ENDINGS = frozenset({"inc", "llc", "ltd", "corp", "the", "of", "and", "foundation", "org"})


def follows(status: str, verb: str) -> S | None:
    """The status that a verb leads to from here; None when it is not possible."""
    return TRANSITIONS[S(status)].get(verb)


def may(status: str, verb: str) -> Decision:
    """Whether a verb is possible now, in words when not."""
    if follows(status, verb) is not None:
        return Decision()
    text = _("This enquiry is “%(status)s”; that is not possible now.") % {"status": S(status).label}
    return Decision((Reason("enquiry_status", text, _("Reload the page: somebody may have dealt with it.")),))


def sound_park(until: dt.date | None, today: dt.date, most_days: int) -> Decision:
    """Whether something may be put aside until a day: a later one, and not for ever."""
    if until is None or until <= today:
        return Decision((Reason("park_day", _("Choose a day after today."), field="until"),))
    if (until - today).days > most_days:
        text = _("That is more than %(days)s days away.") % {"days": most_days}
        remedy = _("Choose an earlier day, or decline with a signpost: nobody should wait that long unheard.")
        return Decision((Reason("park_far", text, remedy, field="until"),))
    return Decision()


def overdue(due_on: dt.date | None, today: dt.date) -> bool:
    """Whether our answer is late."""
    return due_on is not None and due_on < today


# --- Looking alike ----------------------------------------------------------------------------------------


def name_key(name: str) -> str:
    """A name as it is compared: folded, without the endings that every organization has, words in order."""
    words = [word for word in fold(name).replace("-", " ").split() if word not in COMMON_ENDINGS]
    return " ".join("".join(each for each in word if each.isalnum()) for word in words).strip()[:250]


def domain_of(email: str) -> str:
    """The domain that says which organization somebody writes from; empty for mail that anybody can have."""
    domain = email.rpartition("@")[2].strip().lower()[:120]
    return "" if domain in FREE_MAIL else domain


def digits_of(phone: str) -> str:
    """The last ten digits of a phone number; empty when there are too few to tell anything."""
    digits = "".join(each for each in unicodedata.normalize("NFKC", phone) if each in "0123456789")[-10:]
    return digits if len(digits) >= SHORTEST_NUMBER else ""


@dataclass(frozen=True)
class Trace:
    """What is compared of two enquiries, or of an enquiry and an organization that is known already."""

    name: str = ""
    email: str = ""
    domain: str = ""
    digits: str = ""


def alike(one: Trace, other: Trace, closeness: float) -> tuple[str, ...]:
    """Why two look like the same: "email", "phone", "domain", "name", strongest first; empty when they do not.

    Names count from ``closeness`` on (0 to 1, by shared runs of letters).
    """
    found = []
    if one.email and one.email.lower() == other.email.lower():
        found.append("email")
    if one.digits and one.digits == other.digits:
        found.append("phone")
    if one.domain and one.domain == other.domain:
        found.append("domain")
    if one.name and other.name and SequenceMatcher(None, one.name, other.name).ratio() >= closeness:
        found.append("name")
    return tuple(found)


ALIKE_WORDS: dict[str, str | Promise] = {
    "email": gettext_lazy("same e-mail"),
    "phone": gettext_lazy("same phone"),
    "domain": gettext_lazy("same mail domain"),
    "name": gettext_lazy("name sounds alike"),
}


def next_verbs(status: str) -> Collection[str]:
    """What a coordinator may do now."""
    theirs = {"reply", "wake", "withdraw"}
    return [verb for verb in TRANSITIONS[S(status)] if verb not in theirs]


def one_line(texts: Sequence[str], most: int = 300) -> str:
    """The first words of what somebody offers, for lists."""
    words = " ".join(" ".join(texts).split())
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"
