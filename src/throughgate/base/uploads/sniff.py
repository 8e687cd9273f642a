"""What a file really is, from its bytes alone. Pure: nothing is unpacked, drawn or run.

A short list is let in: PDF, JPEG, PNG and plain text. Anything that holds an archive, would unpack to a huge
picture, carries scripts or other files, or says it is one thing and is another, is refused in words.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from dataclasses import dataclass

from django.utils.translation import gettext as _

from throughgate.base.errors import Reason, Refused

ENDINGS: dict[str, tuple[str, ...]] = {
    "pdf": ("pdf",),
    "jpeg": ("jpg", "jpeg", "jpe"),
    "png": ("png",),
    "text": ("txt", "text"),
}
TYPES = {
    "pdf": "application/pdf",
    "jpeg": "image/jpeg",
    "png": "image/png",
    "text": "text/plain; charset=utf-8",
}
# What browsers call these kinds, and what they say when they do not know.
DECLARED = {
    "application/pdf": "pdf",
    "image/jpeg": "jpeg",
    "image/jpg": "jpeg",
    "image/pjpeg": "jpeg",
    "image/png": "png",
    "text/plain": "text",
}
UNSAID = ("", "application/octet-stream")
MOST_PIXELS = 60_000_000
LONGEST_NAME = 100
ZIP_END = b"PK\x05\x06"
ARCHIVES = (
    b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd",
)  # fmt: skip
# What a PDF may not carry, where it stands in the open; readers of the file are told it is not opened here.
PDF_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFiles?|RichMedia|XFA|OpenAction)\b")
# C0 control characters but tab, line feed, form feed and carriage return; and the ones that turn text around.
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
MARKUP = re.compile(r"^\s*(<!doctype|<html|<svg|<script|<\?xml|<\?php|#!)", re.IGNORECASE)


@dataclass(frozen=True)
class Sniffed:
    """What a file is, and the name that it is kept under."""

    kind: str
    name: str


def look(content: bytes, name: str, declared: str = "") -> Sniffed:
    """The kind and clean name of a file; raises :class:`Refused` in words when it is not let in.

    ``declared`` is the type that the browser named. It decides nothing; it may only not contradict.
    """
    if not content:
        raise _no("upload_empty", _("This file is empty."), _("Choose it again, or send another copy."))
    kind = _kind(content)
    said = _said(name)
    if said and said != kind:
        raise _no(
            "upload_lies",
            _("This file is called .%(said)s, but it is something else.") % {"said": _ending(name)},
            _("Save it again as a PDF, JPEG, PNG or plain text file, and send that."),
        )
    family = declared.split(";", maxsplit=1)[0].strip().lower()
    if family not in UNSAID and DECLARED.get(family) != kind:
        raise _no(
            "upload_lies",
            _("This file was sent as one kind of file, but it is another."),
            _("Save it again as a PDF, JPEG, PNG or plain text file, and send that."),
        )
    return Sniffed(kind, clean_name(name, kind))


def clean_name(name: str, kind: str) -> str:
    """A file's name without folders, control or turning characters, ending as its real kind does."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", maxsplit=1)[-1])
    plain = "".join(each for each in plain if unicodedata.category(each)[0] not in "CZ" or each == " ")
    plain = re.sub(r'[<>:"|?*%;=`$&\']', "", plain).strip(" .-")
    stem = plain.rsplit(".", maxsplit=1)[0] if "." in plain else plain
    # A second ending, as in "letter.php.pdf", is what some servers look at: it becomes a word.
    stem = stem.replace(".", " ").strip()[:LONGEST_NAME] or _("file")
    return f"{stem}.{ENDINGS[kind][0]}"


