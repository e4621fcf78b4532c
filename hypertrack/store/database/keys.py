"""What tells lines apart, read from the lines: the venue's spellings to columns of a table."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Any

import pyarrow as pa

from hypertrack.records import (
    Feed,
    JsonError,
    Record,
    as_tuple,
    decode_json,
    encode_json,
    json_decoder,
    replace,
)
from hypertrack.store.database.schema import INTEGER, KEYS, TEXT
from hypertrack.store.files.session import quarantine_line

MAX_INTEGER = 2**63

ASIDE = ("received_ns", "request")
"""How and when a fill came, which tells nothing of it."""


class _TradeKey(Record, frozen=True):
    time: int
    coin: str
    tid: int


class _QuoteKey(Record, frozen=True):
    time: int
    coin: str
    received_ns: int


class _CandleKey(Record, frozen=True):
    t: int
    s: str
    i: str
    received_ns: int


class _ContextKey(Record, frozen=True):
    exchange_time_ms: int
    coin: str
    received_ns: int


class _ChainKey(Record, frozen=True):
    chain: str
    hash: str


class _FillKey(Record, frozen=True):
    time: int
    coin: str
    tid: int
    user: str
    side: str


READERS: Mapping[str, type[Record]] = {
    Feed.TRADES: _TradeKey,
    Feed.BBO: _QuoteKey,
    Feed.L2BOOK: _QuoteKey,
    Feed.CANDLES: _CandleKey,
    Feed.CONTEXTS: _ContextKey,
    Feed.BLOCKS: _ChainKey,
    Feed.TRANSACTIONS: _ChainKey,
    "fills": _FillKey,
}
"""Fields in the order of the columns of `KEYS`."""

_DECODERS = {table: json_decoder(kind) for table, kind in READERS.items()}
_ARROW = {INTEGER: pa.int64(), TEXT: pa.string()}


def rows_of(table: str, lines: Sequence[bytes], session_id: int) -> pa.Table:
    """Return lines as rows of a table: ``nth, session_id``, the columns of its key, ``line``.

    Args:
        lines: Each one text that a database can hold (`as_text`).
    """
    columns = {
        "nth": pa.array(range(len(lines)), pa.int64()),
        "session_id": pa.array([session_id] * len(lines), pa.int64()),
    }
    if key := KEYS[table]:
        values = zip(*(_key(table, line, len(key)) for line in lines), strict=True)
        for (name, kind), column in zip(key.items(), values, strict=True):
            columns[name] = pa.array(column, _ARROW[kind])
    columns["line"] = pa.array(lines, pa.binary()).cast(pa.string())
    return pa.table(columns)


def as_text(lines: Iterable[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Return the lines that are text, and those that are not as lines of the quarantine."""
    kept, foreign = [], []
    for line in filter(None, lines):
        if b"\0" in line or not _is_text(line):
            foreign.append(quarantine_line(line, "no text that a database can hold").rstrip())
        else:
            kept.append(line)
    return kept, foreign


def _is_text(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _key(table: str, line: bytes, n_columns: int) -> tuple[int | str | None, ...]:
    """Return what tells a line apart; nothing but None where it does not say."""
    try:
        found = _DECODERS[table].decode(line)
    except (JsonError, UnicodeDecodeError):
        return (None,) * n_columns
    if isinstance(found, _FillKey) and not found.tid:
        found = replace(found, tid=_dust_id(line))
    key = as_tuple(found)
    return key if all(map(_fits, key)) else (None,) * n_columns


def _dust_id(line: bytes) -> int:
    """Return what tells fills apart whose id is 0: a negative number made of all that they say."""
    fill = decode_json(line, dict[str, Any])
    said = {key: value for key, value in fill.items() if key not in ASIDE}
    return -1 - (int.from_bytes(blake2b(encode_json(said), digest_size=8).digest(), "big") >> 1)


def _fits(value: int | str) -> bool:
    return abs(value) < MAX_INTEGER if isinstance(value, int) else "\0" not in value
