"""Who follows whom, and who only seems to."""

from dataclasses import replace

import numpy as np
import pytest
from skill_fakes import openings

from hypertrack.skill import copiers
from hypertrack.skill.copiers import find_copiers
from hypertrack.skill.openings import Decisions, Openings

HOUR_S = 3_600


def leader_and(lag_s: np.ndarray, *, n: int = 30, missed: int = 0) -> Openings:
    """Return a leader, wallet 0, at random times of a day, and one who follows, wallet 1."""
    rng = np.random.default_rng(7)
    led = np.sort(rng.uniform(0, 24 * HOUR_S, n))
    side = rng.choice([-1, 1], n)
    rows = [(0, t, s) for t, s in zip(led, side, strict=True)]
    rows += [(1, t + lag, s) for t, s, lag in zip(led, side, lag_s, strict=True)][missed:]
    return openings(*rows)


def test_who_follows_at_a_stable_lag_is_a_copier_and_not_the_other_way() -> None:
    rng = np.random.default_rng(8)
    both = leader_and(5 * np.exp(0.1 * rng.standard_normal(30)))

    found = find_copiers(Decisions.of(both, both.wallet))

    assert (found.copier.tolist(), found.source.tolist()) == ([1], [0])
    assert found.lag_ms[0] == pytest.approx(5_000, rel=0.1)
    assert found.n_matches.tolist() == [30]
    assert found.followed_frac.tolist() == [1.0]


def test_nine_matches_are_not_enough() -> None:
    both = leader_and(np.full(30, 5.0), missed=21)

    assert find_copiers(Decisions.of(both, both.wallet)).copier.tolist() == []


def test_lags_all_over_the_place_are_no_copies() -> None:
    both = leader_and(np.random.default_rng(9).uniform(-250, 250, 30))

    assert find_copiers(Decisions.of(both, both.wallet)).copier.tolist() == []


def test_lag_beyond_a_minute_is_no_copy() -> None:
    both = leader_and(np.full(30, 75.0))

    assert find_copiers(Decisions.of(both, both.wallet)).copier.tolist() == []


def test_other_direction_is_no_copy() -> None:
    both = leader_and(np.full(30, 5.0))
    turned = replace(both, direction=np.where(both.wallet == 1, -both.direction, both.direction))

    assert find_copiers(Decisions.of(turned, both.wallet)).copier.tolist() == []


def test_two_clocks_of_one_period_do_not_copy_each_other() -> None:
    rows = [(0, nth * 30, 1) for nth in range(300)] + [(1, nth * 30 + 7, 1) for nth in range(300)]
    both = openings(*rows)

    assert find_copiers(Decisions.of(both, both.wallet)).copier.tolist() == []


def test_makers_and_slices_of_a_twap_follow_nobody() -> None:
    both = leader_and(np.full(30, 5.0))
    is_second = both.wallet == 1

    as_maker = replace(both, is_taker=~is_second)
    as_twap = replace(both, is_twap=is_second)

    assert find_copiers(Decisions.of(as_maker, both.wallet)).copier.tolist() == []
    assert find_copiers(Decisions.of(as_twap, both.wallet)).copier.tolist() == []


def test_copier_of_two_is_told_by_whom_it_follows_more() -> None:
    rng = np.random.default_rng(10)
    rows = []
    for leader, n in ((0, 12), (2, 25)):
        for t in rng.uniform(0, 24 * HOUR_S, n):
            rows += [(leader, t, 1), (1, t + 3, 1)]
    all_of_them = openings(*rows)

    found = find_copiers(Decisions.of(all_of_them, all_of_them.wallet))

    assert (found.copier.tolist(), found.source.tolist()) == ([1], [2])
    assert found.n_matches.tolist() == [25]


def test_nobody_at_all_copies_nobody() -> None:
    one = openings((0, 0, 1))

    assert find_copiers(Decisions.of(one.take(slice(0)), one.wallet[:0])).copier.tolist() == []


def test_few_openings_at_a_time_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(9)
    one = leader_and(5 * np.exp(0.1 * rng.standard_normal(30)))
    other = leader_and(20 * np.exp(0.1 * rng.standard_normal(25)), n=25)
    decisions = Decisions.of(Openings.joined([one, other]), np.append(one.wallet, other.wallet + 2))

    together = find_copiers(decisions)
    monkeypatch.setattr(copiers, "PAIRS_AT_ONCE", 1)
    apart = find_copiers(decisions)

    assert together.copier.tolist() == apart.copier.tolist() == [1, 3]
    assert together.source.tolist() == apart.source.tolist() == [0, 2]
