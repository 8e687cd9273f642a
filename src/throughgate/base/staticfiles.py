"""Serves the few files that pages need from other packages, and nothing else of those packages.

Static files stay few because every one of them is scanned when a server starts. Put ``PackageFinder``
into ``STATICFILES_FINDERS`` and leave django_htmx out of ``INSTALLED_APPS``: its middleware works without.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import allauth
import django_htmx
import fontpkg_public_sans
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage, Storage

_FONT = Path(fontpkg_public_sans.ROOT) / "files"
_ALLAUTH = Path(allauth.__file__).parent
_HTMX = Path(django_htmx.__file__).parent / "static" / "django_htmx"

# Name under STATIC_URL -> the file in its package.
FILES: dict[str, Path] = {
    "fonts/public-sans.ttf": _FONT / "PublicSans[wght].ttf",
    "fonts/public-sans-italic.ttf": _FONT / "PublicSans-Italic[wght].ttf",
    "vendor/htmx.min.js": _HTMX / "htmx-2.min.js",
    # Passkeys and recovery codes; the names are those that allauth's pages ask for.
    "account/js/account.js": _ALLAUTH / "account" / "static" / "account" / "js" / "account.js",
    "account/js/onload.js": _ALLAUTH / "account" / "static" / "account" / "js" / "onload.js",
    "mfa/js/recovery_codes.js": _ALLAUTH / "mfa" / "static" / "mfa" / "js" / "recovery_codes.js",
    "mfa/js/webauthn-json.js": _ALLAUTH / "mfa" / "static" / "mfa" / "js" / "webauthn-json.js",
    "mfa/js/webauthn.js": _ALLAUTH / "mfa" / "static" / "mfa" / "js" / "webauthn.js",
}


class PackageStorage(FileSystemStorage):
    """Read-only storage whose names are the keys of ``FILES``."""

    def path(self, name: str) -> str:
        """The file behind ``name``; KeyError for a name that is not served."""
        return str(FILES[name])


class PackageFinder(BaseFinder):
    """Finds ``FILES`` for runserver, the tests and collectstatic."""

    storage = PackageStorage()

    def check(self, **kwargs: Any) -> list[Any]:
        """Nothing to configure, so nothing to check."""
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        """The file served as ``path``; an empty list when it is not one of ours."""
        found = FILES.get(path)
        if found is None:
            return []
        return [str(found)] if find_all else str(found)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[tuple[str, Storage]]:
        """Every served name with the storage that opens it."""
        for name in FILES:
            yield name, self.storage
