"""What some wallets did: by coin, in their last executions, with whom, and when nobody watched."""

from collections.abc import Sequence

import ibis
import numpy as np
from ibis import Table, _

from hypertrack.config import FeeSettings
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.engine.market import Market
from hypertrack.market.executions import executions, fills
from hypertrack.market.observation import OBSERVED
from hypertrack.market.positions import FLAT_FRAC, KEYS, is_known, positions
from hypertrack.market.prices import closing_prices
from hypertrack.market.profit import window_profit
from hypertrack.market.profit_curve import drawdowns
from hypertrack.market.window import Window


def curves(con: Tables, window: Window, fees: FeeSettings, wallet_ids: Sequence[int]) -> Table:
    """Return the points of `drawdowns` of some wallets, in time."""
    found = drawdowns(con, window, fees).filter(_.wallet_id.isin(wallet_ids))
    return found.order_by("wallet_id", "time_ms")


def coins_traded(
    con: Tables, window: Window, fees: FeeSettings, wallet_ids: Sequence[int]
) -> Table:
    """Return what `window_profit` tells of some wallets, and what they held at the end.

    Columns: wallet_id, coin, notional_usd, profit_usd, flow_pnl_usd, pnl_source, position,
    position_usd; of the most notional first. NULL where not known.
    """
    profit = window_profit(con, window, fees).filter(_.wallet_id.isin(wallet_ids))
    moved = window.of(positions(con)).filter(_.wallet_id.isin(wallet_ids), is_known(window.end_ms))
    held = moved.group_by(*KEYS).aggregate(
        last=_.after.argmax(_.nth), traded=_.signed_size.abs().sum()
    )
    is_flat = _.last.abs() <= _.traded * FLAT_FRAC
    held = held.select(*KEYS, position=ibis.ifelse(is_flat, 0.0, _.last))
    rows = profit.left_join(held, KEYS).drop("wallet_id_right", "coin_id_right")
    prices = closing_prices(con, window.end_ms - 1).select("coin_id", end_price="price")
    rows = rows.left_join(prices, "coin_id").drop("coin_id_right")
    rows = rows.join(con.table("coins").select("coin_id", "coin"), "coin_id")
    # A coin whose profit is not known is one whose position is not known throughout.
    position = ibis.ifelse(_.profit_usd.notnull(), _.position, None)
    return (
        rows.mutate(position=position)
        .mutate(position_usd=_.position * _.end_price)
        .order_by("wallet_id", ibis.desc("notional_usd"), "coin")
    )


def last_actions(con: Tables, window: Window, wallet_ids: Sequence[int], n_last: int) -> Table:
    """Return the last executions of some wallets, the latest first, with the coin's name."""
    own = window.of(executions(con)).filter(_.wallet_id.isin(wallet_ids))
    latest = [ibis.desc("time_ms"), "coin_id", "direction", "is_taker"]
    nth = ibis.row_number().over(ibis.window(group_by="wallet_id", order_by=latest))
    named = own.mutate(nth=nth).filter(_.nth < n_last)
    named = named.join(con.table("coins").select("coin_id", "coin"), "coin_id")
    return named.order_by("wallet_id", "nth")


def counterparties(con: Tables, window: Window, wallet_ids: Sequence[int], n_most: int) -> Table:
    """Return wallet_id, counterparty_id, n_trades and share of all its trades, most first."""
    own = window.of(fills(con)).filter(_.wallet_id.isin(wallet_ids))
    pairs = own.group_by("wallet_id", "counterparty_id").aggregate(n_trades=_.count())
    by_wallet = ibis.window(group_by="wallet_id")
    most = [ibis.desc("n_trades"), "counterparty_id"]
    nth = ibis.row_number().over(ibis.window(group_by="wallet_id", order_by=most))
    ranked = pairs.mutate(share=_.n_trades / _.n_trades.sum().over(by_wallet)).mutate(nth=nth)
    return ranked.filter(_.nth < n_most).order_by("wallet_id", "nth")


def unobserved(con: Market, window: Window) -> list[tuple[int, int]]:
    """Return when no trades stream was observed; nothing where there is no ledger."""
    missed_nothing = (_.status == "disconnected") & (_.missed.fill_null(1) == 0)
    ledger = con.table("coverage").filter(
        _.feed == "trades", (_.status == OBSERVED) | missed_nothing
    )
    rows = con.to_pyarrow(ledger.select("start_ms", "end_ms").order_by("start_ms"))
    if not len(rows):
        return []
    starts = np.append(rows["start_ms"].to_numpy(), window.end_ms)
    reached = np.maximum.accumulate(np.append(window.start_ms, rows["end_ms"].to_numpy()))
    is_gap = (starts > reached) & (reached < window.end_ms)
    ends = np.minimum(starts, window.end_ms)
    return list(zip(reached[is_gap].tolist(), ends[is_gap].tolist(), strict=True))
