"""Trading style in a window: six dimensions, each from -1 to 1."""

import math

import ibis
import numpy as np
from ibis import Table, _
from numpy.typing import NDArray

from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.price_lookups import prices_around, prices_earlier
from hypertrack.market.wallet_flow import alignment, directional_bias, market_making
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS

SHORTEST_HOLDING_S = 60.0
"""Holding horizon -1."""

KEYS = ["coin_id", "time_ms"]

_MINUTE_MS = _.time_ms - _.time_ms % MINUTE_MS

IN_STYLE = ("move_1m", "move_15m", "width")
"""Columns that `in_moves` adds."""

LONGEST_HOLDING_S = 86_400.0
"""Holding horizon 1."""


def style_outcomes(con: Tables, window: Window, traded: Table) -> Table:
    """Return a row per wallet that traded in the window; NULL where a dimension is not measured.

    Args:
        con: Holds the dataset.
        window: Of the outcomes.
        traded: Executions in it, as of `in_moves`.

    Columns: wallet_id and

    - momentum_1m: notional traded with the move of the minute before less notional against it,
      over both; -1 is mean reversion. Executions after no move are left out.
    - momentum_15m: the same for the 15 minutes before.
    - volatility: 2 · (share of executions in minutes more volatile than the coin's median minute
      in the window) − 1.
    - market_making: maker share of notional · (1 − |bought − sold| / (bought + sold)); 0 to 1.
    - directional_bias: (bought − sold) / (bought + sold), notional.

    The sixth dimension is `holding_horizon` of what `equity_outcomes` measures.
    """
    # Candles that ended inside the window, by their minutes.
    whole = Window(window.start_ms - MINUTE_MS + 1, window.end_ms - MINUTE_MS + 1)
    of_coin = whole.of(_widths(con), "minute_ms").group_by("coin_id")
    medians = of_coin.aggregate(median_width=_.width.median())
    traded = traded.left_join(medians, "coin_id").mutate(minute_ms=_MINUTE_MS)
    is_inside = (_.minute_ms >= whole.start_ms) & (_.minute_ms < whole.end_ms)
    traded = traded.mutate(is_volatile=ibis.ifelse(is_inside, _.width > _.median_width, None))
    return traded.group_by("wallet_id").aggregate(
        momentum_1m=alignment(traded, traded.move_1m),
        momentum_15m=alignment(traded, traded.move_15m),
        volatility=2 * _.is_volatile.cast("int8").mean() - 1,
        market_making=market_making(traded),
        directional_bias=directional_bias(traded),
    )


def in_moves(con: Tables, executed: Table) -> Table:
    """Return executions with what style reads of prices, whatever the window.

    Columns: move_1m and move_15m, whether prices rose or fell before them; width of their minute.
    """
    before = prices_around(con).select("coin_id", "time_ms", "before")
    earlier = prices_earlier(con).select("coin_id", "time_ms", "before_1m", "before_15m")
    priced = executed.join(before, KEYS).join(earlier, KEYS).mutate(minute_ms=_MINUTE_MS)
    return priced.left_join(_widths(con), ["coin_id", "minute_ms"]).select(
        *executed.columns,
        move_1m=(_.before - _.before_1m).sign().cast("int8"),
        move_15m=(_.before - _.before_15m).sign().cast("int8"),
        width=_.width,
    )


def holding_horizon(holding_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean holding time on a log scale: -1 for a minute or less, 1 for a day or more."""
    within = np.clip(holding_s, SHORTEST_HOLDING_S, LONGEST_HOLDING_S)
    share = np.log(within / SHORTEST_HOLDING_S) / math.log(LONGEST_HOLDING_S / SHORTEST_HOLDING_S)
    horizon: NDArray[np.float64] = 2 * share - 1
    return horizon


def _widths(con: Tables) -> Table:
    """Return coin_id, minute_ms, width of all candles."""
    return con.table("candles").select(
        "coin_id", minute_ms="start_ms", width=(_.high - _.low) / _.open
    )
