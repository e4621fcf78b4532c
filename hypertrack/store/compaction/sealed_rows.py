"""The rows of sealed hours: which columns the lines of each feed become."""

from collections.abc import Mapping
from typing import Any

from hypertrack.records import Feed, Record, decode_json, encode_json

HOUR_FORMAT = "%Y-%m-%dT%H"
"""How a sealed hour is called, in UTC."""

LEVEL = {"px": "VARCHAR", "sz": "VARCHAR", "n": "BIGINT"}

Shape = Mapping[str, Any]


class Layout(Record, frozen=True, kw_only=True):
    """How the lines of a feed become the rows of a sealed hour."""

    shape: Shape
    """The venue's fields that are read, with their types."""
    time_ms: str
    """The exchange time of a line, from ``fields``."""
    order: tuple[str, ...]
    """The columns by which an hour is sorted."""
    has_line: bool = False
    """The line is kept as it is, instead of a column for each field."""

    @property
    def columns(self) -> str:
        """Return the columns of a sealed hour, from ``fields``, ``line`` and ``rest``."""
        if self.has_line:
            return f"fields.received_ns, fields.{self.order[0]}, {self.time_ms} AS time_ms, line"
        fields = ", ".join(f'fields."{name}" AS "{name}"' for name in self.shape)
        return f"{fields}, nullif(rest, '{{}}') AS rest"

    @property
    def is_kept(self) -> str:
        """Return whether the columns give back every character of every field of a line."""
        if self.has_line:
            return "fields IS NOT NULL"
        same = [
            f"to_json(fields.\"{name}\")::VARCHAR = (object->'$.{name}')::VARCHAR"
            for name in self.shape
        ]
        same.append(f"len(json_keys(object)) = {len(self.shape)} + len(json_keys(rest))")
        return f"fields IS NOT NULL AND {' AND '.join(same)}"


CHAIN_SHAPE: Shape = {"received_ns": "BIGINT", "chain": "VARCHAR"}

LAYOUTS: Mapping[Feed, Layout] = {
    Feed.TRADES: Layout(
        shape={
            **{"received_ns": "BIGINT", "coin": "VARCHAR", "side": "VARCHAR", "px": "VARCHAR"},
            **{"sz": "VARCHAR", "time": "BIGINT", "hash": "VARCHAR", "tid": "BIGINT"},
            "users": ["VARCHAR"],
        },
        time_ms="fields.time",
        order=("coin", "time"),
    ),
    Feed.BBO: Layout(
        shape={"received_ns": "BIGINT", "coin": "VARCHAR", "time": "BIGINT", "bbo": [LEVEL]},
        time_ms="fields.time",
        order=("coin", "time"),
    ),
    Feed.L2BOOK: Layout(
        shape={
            **{"received_ns": "BIGINT", "coin": "VARCHAR", "time": "BIGINT"},
            "levels": [[LEVEL]],
        },
        time_ms="fields.time",
        order=("coin", "time"),
    ),
    # A candle's ``T`` is left to the rest, since names of columns do not differ by case.
    Feed.CANDLES: Layout(
        shape={
            **{"received_ns": "BIGINT", "t": "BIGINT", "s": "VARCHAR", "i": "VARCHAR"},
            **dict.fromkeys("ochlv", "VARCHAR"),
            "n": "BIGINT",
        },
        time_ms="fields.t",
        order=("s", "t"),
    ),
    # Perps and spot say different things, and nulls mean something: lines stay lines.
    Feed.CONTEXTS: Layout(
        shape={"received_ns": "BIGINT", "exchange_time_ms": "BIGINT", "coin": "VARCHAR"},
        time_ms="fields.exchange_time_ms",
        order=("coin", "time_ms"),
        has_line=True,
    ),
    # Objects of two chains and many shapes, with nulls that mean something: lines stay lines.
    Feed.BLOCKS: Layout(
        shape={**CHAIN_SHAPE, "blockTime": "BIGINT", "timestamp": "VARCHAR"},
        time_ms="coalesce(fields.blockTime, try_cast(fields.timestamp AS BIGINT) * 1000)",
        order=("chain", "time_ms"),
        has_line=True,
    ),
    Feed.TRANSACTIONS: Layout(
        shape={**CHAIN_SHAPE, "time": "BIGINT", "blockTimestamp": "VARCHAR"},
        time_ms="coalesce(fields.time, try_cast(fields.blockTimestamp AS BIGINT) * 1000)",
        order=("chain", "time_ms"),
        has_line=True,
    ),
}


def line_of(row: Mapping[str, Any]) -> bytes:
    """Return the line that became a row of a sealed hour, its fields as they came."""
    if "line" in row:
        return str(row["line"]).encode()
    rest = decode_json(row.get("rest") or "{}", dict[str, Any])
    fields = {name: value for name, value in row.items() if value is not None and name != "rest"}
    return encode_json(fields | rest)
