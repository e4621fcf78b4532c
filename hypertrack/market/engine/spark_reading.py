"""Sealed hours to the numbered tables of a dataset, by Spark: no row passes through this machine.

The statements say what `store.reading` says on DuckDB: which rows are read, and how names are
numbered. A test holds both equal.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.pandas.types import from_arrow_schema

from hypertrack.errors import EngineError
from hypertrack.market.engine.spark_rows import READ, define_functions, local_path, read_sealed
from hypertrack.records import MINUTE_MS, Feed
from hypertrack.store.columns import schema_of
from hypertrack.store.reading.account_answers import ACCOUNT_WALLETS, NUMBER, RAW_ACCOUNTS
from hypertrack.store.reading.damage import Damage
from hypertrack.store.reading.folder_lines import FolderLines
from hypertrack.store.reading.prepared import exported
from hypertrack.store.reading.recorded_lines import Lines
from hypertrack.store.reading.truncation import LATER
from hypertrack.store.reading.unsealed import SealedFacts, SealedHours

T = TypeVar("T")

NAMES = {
    "wallets": f"""
SELECT CAST(row_number() OVER (ORDER BY wallet) - 1 AS INT) AS wallet_id, wallet
FROM (
    SELECT lower(buyer) AS wallet FROM raw_trades UNION SELECT lower(seller) FROM raw_trades
    UNION SELECT lower(sender) FROM raw_evm UNION SELECT lower(receiver) FROM raw_evm
    UNION SELECT lower(sender) FROM raw_transfers UNION SELECT lower(receiver) FROM raw_transfers
    UNION SELECT lower(contract) FROM raw_transfers UNION SELECT wallet FROM raw_fills
    UNION {ACCOUNT_WALLETS}
)
WHERE wallet IS NOT NULL
""",
    "coins": """
SELECT CAST(row_number() OVER (ORDER BY coin) - 1 AS INT) AS coin_id, coin
FROM (
    SELECT coin FROM raw_trades UNION SELECT coin FROM raw_bbo UNION SELECT coin FROM raw_candles
    UNION SELECT coin FROM raw_fills UNION SELECT coin FROM raw_account_positions
)
""",
}
OF_NAMES = {
    "trades": """
SELECT time_ms, coin_id, trade_id, min(price) AS price, min(size) AS size, min(is_buy) AS is_buy,
    min(is_twap) AS is_twap, min(b.wallet_id) AS buyer_id, min(s.wallet_id) AS seller_id
FROM raw_trades JOIN coins USING (coin)
JOIN wallets AS b ON b.wallet = lower(buyer) JOIN wallets AS s ON s.wallet = lower(seller)
GROUP BY time_ms, coin_id, trade_id
""",
    "bbo": """
SELECT time_ms, coin_id, last.bid_price, last.ask_price,
    (last.bid_price + last.ask_price) / 2 AS mid_price
FROM (
    SELECT time_ms, coin_id, max(struct(received_ns, bid_price, ask_price)) AS last
    FROM raw_bbo JOIN coins USING (coin) GROUP BY time_ms, coin_id
)
""",
    "contexts": """
SELECT time_ms, coin_id, last.funding_rate, last.premium, last.open_interest, last.oracle_price,
    last.mark_price
FROM (
    SELECT time_ms, coin_id, max(struct(received_ns, funding_rate, premium, open_interest,
        oracle_price, mark_price)) AS last
    FROM raw_contexts JOIN coins USING (coin) GROUP BY time_ms, coin_id
)
""",
    "evm_transactions": """
SELECT time_ms, s.wallet_id AS sender_id, r.wallet_id AS receiver_id, value_hype, has_input
FROM raw_evm JOIN wallets AS s ON s.wallet = lower(sender)
LEFT JOIN wallets AS r ON r.wallet = lower(receiver)
""",
    "erc20_transfers": """
SELECT time_ms, s.wallet_id AS sender_id, r.wallet_id AS receiver_id,
    c.wallet_id AS contract_id, amount
FROM raw_transfers JOIN wallets AS s ON s.wallet = lower(sender)
JOIN wallets AS r ON r.wallet = lower(receiver)
JOIN wallets AS c ON c.wallet = lower(contract)
WHERE amount BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308
""",
    **NUMBER,
}
OF_TRADES = {
    "candles": f"""
WITH recorded AS (
    SELECT start_ms, coin_id,
        max(struct(n, received_ns, open, high, low, close, volume)) AS last
    FROM raw_candles JOIN coins USING (coin) WHERE interval = '1m' GROUP BY start_ms, coin_id
),
built AS (
    SELECT time_ms DIV {MINUTE_MS} * {MINUTE_MS} AS start_ms, coin_id,
        min_by(price, struct(time_ms, trade_id)) AS open, max(price) AS high, min(price) AS low,
        max_by(price, struct(time_ms, trade_id)) AS close, sum(size) AS volume
    FROM trades WHERE buyer_id <> seller_id
    GROUP BY time_ms DIV {MINUTE_MS}, coin_id
)
SELECT start_ms, coin_id, last.open, last.high, last.low, last.close, last.volume FROM recorded
UNION ALL
SELECT start_ms, coin_id, open, high, low, close, volume
FROM built LEFT ANTI JOIN recorded USING (start_ms, coin_id)
""",
    "imported_fills": """
