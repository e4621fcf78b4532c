from typing import Any

import numpy as np
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, quote, trade

from hypertrack.labels.bots import (
    LABELLING_FUNCTIONS,
    bot_votes,
    majority,
    report_labelling,
)
from hypertrack.market.window import Window
from hypertrack.records import DAY_MS, HOUR_MS, MINUTE_MS

HOUR = Window(START_MS, START_MS + HOUR_MS)


@pytest.fixture
def votes(open_backend: Any, by_wallet: Any) -> Any:
    """Return the votes cast on ALICE, by function, for the lines of a dataset."""

    def cast(window: Window = HOUR, **lines: Any) -> dict[str, int]:
        con = open_backend(**lines)
        row = by_wallet(con, bot_votes(con, window)).get(ALICE, {})
        names = [function.name for function in LABELLING_FUNCTIONS]
        return {name: row[name] for name in names if row.get(name)}

    return cast


def bought(times_ms: list[int], *, maker: bool = False, **more: Any) -> list[dict[str, Any]]:
    return [
        trade(START_MS + t, buyer=ALICE, seller=BOB, taker=BOB if maker else ALICE, **more)
        for t in times_ms
    ]


def uneven(n: int, mean_ms: int) -> list[int]:
    """Times with ever different gaps, in the first seconds."""
    return np.cumsum([int(mean_ms * (0.1 + 1.8 * i / n)) for i in range(n)]).tolist()


def test_a_hundred_fast_executions_are_a_bot(votes: Any) -> None:
    assert votes(trades=bought(uneven(100, 4_000))) == {"fast": 1}
    assert votes(trades=bought(uneven(99, 4_000))) == {}


def test_slices_of_a_twap_order_say_nothing(votes: Any) -> None:
    every_30_s = [30_000 * i for i in range(1, 101)]

    assert votes(trades=bought(every_30_s, is_twap=True)) == {}
    assert votes(trades=bought(every_30_s)) == {"timer": 1}


def test_timer_is_found_among_other_gaps(votes: Any) -> None:
    gaps = [10_000, 23_000, 10_100] * 4 + [15_000, 31_000, 47_000, 63_000] * 3
    spread = [gap + 1_700 * i if gap > 11_000 else gap for i, gap in enumerate(gaps)]

    times = np.cumsum(spread).tolist()

    assert sum(gap <= 10_100 for gap in spread) / len(spread) == 1 / 3
    assert votes(trades=bought(times)) == {}
    assert votes(trades=bought(np.cumsum([*spread, *[10_000] * 8]).tolist())) == {"timer": 1}


def test_twenty_hours_of_one_day_are_sleepless(votes: Any) -> None:
    midnight = 16 * HOUR_MS  # the day starts at 08:00
    times = [midnight + hour * HOUR_MS + hour * 37_000 for hour in range(20)]
    window = Window(START_MS, START_MS + 2 * DAY_MS)

    assert votes(window, trades=bought(times)) == {"sleepless": 1}
    assert votes(window, trades=bought(times[:19])) == {}


def test_trading_right_after_rare_quotes_is_a_reaction(votes: Any) -> None:
    quotes = [quote(START_MS + i * MINUTE_MS, 99.0 + i, 101.0 + i) for i in range(1, 26)]
    late_by = [7 * i for i in range(25)]

    just_after = [(i + 1) * MINUTE_MS + 50 + late for i, late in enumerate(late_by)]
    much_later = [(i + 1) * MINUTE_MS + 20_000 + i * 977 for i in range(25)]

    assert votes(bbo=quotes, trades=bought(just_after))["quote_reaction"] == 1
    assert "quote_reaction" not in votes(bbo=quotes, trades=bought(much_later))


@pytest.mark.parametrize(
    ("late_ms", "is_reaction"),
    [(0, False), (1, True), (250, True), (251, False), (600, False)],
)
def test_reaction_comes_after_the_quote_and_within_a_quarter_of_a_second(
    votes: Any, late_ms: int, is_reaction: bool
) -> None:
    """What trades in the block of a quote cannot have seen it."""
    minutes = [i * MINUTE_MS for i in range(1, 26)]
    quotes = [quote(START_MS + at, 99.0 + at, 101.0 + at) for at in minutes]

    found = votes(bbo=quotes, trades=bought([at + late_ms for at in minutes]))

    assert found.get("quote_reaction") == (1 if is_reaction else None)


def test_trading_after_quotes_that_never_rest_is_no_reaction(votes: Any) -> None:
    quotes = [quote(START_MS + i * 200, 99.0, 101.0 + i) for i in range(2_000)]
    times = [i * 15_013 + i * i * 61 for i in range(1, 25)]

    assert "quote_reaction" not in votes(bbo=quotes, trades=bought(times))


def test_maker_of_three_coins_at_once_is_a_bot(votes: Any) -> None:
    def fills(coins: list[str]) -> list[dict[str, Any]]:
        return [
            line
            for minute in range(60)
            for i, coin in enumerate(coins)
            for line in bought(
                [minute * MINUTE_MS + (2_000 + 731 * minute) * i + 997 * minute],
                maker=True,
                coin=coin,
            )
        ]

    assert votes(trades=fills(["BTC", "ETH", "SOL"])) == {"many_quotes": 1}
    assert votes(trades=fills(["BTC", "ETH", "BTC"])) == {}


def test_a_few_bursts_and_a_long_pause_are_human(votes: Any) -> None:
    burst_and_pause = [0, 5_000, 12_000, 20_000, 1_500_000]

    assert votes(trades=bought(burst_and_pause)) == {"restful": -1}


def test_thirty_executions_are_too_many_for_a_human_hour(votes: Any) -> None:
    restless = [*uneven(29, 20_000), 3_000_000]

    assert "restful" not in votes(trades=bought(restless))


def test_wallets_that_did_not_trade_have_no_votes(votes: Any) -> None:
    assert votes(trades=[trade(START_MS, buyer=BOB, seller=CAROL, taker=BOB)]) == {}


def test_majority_of_votes_decides_and_ties_are_zero() -> None:
    cast = np.array([[1, 1, -1], [1, -1, 0], [0, 0, 0], [0, 0, -1], [np.nan] * 3])

    found = majority(cast)

    np.testing.assert_allclose(found, [1 / 3, 0, np.nan, -1, np.nan])


def test_report_states_coverage_agreement_and_conflict() -> None:
    n = len(LABELLING_FUNCTIONS)
    votes = np.zeros((4, n))
    votes[0, [0, 1]] = 1  # fast and sleepless agree
    votes[1, 0], votes[1, -1] = 1, -1  # fast against restful
    votes[2, 0] = 1  # fast alone
    votes[3] = np.nan

    fast, sleepless, *_, restful = report_labelling(votes)

    assert (fast.coverage, fast.agreement, fast.conflict) == (0.75, 0.5, 0.5)
    assert (sleepless.coverage, sleepless.agreement, sleepless.conflict) == (0.25, 1, 0)
    assert (restful.vote, restful.agreement, restful.conflict) == ("human", 0, 1)
