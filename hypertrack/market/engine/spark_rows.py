"""Sealed hours as Spark reads them: the rows that every reader takes, and why others are left out.

Statements and flaws are those of `store.reading`. What is judged by the usual skew of clocks is
judged by that of the sealed hours.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, Row, SparkSession

from hypertrack.errors import EngineError
from hypertrack.market.engine.spark_dialect import made_of, of_spark, shape_of
from hypertrack.records import (
    MAX_AHEAD_MS,
    Feed,
)
from hypertrack.store.reading.damage import unreadable
from hypertrack.store.reading.raw_tables import READERS
from hypertrack.store.reading.readable_rows import (
    AHEAD,
    JUDGE_AHEAD,
    LAST_RECEIPT,
    MAX_AHEAD_FRAC,
    MIN_FOR_DISBELIEF,
)
from hypertrack.store.reading.truncation import BEGINS

# DuckDB's number of the lower half of an MD5 has its bytes in the opposite order.
_LOW_HALF = ", ".join(f"substr(digest, {at}, 2)" for at in range(31, 15, -2))

# What DuckDB does and Spark does not. Spark alone would take `1d` and ` 1` for numbers, and `$` for
# the place before a line end.
FUNCTIONS = {
    "number_of(text STRING) RETURNS DOUBLE": (
        "CASE WHEN text RLIKE '^[-+0-9.eE]+$' THEN try_cast(text AS DOUBLE) END"
    ),
    "regexp_full_match(text STRING, pattern STRING) RETURNS BOOLEAN": (
        r"text RLIKE concat('^(', pattern, ')\\z')"
    ),
    "isfinite(number DOUBLE) RETURNS BOOLEAN": f"abs(number) <= {sys.float_info.max}",
    "low_half(digest STRING) RETURNS DECIMAL(20, 0)": (
        f"CAST(conv(concat({_LOW_HALF}), 16, 10) AS DECIMAL(20, 0))"
    ),
    "md5_number_lower(text STRING) RETURNS DECIMAL(20, 0)": "low_half(md5(text))",
}

COUNT_FLAWS = """
SELECT flaw, count(*) AS n, max(received_ms(received_ns)) AS last_ms,
    max({time} - received_ms(received_ns)) AS ahead_ms,
    max(CASE WHEN received_ms(received_ns) IS NULL THEN {time} END) AS unreceived_ms
FROM {rows} GROUP BY flaw ORDER BY flaw
"""


class SealedRows(NamedTuple):
    """What the sealed hours of a feed hold."""

    rows: DataFrame
    n_rows: int
    unread: Mapping[str, int]
    """Rows left out, by what is wrong with them."""
    damaged: tuple[str, ...]
    """Hours that cannot be read."""


def define_functions(session: SparkSession) -> None:
    """Let a session know the functions that statements of this file use."""
    for signature, body in FUNCTIONS.items():
        session.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {signature} RETURN {body}")


def read_sealed(session: SparkSession, feed: Feed, places: Sequence[str]) -> SealedRows:
    """Return the rows of sealed hours that can be read.

    Args:
        session: Knows the functions, and the rows that are not sealed as ``open_{feed}``.
        feed: Which to read.
        places: Files or URLs of its sealed hours.

    Raises:
        EngineError: They could not be read, though no hour is damaged.
    """
    try:
        return _read(session, feed, places)
    except (PySparkException, Py4JJavaError) as error:
        # Of another machine's files nobody here can tell which one it was.
        lost = set(unreadable(map(local_path, places)))
        damaged = tuple(place for place in places if local_path(place) in lost)
        if not damaged:
            place = places[0].rpartition("/")[0]
            raise EngineError(
                f"Spark could not read {place}: its workers must see it under the same name"
            ) from error
        rest = [place for place in places if place not in damaged]
        return _read(session, feed, rest)._replace(damaged=damaged)


def local_path(place: str) -> Path:
    """Return where a file is on this machine, if it is; Hadoop writes ``file:/data`` for it."""
    return Path(place.removeprefix("file:"))


def _read(session: SparkSession, feed: Feed, places: Sequence[str]) -> SealedRows:
    sealed = f"sealed_{feed}"
    columns, statement, flaws = READERS[feed]
    shape = shape_of(columns)
    reader = session.read.schema(shape)
    paths = map(_literal, places)
    files = reader.parquet(*paths) if places else session.createDataFrame([], shape)
    files.createOrReplaceTempView(sealed)
    ((_name, rows_of),) = made_of(statement.format(source=sealed))
    session.sql(rows_of).createOrReplaceTempView(f"{sealed}_rows")
    cases = " ".join(
        f"WHEN ({flaw.is_fine}) IS NOT TRUE THEN {nth}" for nth, flaw in enumerate(flaws)
    )
    judged = session.sql(of_spark(f"SELECT *, CASE {cases} END AS flaw FROM {sealed}_rows"))
    judged.createOrReplaceTempView(f"{sealed}_judged")
    counted = of_spark(COUNT_FLAWS.format(time=BEGINS[feed], rows=f"{sealed}_judged"))
    found = session.sql(counted).collect()
    rows = judged.filter("flaw IS NULL").drop("flaw")
    unread = {flaws[each.flaw].reason: each.n for each in found if each.flaw is not None}
    n_rows = 0
    for fine in (each for each in found if each.flaw is None):
        rows, n_ahead = _drop_ahead(session, feed, rows, fine)
        unread |= {AHEAD: n_ahead} if n_ahead else {}
        n_rows = fine.n - n_ahead
    return SealedRows(rows, n_rows, unread, ())


def _drop_ahead(
    session: SparkSession, feed: Feed, rows: DataFrame, fine: Row
) -> tuple[DataFrame, int]:
    """Return rows without those whose time lies beyond receipt, and how many these are."""
    _flaw, n, last_ms, ahead_ms, unreceived_ms = fine
    if unreceived_ms is not None:
        statement = of_spark(LAST_RECEIPT.format(table=f"open_{feed}"))
        last_ms = max(last_ms or 0, session.sql(statement).collect()[0][0] or 0)
        ahead_ms = max(ahead_ms or 0, unreceived_ms - last_ms)
    if not last_ms or ahead_ms is None or ahead_ms <= MAX_AHEAD_MS:
        return rows, 0
    view = f"fine_{feed}"
    rows.createOrReplaceTempView(view)
    names = {"table": view, "row": "*", "time": BEGINS[feed], "last_ms": last_ms}
    told = session.sql(of_spark(JUDGE_AHEAD.format(**names)))
    n_ahead = told.filter("is_ahead").count()
    if n >= MIN_FOR_DISBELIEF and n_ahead > MAX_AHEAD_FRAC * n:
        return rows, 0
    return told.filter("is_ahead IS NOT TRUE").drop("is_ahead"), n_ahead


def _literal(place: str) -> str:
    """Return a place as Hadoop reads it, which takes brackets and stars for patterns."""
    return "".join(f"\\{letter}" if letter in "\\{}[]*?," else letter for letter in place)
