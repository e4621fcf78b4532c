"""What every wallet did in a window, as the numbers that targets are made from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from ibis import Table, _
from numpy.typing import NDArray

from hypertrack.config import FeeSettings
from hypertrack.labels.bots import LABELLING_FUNCTIONS, bot_votes, majority
from hypertrack.labels.equity import mark_prices, outcomes_of, traded_rows
from hypertrack.labels.equity_curve import Marks
from hypertrack.labels.style import holding_horizon, style_outcomes
from hypertrack.market.engine.computer import Computer, Market
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.engine.plans import Columns, Variables, variable
from hypertrack.market.executions import executions
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
    at = _at(window)
    beside = _Beside.of(con, at)
    own = beside.finished(con.measure(at, _wallet_queries, fees))
    outcomes = _outcomes([beside.influence, *own], n_wallets)
    return outcomes if edges is None else outcomes.with_edges(edges)


def measure_each(
    computer: Computer, windows: Sequence[Window], fees: FeeSettings, n_wallets: int
) -> list[Outcomes]:
    """Return what the wallets did in each window, without edges; all is gone through but once.

    Args:
        computer: Of the whole dataset, which it goes through some wallets at a time.
        n_wallets: As for `measure`.
    """
    at = list(map(_at, windows))
    beside = [_Beside.of(computer.tables, each) for each in at]
    by_window = computer.measure_each(
        at, _wallet_queries, fees, finish=lambda nth, found: beside[nth].finished(found)
    )
    return [
        _outcomes([market.influence, *own], n_wallets)
        for market, own in zip(beside, by_window, strict=True)
    ]


def _at(window: Window) -> Variables:
    return {"start_ms": window.start_ms, "end_ms": window.end_ms}


def _outcomes(found: Sequence[Columns], n_wallets: int) -> Outcomes:
    """Return what was found of all wallets: the votes last."""
    nothing = np.full(n_wallets, np.nan)
    columns: Columns = {"edge_bps": nothing, "edge_over_cost_bps": nothing}
    *measured, cast_votes = (spread(each, n_wallets) for each in found)
    for each in measured:
        columns |= each
    cast = np.stack([cast_votes[each.name] for each in LABELLING_FUNCTIONS], axis=1)
    columns["bot_vote"] = majority(cast)
    quantities = np.stack([columns[name] for name in QUANTITIES], axis=1)
    entries = np.stack([columns["reported_frac"], columns["inherited_frac"]], axis=1)
    return Outcomes(quantities.round(DECIMALS), cast, entries)


WINDOW = Window(variable("start_ms"), variable("end_ms"))
"""That is set when the queries run."""


@dataclass(frozen=True)
class _Beside:
    """What is known of a window beside what each wallet did by itself."""

    influence: Columns
    marks: Marks

    @classmethod
    def of(cls, con: Market, at: Variables) -> "_Beside":
        """Return what is measured of all wallets together."""
        influence_of_all, prices = con.measure(at, _market_queries)
        return cls(influence_of_all, Marks.of(prices))

    def finished(self, found: list[Columns]) -> list[Columns]:
        """Return what some wallets did by themselves, the votes last."""
        rows, entries, *measured = found
        equity = outcomes_of(rows, entries, self.marks)
        return [equity | {"holding_horizon": holding_horizon(equity["holding_s"])}, *measured]


def _market_queries(con: Tables) -> list[Table]:
    """Return what is measured of wallets beside everybody else, and the prices of the marks."""
    return [_in_numbers(influence(con, WINDOW)), mark_prices(con, WINDOW)]


def _wallet_queries(con: Tables, fees: FeeSettings) -> list[Table]:
    """Return what wallets executed, and what is measured of each by itself, the votes last."""
    asked = style_outcomes(con, WINDOW), bot_votes(con, WINDOW)
    return [*traded_rows(con, WINDOW, fees), *map(_in_numbers, asked)]


def _in_numbers(rows: Table) -> Table:
    return rows.mutate(
        **{name: rows[name].cast("float64") for name in rows.columns if name != "wallet_id"}
    )


def influence(con: Tables, window: Window) -> Table:
    """Return wallet_id, influence_pct: its notional over all notional in the coins it traded."""
    traded = window.of(executions(con))
    # Every trade is taken once, so that the taker side adds up to the coin's notional.
    coins = traded.group_by("coin_id").aggregate(coin_usd=_.notional_usd.sum(where=_.is_taker))
    own = traded.group_by("wallet_id", "coin_id").aggregate(usd=_.notional_usd.sum())
    return (
        own.join(coins, "coin_id")
        .group_by("wallet_id")
        .aggregate(influence_pct=_.usd.sum() / _.coin_usd.sum() * 100)
    )


def spread(found: Columns, n_wallets: int) -> Columns:
    """Return columns of a table by wallet_id over all wallets, NaN where it has no row."""
    columns = {}
    for name, values in found.items():
        columns[name] = np.full(n_wallets, np.nan)
        columns[name][found["wallet_id"]] = values
    return columns
