"""Prices of a coin looked up at once."""

import numpy as np
import pytest
from engine_fakes import price_asks
from fakes import START_MS
from skill_fakes import at, price_path

from hypertrack.features.engine import FeatureEngine
from hypertrack.market.prices import reference_prices
from hypertrack.market.window import Window
from hypertrack.skill.fetching import price_paths


def test_fresh_quote_is_the_price_and_a_stale_one_is_not() -> None:
    path = price_path([(0, 100), (50, 103)], [(10, 100, 102)])

    found = path.at(at([-1, 5, 10, 50, 70, 70.001]))

    np.testing.assert_array_equal(found, [np.nan, 100, 101, 101, 101, 103])


def test_strict_price_is_from_before_the_very_time() -> None:
    path = price_path([(0, 100), (50, 103)])

    np.testing.assert_array_equal(path.at(at([0, 50, 51]), is_strict=True), [np.nan, 100, 103])


def test_strict_price_is_of_a_quote_as_long_as_that_is_fresh_at_the_very_time() -> None:
    path = price_path([(0, 100), (70.001, 103)], [(10, 100, 102)])

    found = path.at(at([10, 10.001, 70, 70.001, 70.002]), is_strict=True)

    np.testing.assert_array_equal(found, [100, 101, 101, 100, 103])


def test_half_spread_is_told_by_a_fresh_quote_only() -> None:
    path = price_path([(0, 100)], [(10, 99.9, 100.1)])

    np.testing.assert_allclose(path.half_spread_at(at([5, 10, 70.001])), [np.nan, 10, np.nan])


@pytest.mark.parametrize("is_strict", [True, False])
def test_lookup_agrees_with_the_definition_of_the_market(
    busy_engine: FeatureEngine, is_strict: bool
) -> None:
    con = busy_engine.backend
    times = START_MS + np.random.default_rng(3).integers(-1_000, 41 * 60_000, 300)
    ever = Window(busy_engine.start_ms, busy_engine.end_ms)
    for coin, path, _ in price_paths(con, ever):
        asked = price_asks(times.tolist(), coin)
        prices = reference_prices(con, asked, strictly_before=is_strict).order_by("ask_id")
        expected = con.to_pyarrow(prices)["price"].to_numpy()

        np.testing.assert_array_equal(path.at(times, is_strict=is_strict), expected)
