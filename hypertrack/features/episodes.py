"""How long a wallet holds a position, and how its round trips end: where positions are known."""

import ibis
from ibis import Table, Value, _

from hypertrack.features.definition import Scope, feature
from hypertrack.market.episodes import closed_episodes, episode_steps
from hypertrack.market.positions import KEYS, is_known

MIN_EPISODES = 5
"""Fewer closed episodes say nothing of how a wallet's trades end."""


def held(scope: Scope) -> Table:
    """Return wallet_id and holding_ms of every change of a position that is known at the cut.

    NULL where it ended no episode; no row for a wallet whose positions are unknown.
    """
    known = scope.within(episode_steps(scope.con)).filter(is_known(scope.until_ms))
    return known.select("wallet_id", holding_ms=_.time_ms - _.open_ms)


def won_and_lost(scope: Scope) -> Table:
    """Return wallet_id, pnl_usd of every episode that was closed, and known to be, at the cut."""
    closed = scope.within(closed_episodes(scope.con), "close_ms")
    if scope.until_ms is not None:
        closed = closed.filter(_.known_ms < scope.until_ms)
    return closed.select("wallet_id", "pnl_usd")


def chains(scope: Scope) -> Table:
    """Return wallet_id and n_breaks of each coin in which its positions are known at the cut."""
    known = scope.within(episode_steps(scope.con)).filter(is_known(scope.until_ms))
    return known.group_by(*KEYS).aggregate(n_breaks=_.chain.nunique() - 1)


@feature(held, unit="s", group="extended", needs_position=True)
def median_holding_s(rows: Table) -> Value:
    """Median time from opening to closing of episodes; NaN with none or positions unknown."""
    return rows.holding_ms.median() / 1_000


@feature(held, unit="count", group="extended", is_extensive=True, needs_position=True)
def closed_episode_count(rows: Table) -> Value:
    """Episodes from flat to flat closed in the window; NaN where positions are unknown."""
    return rows.holding_ms.count()


@feature(won_and_lost, unit="0..1", group="profit", needs_position=True)
def win_rate(rows: Table) -> Value:
    """Share of closed episodes that gained, before fees; NaN below 5 of them."""
    return _of_enough(rows, (rows.pnl_usd > 0).cast("int8").mean())


@feature(won_and_lost, unit="ratio", group="profit", needs_position=True)
def profit_factor(rows: Table) -> Value:
    """Gains over losses of closed episodes, before fees; NaN below 5 of them or without a loss."""
    gained = ibis.greatest(rows.pnl_usd, 0.0).sum()
    lost = ibis.greatest(-rows.pnl_usd, 0.0).sum()
    return _of_enough(rows, gained / lost.nullif(0))


@feature(won_and_lost, unit="USD", group="profit", needs_position=True)
def avg_win_usd(rows: Table) -> Value:
    """Mean gain of the closed episodes that gained, before fees; NaN below 5 episodes."""
    return _of_enough(rows, ibis.ifelse(rows.pnl_usd > 0, rows.pnl_usd, None).mean())


@feature(won_and_lost, unit="USD", group="profit", needs_position=True)
def avg_loss_usd(rows: Table) -> Value:
    """Mean loss of the closed episodes that lost, before fees; NaN below 5 episodes."""
    return _of_enough(rows, ibis.ifelse(rows.pnl_usd < 0, -rows.pnl_usd, None).mean())


@feature(won_and_lost, unit="USD", group="profit", needs_position=True)
def largest_loss_usd(rows: Table) -> Value:
    """Largest loss of a closed episode, before fees; 0 with none, NaN below 5 episodes."""
    return _of_enough(rows, ibis.greatest(-rows.pnl_usd.min(), 0.0))


@feature(chains, unit="count", group="profit", needs_position=True)
def broken_chain_count(rows: Table) -> Value:
    """Times at which a wallet's position did not begin where its fills before had ended."""
    return rows.n_breaks.sum()


def _of_enough(rows: Table, number: Value) -> Value:
    return ibis.ifelse(rows.count() >= MIN_EPISODES, number, None)
