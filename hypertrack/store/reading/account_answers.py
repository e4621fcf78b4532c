"""What the venue answered about wallets as tables: equity, positions, histories, flows, links.

Also the rates of funding that fell due on what they held.

Each answer is of one moment or of many; a number that cannot be read is NULL, and an answer of
another form has no rows.
"""

import duckdb

from hypertrack.store.reading.due_hours import DUE_MS, IS_DUE
from hypertrack.store.reading.recorded_lines import Lines
from hypertrack.store.reading.relations import Columns
from hypertrack.store.reading.truncation import ReadWindow

STATE_COLUMNS: Columns = {
    "received_ns": "BIGINT",
    "user": "VARCHAR",
    "request": 'STRUCT("type" VARCHAR, dex VARCHAR)',
    "answer": "JSON",
}
FLOW_COLUMNS: Columns = {
    "user": "VARCHAR",
    "time": "BIGINT",
    "hash": "VARCHAR",
    "delta": "JSON",
}

RATE_COLUMNS: Columns = {
    **{"coin": "VARCHAR", "time": "BIGINT"},
    **{"fundingRate": "VARCHAR", "premium": "VARCHAR"},
}

CHOICE_COLUMNS: Columns = {"wallets": "VARCHAR[]", "at_ms": "BIGINT", "is_by_profit": "BOOLEAN"}

READ_ANSWERS = """
CREATE OR REPLACE TEMP TABLE raw_answers AS
SELECT lower("user") AS wallet, request.type AS kind, coalesce(request.dex, '') AS dex,
    received_ns // 1000000 AS asked_ms, answer
FROM {source}
WHERE is_wallet("user") AND is_time(received_ns // 1000000) AND answer IS NOT NULL
"""

READ_STATES = """
CREATE OR REPLACE TEMP TABLE states AS
SELECT wallet, dex, answer,
    CASE WHEN is_time(try_cast(answer ->> '$.time' AS BIGINT))
        THEN try_cast(answer ->> '$.time' AS BIGINT) ELSE asked_ms END AS time_ms
FROM raw_answers WHERE kind = 'clearinghouseState';
CREATE OR REPLACE TEMP TABLE raw_account_states AS
SELECT DISTINCT ON (wallet, dex, time_ms) wallet, dex, time_ms,
    signed(answer ->> '$.marginSummary.accountValue') AS equity_usd,
    signed(answer ->> '$.marginSummary.totalNtlPos') AS notional_usd
FROM states ORDER BY ALL;
CREATE OR REPLACE TEMP TABLE raw_account_positions AS
SELECT DISTINCT ON (wallet, coin, time_ms) wallet, coin, time_ms, size, value_usd,
    unrealised_usd, liquidation_price
FROM (
    SELECT wallet, time_ms, held ->> '$.position.coin' AS coin,
        signed(held ->> '$.position.szi') AS size,
        signed(held ->> '$.position.positionValue') AS value_usd,
        signed(held ->> '$.position.unrealizedPnl') AS unrealised_usd,
        positive(held ->> '$.position.liquidationPx') AS liquidation_price
    FROM (
        SELECT wallet, time_ms,
            unnest(from_json(answer -> '$.assetPositions', '["JSON"]')) AS held
        FROM states
    )
)
WHERE coin <> '' AND size IS NOT NULL ORDER BY ALL
"""

# A portfolio is a list of windows, each with points of what the account was worth and had earned.
READ_HISTORY = """
CREATE OR REPLACE TEMP TABLE raw_account_history AS
SELECT DISTINCT ON (wallet, period, asked_ms, time_ms) wallet, period, asked_ms, time_ms,
    signed(worth) AS equity_usd, signed(earned) AS pnl_usd
FROM (
    SELECT wallet, asked_ms, period, try_cast(worth ->> '$[0]' AS BIGINT) AS time_ms,
        worth ->> '$[1]' AS worth, earned ->> '$[1]' AS earned
    FROM (
        SELECT wallet, asked_ms, part ->> '$[0]' AS period,
            unnest(from_json(part -> '$[1].accountValueHistory', '["JSON"]')) AS worth,
            unnest(from_json(part -> '$[1].pnlHistory', '["JSON"]')) AS earned
        FROM (
            SELECT wallet, asked_ms, unnest(from_json(answer, '["JSON"]')) AS part
            FROM raw_answers WHERE kind = 'portfolio' AND json_type(answer) = 'ARRAY'
        )
    )
)
WHERE period <> '' AND is_time(time_ms) AND signed(worth) IS NOT NULL ORDER BY ALL
"""

