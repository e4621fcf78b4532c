from typing import Any

import numpy as np
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, trade

from hypertrack.labels.cuts import Window
from hypertrack.labels.markouts import MIN_EXECUTIONS, coin_drift, markout_outcomes, markouts
from hypertrack.records import MINUTE_MS


def price_path(prices: list[float]) -> list[dict[str, Any]]:
    """One trade at each whole minute, between two others."""
    return [
        trade(START_MS + i * MINUTE_MS, buyer=BOB, seller=CAROL, taker=BOB, price=price)
        for i, price in enumerate(prices)
    ]


PATH = price_path([100, 100, 100, 100, 100, 110, 100, 100, 100, 100, 100])
ALL = Window(START_MS, START_MS + 20 * MINUTE_MS)


def test_drift_is_the_mean_return_of_all_minutes(open_backend: Any) -> None:
    con = open_backend(trades=PATH)

    drift = coin_drift(con, Window(START_MS, START_MS + 6 * MINUTE_MS)).to_pyarrow().to_pylist()

    # minute 0 sees 110 after 5 minutes, minutes 1 to 4 see 100, minute 5 falls from 110 to 100
    assert drift == [{"coin_id": 0, "drift": pytest.approx((0.1 - 10 / 110) / 6)}]


def test_markout_is_signed_by_direction_and_less_the_drift(open_backend: Any) -> None:
    own = trade(START_MS + 30_000, buyer=ALICE, seller=BOB, taker=ALICE, price=100, trade_id=1)
    con = open_backend(trades=[*PATH, own])
    window = Window(START_MS, START_MS + 11 * MINUTE_MS)
    drift = (0.1 - 10 / 110) / 6

    rows = markouts(con, window).filter(lambda t: t.time_ms == START_MS + 30_000).to_pyarrow()

    bought = (110 / 100 - 1 - drift) * 1e4  # 5.5 minutes in, 110 is the last price
    assert sorted(rows["markout_bps"].to_pylist()) == pytest.approx([-bought, bought])


def test_execution_without_its_five_minutes_in_the_window_is_left_out(open_backend: Any) -> None:
    con = open_backend(trades=PATH)
    window = Window(START_MS, START_MS + 6 * MINUTE_MS)

    rows = markouts(con, window).to_pyarrow()

    assert rows["time_ms"].to_pylist() == [START_MS] * 2


def test_t_statistic_is_mean_over_standard_error(open_backend: Any, by_wallet: Any) -> None:
    rng = np.random.default_rng(1)
    prices = (100 * np.exp(np.cumsum(rng.normal(0, 0.01, 30)))).tolist()
    con = open_backend(trades=price_path(prices))
    window = Window(START_MS, START_MS + 30 * MINUTE_MS)

    bob = by_wallet(con, markout_outcomes(con, window))[BOB]

    bps = [
        row["markout_bps"]
        for row in markouts(con, window)
        .join(con.table("wallets"), "wallet_id")
        .to_pyarrow()
        .to_pylist()
        if row["wallet"] == BOB
    ]
    assert len(bps) == 25
    assert bob["markout_t"] == pytest.approx(np.mean(bps) / (np.std(bps, ddof=1) / len(bps) ** 0.5))


def test_few_markouts_have_no_t_statistic(open_backend: Any, by_wallet: Any) -> None:
    con = open_backend(trades=PATH)

    found = by_wallet(con, markout_outcomes(con, ALL))

    assert MIN_EXECUTIONS == 10
    assert found[BOB]["markout_t"] is not None  # 11 of them
    assert all(
        row["markout_t"] is None
        for row in by_wallet(
            con, markout_outcomes(con, Window(START_MS, START_MS + 14 * MINUTE_MS))
        ).values()
    )  # 9 whose five minutes are inside
