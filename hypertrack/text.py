"""Text that comes from outside, and text that goes where it could do harm."""

import codecs
import re
import unicodedata
from decimal import Decimal
from pathlib import Path

from hypertrack.errors import ConfigError

REPLACEMENT = "\ufffd"
UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Control, format (they turn the direction of writing around) and surrogate characters, and the
separators of lines and paragraphs."""

DELETE = "\x7f"
NOT_PLAIN = re.compile(r"[^\x00-\x7e]")
"""In JSON, what lies below a blank is escaped as it is."""

ACCOUNT = re.compile(r"(?<=://)[^/?#\s]+(?=@)")
"""Of an address, all that stands before its host."""

HYPHEN_FOR_MINUS = re.compile(r"(?<![\w.])-(?=[$\d])")

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


def printable(text: str) -> str:
    """Replace what could steer a terminal, or forge lines of an output."""
    if text.isprintable():  # nearly always, and at once
        return text
    return "".join(REPLACEMENT if unicodedata.category(c) in UNPRINTABLE else c for c in text)


def csv_cell(text: str) -> str:
    """Return text that stays in its cell, and that no spreadsheet takes for a formula."""
    safe = printable(text)
    return f"'{safe}" if safe.lstrip().startswith(FORMULA_STARTS) else safe


def first_line(error: Exception) -> str:
    """Return what an error says on its first line, or what it is called where it says nothing."""
    return printable(str(error).strip().partition("\n")[0]) or type(error).__name__


def with_minus(text: str) -> str:
    """Return text whose numbers below zero carry the minus sign, as every view writes it."""
    return HYPHEN_FOR_MINUS.sub("−", text)


def six_digits(value: float, *, sign: str = "-") -> str:
    """Return ``8,424,470``, ``0.13945`` or ``0.00001234``: never as a power of ten.

    Args:
        sign: ``+`` writes it before gains too.
    """
    return f"{Decimal(f'{value:.6g}'):{sign},f}"


def duration(seconds: float) -> str:
    """Return ``2.94 days``, ``21.8 min`` or ``12 s``."""
    for size_s, unit, digits in ((86_400, "days", 2), (3_600, "h", 1), (60, "min", 1)):
        if seconds >= size_s:
            return f"{seconds / size_s:.{digits}f} {unit}"
    return f"{seconds:.0f} s"


def masked_url(text: str) -> str:
    """Return an address, or a text with some, without the names and passwords they may carry."""
    return ACCOUNT.sub("***", text)


def url_host(host: str) -> str:
    """Return a host as it stands in an address: one of version six in brackets."""
    return f"[{host}]" if ":" in host else host


def ascii_json(encoded: bytes) -> str:
    """Return JSON with all but ASCII escaped: it means the same, and steers no terminal."""
    text = encoded.decode()
    if text.isascii() and DELETE not in text:
        return text
    return NOT_PLAIN.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def read_text(file: Path) -> str:
    """Return the text of a file that a user wrote: UTF-8, with or without byte order mark.

    Lines may end as on any system; here they end in ``\\n``.

    Raises:
        ConfigError: It cannot be read, or is in another encoding; names the line.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from error
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ConfigError(f"{file}:1: is UTF-16, and UTF-8 is needed: save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{file}:{line}: byte 0x{content[error.start]:02x} is not UTF-8: save it as UTF-8"
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
