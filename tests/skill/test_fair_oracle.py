"""The fair oracle, worked by hand."""

import numpy as np
import pytest

from hypertrack.skill.fair_oracle import expected_by_truth, oracle_estimates, told_by_truth


def test_expected_edge_under_the_true_distribution_is_drawn_to_it() -> None:
    # Edges are 0 or 10, as likely; measured 10 ± 1 is surely the one, 5 ± 1 either.
    found = expected_by_truth(np.array([10.0, 5.0]), np.ones(2), np.array([0.0, 10.0]))

    assert found.tolist() == pytest.approx([10.0, 5.0], abs=1e-3)


def test_as_many_are_told_from_luck_as_the_share_of_false_ones_allows() -> None:
    measured, error, edges = np.array([4.0, 10.0, 5.0]), np.ones(3), np.array([0.0, 10.0])

    # Without an edge are the second hardly, the third as likely as not, the first nearly surely:
    # of the surest two a quarter, of all three about a half.
    told = [told_by_truth(measured, error, edges, share).tolist() for share in (0.24, 0.26, 0.6)]

    assert told == [[False, True, False], [False, True, True], [True, True, True]]


def test_entries_of_a_block_are_one_and_quiet_ones_weigh_more() -> None:
    entries = {
        "wallet": np.array([1, 1, 1, 0]),
        "coin": np.zeros(4, dtype=np.int64),
        "time_ms": np.array([0, 1_000, 600_000, 0]),
        "horizon_ms": np.full(4, 60_000.0),
        "gain_bps": np.array([2.0, 4.0, 9.0, 100.0]),
        "variance_bps2": np.array([1.0, 3.0, 4.0, 1.0]),
        "is_taker": np.full(4, True),
    }

    found = oracle_estimates(entries, np.array([-1, 0]), 1)

    # 3 with a variance of 2, and 9 with 4; the other wallet is nobody's.
    assert found.edge_bps.tolist() == pytest.approx([(3 / 2**0.5 + 9 / 2) / (1 / 2**0.5 + 1 / 2)])
    assert (found.n_bets.tolist(), found.n_openings.tolist()) == ([2], [3])


def test_resting_entries_count_as_nothing_foreseen_and_bring_no_noise() -> None:
    entries = {
        "wallet": np.zeros(8, dtype=np.int64),
        "coin": np.zeros(8, dtype=np.int64),
        "time_ms": np.arange(8) * 600_000,
        "horizon_ms": np.full(8, 60_000.0),
        "gain_bps": np.array([8.0, 12.0, 8.0, 12.0, -500.0, 300.0, 900.0, -70.0]),
        "variance_bps2": np.full(8, 4.0),
        "is_taker": np.arange(8) < 4,
    }
    taken = {name: column[:4] for name, column in entries.items()}

    found, alone = (oracle_estimates(each, np.zeros(1, int), 1) for each in (entries, taken))

    # Half of the entries gain 10 by foresight, the others nothing.
    assert (alone.edge_bps.tolist(), found.edge_bps.tolist()) == ([10.0], [5.0])
    assert found.error_bps.tolist() == pytest.approx((alone.error_bps / 2).tolist())
