"""What a copied bet earns, worked by hand on markets of a few trades."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from engine_fakes import OpenEngine
from fakes import ALICE, BOB, CAROL, START_MS, quote, trade
from skill_fakes import candidates

from hypertrack.features.engine import FeatureEngine
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS
from hypertrack.skill.following import Copies, FollowTerms, Round, follow_all

CUT_MS = START_MS + 60 * MINUTE_MS
END_MS = START_MS + 90 * MINUTE_MS
BET_MS = CUT_MS + 10 * MINUTE_MS

FIRST, LAST = (
    trade(time_ms, buyer=BOB, seller=CAROL, taker=CAROL, price=100.0)
    for time_ms in (START_MS, END_MS - 1)
)
"""The recording begins and ends with them."""


def quotes(*rows: tuple[float, float]) -> list[dict[str, Any]]:
    """Return quotes from (seconds after the bet, mid), 2 cents wide."""
    return [quote(BET_MS + round(s * 1000), mid - 0.01, mid + 0.01) for s, mid in rows]


def bought(seconds: float = 0.0, price: float = 100.01) -> dict[str, Any]:
    """Return that Alice took a coin so long after the bet."""
    at_ms = BET_MS + round(seconds * 1000)
    return trade(at_ms, buyer=ALICE, seller=BOB, taker=ALICE, price=price)


def sold(seconds: float, price: float = 100.0) -> dict[str, Any]:
    at_ms = BET_MS + round(seconds * 1000)
    return trade(at_ms, buyer=BOB, seller=ALICE, taker=ALICE, price=price)


def followed(
    engine: FeatureEngine,
    *,
    who: Sequence[str] = (ALICE,),
    delay_s: float = 5.0,
    horizon_s: float = 60.0,
    size_usd: float = 1_000.0,
) -> Copies:
    """Follow some wallets, each an entity, at a fee of 4 bps a leg."""
    of_wallet = [list(who).index(each) if each in who else -1 for each in engine.wallets]
    return follow_all(
        engine.backend,
        [Round(Window(START_MS, CUT_MS), Window(CUT_MS, END_MS))],
        [candidates(of_wallet, [horizon_s] * len(who))],
        FollowTerms(round(delay_s * 1000), size_usd, np.array([4.0]), 2.0, END_MS),
    )


def test_follower_comes_late_and_pays_both_legs(open_engine: OpenEngine) -> None:
    engine = open_engine(
        trades=[FIRST, bought(), LAST], bbo=quotes((-1, 100.0), (4, 101.0), (58, 102.0))
    )

    found = followed(engine)

    # In at 101 five seconds later, out at 102 when the horizon of a minute ends.
    assert found.gross_bps.tolist() == pytest.approx([(102 / 101 - 1) * 1e4])
    assert found.opened_ms.tolist() == [BET_MS + 5_000]
    assert found.closed_ms.tolist() == [BET_MS + 60_000]
    # 4 bps and a cent of 101, 4 bps and a cent of 102; Alice paid the ask: no depth to be seen.
    assert found.cost_bps.tolist() == pytest.approx([8 + 100 / 101 + 100 / 102])


def test_follower_leaves_with_the_leader(open_engine: OpenEngine) -> None:
    engine = open_engine(
        trades=[FIRST, bought(), sold(20), LAST],
        bbo=quotes((-1, 100.0), (4, 101.0), (24, 101.5), (26, 50.0)),
    )

    found = followed(engine)

    assert found.closed_ms.tolist() == [BET_MS + 25_000]
    assert found.gross_bps.tolist() == pytest.approx([(101.5 / 101 - 1) * 1e4])


def test_short_bet_gains_when_the_price_falls(open_engine: OpenEngine) -> None:
    engine = open_engine(
        trades=[FIRST, sold(0, 99.99), LAST], bbo=quotes((-1, 100.0), (4, 100.0), (58, 99.0))
    )

    assert followed(engine).gross_bps.tolist() == pytest.approx([100.0])


def test_being_earlier_or_later_is_measured_beside_it(open_engine: OpenEngine) -> None:
    engine = open_engine(
        trades=[FIRST, bought(), LAST],
        bbo=quotes((-1, 100.0), (0.5, 101.0), (4, 102.0), (29, 103.0), (58, 104.0)),
    )

    found = followed(engine)

    # From the mid before the bet, and after 1, 5 and 30 s; after 300 s the minute is over.
    drift_bps = found.drift_bps[0] / 55 * np.array([60, 59, 55, 30, 0])
    gross = np.array([104 / 100, 104 / 101, 104 / 102, 104 / 103, 1]) * 1e4 - 1e4
    assert found.by_delay[:, 0].tolist() == pytest.approx((gross - drift_bps).tolist())


def test_drift_of_the_market_is_told_apart(open_engine: OpenEngine) -> None:
    # Half an hour in which every minute brings exactly 10 bps.
    minutes = [(60.0 * n - 600, 100 * 1.001**n) for n in range(31)]
    engine = open_engine(trades=[FIRST, bought(1, 101.0), LAST], bbo=quotes(*minutes))

    found = followed(engine, delay_s=0)

    assert found.gross_bps.tolist() == pytest.approx([10.0])
    assert found.drift_bps.tolist() == pytest.approx([10.0])
    assert found.adjusted_bps.tolist() == pytest.approx((-found.cost_bps).tolist())


def test_depth_that_takers_paid_for_is_paid_by_size(open_engine: OpenEngine) -> None:
    # A coin for 101, a whole percent above the mid, less a cent of spread: 99 bps for 101 USD.
    engine = open_engine(
        trades=[FIRST, bought(0, 101.0), LAST], bbo=quotes((-1, 100.0), (4, 100.0), (58, 100.0))
    )

    small, large = (followed(engine, size_usd=usd).cost_bps[0] for usd in (101.0, 202.0))

    # What is left of the cost beside fees and spread is the depth, and that doubles.
    assert large - small == pytest.approx(small - 8 - 2)


def test_bet_is_copied_once_and_the_next_again(open_engine: OpenEngine) -> None:
    engine = open_engine(
        trades=[FIRST, bought(), bought(30, 100.02), bought(300, 100.03), LAST],
        bbo=quotes(*((s, 100.0) for s in range(-1, 400, 40))),
    )

    found = followed(engine)

    assert found.opened_ms.tolist() == [BET_MS + 5_000, BET_MS + 305_000]


def test_who_is_no_candidate_is_not_copied(open_engine: OpenEngine) -> None:
    engine = open_engine(trades=[FIRST, bought(), LAST], bbo=quotes((-1, 100.0), (58, 101.0)))

    assert len(followed(engine, who=[BOB])) == 0  # he rested


def test_bet_whose_end_nobody_recorded_is_kept_as_unknown(open_engine: OpenEngine) -> None:
    engine = open_engine(trades=[FIRST, bought(), LAST], bbo=quotes((-1, 100.0), (58, 101.0)))

    found = followed(engine, horizon_s=3_600)

    assert np.isnan(found.gross_bps).tolist() == [True]