def _kind(content: bytes) -> str:
    if content.startswith(ARCHIVES):
        raise _no(
            "upload_archive",
            _("Archives (zip and the like) and office documents are not taken."),
            _("Send each document as a PDF, a photo (JPEG or PNG) or plain text."),
        )
    if content.startswith(b"%PDF-"):
        _check_pdf(content)
        return "pdf"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        _check_png(content)
        return "png"
    if content.startswith(b"\xff\xd8\xff"):
        _check_jpeg(content)
        return "jpeg"
    _check_text(content)
    return "text"


def _check_pdf(content: bytes) -> None:
    if b"%%EOF" not in content[-2048:]:
        raise _broken("PDF")
    if ZIP_END in content[-66_000:]:
        raise _hides()
    if PDF_ACTIVE.search(content):
        raise _no(
            "upload_active",
            _("This PDF holds a form script, an attachment or something that starts by itself."),
            _("Print it to a new PDF, or send a photo of the page."),
        )


def _check_png(content: bytes) -> None:
    at, first = 8, True
    while at + 12 <= len(content):
        length, name = struct.unpack(">I4s", content[at : at + 8])
        if first:
            if name != b"IHDR" or length != 13:
                raise _broken("PNG")
            wide, high = struct.unpack(">II", content[at + 8 : at + 16])
            _check_pixels(wide, high, "PNG")
            first = False
        at += 12 + length
        if name == b"IEND":
            if at != len(content):
                raise _hides()
            return
    raise _broken("PNG")


def _check_jpeg(content: bytes) -> None:
    at, seen = 2, False
    while at + 4 <= len(content):
        if content[at] != 0xFF:
            raise _broken("JPEG")
        marker = content[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        (length,) = struct.unpack(">H", content[at + 2 : at + 4])
        if length < 2:
            raise _broken("JPEG")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if at + 9 > len(content):
                raise _broken("JPEG")
            high, wide = struct.unpack(">HH", content[at + 5 : at + 9])
            _check_pixels(wide, high, "JPEG")
            seen = True
        at += 2 + length
        if marker == 0xDA:
            break
    end = content.rfind(b"\xff\xd9")
    if not seen or end < at:
        raise _broken("JPEG")
    if ZIP_END in content[-66_000:]:
        raise _hides()


def _check_text(content: bytes) -> None:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _no(
            "upload_kind",
            _("This kind of file is not taken."),
            _("Send a PDF, a photo (JPEG or PNG) or plain text in UTF-8."),
        ) from None
    if CONTROLS.search(text) or MARKUP.match(text):
        raise _no(
            "upload_kind",
            _("This is not plain text: it holds markup or control characters."),
            _("Send a PDF, a photo (JPEG or PNG) or plain text."),
        )


def _check_pixels(wide: int, high: int, what: str) -> None:
    if not wide or not high:
        raise _broken(what)
    if wide * high > MOST_PIXELS:
        raise _no(
            "upload_picture",
            _("This picture would unpack to %(count)s million dots; that is too large.")
            % {"count": wide * high // 1_000_000},
            _("Send a smaller copy; a photo from a phone is fine."),
        )


def _said(name: str) -> str:
    ending = _ending(name)
    return next((kind for kind, endings in ENDINGS.items() if ending in endings), ending)


def _ending(name: str) -> str:
    plain = "".join(each for each in name if unicodedata.category(each)[0] != "C")
    base = plain.replace("\\", "/").rsplit("/", maxsplit=1)[-1]
    return base.rsplit(".", maxsplit=1)[1].strip().lower()[:12] if "." in base.strip(".") else ""


def _broken(what: str) -> Refused:
    return _no(
        "upload_broken",
        _("This %(what)s is damaged or was cut off on the way.") % {"what": what},
        _("Open it on your side; if it looks right there, save it again and send that."),
    )


def _hides() -> Refused:
    return _no(
        "upload_hides",
        _("Something else is hidden at the end of this file."),
        _("Print it to a new PDF, or send a photo of the page."),
    )


def _no(code: str, text: str, remedy: str) -> Refused:
    return Refused(Reason(code, text, remedy, field="file"))