SELECT told.*, coalesce(matched, false) AS has_trade
FROM (
    SELECT time_ms, coin_id, trade_id, wallet_id, is_buy,
        any_value(closed_pnl_usd, true) AS closed_pnl_usd, any_value(fee_usd, true) AS fee_usd,
        any_value(start_position, true) AS start_position,
        any_value(order_id, true) AS order_id, any_value(dir, true) AS dir,
        any_value(price, true) AS price, any_value(size, true) AS size,
        any_value(is_taker, true) AS is_taker,
        coalesce(bool_or(dir ILIKE 'settle%'), false) AS is_settlement
    FROM raw_fills JOIN coins USING (coin) JOIN wallets USING (wallet)
    GROUP BY time_ms, coin_id, trade_id, wallet_id, is_buy
) AS told
LEFT JOIN (SELECT time_ms, coin_id, trade_id, true AS matched FROM trades)
    USING (time_ms, coin_id, trade_id)
""",
}
STAGES = (NAMES, OF_NAMES, OF_TRADES)
"""From the raw tables; a stage needs those before it, and none of its own."""

AT_ONCE = 4
"""One statement is planned while another's tasks run; more would but share the driver."""


def number_tables(
    session: SparkSession,
    unsealed: Path,
    sealed: Mapping[Feed, Sequence[str]],
    until_ms: int | None = None,
) -> tuple[dict[str, DataFrame], SealedFacts]:
    """Return the tables of a dataset as Spark computes them, kept where they were computed.

    Args:
        session: Whose workers see both places.
        unsealed: Holds a folder of Parquet for each raw table: what is not in sealed hours.
        sealed: Files or URLs of the sealed hours of each feed.
        until_ms: Nothing that was not known by then is read.

    Raises:
        EngineError: Sealed hours could not be read, though none is damaged.
    """
    define_functions(session)
    for name in ("raw_contexts", "raw_evm", "raw_transfers", "raw_fills", *RAW_ACCOUNTS):
        handed_over(session, unsealed / name).createOrReplaceTempView(name)
    n_rows: dict[Feed, int] = {}
    unread: list[tuple[Feed, str, int]] = []
    damage: list[Damage] = []
    for feed in READ:
        rows = handed_over(session, unsealed / f"raw_{feed}")
        if sealed[feed]:
            rows.createOrReplaceTempView(f"open_{feed}")
            found = read_sealed(session, feed, sealed[feed])
            n_rows[feed] = found.n_rows
            unread += [(feed, reason, n) for reason, n in found.unread.items()]
            damage += [Damage(feed, local_path(place)) for place in found.damaged]
            rows = rows.unionByName(known_before(found.rows, feed, until_ms))
        rows.createOrReplaceTempView(f"raw_{feed}")
    tables: dict[str, DataFrame] = {}
    for stage in STAGES:
        for name, statement in stage.items():
            tables[name] = kept(session.sql(statement))
            tables[name].createOrReplaceTempView(name)
    return tables, SealedFacts(n_rows, unread, damage)


def kept(rows: DataFrame) -> DataFrame:
    """Return rows that Spark keeps where it computes them, as soon as something reads them.

    As if they had always been there: whatever is made of them would else be planned from the lines
    on, which takes Spark minutes.
    """
    return rows.localCheckpoint(eager=False)


def handed_over(session: SparkSession, folder: Path) -> DataFrame:
    """Return a table of this machine; Spark need not run a job to find out its columns."""
    columns = from_arrow_schema(schema_of(exported(folder)))
    return session.read.schema(columns).parquet(str(folder))


def together(run: Callable[[str], T], statements: Sequence[str]) -> list[T]:
    """Return what becomes of each statement, some at once.

    Each waits for its planning, its tasks and its last worker in turn, while most of a cluster has
    nothing to do.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(run, statements))


def hours_at(
    session: SparkSession, url: str, lines: Lines, local: SealedHours
) -> dict[Feed, tuple[str, ...]]:
    """Return the sealed hours of each feed that lie under a URL and were not read here.

    Args:
        session: Whose Hadoop knows the URL's scheme.
        url: Of the folder with a folder a feed.
        lines: Of the dataset here; the sealed hours that it has beside ``local`` were read.
        local: Its other sealed hours.

    Raises:
        EngineError: Spark cannot read there.
    """
    places: dict[Feed, tuple[str, ...]] = {}
    for feed, paths in local.items():
        here = lines.sealed(feed) if isinstance(lines, FolderLines) else []
        read = {path.name for path in here} - {path.name for path in paths}
        found = _listed(session, f"{url}/{feed}")
        places[feed] = tuple(each for each in found if each.rpartition("/")[2] not in read)
    return places


def _listed(session: SparkSession, url: str) -> list[str]:
    """Return the URLs of the Parquet files in a folder; none where there is none."""
    hadoop = session._jvm.org.apache.hadoop.fs
    folder = hadoop.Path(url)
    try:
        system = folder.getFileSystem(session._jsc.hadoopConfiguration())
        found = system.listStatus(folder) if system.exists(folder) else []
        names = sorted(str(each.getPath().toString()) for each in found)
    except Py4JJavaError as error:
        reason = str(error.java_exception.getMessage()).splitlines()[0]
        raise EngineError(
            f"Spark cannot read {url} ({reason}): give it the scheme's file system and keys, such "
            "as spark.jars.packages org.apache.hadoop:hadoop-aws:VERSION, in spark-defaults.conf"
        ) from error
    return [name for name in names if name.endswith(".parquet")]


def known_before(rows: DataFrame, feed: Feed, until_ms: int | None) -> DataFrame:
    """Return the rows that could have been recorded before a time; all where None."""
    if until_ms is None:
        return rows
    return rows.filter(f"NOT ({LATER[feed].replace('$until_ms', str(until_ms))})")
