"""Bets and their markouts, worked by hand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from fakes import START_MS
from skill_fakes import BOUGHT, SOLD, coin_view, openings, price_path

from hypertrack.market.arrays import Floats, Ints
from hypertrack.market.window import Window
from hypertrack.skill.bets import LADDER, Bets, CoinView, bets_of_coin, joined
from hypertrack.skill.openings import Openings

PATH = price_path([(0, 100), (100, 101), (200, 99), (1_000, 102), (90_000, 100)])


def markouts(
    view: CoinView,
    rows: Openings,
    horizon_ms: Ints,
    delay_ms: int = 0,
    ladder: Sequence[float] = (1.0,),
) -> Floats:
    return view.outlook(rows, horizon_ms, ladder).markouts(delay_ms)


def bets_of(view: CoinView, rows: Openings, entity: Ints, horizon_ms: Ints) -> Bets:
    return bets_of_coin(view.outlook(rows, horizon_ms), entity)


def test_markout_is_from_the_mid_before_to_the_mid_at_the_horizon() -> None:
    found = markouts(
        coin_view(PATH), openings((0, 100, BOUGHT), (0, 200, SOLD)), np.array([100_000, 50_000])
    )

    # 100 before the trade at 100 s that it is itself part of, 99 at 200 s; 101 before 200 s.
    np.testing.assert_allclose(found, [-100, (1 - 99 / 101) * 1e4])


def test_drift_of_the_horizon_is_taken_off_both_ways() -> None:
    both = openings((0, 100, BOUGHT), (0, 100, SOLD))

    found = markouts(coin_view(PATH, drift_per_s=1e-6), both, np.array([100_000, 100_000]))

    np.testing.assert_allclose(found, [-100 - 1, 100 + 1])


def test_what_is_left_after_a_delay_begins_at_the_price_of_then() -> None:
    one = openings((0, 90, BOUGHT))

    found = markouts(coin_view(PATH), one, np.array([110_000]), delay_ms=20_000)

    # 101 at 110 s, 99 at 200 s.
    np.testing.assert_allclose(found, [(99 / 101 - 1) * 1e4])
    assert markouts(coin_view(PATH), one, np.array([30_000]), delay_ms=30_000).tolist() == [0.0]


def test_markout_is_missing_without_a_price_before_and_beyond_the_window() -> None:
    late = openings((0, 0, BOUGHT), (0, 86_399, BOUGHT))

    assert np.isnan(markouts(coin_view(PATH), late, np.array([60_000, 60_000]))).all()


def test_markout_is_missing_across_a_gap_of_the_recording() -> None:
    view = coin_view(PATH)
    starts, ends = np.array([START_MS, START_MS + 300_000]), np.array([START_MS + 150_000, 2**62])
    gapped = CoinView(0, view.path, view.motion, view.window, (starts, ends))
    three = openings((0, 40, BOUGHT), (0, 140, BOUGHT), (0, 310, BOUGHT))

    is_missing = np.isnan(markouts(gapped, three, np.full(3, 60_000)))

    assert is_missing.tolist() == [False, True, False]


def test_position_left_in_thirds_gains_the_mean_of_the_three() -> None:
    one = openings((0, 90, BOUGHT))

    found = markouts(coin_view(PATH), one, np.array([120_000]), ladder=LADDER)
    late = markouts(coin_view(PATH), one, np.array([120_000]), 40_000, LADDER)

    # From 100: 101 at 120 and at 150 s, 99 at 210 s. From 101 at 130 s: the first third is over.
    np.testing.assert_allclose(found, [(100 + 100 - 100) / 3])
    np.testing.assert_allclose(late, [(0 + 0 + (99 / 101 - 1) * 1e4) / 3])


def test_doubtful_opening_counts_half_and_is_not_counted() -> None:
    rows = openings((0, 50, BOUGHT), (0, 150, BOUGHT), (0, 350, BOUGHT))
    rows = replace(rows, trust=np.array([1.0, 0.5, 0.5]))

    found = bets_of(
        coin_view(PATH, variance=4.0), rows, np.zeros(3, dtype=int), np.full(3, 100_000)
    )

    # At 75, 100 and 150 s: 100, then 101 twice. At 175, 200 and 250 s, from 101: 0, then 99 twice.
    first, second = 2 / 3 * 100, 2 / 3 * (99 / 101 - 1) * 1e4
    np.testing.assert_allclose(found.markout_bps, [(first + second / 2) / 1.5, 0.0])
    np.testing.assert_allclose(found.weight, [0.75 / 2, 0.5 / 2])
    assert found.n_openings.tolist() == [1, 0]


def test_opening_by_a_resting_order_counts_a_quarter_and_is_not_counted() -> None:
    rows = openings((0, 50, BOUGHT), (0, 150, BOUGHT), (0, 350, BOUGHT))
    rows = replace(rows, is_taker=np.array([True, False, False]))

    found = bets_of(
        coin_view(PATH, variance=4.0), rows, np.zeros(3, dtype=int), np.full(3, 100_000)
    )

    # As above, with a quarter in place of a half.
    first, second = 2 / 3 * 100, 2 / 3 * (99 / 101 - 1) * 1e4
    np.testing.assert_allclose(found.markout_bps, [(first + second / 4) / 1.25, 0.0])
    np.testing.assert_allclose(found.weight, [0.625 / 2, 0.25 / 2])
    assert found.n_openings.tolist() == [1, 0]


def test_bet_is_the_mean_of_its_block_and_blocks_are_never_shorter_than_horizons() -> None:
    rows = openings((0, 50, BOUGHT), (0, 150, BOUGHT), (0, 350, SOLD), (0, 650, SOLD))
    view = coin_view(PATH, variance=4.0)

    found = bets_of(view, rows, np.zeros(4, dtype=int), np.full(4, 100_000))

    # 101/100, 99/101 in the first five minutes, each after a quarter of the horizon; nothing moves
    # in the second and the third.
    gains = [2 / 3 * (101 / 100 - 1) * 1e4, 2 / 3 * (99 / 101 - 1) * 1e4]
    np.testing.assert_allclose(found.markout_bps, [np.mean(gains), 0, 0])
    assert found.n_openings.tolist() == [2, 1, 1]
    assert found.weight.tolist() == [0.5] * 3
    slow = bets_of(view, rows, np.zeros(4, dtype=int), np.full(4, 700_000))
    assert len(slow) == 2  # 08:00 lies 500 s into a block of 700 s


def test_wallets_of_one_entity_make_one_bet() -> None:
    three = openings((0, 50, BOUGHT), (1, 50, BOUGHT), (2, 50, BOUGHT))
    view = coin_view(PATH)

    found = bets_of(view, three, np.array([0, 0, 1]), np.full(3, 100_000))

    assert found.entity.tolist() == [0, 1]
    assert found.n_openings.tolist() == [2, 1]
    np.testing.assert_allclose(found.markout_bps, [200 / 3, 200 / 3])


def test_realised_holding_never_enters() -> None:
    early = openings((0, 50, BOUGHT))

    by_rule = bets_of(coin_view(PATH), early, np.zeros(1, dtype=int), np.array([100_000]))

    # Sold at 101 after 60 s or kept to 99: the bet is what the horizon says, the prices at 75, 100
    # and 150 s.
    assert by_rule.markout_bps.tolist() == pytest.approx([200 / 3])
    assert "direction" not in vars(by_rule)


def test_coin_without_any_move_makes_no_bet() -> None:
    one = openings((0, 50, BOUGHT))

    found = bets_of(
        coin_view(PATH, variance=np.nan), one, np.zeros(1, dtype=int), np.array([100_000])
    )

    assert len(found) == 0


def test_joined_bets_lie_by_entity_block_and_coin() -> None:
    view = coin_view(PATH)
    first = bets_of(
        view, openings((1, 50, BOUGHT), (0, 350, SOLD)), np.array([1, 0]), np.full(2, 60_000)
    )
    second = bets_of(view, openings((0, 50, SOLD)), np.array([0]), np.full(1, 60_000))

    found = joined([first, second])

    assert found.entity.tolist() == [0, 0, 1]
    assert found.block.tolist() == sorted(found.block.tolist()[:2]) + found.block.tolist()[2:]


def test_window_of_the_view_bounds_what_is_looked_at() -> None:
    view = coin_view(PATH)
    short = CoinView(
        0, view.path, view.motion, Window(START_MS, START_MS + 150_000), view.stretches
    )

    found = markouts(short, openings((0, 40, BOUGHT), (0, 60, BOUGHT)), np.full(2, 100_000))

    assert np.isnan(found).tolist() == [False, True]
