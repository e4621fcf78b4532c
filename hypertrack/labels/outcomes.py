"""What every wallet did in a window, as the numbers that targets are made from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import md5
from itertools import chain

import numpy as np
from ibis import Table, _
from numpy.typing import NDArray

from hypertrack.config import FeeSettings
from hypertrack.labels.bots import LABELLING_FUNCTIONS, bot_votes, majority
from hypertrack.labels.equity import IN_ORDER, KEYS, as_traded, mark_prices, outcomes_of
from hypertrack.labels.equity_curve import Marks
from hypertrack.labels.style import IN_STYLE, holding_horizon, in_moves, style_outcomes
from hypertrack.market.arrays import group_starts
from hypertrack.market.engine.kept_tables import Tables, keep
from hypertrack.market.engine.market import Market
from hypertrack.market.engine.plans import Columns, Variables, variable
from hypertrack.market.executions import executions
from hypertrack.market.positions import entry_positions
from hypertrack.market.window import Window
from hypertrack.records import STYLE_DIMENSIONS

QUANTITIES = (
    "edge_over_cost_bps",
    "drawdown_frac",
    "bot_vote",
    "edge_bps",
    "influence_pct",
    *STYLE_DIMENSIONS,
)
"""One behind each target, in the order of `targets.TARGETS`."""

DECIMALS = 6
"""Sums are made in parallel, in any order: rounded, they are the same in every run."""


@dataclass(frozen=True)
class Edges:
    """What the openings of all wallets came to in a window, and what such cost before; NaN unknown.

    Attributes:
        edge_bps: Mid to mid, before costs, ``[wallets]``.
        cost_bps: Of an opening, as known before the window.
    """

    edge_bps: NDArray[np.float64]
    cost_bps: NDArray[np.float64]


@dataclass(frozen=True)
class Outcomes:
    """Quantities of all wallets of a dataset, by wallet id; NaN where one cannot be measured."""

    quantities: NDArray[np.float64]
    """``[wallets, quantities]``, columns as in `QUANTITIES`."""
    votes: NDArray[np.float64]
    """``[wallets, labelling functions]``; NaN for wallets that did not trade."""
    entries: NDArray[np.float64]
    """``[wallets, 2]``: of a wallet's notional, the shares in coins that it entered the window in
    with a position a fill tells of, and with a position at all; NaN as above."""

    def with_edges(self, edges: Edges) -> "Outcomes":
        """Return the same, with what openings came to."""
        quantities = self.quantities.copy()
        quantities[:, QUANTITIES.index("edge_bps")] = edges.edge_bps.round(DECIMALS)
        over = (edges.edge_bps - edges.cost_bps).round(DECIMALS)
        quantities[:, QUANTITIES.index("edge_over_cost_bps")] = over
        return replace(self, quantities=quantities)


def measure(
    con: Market, window: Window, fees: FeeSettings, n_wallets: int, edges: Edges | None = None
) -> Outcomes:
    """Return what the wallets did in the window; any window, past or outcome.

    Args:
        con: Holds the dataset.
        n_wallets: Wallets of the dataset; ids run from 0.
        edges: In the window; not measured where None.
    """
    (outcomes,) = measure_each(con, [window], fees, n_wallets)
    return outcomes if edges is None else outcomes.with_edges(edges)


def measure_each(
    con: Market,
    windows: Sequence[Window],
    fees: FeeSettings,
    n_wallets: int,
    voted_in: Sequence[Sequence[Window]] | None = None,
) -> list[Outcomes]:
    """Return what the wallets did in each window, without edges; all is gone through but twice.

    Args:
        con: Of the whole dataset, which it goes through some wallets at a time.
        n_wallets: As for `measure`.
        voted_in: For each window those in which votes are cast: how far they lean on average is
            its ``bot_vote``, those of the first its ``votes``. The window itself where None.
    """
    voted_in = voted_in or [(window,) for window in windows]
    at = list(map(_at, windows))
    beside = [_Beside.of(con, each) for each in at]
    conduct = con.measure_each(
        at, _conduct_queries, fees, finish=lambda nth, found: beside[nth].finished(found)
    )
    casting = list(dict.fromkeys(chain.from_iterable(voted_in)))
    by_window = con.measure_each(list(map(_at, casting)), _vote_queries)
    cast = {
        window: _cast(votes, n_wallets) for window, votes in zip(casting, by_window, strict=True)
    }
    lean = {window: majority(votes) for window, votes in cast.items()}
    return [
        _outcomes(own, cast[voted[0]], _mean([lean[each] for each in voted]), n_wallets)
        for own, voted in zip(conduct, voted_in, strict=True)
    ]


def _mean(leans: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return each wallet's mean over the windows in which it has one, else NaN."""
    n_known = np.count_nonzero(~np.isnan(leans), axis=0)
    mean: NDArray[np.float64] = np.nansum(leans, axis=0) / np.where(n_known > 0, n_known, np.nan)
    return mean


def _at(window: Window) -> Variables:
    return {"start_ms": window.start_ms, "end_ms": window.end_ms}


