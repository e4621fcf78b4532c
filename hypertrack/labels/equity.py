"""The equity curve of a wallet in a window: what it earned, its worst loss, how long it held.

Only what a wallet opened in the window counts. What it brought along earns and costs it nothing
here, and to close that opens nothing: imported fills tell how much it was, and without them the
wallet's own trades since the recording began; what it held before that is unknown. What it still
holds at the end is worth the last reference price.
"""

import ibis
import numpy as np
from ibis import Table, _

from hypertrack.config import FeeSettings
from hypertrack.labels.equity_curve import FLAT_FRAC, Held, Marks, executed, marked, walked
from hypertrack.market.arrays import Floats
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.engine.market import Market
from hypertrack.market.engine.plans import Columns
from hypertrack.market.executions import executions
from hypertrack.market.fees import with_fees
from hypertrack.market.positions import entry_positions
from hypertrack.market.price_lookups import minute_prices
from hypertrack.market.prices import closing_prices
from hypertrack.market.window import Window, as_value
from hypertrack.records import MINUTE_MS

N_MARKS = 24
"""Times, about, at which all that is held is marked, beside each coin's own executions."""

KEYS = ["wallet_id", "coin_id"]
IN_ORDER = [*KEYS, "time_ms", "direction", "is_taker"]

COLUMNS = (
    "wallet_id",
    "notional_usd",
    "net_return_bps",
    "drawdown_frac",
    "holding_s",
    "reported_frac",
    "inherited_frac",
)


def equity_outcomes(con: Market, window: Window, fees: FeeSettings) -> Columns:
    """Return a row per wallet that traded in the window (see `outcomes_of`)."""
    rows, entries = (con.fetch(each) for each in traded_rows(con, window, fees))
    return outcomes_of(rows, entries, Marks.of(con.fetch(mark_prices(con, window))))


def traded_rows(con: Tables, window: Window, fees: FeeSettings) -> tuple[Table, Table]:
    """Return the executions of a window, and with which positions wallets entered it.

    Both by wallet and coin: a row of the second for each coin that a wallet traded.
    """
    rows = as_traded(con, window.of(executions(con)), fees)
    return rows.order_by(IN_ORDER), entry_positions(con, window).order_by(KEYS)


def as_traded(con: Tables, executed: Table, fees: FeeSettings) -> Table:
    """Return executions with what `outcomes_of` reads of them."""
    return with_fees(con, executed, fees).select(
        *IN_ORDER,
        "notional_usd",
        "fee_usd",
        reported_net_usd=_.reported_pnl_usd - _.reported_fee_usd,
        signed_size=_["size"] * _.direction,
        price=_.vwap,
    )


def mark_prices(con: Tables, window: Window) -> Table:
    """Return coin_id, time_ms, price at some whole minutes of the window, and at its end."""
    step = ibis.greatest(-(-as_value(window.length_ms) // (N_MARKS * MINUTE_MS)), 1)  # in minutes
    minutes = window.of(minute_prices(con)).filter(
        _.now.notnull(), _.time_ms // MINUTE_MS % step == 0
    )
    end_ms = window.end_ms - 1
    closing = closing_prices(con, end_ms).mutate(time_ms=as_value(end_ms))
    columns = ("coin_id", "time_ms", "price")
    return minutes.rename(price="now").select(columns).union(closing.select(columns))


def outcomes_of(rows: Columns, entries: Columns, marks: Marks) -> Columns:
    """Return what wallets' executions came to, a row a wallet.

    Columns: wallet_id; notional_usd, both sides; net_return_bps: what it earned after fees over
    its notional; drawdown_frac: largest fall of equity from its peak (0 at the start) over the
    largest gross exposure; holding_s: mean time that what it opened stayed open, to the window's
    end at most (by Little's law: exposure summed over time / notional opened); reported_frac and
    inherited_frac: of its notional, in coins of which a fill tells the position that it entered
    the window with, and in coins that it entered with a position. NaN where there is none.

    Args:
        rows: Of `traded_rows`, as are the entries.
        entries: Of some wallets; all of them, and all that they traded.
        marks: Of the window.
    """
    if not len(entries["wallet_id"]):
        return {name: np.zeros(0, dtype=np.int64) for name in COLUMNS}
    held = Held.of(rows, entries)
    rows_did, marks_did = executed(held, marks), marked(held, marks)
    notional_usd = held.by_wallet(held.by_coin(rows["notional_usd"]))
    curve = walked(held, rows_did, marks_did, marks.time_ms)
    opened_usd = held.by_wallet(held.by_coin(rows_did.opened_usd))
    net_usd = held.by_wallet(
        _earned(held, held.by_coin(rows_did.gain_usd) + marks_did.coin_gain_usd)
    )
    columns = (
        held.wallet_id,
        notional_usd,
        net_usd / notional_usd * 1e4,
        # Who opened nothing had no exposure, whatever adding up those of others left of it.
        _ratio(curve.drawdown_usd, np.where(opened_usd > 0, curve.max_gross_usd, 0.0)),
        _ratio(curve.open_usd_ms, opened_usd) / 1_000,
        held.share(entries["is_entry_reported"] > 0) / notional_usd,
        held.share(held.is_carried) / notional_usd,
    )
    return dict(zip(COLUMNS, columns, strict=True))


def _ratio(value: Floats, of: Floats) -> Floats:
    """Return ratios, NaN where they are of nothing."""
    ratio = np.full(len(value), np.nan)
    np.divide(value, of, out=ratio, where=of != 0)
    return ratio


def _earned(held: Held, gained_usd: Floats) -> Floats:
    """Return what each wallet earned in each of its coins.

    Where fills tell all of a round trip (flat at its start and at its end), what the venue booked
    less the fees it took is exact even where a trade was lost; elsewhere the curve's end counts.
    """
    booked_usd = held.by_coin(held.rows["reported_net_usd"])
    ends = np.append(held.starts[1:], len(held.position)) - 1
    traded = held.by_coin(np.abs(held.rows["signed_size"]))
    is_flat = np.abs(held.position[ends]) <= FLAT_FRAC * traded
    is_round = ~np.isnan(booked_usd) & ~held.is_carried & is_flat
    return np.where(is_round, booked_usd, gained_usd)
