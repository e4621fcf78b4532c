"""Wallets that trade with each other and with hardly anyone else."""

from typing import Any

import numpy as np
from engine_fakes import OpenEngine
from fakes import START_MS, trade

from hypertrack.features.engine import FeatureEngine
from hypertrack.market.window import Window
from hypertrack.skill.counterparties import WashPairs, find_wash_pairs

ONE, TWO = "0x" + "1" * 40, "0x" + "2" * 40
OTHERS = ["0x" + f"{n:040x}" for n in range(3, 43)]


def found_in(engine: FeatureEngine) -> WashPairs:
    return find_wash_pairs(engine.backend, Window(engine.start_ms, engine.end_ms))


def crowd(n: int = 400) -> list[dict[str, Any]]:
    """Return trades of forty wallets with whoever comes."""
    rng = np.random.default_rng(1)
    pairs = [rng.choice(OTHERS, 2, replace=False).tolist() for _ in range(n)]
    return [
        trade(START_MS + nth * 1_000, buyer=a, seller=b, taker=a, trade_id=nth)
        for nth, (a, b) in enumerate(pairs)
    ]


def between(n: int, *, both_ways: bool = True) -> list[dict[str, Any]]:
    return [
        trade(
            START_MS + nth * 5_000 + 500,
            buyer=ONE if nth % 2 or not both_ways else TWO,
            seller=TWO if nth % 2 or not both_ways else ONE,
            taker=ONE,
            trade_id=10_000 + nth,
        )
        for nth in range(n)
    ]


def test_two_that_trade_in_a_circle_are_found(open_engine: OpenEngine) -> None:
    engine = open_engine(trades=[*crowd(), *between(12)])

    found = found_in(engine)

    wallets = engine.matrix(names=["tx_count"]).wallets
    assert (wallets[found.wallet_a[0]], wallets[found.wallet_b[0]]) == (ONE, TWO)
    assert found.n_trades.tolist() == [12]
    assert found.mutual_frac.tolist() == [1.0]


def test_one_way_is_a_maker_and_who_likes_it(open_engine: OpenEngine) -> None:
    found = found_in(open_engine(trades=[*crowd(), *between(12, both_ways=False)]))

    assert found.wallet_a.tolist() == []


def test_two_who_trade_with_everybody_are_no_pair(open_engine: OpenEngine) -> None:
    elsewhere = [
        trade(START_MS + nth * 3_000 + 700, buyer=who, seller=other, taker=who, trade_id=20_000 + k)
        for nth, other in enumerate(OTHERS[:8])
        for k, who in enumerate((ONE, TWO), start=2 * nth)
    ]

    found = found_in(open_engine(trades=[*crowd(), *between(12), *elsewhere]))

    assert found.wallet_a.tolist() == []  # 12 of 20


def test_two_who_mostly_trade_with_each_other_are_a_pair_whoever_else_there_is(
    open_engine: OpenEngine,
) -> None:
    # Three of the six others come before both by address, and three after them.
    others = [*OTHERS[:3], *("0x" + f"f{n:039x}" for n in range(3))]
    elsewhere = [
        trade(START_MS + nth * 3_000 + 700, buyer=who, seller=other, taker=who, trade_id=20_000 + k)
        for nth, other in enumerate(others)
        for k, who in enumerate((ONE, TWO), start=2 * nth)
    ]

    found = found_in(open_engine(trades=[*crowd(), *between(14), *elsewhere]))

    assert found.n_trades.tolist() == [14]
    assert found.mutual_frac.tolist() == [0.7]  # 14 of 20


def test_only_two_wallets_in_a_coin_cannot_but_trade_with_each_other(
    open_engine: OpenEngine,
) -> None:
    found = found_in(open_engine(trades=between(30)))

    assert found.wallet_a.tolist() == []


def test_only_maker_of_a_coin_trades_in_a_circle_with_nobody(open_engine: OpenEngine) -> None:
    lines = [
        trade(
            START_MS + nth * 1_000,
            buyer=(wallet, ONE)[nth % 2],
            seller=(ONE, wallet)[nth % 2],
            taker=wallet,
            trade_id=nth,
        )
        for nth, wallet in enumerate(w for w in OTHERS[:10] for _ in range(20))
    ]

    assert found_in(open_engine(trades=lines)).wallet_a.tolist() == []
