"""What a ranking's best brought, and its comparison with ranking by profit, worked by hand."""

from collections.abc import Sequence

import numpy as np
import pytest
from fakes import START_MS
from skill_fakes import candidates, copies

from hypertrack.market.window import Window
from hypertrack.records import DAY_MS, Answer, Followed
from hypertrack.skill.course import Course
from hypertrack.skill.following import Copies, Round
from hypertrack.skill.performance import Ranked
from hypertrack.skill.random_draws import N_DRAWS, RandomDraws
from hypertrack.skill.rankings import PROFIT, Candidates

WALLETS = [f"0x{n:040x}" for n in range(60)]
DAY = Round(Window(START_MS - DAY_MS, START_MS), Window(START_MS, START_MS + DAY_MS))


def course(
    made: Copies,
    everybody: Sequence[Candidates],
    *,
    top: int = 1,
    expected_bps: Sequence[float] | None = None,
) -> Course:
    """Return so many days, a round each, in blocks of five minutes."""
    days = [
        Round(
            Window(START_MS - DAY_MS, START_MS + nth * DAY_MS),
            Window(START_MS + nth * DAY_MS, START_MS + (nth + 1) * DAY_MS),
        )
        for nth in range(len(everybody))
    ]
    truth = None if expected_bps is None else np.array(expected_bps)
    return Course(days, everybody, made, truth, WALLETS, top, 300_000)


def followed(of: Course, ranking: str = "good") -> Followed:
    draws = RandomDraws(of, np.random.default_rng(0))
    return Ranked(of, ranking).followed(Ranked(of, PROFIT), draws)


def known(n: int, **scores: Sequence[float]) -> Candidates:
    return candidates(range(n), [60.0] * n, **scores)


def test_a_day_is_told_on_the_capital_of_all_slots() -> None:
    # Each bet costs 1 bps: +20, -10 and +5 after it, of half the capital each.
    made = copies((0, 0, 60, 21.0), (0, 300, 360, -9.0), (1, 310, 370, 6.0))
    of = course(made, [known(2, good=[2, 1], realised_profit=[1, 2])], top=2)

    found = followed(of)

    assert (found.n_picks, found.n_leaders, found.n_bets) == (2, 2, 3)
    assert found.net_bps is not None
    assert found.net_bps.value == pytest.approx(5.0)
    assert found.net_day_bps == pytest.approx(7.5)
    assert found.hit_frac == pytest.approx(2 / 3)
    # Up to 10, down to 5, up to 7.5.
    assert found.max_drawdown_bps == pytest.approx(5.0)
    assert found.turnover_day == pytest.approx(3.0)
    assert found.peak_exposure_frac == pytest.approx(1.0)
    assert found.equity_bps[-1] == pytest.approx(7.5)


def test_slot_whose_wallet_does_not_trade_is_cash() -> None:
    of = course(copies((0, 0, 60, 21.0)), [known(2, good=[2, 1], realised_profit=[1, 2])], top=2)

    found = followed(of)

    assert (found.n_picks, found.n_leaders) == (2, 1)
    assert found.net_day_bps == pytest.approx(10.0)


def test_slots_that_a_ranking_leaves_empty_are_cash_too() -> None:
    made = copies((0, 0, 60, 21.0), (1, 0, 60, 500.0))
    of = course(made, [known(2, good=[2, np.nan], realised_profit=[1, 2])], top=4)

    found = followed(of)

    assert (found.n_picks, found.n_bets) == (1, 1)
    assert found.net_day_bps == pytest.approx(5.0)


def test_ranking_without_anybody_followed_nobody() -> None:
    of = course(copies((1, 0, 60, 3.0)), [known(2, good=[np.nan] * 2, realised_profit=[1, 2])])

    found = followed(of)

    assert found.net_bps is None
    assert found.net_day_bps == 0
    assert found.over_profit is not None
    assert found.over_profit.answer is Answer.FOLLOWED_NOBODY


@pytest.mark.parametrize(
    ("better_bps", "noise_bps", "answer"),
    [
        (5.0, 1.0, Answer.BEATS),
        (-5.0, 1.0, Answer.DOES_NOT_BEAT),
        (5.0, 60.0, Answer.CANNOT_TELL),
    ],
)
def test_difference_is_told_as_far_as_blocks_of_time_tell(
    better_bps: float, noise_bps: float, answer: Answer
) -> None:
    rng = np.random.default_rng(1)
    rows = [
        (entity, block * 300.0, block * 300.0 + 60, gain + noise_bps * rng.normal())
        for block in range(40)
        for entity, gain in ((0, better_bps), (1, 0.0))
    ]
    of = course(copies(*rows), [known(2, good=[2, 1], realised_profit=[1, 2])])

    compared = followed(of).over_profit

    assert compared is not None
    assert compared.answer is answer
    assert (compared.recordings_needed is not None) == (answer is Answer.CANNOT_TELL)


