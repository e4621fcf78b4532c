"""What followed openings by the role that a wallet took in them, worked by hand."""

from dataclasses import replace

import numpy as np
import pytest
from skill_fakes import BOUGHT, SOLD, coin_view, openings, price_path

from hypertrack.skill.bets import Outlook
from hypertrack.skill.openings import Openings
from hypertrack.skill.role_curve import RoleCurve

PATH = price_path([(0, 100), (93, 100.5), (200, 99), (900, 102), (90_000, 102)])


def outlook(rows: Openings, drift_per_s: float = 0.0) -> Outlook:
    view = coin_view(PATH, drift_per_s=drift_per_s)
    return view.outlook(rows, np.full(len(rows), 300_000), ahead_ms=(5_000,))


def curve(
    rows: Openings, *, drift_per_s: float = 0.0, n_entities: int = 2
) -> dict[str, list[float]]:
    found = RoleCurve(n_entities)
    found.add(outlook(rows, drift_per_s), rows.wallet)
    return {name: column.tolist() for name, column in found.columns().items()}


def test_both_sides_of_a_trade_are_told_from_the_mid_and_from_the_price() -> None:
    bought = replace(openings((0, 90, BOUGHT)), price=np.array([100.1]))
    sold = replace(openings((1, 90, SOLD), is_taker=False), price=np.array([100.1]))

    taker, maker = curve(bought), curve(sold)

    # The mid is 100 before it; 100.5 after 5 s and 30 s, 99 after 5 min, 102 after 30 min.
    moves = [taker[f"taker_after_{s}s_bps"][0] for s in (5, 30, 300, 1_800)]
    assert moves == pytest.approx([50, 50, -100, 200])
    assert taker["taker_paid_bps"][0] == pytest.approx(10)
    against = [maker[f"maker_after_{s}s_bps"][1] for s in (5, 30, 300, 1_800)]
    assert against == pytest.approx([-50, -50, 100, -200])
    assert maker["maker_paid_bps"][1] == pytest.approx(-10)
    assert (maker["n_maker_openings"], taker["n_maker_openings"]) == ([0, 1], [0, 0])
    assert np.isnan(taker["maker_after_5s_bps"]).all()


def test_gain_on_the_own_price_has_an_interval_by_blocks_of_time() -> None:
    rows = openings((0, 90, BOUGHT), (0, 150, BOUGHT), (0, 2_000, BOUGHT))

    found = curve(replace(rows, price=np.array([100.1, 100.5, 102.0])))

    # -110 (99 is 100 bps below the mid, and 10 were paid), 99 / 100.5 - 1 = -149.254, and in the
    # other block of half an hour 0: -86.418 on average. From that both blocks are as far apart,
    # 86.418: the error is √(2 · (86.418² + 86.418²)) / 3 = 57.612, and t of one degree 12.706.
    mean, low, high = (found[f"taker_{name}_bps"][0] for name in ("gain", "gain_low", "gain_high"))
    assert mean == pytest.approx(-86.418, abs=1e-3)
    assert (mean - low, high - mean) == pytest.approx((732.03, 732.03), abs=0.05)
    assert np.isnan(found["maker_gain_bps"]).all()


def test_gain_of_one_block_of_time_has_no_interval() -> None:
    found = curve(openings((0, 90, BOUGHT), (0, 150, BOUGHT)))

    assert np.isfinite(found["taker_gain_bps"][0])
    assert np.isnan(found["taker_gain_low_bps"][0])


def test_coins_are_averaged_over_openings_and_their_drift_is_taken_off() -> None:
    found = RoleCurve(1)
    found.add(outlook(openings((0, 90, BOUGHT), (0, 91, BOUGHT))), np.zeros(2, dtype=int))
    found.add(outlook(openings((0, 90, BOUGHT)), drift_per_s=1e-4), np.zeros(1, dtype=int))

    after = found.columns()["taker_after_5s_bps"]

    # Twice +50, and once 50 less a drift of 1 bps a second for 5 s.
    assert after.tolist() == pytest.approx([(50 + 50 + 45) / 3])


def test_what_ends_after_the_window_is_left_out_of_its_time_alone() -> None:
    last = curve(openings((0, 86_300, BOUGHT)))

    assert last["taker_after_30s_bps"][0] == pytest.approx(0.0)
    assert np.isnan(last["taker_after_300s_bps"][0])
