"""What is stored already of the venue's answers, for whoever asks on."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import duckdb

from hypertrack.config import DatabaseUrl
from hypertrack.store.reading.due_hours import DUE_MS, IS_DUE
from hypertrack.store.reading.opening import open_lines
from hypertrack.store.reading.recorded_lines import Lines
from hypertrack.store.reading.relations import Columns

Row = tuple[Any, ...]

FILL_COLUMNS: Columns = {
    **{"user": "VARCHAR", "coin": "VARCHAR", "side": "VARCHAR", "time": "BIGINT"},
    **{"tid": "BIGINT", "oid": "BIGINT", "px": "VARCHAR", "sz": "VARCHAR"},
    **{"hash": "VARCHAR", "startPosition": "VARCHAR"},
}
FLOW_COLUMNS: Columns = {
    **{"user": "VARCHAR", "time": "BIGINT", "hash": "VARCHAR", "delta": "JSON"},
}
STATE_COLUMNS: Columns = {
    "user": "VARCHAR",
    "received_ns": "BIGINT",
    "request": 'STRUCT("type" VARCHAR, dex VARCHAR)',
    "answer": "JSON",
}

RATE_COLUMNS: Columns = {"coin": "VARCHAR", "time": "BIGINT"}

READ_FIRST = """
CREATE OR REPLACE TEMP TABLE first_fills AS
SELECT coin, min("time") AS first_ms FROM {source} AS line
JOIN wanted ON lower(line."user") = wallet WHERE coin <> '' AND "time" IS NOT NULL GROUP BY coin
"""

READ_HOURS = f"""
CREATE OR REPLACE TEMP TABLE stored_rates AS
SELECT coin, list({DUE_MS}) AS hours FROM {{source}} WHERE coin <> '' AND {IS_DUE} GROUP BY coin
"""

WANTED = "CREATE TEMP TABLE wanted AS SELECT unnest($wallets) AS wallet, unnest($since) AS since_ms"

READ = """
CREATE OR REPLACE TEMP TABLE stored AS
SELECT wallet, {names} FROM {{source}} AS line
JOIN wanted ON lower(line."user") = wallet AND {moment} >= since_ms
"""

Kind = Literal["fills", "account_states", "account_flows"]

PARTS: Mapping[Kind, tuple[Columns, str, str]] = {
    "fills": (
        FILL_COLUMNS,
        'coin, side, "time", coalesce(tid, 0), oid, px, sz, hash, startPosition',
        '"time"',
    ),
    "account_flows": (FLOW_COLUMNS, '"time", hash, delta::VARCHAR', '"time"'),
    "account_states": (
        STATE_COLUMNS,
        "request.type, coalesce(request.dex, ''), answer ->> '$.role'",
        "received_ns // 1000000",
    ),
}
"""Columns, what is wanted of them, and when that was."""


def stored_answers(
    place: Path | DatabaseUrl, kind: Kind, since_ms_by_wallet: Mapping[str, int]
) -> dict[str, list[Row]]:
    """Return what is stored of some wallets since a time each, by wallet.

    Args:
        since_ms_by_wallet: Exchange time of fills and flows, wall clock of states.

    Returns:
        Of fills: coin, side, time, id, order, price, size, hash, position before. Of flows: time,
        hash, what changed, as JSON. Of states: type of the request, its dex, the role if one is
        told.
    """
    if not since_ms_by_wallet:
        return {}
    columns, names, moment = PARTS[kind]
    statement = READ.format(names=names, moment=moment)
    with duckdb.connect(":memory:") as connection, closing(open_lines(place)) as lines:
        connection.execute("SET enable_progress_bar = false")
        wanted = {
            "wallets": list(since_ms_by_wallet),
            "since": list(since_ms_by_wallet.values()),
        }
        connection.execute(WANTED, wanted)
        _run(lines, connection, statement, kind, columns)
        found: dict[str, list[Row]] = {}
        for wallet, *row in connection.execute("FROM stored").fetchall():
            found.setdefault(wallet, []).append(tuple(row))
    return found


def first_fills(place: Path | DatabaseUrl, wallets: Sequence[str]) -> dict[str, int]:
    """Return, by coin, when the oldest fill was that is stored of any of some wallets."""
    if not wallets:
        return {}
    with duckdb.connect(":memory:") as connection, closing(open_lines(place)) as lines:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("CREATE TEMP TABLE wanted AS SELECT unnest($1) AS wallet", [[*wallets]])
        columns = {name: FILL_COLUMNS[name] for name in ("user", "coin", "time")}
        lines.run_on_fills(connection, READ_FIRST, columns)
        return dict(connection.execute("FROM first_fills").fetchall())


def stored_rates(place: Path | DatabaseUrl) -> dict[str, set[int]]:
    """Return, by coin, the full hours of which a rate of funding is stored."""
    with duckdb.connect(":memory:") as connection, closing(open_lines(place)) as lines:
        connection.execute("SET enable_progress_bar = false")
        lines.run_on_answers(connection, READ_HOURS, "funding_history", RATE_COLUMNS)
        rows = connection.execute("FROM stored_rates").fetchall()
    return {coin: set(hours) for coin, hours in rows}


def _run(
    lines: Lines,
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    kind: Kind,
    columns: Columns,
) -> None:
    if kind == "fills":
        lines.run_on_fills(connection, statement, columns)
    else:
        lines.run_on_answers(connection, statement, kind, columns)
