import numpy as np

from hypertrack.labels.splits import HELD_OUT, VALIDATION, drawn

WALLETS = [f"0x{number:040x}" for number in range(2_000)]


def test_draw_is_the_same_in_every_run_and_for_any_company() -> None:
    is_held_out = drawn(WALLETS, HELD_OUT, 0.2)

    assert np.flatnonzero(is_held_out)[:8].tolist() == [0, 4, 7, 13, 14, 16, 19, 23]
    assert (drawn(WALLETS[100:200], HELD_OUT, 0.2) == is_held_out[100:200]).all()


def test_draw_takes_about_the_share_asked_for() -> None:
    assert 0.17 < drawn(WALLETS, HELD_OUT, 0.2).mean() < 0.23


def test_draws_for_other_purposes_are_independent() -> None:
    is_held_out = drawn(WALLETS, HELD_OUT, 0.5)
    is_validation = drawn(WALLETS, VALIDATION, 0.5)

    assert 0.2 < (is_held_out & is_validation).mean() < 0.3
