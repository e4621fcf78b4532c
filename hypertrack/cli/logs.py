"""What happens, as lines on stderr: for people, or one JSON object a line for machines."""

import logging
import sys

from hypertrack.clock import utc
from hypertrack.text import ascii_json, printable

TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
"""What every record has; whatever else one has are its fields."""


class JsonLines(logging.Formatter):
    """Writes ``{"time","level","event","logger", fields}``; the event is the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        from hypertrack.records import encode_json

        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            "logger": record.name,
        }
        line |= {key: value for key, value in vars(record).items() if key not in STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return ascii_json(encode_json(line))


class TextLines(logging.Formatter):
    """Writes a line for people, whatever the message holds; a traceback follows on its own."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: ARG002, N802  # logging's own name
        """Return the time in UTC."""
        return _time(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  # logging's own name
        """Return the line of a record."""
        return printable(super().formatMessage(record))


def _time(record: logging.LogRecord) -> str:
    return utc(round(record.created * 1_000), timespec="milliseconds")


def log_to_stderr(level: int, *, is_json: bool) -> None:
    """Send log lines to stderr, unless whoever called us has its own way with them."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if is_json else TextLines(TEXT))
    logging.basicConfig(level=level, handlers=[handler])


def say_error(text: str) -> None:
    """Say why the command ends: one line on stderr, in the form that log lines have."""
    if any(isinstance(handler.formatter, JsonLines) for handler in logging.root.handlers):
        logging.getLogger("hypertrack").error(text)
    else:
        sys.stderr.write(f"error: {printable(' '.join(text.splitlines()))}\n")