READ_BALANCES = """
CREATE OR REPLACE TEMP TABLE raw_account_balances AS
SELECT wallet, token, asked_ms, max(size) AS size
FROM (
    SELECT wallet, asked_ms, held ->> '$.coin' AS token, signed(held ->> '$.total') AS size
    FROM (
        SELECT wallet, asked_ms, unnest(from_json(answer -> '$.balances', '["JSON"]')) AS held
        FROM raw_answers WHERE kind = 'spotClearinghouseState'
    )
)
WHERE token <> '' AND size IS NOT NULL GROUP BY ALL ORDER BY ALL
"""

# Signed as the wallet sees it. Moves between its own perps and spot move nothing of it, and neither
# does being liquidated, which its fills tell; what is of an unknown kind, or in tokens, has no
# amount. Source: protocol, section 3, and the venue's documentation of ledger updates.
READ_FLOWS = """
CREATE OR REPLACE TEMP TABLE raw_account_flows AS
SELECT DISTINCT ON (wallet, time_ms, hash, kind, usd, other, coin) wallet, time_ms, hash, kind,
    CASE
        WHEN kind IN ('deposit', 'funding') THEN usdc
        WHEN kind = 'withdraw' THEN -(usdc + fee)
        WHEN kind IN ('accountClassTransfer', 'liquidation') THEN 0
        WHEN sender = wallet AND target = wallet THEN 0
        WHEN kind IN ('internalTransfer', 'subAccountTransfer')
            THEN CASE WHEN target = wallet THEN usdc ELSE -(usdc + fee) END
        WHEN kind IN ('spotTransfer', 'send')
            THEN CASE WHEN target = wallet THEN worth ELSE -worth END
        WHEN kind IN ('vaultDeposit', 'vaultCreate')
            THEN CASE WHEN vault = wallet THEN usdc ELSE -usdc END
        WHEN kind = 'vaultWithdraw' THEN CASE WHEN vault = wallet THEN -taken ELSE taken END
        WHEN kind = 'vaultDistribution' THEN CASE WHEN vault = wallet THEN -usdc ELSE usdc END
    END AS usd,
    nullif(CASE WHEN vault <> wallet THEN vault WHEN target = wallet THEN sender ELSE target END,
        wallet) AS other
FROM (
    SELECT lower("user") AS wallet, "time" AS time_ms, hash, delta ->> '$.type' AS kind,
        signed(delta ->> '$.usdc') AS usdc, coalesce(signed(delta ->> '$.fee'), 0) AS fee,
        signed(delta ->> '$.usdcValue') AS worth,
        signed(delta ->> '$.netWithdrawnUsd') AS taken,
        lower(delta ->> '$.user') AS sender, lower(delta ->> '$.destination') AS target,
        lower(delta ->> '$.vault') AS vault, delta ->> '$.coin' AS coin
    FROM {source}
    WHERE is_wallet("user") AND is_time("time")
)
WHERE kind <> '' ORDER BY ALL
"""

# Who an address belongs to, by what the venue says of it: the newest answer counts.
READ_LINKS = """
CREATE OR REPLACE TEMP TABLE raw_account_links AS
SELECT DISTINCT wallet, other, kind, name, asked_ms FROM (
    SELECT wallet, lower(answer ->> '$.data.user') AS other, 'agent' AS kind,
        NULL::VARCHAR AS name, asked_ms
    FROM raw_answers WHERE kind = 'userRole' AND answer ->> '$.role' = 'agent'
    UNION ALL
    SELECT wallet, lower(answer ->> '$.data.master'), 'sub_account', NULL, asked_ms
    FROM raw_answers WHERE kind = 'userRole' AND answer ->> '$.role' = 'subAccount'
    UNION ALL
    SELECT wallet, lower(answer ->> '$.leader'), 'vault', answer ->> '$.name', asked_ms
    FROM raw_answers WHERE kind = 'vaultDetails' AND json_type(answer) = 'OBJECT'
    UNION ALL
    SELECT lower(sub ->> '$.subAccountUser'), wallet, 'sub_account', sub ->> '$.name', asked_ms
    FROM (
        SELECT wallet, asked_ms, unnest(from_json(answer, '["JSON"]')) AS sub
        FROM raw_answers WHERE kind = 'subAccounts2' AND json_type(answer) = 'ARRAY'
    )
)
WHERE is_wallet(wallet) AND is_wallet(other) AND wallet <> other ORDER BY ALL
"""

READ_RATES = f"""
CREATE OR REPLACE TEMP TABLE raw_funding_rates AS
SELECT DISTINCT ON (coin, time_ms) coin, time_ms, rate, premium
FROM (
    SELECT coin, {DUE_MS} AS time_ms, rate_of_funding(fundingRate) AS rate,
        signed(premium) AS premium
    FROM {{source}} WHERE coin <> '' AND is_time("time") AND {IS_DUE}
)
WHERE rate IS NOT NULL ORDER BY ALL
"""

