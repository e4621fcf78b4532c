"""Wallets that act as one are found, and those that only seem to are not merged."""

from typing import Any

import numpy as np
import pytest
from engine_fakes import OpenEngine
from fakes import START_MS, account_flow, trade

from hypertrack.config import Settings
from hypertrack.features.engine import FeatureEngine
from hypertrack.market.window import Window
from hypertrack.records import HOUR_MS
from hypertrack.skill import entities
from hypertrack.skill.entities import Entities, find_entities
from hypertrack.skill.judging import judge

DAY = Window(START_MS, START_MS + 24 * HOUR_MS)
MAKER = "0x" + "f" * 40
ONE, TWO, THREE = ("0x" + digit * 40 for digit in "123")


def entities_of(engine: FeatureEngine, told: Any = None) -> Entities:
    return find_entities(engine.backend, DAY, np.ones(engine.n_wallets, dtype=bool), told)


def bought(seconds: float, wallet: str, size: float, nth: int) -> dict[str, Any]:
    time_ms = START_MS + round(seconds * 1000)
    return trade(time_ms, buyer=wallet, seller=MAKER, taker=wallet, size=size, trade_id=nth)


def together(
    n: int, *wallets: str, apart_s: float = 0.1, sizes: tuple[float, ...] = (317.3,)
) -> list[dict[str, Any]]:
    """Return n moments an hour apart at which all buy, each later than the one before it."""
    return [
        bought(nth * 3600 + k * apart_s, wallet, sizes[k % len(sizes)], nth * 10 + k)
        for nth in range(n)
        for k, wallet in enumerate(wallets)
    ]


def test_equal_purchases_in_the_same_moments_are_one_entity(open_engine: OpenEngine) -> None:
    found = entities_of(open_engine(trades=together(6, ONE, TWO, THREE)))

    # Wallets by address: 1, 2, 3, f. The two outer ones are 200 ms apart.
    assert found.of_wallet.tolist() == [0, 0, 0, 1]
    assert found.size.tolist() == [3, 3, 3, 1]
    assert found.twins.n_pairs[found.twins.are_one].tolist() == [6, 6, 6]


@pytest.mark.slow  # a market judged
def test_sub_account_acts_for_its_master_and_whoever_is_paid_does_not(
    open_engine: OpenEngine,
) -> None:
    asked = {"received_ns": START_MS * 1_000_000, "user": ONE, "request": {"type": "subAccounts2"}}
    states = [{**asked, "answer": [{"name": "two", "subAccountUser": TWO, "master": ONE}]}]
    paid = {"type": "internalTransfer", "usdc": "40.0", "user": ONE, "destination": THREE}
    trades = [bought(n, wallet, n, n) for n, wallet in enumerate((ONE, TWO, THREE), start=1)]
    flows = [account_flow(START_MS, ONE, **paid)]
    engine = open_engine(trades=trades, account_states=states, account_flows=flows)

    found = judge(engine.backend, DAY, np.ones(engine.n_wallets, dtype=bool), Settings()).columns

    assert found["entity_size"].tolist() == [2, 2, 1, 1]
    assert found["entity_id"].tolist() == [0, 0, 1, 2]


def test_four_moments_are_not_enough(open_engine: OpenEngine) -> None:
    found = entities_of(open_engine(trades=together(4, ONE, TWO)))

    assert found.size.tolist() == [1, 1, 1]


def test_moments_further_apart_are_not_one(open_engine: OpenEngine) -> None:
    found = entities_of(open_engine(trades=together(6, ONE, TWO, apart_s=0.251)))

    assert found.size.tolist() == [1, 1, 1]


def test_pair_across_a_border_of_cells_counts(open_engine: OpenEngine) -> None:
    # A second and a bit before a whole quarter of one, half of the time.
    trades = [
        bought(nth * 3600 + 0.2 * (nth % 2) + k * 0.1, wallet, 5.0, nth * 10 + k)
        for nth in range(8)
        for k, wallet in enumerate((ONE, TWO))
    ]

    found = entities_of(open_engine(trades=trades))

    assert found.twins.n_pairs.tolist() == [8]


def test_sizes_that_differ_by_more_than_a_percent_are_not_equal(open_engine: OpenEngine) -> None:
    near = entities_of(open_engine(trades=together(6, ONE, TWO, sizes=(100.0, 100.9))))
    far = entities_of(open_engine(trades=together(6, ONE, TWO, sizes=(100.0, 101.2))))

    assert near.size.tolist() == [2, 2, 1]
    assert far.size.tolist() == [1, 1, 1]


def test_pairs_that_are_few_among_many_executions_are_chance(open_engine: OpenEngine) -> None:
    alone = [
        bought(nth * 1000 + 500 + 250 * k, wallet, 7.0 + nth + 50 * k, 1000 + nth * 2 + k)
        for nth in range(20)
        for k, wallet in enumerate((ONE, TWO))
    ]

    found = entities_of(open_engine(trades=[*together(6, ONE, TWO), *alone]))

    assert found.size.tolist() == [1, 1, 1]  # 6 of 26


def test_busy_wallets_meet_by_chance(open_engine: OpenEngine) -> None:
    # Each buys the same size every half second for an hour: they meet all the time.
    trades = [
        bought(nth * 0.5 + 0.1 * k, wallet, 1.0, nth * 2 + k)
        for nth in range(1_000)
        for k, wallet in enumerate((ONE, TWO))
    ]
    engine = open_engine(trades=trades)
    short = Window(START_MS, START_MS + 500_000)

    found = find_entities(engine.backend, short, np.ones(3, dtype=bool))

    assert found.size.tolist() == [1, 1, 1]


def test_market_makers_on_the_same_quote_stay_apart(open_engine: OpenEngine) -> None:
    # Whoever sells fills both, each with the size that both always quote.
    trades = [
        trade(
            START_MS + nth * 60_000,
            buyer=maker,
            seller=THREE,
            taker=THREE,
            size=10.0,
            trade_id=nth * 2 + k,
        )
        for nth in range(40)
        for k, maker in enumerate((ONE, TWO))
    ]

    found = entities_of(open_engine(trades=trades))

    assert found.twins.n_pairs.tolist() == [40]
    assert found.size.tolist() == [1, 1, 1]


def test_pairs_are_the_same_when_stretches_of_time_are_counted_one_after_the_other(
    open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_three_coins = [
        {**line, "coin": coin} for coin in ("A", "B", "C") for line in together(3, ONE, TWO)
    ]
    engine = open_engine(trades=in_three_coins)
    at_once = entities_of(engine).twins

    # Three stretches: what the first two tell is joined, and then the third to it.
    monkeypatch.setattr(entities, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(entities, "STRETCHES_JOINED", 2)
    apart = entities_of(engine).twins

    assert at_once.n_pairs.tolist() == apart.n_pairs.tolist() == [9]
    np.testing.assert_allclose(at_once.p, apart.p)


def test_venue_says_who_belongs_together(open_engine: OpenEngine) -> None:
    trades = [bought(0, ONE, 1.0, 1), bought(5, TWO, 2.0, 2)]

    found = entities_of(open_engine(trades=trades), (np.array([0]), np.array([1])))

    assert found.of_wallet.tolist() == [0, 0, 1]


def test_wallets_that_are_not_judged_have_no_entity(open_engine: OpenEngine) -> None:
    engine = open_engine(trades=together(6, ONE, TWO))

    found = find_entities(engine.backend, DAY, np.array([False, True, True]))

    assert found.of_wallet.tolist() == [-1, 0, 1]
    assert found.size.tolist() == [0, 1, 1]
