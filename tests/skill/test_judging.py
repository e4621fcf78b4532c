"""A whole market judged: a wallet that foresees is found among those that do not."""

from typing import Any

import numpy as np
import pytest
from engine_fakes import OpenEngine
from fakes import CAROL, START_MS, trade
from paper_fakes import book

from hypertrack.config import CopySettings, Settings
from hypertrack.features.engine import FeatureEngine
from hypertrack.market.window import Window
from hypertrack.records import HOUR_MS, MINUTE_MS
from hypertrack.skill.judging import Skill, judge

N_HOURS = 48
SEER, MAKER = "0x" + "0" * 39 + "1", "0x" + "f" * 40
GAMBLERS = ["0x" + "a" * 38 + f"{n:02x}" for n in range(12)]


def market(foresight: float) -> list[dict[str, Any]]:
    """Return 48 hours of three coins that move every minute by 10 bps.

    The seer buys and sells five minutes ahead, right with a chance of (1 + foresight) / 2; the
    gamblers do as they like. All hold for five minutes.
    """
    rng = np.random.default_rng(3)
    n_minutes = N_HOURS * 60
    paths = 100 * np.exp(np.cumsum(rng.normal(0, 1e-3, (3, n_minutes + 10)), axis=1))
    lines = []

    def add(minute: int, second: int, coin: int, wallet: str, side: int, size: float) -> None:
        buyer, seller = (wallet, MAKER) if side > 0 else (MAKER, wallet)
        lines.append(
            trade(
                START_MS + minute * MINUTE_MS + second * 1000,
                buyer=buyer,
                seller=seller,
                taker=wallet,
                price=round(float(paths[coin, minute]), 6),
                size=size,
                coin=f"C{coin}",
                trade_id=len(lines),
            )
        )

    for minute in range(0, n_minutes - 6):
        for coin in range(3):
            add(minute, 0, coin, GAMBLERS[11], 1 if (minute + coin) % 2 else -1, 0.5)
    for wallet in [SEER, *GAMBLERS[:11]]:
        for minute in range(1, n_minutes - 6, 20):
            coin = int(rng.integers(3))
            move = paths[coin, minute + 5] - paths[coin, minute]
            chance = foresight if wallet == SEER else 0.0
            side = int(np.sign(move)) * (1 if rng.random() < (1 + chance) / 2 else -1)
            size = round(float(rng.uniform(1, 2)), 4)
            add(minute, 10, coin, wallet, side, size)
            add(minute + 5, 20, coin, wallet, -side, size)
    return sorted(lines, key=lambda line: line["time"])


def judged(engine: FeatureEngine, settings: Settings | None = None) -> dict[str, Any]:
    """Return the row of the seer, which has the lowest address."""
    found = judge_all(engine, settings)
    return {name: column[0] for name, column in found.columns.items()}


def judge_all(engine: FeatureEngine, settings: Settings | None = None) -> Skill:
    window = Window(engine.start_ms, engine.end_ms)
    is_judged = np.ones(engine.n_wallets, dtype=bool)
    return judge(engine.backend, window, is_judged, settings or Settings())


@pytest.mark.slow
def test_foresight_is_told_from_luck_and_worth_copying(open_engine: OpenEngine) -> None:
    engine = open_engine(trades=market(0.9))

    found = judge_all(engine)

    seer = {name: column[0] for name, column in found.columns.items()}
    # Five steps of 10 bps: a mean move of 18 bps either way, of which .9 are foreseen. It comes
    # evenly, and of the position two thirds are gone by half of the time: 7/12 of it are left.
    assert seer["edge_bps"] == pytest.approx(0.9 * 17.8 * 7 / 12, abs=2)
    assert seer["edge_low_bps"] < seer["edge_bps"] < seer["edge_high_bps"]
    assert seer["q"] < 0.01
    assert seer["n_bets"] == 144
    assert seer["copy_edge_bps_5s"] == seer["copy_edge_bps"]
    assert seer["copy_edge_bps_0s"] >= seer["copy_edge_bps_300s"]
    free = Settings(copy=CopySettings(taker_bps=0.5, half_spread_bps=0.1))
    assert judged(engine, free)["verdict"] == "COPY"
    dear = Settings(copy=CopySettings(taker_bps=30.0))
    assert (judged(engine, dear)["verdict"], judged(engine, dear)["verdict_gate"]) == (
        "WATCH",
        "copy edge",
    )
    assert found.summary.n_flagged == 1
    assert found.summary.n_tested == 13  # the maker of all these only rests
    assert found.columns["verdict"].tolist().count("COPY") <= 1


def test_nobody_is_told_from_luck_where_nobody_foresees(open_engine: OpenEngine) -> None:
    found = judge_all(open_engine(trades=market(0.0)))

    assert found.summary.n_flagged == 0
    assert set(found.columns["verdict"].tolist()) <= {"NOT ENOUGH DATA", "AVOID"}
    assert found.summary.least_days_needed is not None
    assert found.summary.least_days_needed > 0
    assert 0.5 < (found.summary.placebo_z_sd or 0) < 1.5


