from collections.abc import Sequence
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
from hypertrack.records import HOUR_MS, MINUTE_MS

ROUND_SIZES = [each.name for each in LABELLING_FUNCTIONS].index("round_sizes")

ODD = (1.237, 4.113)
"""Sizes that are not round, nor worth a round sum, and neither even nor varied."""

PLAIN = (*ODD, *ODD, 2.5)
"""Sizes that lead to no vote: a fifth of them round."""

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


def bought(
    times_ms: list[int], *, maker: bool = False, sizes: Sequence[float] = PLAIN, **more: Any
) -> list[dict[str, Any]]:
    """Return purchases of sizes in turn."""
    users = {"buyer": ALICE, "seller": BOB, "taker": BOB if maker else ALICE}
    return [
        trade(START_MS + t, size=sizes[i % len(sizes)], **users, **more)
        for i, t in enumerate(times_ms)
    ]


def uneven(n: int, mean_ms: int) -> list[int]:
    """Times with ever different gaps, each about three times or a third of the one before."""
    gaps = [mean_ms * (0.45 + 0.1 * i / n if i % 2 else 1.4 + 0.3 * i / n) for i in range(n)]
    return np.cumsum(gaps).astype(int).tolist()


def test_a_hundred_fast_executions_are_a_bot(votes: Any) -> None:
    assert votes(trades=bought(uneven(100, 4_000))) == {"fast": 1}
    assert votes(trades=bought(uneven(99, 4_000))) == {}


def test_slices_of_a_twap_order_say_nothing(votes: Any) -> None:
    every_30_s = [30_000 * i for i in range(1, 101)]

    assert votes(trades=bought(every_30_s, is_twap=True)) == {}
    assert votes(trades=bought(every_30_s))["timer"] == 1


def test_timer_is_found_among_other_gaps(votes: Any) -> None:
    gaps = [10_000, 23_000, 10_100] * 4 + [15_000, 31_000, 47_000, 63_000] * 3
    spread = [gap + 1_700 * i if gap > 11_000 else gap for i, gap in enumerate(gaps)]

    times = np.cumsum(spread).tolist()

    assert sum(gap <= 10_100 for gap in spread) / len(spread) == 1 / 3
    assert "timer" not in votes(trades=bought(times))
    assert votes(trades=bought(np.cumsum([*spread, *[10_000] * 8]).tolist()))["timer"] == 1


def test_gaps_four_times_apart_are_a_person(votes: Any) -> None:
    """Five pairs of gaps, each four times or a quarter of the one before."""

    def taken_with(ratio: int) -> dict[str, int]:
        gaps = [20_000, 20_000 * ratio] * 3
        return votes(trades=bought(np.cumsum([0, *gaps]).tolist()))

    assert taken_with(4) == {"uneven": -1}
    assert taken_with(3) == {}


def test_trading_right_after_rare_quotes_is_a_reaction(votes: Any) -> None:
    quotes = [quote(START_MS + i * MINUTE_MS, 99.0 + i, 101.0 + i) for i in range(1, 26)]
    late_by = [7 * i for i in range(25)]

    just_after = [(i + 1) * MINUTE_MS + 50 + late for i, late in enumerate(late_by)]
    much_later = [(i + 1) * MINUTE_MS + 20_000 + i * 977 for i in range(25)]

    assert votes(bbo=quotes, trades=bought(just_after))["quote_reaction"] == 1
    assert votes(bbo=quotes, trades=bought(much_later))["no_reaction"] == -1


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
    assert found.get("no_reaction") == (None if is_reaction else -1)


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

    assert votes(trades=fills(["BTC", "ETH", "SOL"]))["many_quotes"] == 1
    assert "many_quotes" not in votes(trades=fills(["BTC", "ETH", "BTC"]))


@pytest.mark.parametrize(
    ("factor", "expected"), [(1.4, {"steady", "clockwork"}), (1.9, {"steady"}), (2.1, set())]
)
def test_gaps_like_the_ones_before_are_a_programs(
    votes: Any, factor: float, expected: set[str]
) -> None:
    """Six gaps in a sitting are five pairs, twice four gaps are six, and five gaps are four."""
    gaps = [10_000, int(10_000 * factor)] * 3
    sitting = np.cumsum([0, *gaps[:4]])
    two = np.concatenate([sitting, sitting + 31 * MINUTE_MS]).tolist()
    one = np.cumsum([0, *gaps]).tolist()

    assert set(votes(trades=bought(one))) == expected
    assert set(votes(trades=bought(two))) == expected
    assert votes(trades=bought(one[:-1])) == {}


@pytest.mark.parametrize(
    ("ratio", "vote"),
    [(2.2, "even_sizes"), (2.3, None), (7.2, None), (7.4, "varied_sizes")],
)
def test_sizes_alike_are_a_programs_and_sizes_far_apart_a_persons(
    votes: Any, ratio: float, vote: str | None
) -> None:
    """Two sizes in turn deviate by half the logarithm of their ratio, up to ln 1.5, from ln 2.7."""
    sizes = [1.237, round(1.237 * ratio, 4)]

    found = votes(trades=bought(uneven(6, 20_000), sizes=sizes))

    assert {name for name in found if name in ("even_sizes", "varied_sizes")} == {vote} - {None}
    few = votes(trades=bought(uneven(4, 20_000), sizes=sizes))
    assert few == {}
    rested = votes(trades=bought(uneven(6, 20_000), sizes=sizes, maker=True))
    assert rested == {}


@pytest.mark.parametrize(
    ("n_round", "vote"), [(0, {"odd_sizes": 1}), (1, {}), (2, {}), (3, {"round_sizes": -1})]
)
@pytest.mark.parametrize(
    ("round_size", "price"),
    [(2.5, 101.3), (3.003, 333.0)],  # coins, or 1,000 dollars less 0.001
)
def test_round_sizes_are_a_persons_and_odd_ones_a_programs(
    votes: Any, n_round: int, vote: dict[str, int], round_size: float, price: float
) -> None:
    sizes = [round_size] * n_round + [*ODD] * 4
    times = uneven(8, 20_000)

    found = votes(trades=bought(times, sizes=sizes, price=price))

    assert found == vote


def test_wallets_that_did_not_trade_have_no_votes(votes: Any) -> None:
    assert votes(trades=[trade(START_MS, buyer=BOB, seller=CAROL, taker=BOB)]) == {}


def test_majority_of_votes_decides_and_ties_are_zero() -> None:
    cast = np.array([[1, 1, -1], [1, -1, 0], [0, 0, 0], [0, 0, -1], [np.nan] * 3])

    found = majority(cast)

    np.testing.assert_allclose(found, [1 / 4, 0, np.nan, -1 / 2, np.nan])


def test_report_states_coverage_agreement_and_conflict() -> None:
    n = len(LABELLING_FUNCTIONS)
    votes = np.zeros((4, n))
    votes[0, [0, 1]] = 1  # fast and timer agree
    votes[1, 0], votes[1, ROUND_SIZES] = 1, -1  # fast against round sizes
    votes[2, 0] = 1  # fast alone
    votes[3] = np.nan

    report = report_labelling(votes)
    fast, timer, round_sizes = report[0], report[1], report[ROUND_SIZES]

    assert (fast.coverage, fast.agreement, fast.conflict) == (0.75, 0.5, 0.5)
    assert (timer.coverage, timer.agreement, timer.conflict) == (0.25, 1, 0)
    assert (round_sizes.vote, round_sizes.agreement, round_sizes.conflict) == ("human", 0, 1)
