"""The short codes that people see in addresses and on paper instead of internal numbers."""

from __future__ import annotations

import secrets

# No 0/O, 1/I/L, U/V: letters that are mistaken for each other on paper and on the phone.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTWXYZ"
LENGTH = 8


def check_character(body: str) -> str:
    """The last character: a weighted sum over the first seven, so that any single slip is found."""
    total = sum((position + 1) * ALPHABET.index(letter) for position, letter in enumerate(body))
    return ALPHABET[total % len(ALPHABET)]


def new_code() -> str:
    """A fresh random code: seven letters or digits and a check character."""
    body = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH - 1))
    return body + check_character(body)


def clean(typed: str) -> str:
    """What was typed, without blanks and dashes, in capitals."""
    return "".join(typed.upper().replace("-", " ").split())


def is_code(typed: str) -> bool:
    """Whether the text is a well-formed code with a right check character."""
    text = clean(typed)
    return (
        len(text) == LENGTH
        and all(letter in ALPHABET for letter in text)
        and check_character(text[:-1]) == text[-1]
    )
