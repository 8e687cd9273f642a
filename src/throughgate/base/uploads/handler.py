"""Stops a form that is far too large before its body is read: outside the staff's pages, files are small."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler

# Room for the other fields of the form around the file.
AROUND = 1024 * 1024
# Imports of custody extracts and directories stand behind sign-in and are large by nature.
LARGE = ("/staff/",)


class SmallBodies(FileUploadHandler):
    """Refuses a body of more than the largest file and a little; the answer is a plain 400 page."""

    def handle_raw_input(
        self, input_data: Any, META: dict[str, Any], content_length: int, boundary: Any, encoding: Any = None
    ) -> None:
        """Look at the announced length only."""
        path = str(META.get("PATH_INFO", ""))
        if content_length > settings.UPLOAD_BYTES + AROUND and not path.startswith(LARGE):
            raise RequestDataTooBig("The form is larger than a file may be.")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Pass the data on to the handlers that keep it."""
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Keep nothing here."""
