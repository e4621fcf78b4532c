from typing import Any

import numpy as np
import pytest
from fakes import BOB, CAROL, START_MS, trade

from hypertrack.labels.markouts import MIN_BETS, MIN_EXECUTIONS, markout_outcomes
from hypertrack.market.markouts import markouts
from hypertrack.market.window import Window
from hypertrack.records import MINUTE_MS


def price_path(prices: list[float]) -> list[dict[str, Any]]:
    """One trade at each whole minute, between two others."""
    return [
        trade(START_MS + i * MINUTE_MS, buyer=BOB, seller=CAROL, taker=BOB, price=price)
        for i, price in enumerate(prices)
    ]


def random_path(n_minutes: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(1)
    return price_path((100 * np.exp(np.cumsum(rng.normal(0, 0.01, n_minutes)))).tolist())


def test_t_statistic_is_that_of_bets_of_five_minutes(open_backend: Any, by_wallet: Any) -> None:
    con = open_backend(trades=random_path(60))
    window = Window(START_MS, START_MS + 60 * MINUTE_MS)

    bob = by_wallet(con, markout_outcomes(con, window))[BOB]

    known = markouts(con, window, ["after_5m"]).filter(lambda t: t.after_5m_bps.notnull())
    named = known.join(con.table("wallets"), "wallet_id")
    rows = [row for row in named.to_pyarrow().to_pylist() if row["wallet"] == BOB]
    by_bet: dict[int, list[float]] = {}
    for row in rows:
        by_bet.setdefault(row["time_ms"] // 300_000, []).append(row["after_5m_bps"])
    bets = [np.mean(bps) for bps in by_bet.values()]
    assert (len(rows), len(bets)) == (55, 11)
    assert bob["markout_t"] == pytest.approx(np.mean(bets) / (np.std(bets, ddof=1) / 11**0.5))


def test_burst_of_executions_is_one_bet(open_backend: Any, by_wallet: Any) -> None:
    path = random_path(60)
    burst = [
        trade(START_MS + 90_000 + i, buyer=BOB, seller=CAROL, taker=BOB, price=price, trade_id=i)
        for i, price in enumerate([float(path[1]["px"])] * 40)
    ]
    window = Window(START_MS, START_MS + 60 * MINUTE_MS)

    calm = by_wallet(con := open_backend(trades=path), markout_outcomes(con, window))[BOB]
    loud = by_wallet(con := open_backend(trades=path + burst), markout_outcomes(con, window))[BOB]

    # forty more executions of one minute move their bet a little, and the t-statistic as little
    assert loud["markout_t"] == pytest.approx(calm["markout_t"], abs=0.5)


@pytest.mark.parametrize(("n_minutes", "is_known"), [(14, False), (21, False), (31, True)])
def test_few_markouts_or_bets_have_no_t_statistic(
    open_backend: Any, by_wallet: Any, n_minutes: int, is_known: bool
) -> None:
    con = open_backend(trades=random_path(n_minutes))
    window = Window(START_MS, START_MS + n_minutes * MINUTE_MS)

    bob = by_wallet(con, markout_outcomes(con, window))[BOB]

    assert (MIN_EXECUTIONS, MIN_BETS) == (10, 5)
    # 9 executions; 16 of them that make 4 bets; 26 that make 6
    assert (bob["markout_t"] is not None) == is_known
