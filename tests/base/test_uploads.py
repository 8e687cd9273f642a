"""The door for files: known kinds by content, lies and bombs refused in words, nothing shown or run."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client, override_settings
from hypothesis import given, settings
from hypothesis import strategies as some

from throughgate.base import scope
from throughgate.base.errors import Refused
from throughgate.base.scope import Audience, Context
from throughgate.base.uploads import actions, sniff

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


def png(wide: int = 4, high: int = 4, tail: bytes = b"") -> bytes:
    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I4s", len(data), name) + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", wide, high, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 20)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"") + tail


def jpeg(wide: int = 4, high: int = 4, tail: bytes = b"") -> bytes:
    frame = struct.pack(">BHHB", 8, high, wide, 1) + b"\x01\x11\x00"
    scan = b"\x01\x01\x00\x00\x3f\x00"
    return (
        b"\xff\xd8"
        + b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0\1\1\0\0\1\0\1\0\0"
        + b"\xff\xc0" + struct.pack(">H", 2 + len(frame)) + frame
        + b"\xff\xda" + struct.pack(">H", 2 + len(scan)) + scan + b"\x12\x34\xff\xd9" + tail
    )  # fmt: skip


def zipped(size: int = 1000) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"0" * size)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "name", "declared", "kind", "kept"),
    [
        (PDF, "letter.pdf", "application/pdf", "pdf", "letter.pdf"),
        (PDF, "LETTER.PDF", "", "pdf", "LETTER.pdf"),
        (png(), "photo.png", "image/png", "png", "photo.png"),
        (jpeg(), "photo.JPG", "image/jpeg", "jpeg", "photo.jpg"),
        (jpeg(), "photo.jpeg", "image/jpg", "jpeg", "photo.jpg"),
        ("Dear sir, señora".encode(), "note.txt", "text/plain; charset=utf-8", "text", "note.txt"),
        ("\ufeffwith a mark".encode(), "note", "application/octet-stream", "text", "note.txt"),
        (PDF, "../../etc/passwd.pdf", "", "pdf", "passwd.pdf"),
        (PDF, "C:\\temp\\a.php.pdf", "", "pdf", "a php.pdf"),
        (PDF, "\u202efdp.exe.pdf", "", "pdf", "fdp exe.pdf"),
        (PDF, "a\r\nSet-Cookie: x.pdf", "", "pdf", "aSet-Cookie x.pdf"),
        (PDF, ".pdf", "", "pdf", "pdf.pdf"),
        (PDF, "", "", "pdf", "file.pdf"),
    ],
)
def test_the_short_list_comes_in_under_a_clean_name(
    content: bytes, name: str, declared: str, kind: str, kept: str
) -> None:
    found = sniff.look(content, name, declared)
    assert (found.kind, found.name) == (kind, kept)


REFUSED = {
    "nothing": (b"", "a.pdf", "", "upload_empty"),
    "zip": (zipped(), "a.zip", "application/zip", "upload_archive"),
    "zip called pdf": (zipped(), "a.pdf", "application/pdf", "upload_archive"),
    "office document": (zipped(), "a.docx", "", "upload_archive"),
    "zip bomb": (zipped(5_000_000), "a.pdf", "application/pdf", "upload_archive"),
    "gzip bomb": (gzip.compress(b"0" * 5_000_000), "a.txt", "text/plain", "upload_archive"),
    "zip behind pdf": (PDF + zipped() + b"%%EOF", "a.pdf", "", "upload_hides"),
    "zip behind png": (png(tail=zipped()), "a.png", "", "upload_hides"),
    "zip behind jpeg": (jpeg(tail=zipped()), "a.jpg", "", "upload_hides"),
    "text called pdf": (b"hello there", "a.pdf", "application/pdf", "upload_lies"),
    "pdf called png": (PDF, "a.png", "image/png", "upload_lies"),
    "pdf sent as picture": (PDF, "a.pdf", "image/png", "upload_lies"),
    "program sent as text": (b"echo hi", "a.txt", "application/x-msdownload", "upload_lies"),
    "program ending": (b"hello", "run.exe", "", "upload_lies"),
    "windows program": (b"MZ\x90\0\3\0\0\0\4\0", "a.pdf", "application/pdf", "upload_kind"),
    "elf": (b"\x7fELF\2\1\1", "a", "", "upload_kind"),
    "html": (b"<!DOCTYPE html><script>alert(1)</script>", "a.txt", "text/plain", "upload_kind"),
    "svg": (b"<svg onload=alert(1)>", "a.txt", "", "upload_kind"),
    "php": (b"<?php system('id');", "a.txt", "", "upload_kind"),
    "shell": (b"#!/bin/sh\nrm", "a.txt", "", "upload_kind"),
    "latin text": ("señora".encode("latin-1"), "a.txt", "text/plain", "upload_kind"),
    "text with nul": (b"a\0b", "a.txt", "", "upload_kind"),
    "text turned round": ("a\u202eb".encode(), "a.txt", "", "upload_kind"),
    "gif": (b"GIF89a\1\0\1\0\0\0\0;", "a.gif", "image/gif", "upload_kind"),
    "cut pdf": (PDF[:40], "a.pdf", "", "upload_broken"),
    "cut png": (png()[:30], "a.png", "", "upload_broken"),
    "cut jpeg": (jpeg()[:24], "a.jpg", "", "upload_broken"),
    "huge picture": (png(60_000, 60_000), "a.png", "", "upload_picture"),
    "huge photo": (jpeg(65_000, 65_000), "a.jpg", "", "upload_picture"),
    "picture of nothing": (png(0, 4), "a.png", "", "upload_broken"),
    "pdf with script": (PDF.replace(b"/Type", b"/JavaScript (x) /Type"), "a.pdf", "", "upload_active"),
    "pdf with a file": (PDF.replace(b"/Type", b"/EmbeddedFile 1 /Type"), "a.pdf", "", "upload_active"),
    "pdf that starts": (PDF.replace(b"/Type", b"/Launch 1 /Type"), "a.pdf", "", "upload_active"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_everything_else_is_refused_in_words(what: str) -> None:
    content, name, declared, code = REFUSED[what]
    with pytest.raises(Refused) as refused:
        sniff.look(content, name, declared)
    (reason,) = refused.value.reasons
    assert reason.code == code
    assert reason.text
    assert reason.remedy


HEADS = [b"", PDF[:9], b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0", b"PK\x03\x04"]


@settings(max_examples=200, deadline=None)
@given(some.sampled_from(HEADS), some.binary(max_size=300), some.text(max_size=40), some.text(max_size=20))
def test_any_bytes_and_names_end_in_a_kind_or_in_words(
    head: bytes, content: bytes, name: str, declared: str
) -> None:
    try:
        found = sniff.look(head + content, name, declared)
    except Refused as refused:
        assert all(reason.text and reason.remedy for reason in refused.reasons)
    else:
        assert found.kind in sniff.ENDINGS
        assert "/" not in found.name
        assert found.name.isprintable()
        assert found.name.count(".") == 1
        assert len(found.name) <= 120


@pytest.mark.django_db
def test_a_file_is_kept_guarded_and_given_out_as_a_download_only() -> None:
    file = SimpleUploadedFile("a b.pdf", PDF, "application/pdf")
    upload = actions.take(file=file, purpose="test", subject="X", given_by="Someone")
    answer = actions.answer(upload.code)
    assert answer is not None
    assert answer.content == PDF
    assert answer["Content-Disposition"] == "attachment; filename*=UTF-8''a%20b.pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer["Content-Security-Policy"]
    for audience in Audience:
        if audience == Audience.JOB:
            continue
        for table in ("uploads_upload", "uploads_bytes"):
            with (
                pytest.raises(DatabaseError, match="permission denied"),
                transaction.atomic(),
                scope.enter(Context(audience=audience)),
                connection.cursor() as cursor,
            ):
                cursor.execute(f"SELECT * FROM {table}")
    actions.remove(upload.code)
    assert actions.answer(upload.code) is None


@pytest.mark.django_db
def test_a_file_that_is_too_large_or_missing_is_refused_in_words() -> None:
    with pytest.raises(Refused, match="larger than"):
        actions.take(
            file=SimpleUploadedFile("a.txt", b"x" * 101),
            purpose="test", subject="X", given_by="", most_bytes=100,
        )  # fmt: skip
    with pytest.raises(Refused, match="No file"):
        actions.take(file=None, purpose="test", subject="X", given_by="")


@pytest.mark.django_db
@override_settings(UPLOAD_BYTES=1000)
def test_a_body_far_too_large_is_not_read_at_all() -> None:
    file = SimpleUploadedFile("a.txt", b"x" * (2 * 1024 * 1024), "text/plain")
    answer = Client().post("/account/login/", {"file": file})
    assert answer.status_code == 400
