"""Rows of the market as arrays: executions some wallets at a time, prices some coins at a time."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import ibis
import numpy as np
from ibis import Table, _

from hypertrack.market.arrays import Flags, Ints, groups_of, in_order
from hypertrack.market.engine.market import Market
from hypertrack.market.engine.plans import Columns
from hypertrack.market.executions import executions_by_wallet
from hypertrack.market.observation import observed_stretches
from hypertrack.market.positions import KEYS, is_known, positions
from hypertrack.market.price_path import PricePath
from hypertrack.market.prices import last_trades
from hypertrack.market.window import Window
from hypertrack.records import SYSTEM_WALLETS

ROWS_AT_ONCE = 2_500_000
"""Of executions: a few hundred megabytes with all that is made of them."""

PRICES_AT_ONCE = 7_500_000
"""Less is made of prices, and each time all of the others are passed over."""

T = TypeVar("T")

Stretches = tuple[Ints, Ints]
"""When stretches of time without a gap in a coin's trades begin and end, ascending."""

NOTHING_WATCHED: Stretches = (np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))

STEP_KEY = [*KEYS, "time_ms", "direction", "is_taker"]


def fetch(con: Market, rows: Table) -> Columns:
    """Return the columns of some rows; a missing number is NaN."""
    return con.fetch(rows)


def people(con: Market) -> Ints:
    """Return the ids of all wallets that are somebody's, ascending."""
    named = con.table("wallets").filter(_.wallet.notin(list(SYSTEM_WALLETS)))
    found = fetch(con, named.select("wallet_id").order_by("wallet_id"))
    ids: Ints = found["wallet_id"].astype(np.int64)
    return ids


@contextmanager
def computed_once(con: Market, name: str, rows: Table) -> Iterator[Table]:
    """Give rows as a table that is made once and gone afterwards."""
    con.keep(name, rows)
    try:
        yield con.table(name)
    finally:
        con.forget(name)


def execution_batches(
    con: Market, window: Window, wallets: Ints | None = None, leaders: Ints | None = None
) -> Iterator[Columns]:
    """Yield executions in the order of wallet, coin and time; a wallet's are in one batch.

    Args:
        con: Holds the dataset.
        window: Of the executions.
        wallets: Only theirs; those of all where None.
        leaders: A wallet of the same group for each, ``[all wallets]``: a group's are in one batch,
            and batches in the order of the leaders. Each wallet is its own where None.

    Columns: those of `executions` that follow, and ``known_before``: the position in coins before
    it where fills tell, else NaN; where there are fills also ``known_ms``, since when it is known.
    """
    rows = window.of(executions_by_wallet(con)).select(*STEP_KEY, "size", "is_twap", price=_.vwap)
    counts = fetch(con, rows.group_by("wallet_id").aggregate(n=_.count()).order_by("wallet_id"))
    asked, n_each = counts["wallet_id"].astype(np.int64), counts["n"]
    if wallets is not None:
        is_asked = np.isin(asked, wallets)
        asked, n_each = asked[is_asked], n_each[is_asked]
    if not len(asked):
        return
    rows = _with_positions(con, rows, window)
    led_by = asked if leaders is None else leaders[asked]
    order = in_order(led_by)
    for first, end in groups_of(led_by[order], n_each[order], ROWS_AT_ONCE):
        own = asked[(led_by >= first) & (led_by < end)]
        batch = fetch(con, rows.filter(_of_wallets(own, first, end)).order_by(STEP_KEY))
        yield some_of(batch, np.isin(batch["wallet_id"], own))


def some_of(rows: Columns, are_meant: Flags) -> Columns:
    """Return some rows, the same where that is all of them."""
    if are_meant.all():
        return rows
    return {name: column[are_meant] for name, column in rows.items()}


def made_ahead(batches: Iterator[T]) -> Generator[T, None, None]:
    """Yield what an iterator does, which makes the next while whoever asks is at work.

    Nobody else may use its connection meanwhile, nor close it: who may stop asking closes this.
    """
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


def _with_positions(con: Market, rows: Table, window: Window) -> Table:
    """Return executions with the positions that fills tell before them."""
    if not fetch(con, con.table("imported_fills").aggregate(n=_.count()))["n"][0]:
        return rows.mutate(known_before=ibis.null("float64"))
    known = positions(con).filter(is_known(window.end_ms), ~_.is_one_sided)
    known = known.select(*STEP_KEY, "known_ms", known_before="before")
    return rows.left_join(known, STEP_KEY).select(*rows.columns, "known_before", "known_ms")


def _of_wallets(wallets: Ints, first: int, end: int) -> ibis.Deferred:
    """Return the condition of what some wallets did: mostly those of a range of ids."""
    is_near = (_.wallet_id >= first) & (_.wallet_id < end)
    far = wallets[(wallets < first) | (wallets >= end)].tolist()
    return is_near | _.wallet_id.isin(far) if far else is_near


def price_paths(con: Market, window: Window) -> Iterator[tuple[int, PricePath, Stretches]]:
    """Yield each traded coin's id, prices until the end of a window, and when it was watched.

    In the order of the ids.
    """
    stretches = _stretches_by_coin(con)
    trades = last_trades(con).filter(_.time_ms < window.end_ms)
    quotes = con.table("bbo").filter(_.time_ms < window.end_ms)
    seen = trades.select("coin_id").union(quotes.select("coin_id"))
    counts = fetch(con, seen.group_by("coin_id").aggregate(n=_.count()).order_by("coin_id"))
    for first, end in groups_of(counts["coin_id"], counts["n"], PRICES_AT_ONCE):
        of_trades, of_quotes = (
            fetch(con, rows.filter(_.coin_id >= first, _.coin_id < end).order_by(order))
            for rows, order in (
                (trades.select("coin_id", "time_ms", "price"), ["coin_id", "time_ms"]),
                (
                    quotes.select("coin_id", "time_ms", "bid_price", "ask_price", "mid_price"),
                    ["coin_id", "time_ms"],
                ),
            )
        )
        for coin_id in np.unique(of_trades["coin_id"]).tolist():
            watched = stretches.get(coin_id, NOTHING_WATCHED)
            yield coin_id, _path_of(coin_id, of_trades, of_quotes), watched


def _path_of(coin_id: int, trades: Columns, quotes: Columns) -> PricePath:
    traded, quoted = (
        slice(*np.searchsorted(rows["coin_id"], [coin_id, coin_id + 1]))
        for rows in (trades, quotes)
    )
    spread = (quotes["ask_price"][quoted] - quotes["bid_price"][quoted]).astype(np.float64)
    mid = quotes["mid_price"][quoted].astype(np.float64)
    return PricePath.of(
        trade_ms=trades["time_ms"][traded].astype(np.int64),
        trade_price=trades["price"][traded].astype(np.float64),
        quote_ms=quotes["time_ms"][quoted].astype(np.int64),
        mid_price=mid,
        half_spread_bps=spread / 2 / mid * 1e4,
    )


def _stretches_by_coin(con: Market) -> dict[int, Stretches]:
    found = fetch(con, observed_stretches(con).order_by("coin_id", "start_ms"))
    coins, first = np.unique(found["coin_id"], return_index=True)
    parts = zip(
        coins.tolist(),
        np.split(found["start_ms"].astype(np.int64), first[1:]),
        np.split(found["end_ms"].astype(np.int64), first[1:]),
        strict=True,
    )
    return {coin: (start_ms, end_ms) for coin, start_ms, end_ms in parts}
