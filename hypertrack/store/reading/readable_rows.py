"""Which rows every reader takes: the bounds of `records.bounds` as SQL, one reason a flaw.

A row that is in a dataset already and cannot be meant is left out, whoever wrote it, and counted in
``unread_lines`` by what is wrong with it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import duckdb

from hypertrack.records import (
    HOUR_MS,
    MAX_AHEAD_MS,
    MAX_AMOUNT,
    MAX_COUNT,
    MAX_FUNDING_RATE,
    MAX_TIME_MS,
    MIN_AMOUNT,
    MIN_TIME_MS,
)

MACROS = f"""
CREATE OR REPLACE MACRO is_time(ms) AS ms BETWEEN {MIN_TIME_MS} AND {MAX_TIME_MS - 1};
CREATE OR REPLACE MACRO received_ms(ns) AS
    CASE WHEN is_time(ns // 1000000) THEN ns // 1000000 END;
CREATE OR REPLACE MACRO is_positive(number) AS number BETWEEN {MIN_AMOUNT} AND {MAX_AMOUNT};
CREATE OR REPLACE MACRO positive(text) AS
    CASE WHEN is_positive(try_cast(text AS DOUBLE)) THEN try_cast(text AS DOUBLE) END;
CREATE OR REPLACE MACRO not_negative(text) AS
    CASE WHEN try_cast(text AS DOUBLE) BETWEEN 0 AND {MAX_AMOUNT} THEN try_cast(text AS DOUBLE) END;
CREATE OR REPLACE MACRO signed(text) AS
    CASE WHEN abs(try_cast(text AS DOUBLE)) <= {MAX_AMOUNT} THEN try_cast(text AS DOUBLE) END;
CREATE OR REPLACE MACRO rate_of_funding(text) AS
    CASE WHEN abs(signed(text)) <= {MAX_FUNDING_RATE} THEN signed(text) END;
CREATE OR REPLACE MACRO is_count(number) AS number BETWEEN 0 AND {MAX_COUNT};
CREATE OR REPLACE MACRO is_wallet(text) AS regexp_full_match(text, '0[xX][0-9a-fA-F]{{40}}');
CREATE OR REPLACE MACRO identity(id, said) AS
    CASE WHEN id > 0 THEN id WHEN id = 0 THEN -1 - (md5_number_lower(said) // 2)::BIGINT END;
"""

TORN = "torn, or not of its feed's shape"
TIME = "time out of range"
AMOUNT = "price or size out of range"
WALLET = "no wallet's address"
COUNT = "count of trades out of range"
AHEAD = "time ahead of its receipt"

UNREAD_LINES = """
CREATE TABLE IF NOT EXISTS unread_lines (feed VARCHAR, reason VARCHAR, n_lines BIGINT)
"""

# Rows an hour of receipt needs before its own skew is believed: one bad row is not a skew.
MIN_FOR_SKEW = 10

# The clocks of venue and recorder may differ; what is common to most rows is skew, what a few do
# is a row that cannot be meant. A row without a time of receipt was received by the last one's.
LAST_RECEIPT = "SELECT max(received_ms(received_ns)) FROM {table}"
HAS_NO_RECEIPT = "SELECT count(*) FROM {table} WHERE received_ms(received_ns) IS NULL"
FARTHEST_AHEAD = """
SELECT max({time} - coalesce(received_ms(received_ns), {last_ms})) FROM {table}
"""
JUDGE_AHEAD = f"""
WITH skews AS (
    SELECT received_ms(received_ns) // {HOUR_MS} AS hour,
        CASE WHEN count(*) >= {MIN_FOR_SKEW} THEN median({{time}} - received_ms(received_ns)) END
            AS skew_ms
    FROM {{table}} WHERE received_ms(received_ns) IS NOT NULL GROUP BY hour
),
usual AS (
    SELECT quantile_disc({{time}} - received_ms(received_ns), 0.5) AS skew_ms FROM {{table}}
)
SELECT {{table}}.{{row}}, {{time}} - coalesce(received_ms(received_ns), {{last_ms}})
    > {MAX_AHEAD_MS} + greatest(0, coalesce(usual.skew_ms, 0), coalesce(skews.skew_ms, 0))
    AS is_ahead
FROM {{table}} CROSS JOIN usual
LEFT JOIN skews ON skews.hour = received_ms(received_ns) // {HOUR_MS}
"""
FIND_AHEAD = f"CREATE OR REPLACE TEMP TABLE ahead AS SELECT nth FROM ({JUDGE_AHEAD}) WHERE is_ahead"
DROP_AHEAD = "DELETE FROM {table} WHERE rowid IN (SELECT nth FROM ahead)"

# Counted with a filter, as DuckDB would ask a condition of every row before it looks for names.
COUNT_OTHER_NAMES = """
SELECT count(*) FILTER (is_wallet(name) IS NOT TRUE) FROM ({said})
"""

# Where so many of so many rows are ahead it is the clock of receipt that cannot be believed: that
# of a simulated venue at many times the speed of time, for one.
MIN_FOR_DISBELIEF = 100
MAX_AHEAD_FRAC = 1 / 3


class Flaw(NamedTuple):
    """What makes a row unreadable."""

    reason: str
    is_fine: str
    """Over the columns of the row; one of which this is not known has the flaw."""
    names: tuple[str, ...] = ()
    """Columns of addresses, where it asks of each whether it is one: each is judged once, as there
    are many more rows than wallets."""


def drop_unreadable(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    flaws: Sequence[Flaw],
    *,
    feed: str,
    time: str | None = "time_ms",
    last_receipt_ms: Callable[[], int] | None = None,
) -> tuple[int, int]:
    """Delete the rows that cannot be meant from a table of rows, and write down why.

    Args:
        table: Has ``received_ns``, where ``time`` is given.
        flaws: The first one that a row has is its reason.
        feed: Under which they are counted.
        time: The column of exchange time that must not lie ahead of receipt; None for none.
        last_receipt_ms: As for `drop_ahead`.

    Returns:
        Rows kept, and rows deleted.
    """
    n_all = count(connection, f"SELECT count(*) FROM {table}")
    flaws = [flaw for flaw in flaws if not _is_nowhere(connection, table, flaw)]
    is_fine = " AND ".join(f"({flaw.is_fine})" for flaw in flaws) or "true"
    n_unread = count(connection, f"SELECT count(*) FROM {table} WHERE ({is_fine}) IS NOT TRUE")
    if n_unread:
        cases = " ".join(f"WHEN ({f.is_fine}) IS NOT TRUE THEN {_text(f.reason)}" for f in flaws)
        connection.execute(
            f"INSERT INTO unread_lines SELECT {_text(feed)}, CASE {cases} END AS reason, count(*) "
            f"FROM {table} WHERE ({is_fine}) IS NOT TRUE GROUP BY reason ORDER BY reason"
        )
        connection.execute(f"DELETE FROM {table} WHERE ({is_fine}) IS NOT TRUE")
    n_ahead = drop_ahead(connection, table, time, last_receipt_ms) if time else 0
    if n_ahead:
        row = f"{_text(feed)}, {_text(AHEAD)}, {n_ahead}"
        connection.execute(f"INSERT INTO unread_lines VALUES ({row})")
    return n_all - n_unread - n_ahead, n_unread + n_ahead


def drop_ahead(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    time: str = "time_ms",
    last_receipt_ms: Callable[[], int] | None = None,
) -> int:
    """Delete the rows whose exchange time lies beyond receipt, after the usual skew; count them.

    Args:
        connection: Knows the macros.
        table: Has ``received_ns``.
        time: The column of exchange time.
        last_receipt_ms: Gives the last receipt of all rows, 0 without any, where the table has
            some of them; asked only where a row tells none of its own.
    """
    last_ms = count(connection, LAST_RECEIPT.format(table=table))
    if last_receipt_ms and count(connection, HAS_NO_RECEIPT.format(table=table)):
        last_ms = max(last_ms, last_receipt_ms())
    if not last_ms:
        return 0
    names = {"table": table, "row": "rowid AS nth", "time": time, "last_ms": last_ms}
    if count(connection, FARTHEST_AHEAD.format(**names)) <= MAX_AHEAD_MS:
        return 0
    connection.execute(FIND_AHEAD.format(**names))
    n_ahead = count(connection, "SELECT count(*) FROM ahead")
    n_rows = count(connection, f"SELECT count(*) FROM {table}")
    if n_rows >= MIN_FOR_DISBELIEF and n_ahead > MAX_AHEAD_FRAC * n_rows:
        return 0
    return count(connection, DROP_AHEAD.format(**names))


def unread_by_reason(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return the lines of a dataset that no reader takes, most frequent reason first."""
    statement = (
        "SELECT reason, sum(n_lines)::BIGINT AS n FROM unread_lines GROUP BY reason "
        "ORDER BY n DESC, reason"
    )
    return dict(connection.execute(statement).fetchall())


def count(connection: duckdb.DuckDBPyConnection, statement: str) -> int:
    """Return the one number that a statement gives, 0 for none."""
    rows = connection.execute(statement).fetchall()  # all: DuckDB 2.0 wants results finished
    return int(rows[0][0] or 0) if rows else 0


def _is_nowhere(connection: duckdb.DuckDBPyConnection, table: str, flaw: Flaw) -> bool:
    """Return whether all names that rows say are wallets, where that is what the flaw asks."""
    if not flaw.names:
        return False
    said = " UNION ".join(f"SELECT {name} AS name FROM {table}" for name in flaw.names)
    statement = COUNT_OTHER_NAMES.format(said=said)
    return count(connection, statement) == 0


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
