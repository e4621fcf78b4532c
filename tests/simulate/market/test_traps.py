"""Traps are in the market, the truth names them, and they do what they are named for."""

import numpy as np
import pytest

from hypertrack.config import SimulateSettings
from hypertrack.simulate.market.arrays import Chunk, FactArrays, TradeArrays
from hypertrack.simulate.market.behaviour import Executions, executions
from hypertrack.simulate.market.market import Market

SETTINGS = SimulateSettings(wallets=1_500, hours=2, seed=1, trend=("BTC=0.05",))
TRAPS = {
    *("group", "copier", "wash", "disposition", "martingale", "own_impact"),
    *("skill_ends", "skill_begins", "trend_holder", "carried"),
}


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(SETTINGS)


@pytest.fixture(scope="module")
def chunks(market: Market) -> list[Chunk]:
    return list(market.chunks(with_facts=True))


@pytest.fixture(scope="module")
def trades(chunks: list[Chunk]) -> TradeArrays:
    return TradeArrays.join([chunk.trades for chunk in chunks])


@pytest.fixture(scope="module")
def entries(chunks: list[Chunk], trades: TradeArrays) -> Executions:
    """What takers did to open positions, without exits and hedges."""
    facts = FactArrays.join([chunk.facts for chunk in chunks])
    return executions(trades.take(facts.taker_horizon_ms > 0))


@pytest.fixture(scope="module")
def truth(market: Market) -> dict[str, np.ndarray]:
    return market.truth_of(market.ledger())


def members(truth: dict[str, np.ndarray], trap: str) -> np.ndarray:
    return np.flatnonzero([trap in text.split(",") for text in truth["traps"]])


def test_every_trap_is_there_and_known_to_the_truth(truth: dict[str, np.ndarray]) -> None:
    named = {trap for text in truth["traps"] for trap in text.split(",") if trap}

    assert named == TRAPS
    assert 0.7 < len(members(truth, "carried")) / 1_500 < 0.8


def test_wash_twins_mostly_trade_with_each_other(
    truth: dict[str, np.ndarray], trades: TradeArrays
) -> None:
    twins = members(truth, "wash")
    taker = np.where(trades.is_buy, trades.buyer, trades.seller)
    maker = np.where(trades.is_buy, trades.seller, trades.buyer)
    of_twins = np.isin(taker, twins)

    orders = np.unique(trades.order[of_twins])
    washed = np.unique(trades.order[of_twins & np.isin(maker, twins)])
    assert len(orders) > 20
    assert len(washed) > 0.6 * len(orders)
    assert np.isin(maker[~of_twins], twins).mean() < 0.02


def test_wallets_of_one_owner_enter_the_same_coin_and_side_in_the_same_moment(
    truth: dict[str, np.ndarray], entries: Executions
) -> None:
    """All but those that the book had nothing for, and few of them ten seconds apart."""
    wallets = truth["wallet"].tolist()
    owner = np.array([wallets.index(address) for address in truth["owner"]])
    grouped = entries.take(np.isin(entries.taker, members(truth, "group")))

    together = others_like(grouped, owner, 0, 250)
    apart = others_like(grouped, owner, 10_000, 250)

    assert len(grouped) > 60
    assert together.mean() > 0.8
    assert apart.mean() < 0.2


def others_like(orders: Executions, owner: np.ndarray, after_ms: int, within_ms: int) -> np.ndarray:
    """Tell which orders another wallet of the owner places so long after or before."""
    found = np.zeros(len(orders), dtype=bool)
    for at in range(len(orders)):
        near = np.abs(np.abs(orders.time_ms - orders.time_ms[at]) - after_ms) <= within_ms
        near &= (orders.coin == orders.coin[at]) & (orders.side == orders.side[at])
        near &= owner[orders.taker] == owner[orders.taker[at]]
        found[at] = (near & (orders.taker != orders.taker[at])).any()
    return found


def test_copiers_enter_where_their_leader_did_up_to_a_minute_and_a_half_before(
    truth: dict[str, np.ndarray], entries: Executions
) -> None:
    """Of leaders who do not double what loses: nobody copies that."""
    row = {address: at for at, address in enumerate(truth["wallet"])}
    copied, led = 0, 0
    for copier in members(truth, "copier"):
        leader = row[truth["follows"][copier]]
        if leader in members(truth, "martingale"):
            continue
        leads = entries.take(entries.taker == leader)
        copies = entries.take(entries.taker == copier)
        for at in np.flatnonzero(leads.time_ms < entries.time_ms[-1] - 90_000):
            later = copies.time_ms - leads.time_ms[at]
            same = (copies.coin == leads.coin[at]) & (copies.side == leads.side[at])
            copied += int((same & (later > 0) & (later < 90_000)).any())
            led += 1

    assert led > 100
    assert copied > 0.9 * led
