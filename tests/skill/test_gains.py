"""Where a gain came from and whether it lasted."""

import numpy as np
import pytest
from skill_fakes import bets

from hypertrack.skill.estimate import estimate
from hypertrack.skill.gains import Gains, gains


def gains_of(*rows: tuple[int, int, float, float], coin: list[int]) -> Gains:
    return gains(bets(*rows, coin=coin))


def test_gain_is_split_by_coin_and_by_bet() -> None:
    found = gains_of(
        (0, 0, 10.0, 1.0), (0, 1, -4.0, 1.0), (0, 2, 6.0, 1.0), (0, 3, 8.0, 1.0), coin=[0, 1, 0, 1]
    )

    # 20 in all: 16 of the first coin, 4 of the second; 10 of the best bet.
    assert found.coin_frac.tolist() == [0.8]
    assert found.bet_frac.tolist() == [0.5]


def test_share_of_no_gain_is_beyond_every_limit() -> None:
    found = gains_of((0, 0, 1.0, 1.0), (0, 1, -4.0, 1.0), coin=[0, 0])

    assert found.coin_frac.tolist() == [np.inf]
    assert found.bet_frac.tolist() == [np.inf]


def test_entities_are_kept_apart() -> None:
    found = gains_of((0, 0, 5.0, 1.0), (1, 0, 3.0, 1.0), (1, 5, 1.0, 1.0), coin=[0, 0, 0])

    assert found.bet_frac.tolist() == [1.0, 0.75]


def test_second_half_that_was_worse_has_decayed_by_so_many_errors() -> None:
    rows = [(0, 2 * nth, y, 1.0) for nth, y in enumerate([9.0, 11.0, 2.0, 0.0])]
    some = bets(*rows)
    error_bps = estimate(some, np.array([300_000])).error_bps

    found = gains(some).decay_se(error_bps)

    # 10 against 1; each half has half of the weight, so twice the variance.
    assert found.tolist() == pytest.approx([9 / (2 * error_bps[0])])


def test_gains_of_entities_apart_are_those_of_all_together() -> None:
    rows = [(0, 0, 5.0, 1.0), (1, 0, 3.0, 1.0), (1, 5, 1.0, 1.0)]

    together = gains(bets(*rows))
    apart = Gains.joined([gains(bets(rows[0])), gains(bets(*rows[1:]))])

    assert apart.entity.tolist() == [0, 1]
    assert apart.bet_frac.tolist() == together.bet_frac.tolist() == [1.0, 0.75]
    assert apart.of(np.array([1])).bet_frac.tolist() == [0.75]