def test_ranking_is_compared_in_its_own_rounds_alone() -> None:
    # Profit lost 100 on the first day, on which the other ranks nobody yet.
    made = copies((1, 0, 60, -99.0), (0, 0, 60, 4.0), (1, 0, 60, 2.0), nth_round=[0, 1, 1])
    everybody = [known(2, realised_profit=[1, 2]), known(2, realised_profit=[1, 2], good=[2, 1])]

    found = followed(course(made, everybody))

    assert found.n_rounds == 1
    assert found.over_profit is not None
    assert found.over_profit.adjusted_bps is not None
    assert found.over_profit.adjusted_bps.value == pytest.approx(2.0)
    assert found.net_day_bps == pytest.approx(3.0)


def test_rank_ic_and_fifths_are_of_all_who_traded() -> None:
    # Ten wallets, three bets each: the higher the score the higher the gain, 0 to 9 bps.
    rows = [(n, 300.0 * nth, 300.0 * nth + 60, float(n)) for n in range(10) for nth in range(3)]
    of = course(copies(*rows), [known(10, good=range(10), realised_profit=range(9, -1, -1))])

    found = followed(of)

    assert found.rank_ic == pytest.approx((1.0,))
    assert found.quantile_bps == pytest.approx((-0.5, 1.5, 3.5, 5.5, 7.5))
    assert followed(of, PROFIT).rank_ic == pytest.approx((-1.0,))


def test_bets_that_nobody_saw_the_end_of_are_counted_and_left_out() -> None:
    made = copies((0, 0, 60, 4.0), (0, 300, 360, np.nan))
    of = course(made, [known(1, good=[1], realised_profit=[1])])

    found = followed(of)

    assert (found.n_bets, found.n_unseen) == (1, 1)
    assert found.net_day_bps == pytest.approx(3.0)


def test_contributions_name_the_wallets() -> None:
    made = copies((0, 0, 60, 4.0), (1, 0, 60, -9.0), (1, 300, 360, -9.0))
    of = course(made, [known(2, good=[2, 1], realised_profit=[1, 2])], top=2)

    best, worst = followed(of).contributions

    assert (best.wallet, best.n_bets, best.net_bps, best.total_bps) == (WALLETS[0], 1, 3.0, 1.5)
    assert (worst.wallet, worst.n_bets, worst.net_bps, worst.total_bps) == (
        *(WALLETS[1], 2),
        *(-10.0, -10.0),
    )


def test_truth_stands_beside_and_changes_nothing() -> None:
    made = copies((0, 0, 60, 4.0), (0, 300, 360, 4.0), (1, 0, 60, 2.0))
    everybody = [known(2, good=[2, 1], realised_profit=[1, 2])]

    without = followed(course(made, everybody))
    with_truth = followed(course(made, everybody, expected_bps=[7.0, -1.0]))

    assert without.expected_bps is None
    assert with_truth.expected_bps == 7.0
    assert with_truth.over_profit is not None
    assert with_truth.over_profit.expected_bps == 8.0
    assert (without.net_bps, without.equity_bps) == (with_truth.net_bps, with_truth.equity_bps)


def test_random_draws_follow_as_many_as_a_ranking() -> None:
    # Wallet n of 50 gains n bps a bet: 20 of them draw near the middle, never the top 20's mean.
    rows = [(n, 0.0, 60.0, n + 1.0) for n in range(50)]
    of = course(copies(*rows), [known(50, good=range(50), realised_profit=range(50))], top=20)
    draws = RandomDraws(of, np.random.default_rng(0))

    found = draws.draws()

    assert (found.n_draws, found.n_bets) == (N_DRAWS, 20.0)
    assert found.net_bps is not None
    assert found.net_bps.value == pytest.approx(24.5, abs=1)
    assert found.net_day_bps == pytest.approx(found.net_bps.value)
    assert found.equity_bps[-1] == pytest.approx(found.net_day_bps)
    assert draws.share_below(np.array([39.5]), [0]) == 1.0
    assert draws.share_below(np.array([0.0]), [0]) == 0.0
