"""Logs as one JSON object a line, without personal data: no query strings, no form values, no SQL."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from throughgate.base import scope


class JsonFormatter(logging.Formatter):
    """Writes time, level, logger, message, request id and where an exception came from."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; an exception is told by its type and place, because its text may hold a value."""
        context = scope.current()
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "from": record.name,
            "message": record.getMessage().split("?", 1)[0],
            "request": context.request_id if context else None,
        }
        if record.exc_info and record.exc_info[0]:
            trace = record.exc_info[2]
            while trace and trace.tb_next:
                trace = trace.tb_next
            line["exception"] = record.exc_info[0].__name__
            if trace:
                line["where"] = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        return json.dumps({key: value for key, value in line.items() if value is not None})