def _cast(found: Sequence[Columns], n_wallets: int) -> NDArray[np.float64]:
    """Return the votes on all wallets, ``[wallets, labelling functions]``."""
    (votes,) = (spread(each, n_wallets) for each in found)
    return np.stack([votes[each.name] for each in LABELLING_FUNCTIONS], axis=1)


def _outcomes(
    conduct: Sequence[Columns],
    cast: NDArray[np.float64],
    lean: NDArray[np.float64],
    n_wallets: int,
) -> Outcomes:
    nothing = np.full(n_wallets, np.nan)
    columns: Columns = {"edge_bps": nothing, "edge_over_cost_bps": nothing, "bot_vote": lean}
    for each in conduct:
        columns |= spread(each, n_wallets)
    quantities = np.stack([columns[name] for name in QUANTITIES], axis=1)
    entries = np.stack([columns["reported_frac"], columns["inherited_frac"]], axis=1)
    return Outcomes(quantities.round(DECIMALS), cast, entries)


WINDOW = Window(variable("start_ms"), variable("end_ms"))
"""That is set when the queries run."""


@dataclass(frozen=True)
class _Beside:
    """What is known of a window beside what each wallet did by itself."""

    coins: Columns
    marks: Marks

    @classmethod
    def of(cls, con: Market, at: Variables) -> "_Beside":
        """Return what is measured of the whole market."""
        coins, prices = con.measure(at, _market_queries)
        return cls(coins, Marks.of(prices))

    def finished(self, found: list[Columns]) -> list[Columns]:
        """Return what some wallets did by themselves."""
        rows, entries, style = found
        equity = outcomes_of(rows, entries, self.marks)
        equity["holding_horizon"] = holding_horizon(equity["holding_s"])
        return [equity, influence(rows, self.coins), style]


def _market_queries(con: Tables) -> list[Table]:
    """Return what was traded in each coin, and the prices of the marks."""
    return [coins_traded(con, WINDOW), mark_prices(con, WINDOW)]


def _conduct_queries(con: Tables, fees: FeeSettings) -> list[Table]:
    """Return what wallets executed, and their style."""
    # By fees, as shards keep what was made for others; Python's hash of -1 is that of -2.
    schedule = md5(repr(fees).encode(), usedforsecurity=False).hexdigest()[:12]
    kept = keep(con, f"conduct_{schedule}", _conduct, fees, order_by=tuple(IN_ORDER))
    rows = WINDOW.of(kept)
    style = _in_numbers(style_outcomes(con, WINDOW, rows))
    # They lie so: to sort them for each window took longer than all else that is asked of it.
    in_order = rows if con.dialect.has_order else rows.order_by(IN_ORDER)
    entries = entry_positions(con, WINDOW).order_by(KEYS)
    return [in_order.drop(*IN_STYLE), entries, style]


def _conduct(con: Tables, fees: FeeSettings) -> Table:
    """Return all that is read of executions, whatever the window."""
    return in_moves(con, as_traded(con, executions(con), fees))


def _vote_queries(con: Tables) -> list[Table]:
    return [_in_numbers(bot_votes(con, WINDOW))]


def _in_numbers(rows: Table) -> Table:
    return rows.mutate(
        **{name: rows[name].cast("float64") for name in rows.columns if name != "wallet_id"}
    )


def coins_traded(con: Tables, window: Window) -> Table:
    """Return coin_id and coin_usd, all that was traded, in the order of the ids."""
    # Every trade is taken once, so that the taker side adds up to the coin's notional.
    taken = window.of(executions(con)).filter(_.is_taker)
    return taken.group_by("coin_id").aggregate(coin_usd=_.notional_usd.sum()).order_by("coin_id")


def influence(rows: Columns, coins: Columns) -> Columns:
    """Return wallet_id, influence_pct: its notional over all notional in the coins it traded.

    Args:
        rows: Executions by wallet and coin: wallet_id, coin_id, notional_usd.
        coins: Of `coins_traded`.
    """
    if not len(rows["wallet_id"]):
        return {"wallet_id": rows["wallet_id"], "influence_pct": np.zeros(0)}
    of_coin = group_starts(rows["wallet_id"], rows["coin_id"])
    own_usd = np.add.reduceat(rows["notional_usd"], of_coin)
    all_usd = coins["coin_usd"][np.searchsorted(coins["coin_id"], rows["coin_id"][of_coin])]
    wallet_id = rows["wallet_id"][of_coin]
    first = group_starts(wallet_id)
    share = np.add.reduceat(own_usd, first) / np.add.reduceat(all_usd, first)
    return {"wallet_id": wallet_id[first], "influence_pct": share * 100}


def spread(found: Columns, n_wallets: int) -> Columns:
    """Return columns of a table by wallet_id over all wallets, NaN where it has no row."""
    columns = {}
    for name, values in found.items():
        columns[name] = np.full(n_wallets, np.nan)
        columns[name][found["wallet_id"]] = values
    return columns
