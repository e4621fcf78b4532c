"""Traps are in the market, the truth names them, and they do what they are named for."""

import numpy as np
import pytest

from hypertrack.config import SimulateSettings
from hypertrack.simulate.market.arrays import TradeArrays
from hypertrack.simulate.market.behaviour import executions
from hypertrack.simulate.market.market import Market

SETTINGS = SimulateSettings(wallets=1_500, hours=2, seed=5, trend=("BTC=0.05",))
TRAPS = {
    *("group", "copier", "wash", "disposition", "martingale", "own_impact"),
    *("skill_ends", "skill_begins", "trend_holder", "carried"),
}


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(SETTINGS)


@pytest.fixture(scope="module")
def trades(market: Market) -> TradeArrays:
    return TradeArrays.join([chunk.trades for chunk in market.chunks()])


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


def test_wallets_of_one_owner_trade_the_same_coin_and_side_in_the_same_moment(
    truth: dict[str, np.ndarray], trades: TradeArrays
) -> None:
    orders = executions(trades)
    owner = dict(zip(truth["wallet"], truth["owner"], strict=True))
    group = np.array([owner[truth["wallet"][taker]] for taker in orders.taker])
    is_grouped = np.isin(orders.taker, members(truth, "group"))

    together = 0
    for of in np.unique(group[is_grouped]):
        rows = orders.take(is_grouped & (group == of))
        near = np.diff(rows.time_ms) <= 250
        together += int((near & (np.diff(rows.coin) == 0) & (np.diff(rows.side) == 0)).sum())
    assert is_grouped.sum() > 20
    assert together > 0.4 * is_grouped.sum()


def test_copiers_buy_what_their_leader_bought_up_to_a_minute_and_a_half_before(
    truth: dict[str, np.ndarray], trades: TradeArrays
) -> None:
    orders = executions(trades)
    row = {address: at for at, address in enumerate(truth["wallet"])}
    led = after = 0
    for copier in members(truth, "copier"):
        leader = row[truth["follows"][copier]]
        leads = orders.take(orders.taker == leader)
        copies = orders.take(orders.taker == copier)
        for at in range(len(leads)):
            later = copies.time_ms - leads.time_ms[at]
            same = (copies.coin == leads.coin[at]) & (copies.side == leads.side[at])
            led += 1
            after += int((same & (later > 0) & (later < 90_000)).any())
    assert led > 20
    assert after > 0.3 * led
