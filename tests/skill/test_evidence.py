"""Evidence gathered from a dataset: bets of all wallets, and of a placebo."""

import threading
from typing import Any

import numpy as np
import pytest
from engine_fakes import OpenEngine
from fakes import ALICE, BOB, CAROL, START_MS, trade
from skill_fakes import BOUGHT, SOLD, openings

from hypertrack.features.engine import FeatureEngine
from hypertrack.market.window import Window
from hypertrack.records import HOUR_MS, MINUTE_MS
from hypertrack.skill import evidence, fetching, put_aside
from hypertrack.skill.bets import Bets
from hypertrack.skill.evidence import Evidence, gather, moved
from hypertrack.skill.horizons import horizons_ms
from hypertrack.skill.openings import Lots

LENGTH = Window(START_MS, START_MS + 2 * HOUR_MS)


def evidence_of(engine: FeatureEngine, window: Window = LENGTH) -> Evidence:
    return gather(engine.backend, window, np.arange(engine.n_wallets), np.random.default_rng(0))


def test_makers_and_takers_bet_and_only_takers_can_be_copied(open_engine: OpenEngine) -> None:
    trades = [
        trade(START_MS + n * 10 * MINUTE_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=100 + n)
        for n in range(6)
    ]

    found = evidence_of(open_engine(trades=trades))

    # Nothing closed: the horizon is five minutes, in which the price stays what it was; the
    # first has no price before it, and every other is one bet of each side. Wallets: a, b.
    assert found.horizon_ms.tolist() == [300_000, 300_000]
    assert found.bets.n_blocks.tolist() == [5, 5]
    assert (found.taker_bets.entity.tolist(), found.taker_bets.n_bets.tolist()) == ([0], [5])
    assert found.decisions.entity.tolist() == [0] * 6
    assert found.deeds.n_openings.tolist() == [6, 6]
    assert found.copies.entity.tolist() == []  # five bets are too few to be tested
    assert 5_000 in found.copies.over_bps


def test_drift_of_the_whole_recording_does_not_reach_a_window_before_its_end(
    open_engine: OpenEngine,
) -> None:
    quiet = [
        trade(START_MS + n * MINUTE_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=100 + n % 2)
        for n in range(30)
    ]
    rally = [
        trade(START_MS + n * MINUTE_MS, buyer=CAROL, seller=BOB, taker=CAROL, price=100 + n)
        for n in range(30, 60)
    ]
    early = Window(START_MS, START_MS + 30 * MINUTE_MS)

    without = evidence_of(open_engine(trades=quiet), early)
    with_it = evidence_of(open_engine(trades=[*quiet, *rally]), early)

    np.testing.assert_array_equal(without.bets.edge_bps, with_it.bets.edge_bps)
    np.testing.assert_array_equal(without.bets.expected, with_it.bets.expected)


