from typing import Any

import numpy as np
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, trade

from hypertrack.labels.markouts import MIN_BETS, MIN_EXECUTIONS, markout_outcomes
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


def own(bet: int, seconds: int, price: float, *, is_buy: bool = True) -> dict[str, Any]:
    """A trade of ALICE; between two of her bets lie five minutes without any."""
    buyer, seller = (ALICE, BOB) if is_buy else (BOB, ALICE)
    time_ms = START_MS + bet * 10 * MINUTE_MS + seconds * 1_000
    return trade(time_ms, buyer=buyer, seller=seller, taker=ALICE, price=price)


def test_t_statistic_is_that_of_bets_of_five_minutes(open_backend: Any, by_wallet: Any) -> None:
    """The price is 100 at every whole minute and five minutes after each trade of ALICE.

    The drift is 0, then; to buy at 50 gains 100 %, to sell at 200 gains 50 %, at 100 nothing.
    """
    bets = [
        (own(0, 20, 50), own(0, 40, 50)),  # 100 %
        (own(1, 20, 100), own(1, 40, 100)),  # 0
        (own(2, 20, 50), own(2, 40, 50)),  # 100 %
        (own(3, 20, 100), own(3, 40, 100)),  # 0
        (own(4, 20, 50), own(4, 40, 100)),  # 100 % and 0: 50 %
        (own(5, 20, 200, is_buy=False), own(5, 40, 200, is_buy=False)),  # 50 %
    ]
    quiet = price_path([100.0] * 61)
    con = open_backend(trades=[*quiet, *(line for bet in bets for line in bet)])
    window = Window(START_MS, START_MS + 61 * MINUTE_MS)

    alice = by_wallet(con, markout_outcomes(con, window))[ALICE]

    # Six bets: mean 1/2; squares of what they are from it: four of 1/4, and two of nothing.
    # Variance 1 / (6 - 1), standard error sqrt(1/5 / 6), t = 1/2 · sqrt(30).
    assert alice["markout_t"] == pytest.approx(30**0.5 / 2)


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