# Of wallets that were chosen by what they had earned, when that was first.
READ_CHOICES = """
CREATE OR REPLACE TEMP TABLE raw_account_choices AS
SELECT wallet, min(at_ms) AS since_ms
FROM (SELECT lower(unnest(wallets)) AS wallet, at_ms FROM {source} WHERE is_by_profit)
WHERE is_wallet(wallet) AND is_time(at_ms) GROUP BY wallet ORDER BY wallet
"""

TIMES = {
    "account_states": "time_ms",
    "account_positions": "time_ms",
    "account_history": "time_ms",
    "account_flows": "time_ms",
    "account_links": "asked_ms",
    "account_balances": "asked_ms",
    "funding_rates": "time_ms",
}
"""The tables, and when what they tell of happened; links are as old as the answer. A choice is
known at all times: it says of a past that it is no evidence."""

NUMBER = {
    "account_states": """
SELECT wallet_id, dex, time_ms, equity_usd, notional_usd
FROM raw_account_states JOIN wallets USING (wallet)
""",
    "account_positions": """
SELECT wallet_id, coin_id, time_ms, size, value_usd, unrealised_usd, liquidation_price
FROM raw_account_positions JOIN wallets USING (wallet) JOIN coins USING (coin)
""",
    "account_history": """
SELECT wallet_id, period, asked_ms, time_ms, equity_usd, pnl_usd
FROM raw_account_history JOIN wallets USING (wallet)
""",
    "account_flows": """
SELECT own.wallet_id AS wallet_id, time_ms, kind, usd, others.wallet_id AS other_id
FROM raw_account_flows JOIN wallets AS own ON own.wallet = raw_account_flows.wallet
LEFT JOIN wallets AS others ON others.wallet = raw_account_flows.other
""",
    "account_links": """
SELECT own.wallet_id AS wallet_id, others.wallet_id AS other_id, kind, name, asked_ms
FROM raw_account_links JOIN wallets AS own ON own.wallet = raw_account_links.wallet
JOIN wallets AS others ON others.wallet = raw_account_links.other
""",
    "account_balances": """
SELECT wallet_id, token, asked_ms, size FROM raw_account_balances JOIN wallets USING (wallet)
""",
    "funding_rates": """
SELECT coin_id, time_ms, rate, premium FROM raw_funding_rates JOIN coins USING (coin)
""",
    "account_choices": """
SELECT wallet_id, since_ms FROM raw_account_choices JOIN wallets USING (wallet)
""",
}
"""What each table is made of, for every engine."""

RAW_ACCOUNTS = tuple(f"raw_{table}" for table in NUMBER)

ACCOUNT_WALLETS = " UNION ".join(
    [
        *(f"SELECT wallet FROM raw_{table}" for table in TIMES if table != "funding_rates"),
        "SELECT other FROM raw_account_flows WHERE is_wallet(other)",
        "SELECT other FROM raw_account_links",
    ]
)
"""All addresses that answers name; nobody is known for having been chosen."""


def read_accounts(connection: duckdb.DuckDBPyConnection, lines: Lines, window: ReadWindow) -> None:
    """Create ``raw_account_…`` of what was answered; empty where nothing was.

    Args:
        connection: Knows the macros of `readable_rows`.
        lines: Of the dataset.
        window: What lies outside is left out.

    Raises:
        DatasetError: The answers could not be read at all.
    """
    lines.run_on_answers(connection, READ_ANSWERS, "account_states", STATE_COLUMNS)
    connection.execute(READ_STATES)
    connection.execute(READ_HISTORY)
    connection.execute(READ_LINKS)
    connection.execute(READ_BALANCES)
    lines.run_on_answers(connection, READ_FLOWS, "account_flows", FLOW_COLUMNS)
    lines.run_on_answers(connection, READ_RATES, "funding_history", RATE_COLUMNS)
    lines.run_on_answers(connection, READ_CHOICES, "account_choices", CHOICE_COLUMNS)
    connection.execute("DROP TABLE raw_answers; DROP TABLE states")
    for table, time in TIMES.items():
        if window.since_ms is not None:
            connection.execute(f"DELETE FROM raw_{table} WHERE {time} < {window.since_ms}")
        if window.until_ms is not None:
            connection.execute(f"DELETE FROM raw_{table} WHERE {time} >= {window.until_ms}")


def number_accounts(connection: duckdb.DuckDBPyConnection) -> None:
    """Create ``account_…``; names are numbered by now."""
    for table, statement in NUMBER.items():
        connection.execute(f"CREATE TABLE {table} AS {statement} ORDER BY ALL")
        connection.execute(f"DROP TABLE raw_{table}")