def test_placebo_keeps_every_decision_and_moves_its_time() -> None:
    decided = openings((0, 10, BOUGHT), (0, 7_000, SOLD), (1, 60, SOLD))

    placebo = moved(decided, np.array([600_000, 600_000, 300_000]), LENGTH)

    # Of two hours: ten minutes later, beyond the end and so at the beginning, five minutes later.
    assert ((placebo.time_ms - START_MS) // 1000).tolist() == [610, 400, 360]
    assert placebo.direction.tolist() == decided.direction.tolist()


def test_placebo_bets_of_everybody_are_tallied(busy_engine: FeatureEngine) -> None:
    found = evidence_of(busy_engine, Window(busy_engine.start_ms, busy_engine.end_ms))

    assert len(found.placebo.entity) > 5
    assert not np.isin(found.placebo.edge_bps, found.bets.edge_bps).any()


def test_same_dataset_gives_the_same_evidence(busy_engine: FeatureEngine) -> None:
    window = Window(busy_engine.start_ms, busy_engine.end_ms)

    first, second = evidence_of(busy_engine, window), evidence_of(busy_engine, window)

    np.testing.assert_array_equal(first.placebo.edge_bps, second.placebo.edge_bps)
    np.testing.assert_array_equal(first.bets.variance, second.bets.variance)


def test_wallets_that_are_not_judged_have_no_bets(busy_engine: FeatureEngine) -> None:
    entity = np.arange(busy_engine.n_wallets)
    entity[0] = -1
    window = Window(busy_engine.start_ms, busy_engine.end_ms)

    found = gather(busy_engine.backend, window, entity, np.random.default_rng(0))

    assert found.bets.entity.min() == found.decisions.entity.min() == 1
    assert found.deeds.n_openings[0] == 0


def test_few_wallets_at_a_time_give_what_all_of_them_do(
    open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    wallets = [f"0x{n:040x}" for n in range(1, 9)]
    trades = []
    for nth, second in enumerate(range(0, 7_200, 9)):
        buyer, seller = rng.permutation(wallets)[:2].tolist()
        how = {"price": float(100 + rng.normal()), "size": float(rng.uniform(1, 9))}
        who = {"buyer": buyer, "seller": seller, "taker": (buyer, seller)[nth // 2 % 2]}
        trades.append(trade(START_MS + second * 1000, coin=("BTC", "ETH")[nth % 2], **who, **how))
    engine = open_engine(trades=trades)
    entity = np.array([0, 0, 1, 1, 2, 2, 3, 0])  # those of the first one are far apart

    def found() -> Evidence:
        return gather(engine.backend, LENGTH, entity, np.random.default_rng(0))

    together = found()
    monkeypatch.setattr(fetching, "ROWS_AT_ONCE", 50)
    monkeypatch.setattr(fetching, "PRICES_AT_ONCE", 50)
    monkeypatch.setattr(put_aside, "ROWS_IN_MEMORY", 100)  # the others lie on disk
    apart = found()

    assert len(together.gains.entity) >= 3
    for name in ("deeds", "bets", "taker_bets", "placebo", "gains"):
        for column, values in vars(getattr(together, name)).items():
            np.testing.assert_allclose(vars(getattr(apart, name))[column], values, err_msg=column)
    np.testing.assert_allclose(apart.walk_bps_per_usd, together.walk_bps_per_usd)
    assert len(apart.decisions.entity) == len(together.decisions.entity)


def test_many_cores_do_not_hold_all_that_was_put_aside_at_once(
    busy_engine: FeatureEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "ROWS_AT_ONCE", 50)
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    at_work: set[str] = set()
    bets_of = evidence.bets_of_coin

    def noted(*args: Any) -> Bets:
        at_work.add(threading.current_thread().name)
        return bets_of(*args)

    monkeypatch.setattr(evidence, "bets_of_coin", noted)
    found = evidence_of(busy_engine, Window(busy_engine.start_ms, busy_engine.end_ms))

    assert len(found.bets.entity) > 4
    assert len(at_work) <= 4


@pytest.mark.usefixtures("full_disk")
def test_nobody_asks_the_dataset_any_more_when_the_disk_is_full(
    busy_engine: FeatureEngine,
) -> None:
    before = {*threading.enumerate()}

    with pytest.raises(OSError, match="no space left") as stopped:
        evidence_of(busy_engine)

    assert {*threading.enumerate()} == before
    del stopped  # until now what it was raised in is alive


def lots(*rows: tuple[int, float]) -> Lots:
    wallet, held_s = np.array(rows, dtype=float).T
    held_ms = (held_s * 1000).astype(np.int64)
    closed_ms = np.zeros(len(rows), dtype=np.int64)
    return Lots(
        wallet.astype(np.int64), closed_ms, held_ms, np.zeros(len(rows)), np.zeros(len(rows), bool)
    )


def test_horizon_lies_between_the_own_holding_time_and_the_usual_one() -> None:
    closed = lots((0, 100), (0, 100), (0, 100), (0, 100), (0, 100), (1, 400), (2, 200))

    found = horizons_ms(closed, np.arange(4), 4, Window(0, HOUR_MS))

    # Medians 100, 400 and 200 s; the usual one is 200, which counts as five lots.
    first = 1000 * np.exp((5 * np.log(100) + 5 * np.log(200)) / 10)
    second = 1000 * np.exp((np.log(400) + 5 * np.log(200)) / 6)
    assert found.tolist() == pytest.approx([first, second, 200_000, 200_000], abs=1)


@pytest.mark.parametrize(
    ("window_hours", "most_hours"), [(6, 1), (24, 1), (72, 3), (168, 7), (720, 8)]
)
def test_horizon_is_never_below_half_a_minute_nor_above_what_the_window_bears(
    window_hours: int, most_hours: int
) -> None:
    quick, slow = [(0, 0.0)] * 99, [(1, 1e6)] * 99

    found = horizons_ms(lots(*quick, *slow), np.arange(2), 2, Window(0, window_hours * HOUR_MS))

    assert found.tolist() == [30_000, most_hours * HOUR_MS]
