"""The drift of a coin and its expected volatility."""

import numpy as np
import pytest
from fakes import START_MS
from skill_fakes import price_path

from hypertrack.market.window import Window
from hypertrack.skill.coin_motion import expected_variance, motion_of


def test_drift_is_the_mean_return_of_the_window_and_of_nothing_else() -> None:
    # 100, 101, 100, 100 at the minutes of the window; 200 comes after it.
    path = price_path([(0, 100), (60, 101), (120, 100), (240, 200)])

    motion = motion_of(path, Window(START_MS, START_MS + 180_001))

    assert motion.drift_per_s == pytest.approx((0.01 - 1 / 101 + 0) / 3 / 60)
    assert motion.first_minute_ms == START_MS


def test_variance_of_a_minute_is_told_by_the_returns_before_it() -> None:
    keep = 0.5 ** (1 / 60)

    found = expected_variance(np.array([2.0, 4.0, 2.0]))

    # Weighted means of 4, then 4 and 16, then 4, 16 and 4; nothing is below a quarter's square.
    second = (keep * 4 + 16) / (1 + keep)
    third = (keep**2 * 4 + keep * 16 + 4) / (1 + keep + keep**2)
    np.testing.assert_allclose(found, [third, 4, second, third], rtol=1e-12)


def test_quiet_hour_counts_no_more_than_sixteen_times_the_usual() -> None:
    returns = np.concatenate([np.zeros(10), np.full(400, 8.0)])

    found = expected_variance(returns)

    usual = np.median(found[1:])
    assert found[5] == pytest.approx(usual / 16)