def test_few_trades_are_judged_without_a_claim(open_engine: OpenEngine) -> None:
    lines = [trade(START_MS + HOUR_MS, buyer=SEER, seller=MAKER, taker=SEER)]

    found = judge_all(open_engine(trades=lines))

    assert found.columns["verdict"].tolist() == ["NOT ENOUGH DATA"] * 2
    assert found.summary.n_tested == 0
    assert found.summary.power is None
    assert np.isnan(found.columns["edge_bps"]).all()


@pytest.mark.slow  # a market judged
def test_past_of_whoever_was_chosen_by_profit_is_no_evidence(open_engine: OpenEngine) -> None:
    trades = [
        trade(
            START_MS + (n * 10 + nth * 6) * MINUTE_MS,
            buyer=who,
            seller=MAKER,
            taker=who,
            price=price,
        )
        for n, price in enumerate(np.random.default_rng(1).uniform(99, 101, 40).round(3).tolist())
        for nth, who in enumerate((SEER, GAMBLERS[0]))
    ]
    half_ms = START_MS + 200 * MINUTE_MS
    by_profit = {"at_ms": half_ms, "wallets": [SEER.upper(), CAROL], "is_by_profit": True}
    by_size = {"at_ms": half_ms, "wallets": [GAMBLERS[0]]}
    choices = {"accounts/choices": [by_profit, {**by_profit, "at_ms": half_ms + 9_000}, by_size]}

    books = [book(n * MINUTE_MS, [("99.9", "50")], [("100.1", "50")]) for n in range(400)]
    found = judge_all(open_engine(trades=trades, l2book=books, **choices))

    # Of the gambler's 40 the last is not over when the recording ends; of the seer's those of the
    # second half count. The maker of all, whose orders rest, makes none.
    assert found.columns["n_bets"].tolist() == [20, 39, 0]
    assert found.columns["verdict_gate"].tolist()[:2] == ["chosen by profit", "hours"]
    assert found.columns["verdict_value"][0] == 20
    assert found.summary.n_by_profit == 1
    # Every minute has its book, 20 bps wide and deep enough for 1,000 USD; a fee of 4.5 bps.
    assert found.columns["book_frac"].tolist()[:2] == [1.0, 1.0]
    np.testing.assert_allclose(found.columns["cost_bps"][:2], 2 * (10 + 4.5))


def test_profit_from_before_a_wallet_was_chosen_by_it_opens_no_gate(
    open_engine: OpenEngine,
) -> None:
    # the seer gains 20 times 1, is chosen for it, then loses 10 times 1
    prices = [100 + nth % 2 for nth in range(60)]
    lines = []
    for nth, price in enumerate(prices):
        buys = nth % 2 == (0 if nth < 40 else 1)
        buyer, seller = (SEER, MAKER) if buys else (MAKER, SEER)
        at_ms = START_MS + nth * 5 * MINUTE_MS
        lines.append(trade(at_ms, buyer=buyer, seller=seller, taker=SEER, price=price))
    chosen = {"at_ms": START_MS + 199 * MINUTE_MS, "wallets": [SEER], "is_by_profit": True}

    unchosen = judge_all(open_engine(trades=lines))
    found = judge_all(open_engine(trades=lines, **{"accounts/choices": [chosen]}))

    fees_usd = (30 * 100 + 30 * 101) * 4.5e-4, (10 * 100 + 10 * 101) * 4.5e-4
    assert unchosen.columns["cash_usd"][0] == pytest.approx(20 - 10 - fees_usd[0])
    assert found.columns["cash_usd"][0] == pytest.approx(-10 - fees_usd[1])


def test_wallets_that_are_not_judged_have_no_verdict(open_engine: OpenEngine) -> None:
    engine = open_engine(trades=market(0.0)[:2_000])
    is_judged = np.ones(engine.n_wallets, dtype=bool)
    is_judged[-1] = False

    found = judge(engine.backend, Window(engine.start_ms, engine.end_ms), is_judged, Settings())

    assert found.columns["verdict"][-1] == ""
    assert np.isnan(found.columns["n_bets"][-1])
    assert found.columns["entity_id"][-1] == -1
    assert found.summary.n_wallets == engine.n_wallets - 1


def test_judging_again_gives_the_same_numbers(busy_engine: FeatureEngine) -> None:
    first, second = judge_all(busy_engine), judge_all(busy_engine)

    for name, column in first.columns.items():  # cash is summed by several threads, in any order
        if name == "cash_usd":
            np.testing.assert_allclose(column, second.columns[name], rtol=1e-12)
        else:
            np.testing.assert_array_equal(column, second.columns[name], err_msg=name)
