"""What is left for somebody else, worked by hand."""

from dataclasses import replace

import numpy as np
import pytest
from skill_fakes import BOUGHT, SOLD, bets, openings, price_path

from hypertrack.skill.bets import Bets
from hypertrack.skill.copy_edge import CopyEdges, CopyTally, CopyTerms, copy_edges, copy_tally
from hypertrack.skill.shrinkage import Posterior
from hypertrack.skill.walk_costs import no_walks, walk_bps_per_usd

NO_BOOKS = no_walks(1, 1_000.0)
TERMS = CopyTerms(
    delay_ms=5_000,
    taker_bps=np.array([4.5]),
    half_spread_bps=np.array([2.0]),
    walks=NO_BOOKS.or_by_tape(np.array([0.001])),
)
HORIZON = np.array([300_000])


def known(mean_bps: float, sd_bps: float = 0.0) -> Posterior:
    """Return a posterior that is one normal distribution."""
    one = np.ones((1, 1))
    return Posterior(
        mean_bps=np.array([mean_bps]),
        sd_bps=np.array([sd_bps]),
        p_positive=np.array([1.0]),
        false_sign=np.array([0.0]),
        part_share=one,
        part_mean_bps=one * mean_bps,
        part_sd_bps=one * sd_bps,
    )


def copied(early: list[float], *, half_spread: float = np.nan, **more: float) -> Bets:
    """Return an entity's bets with what was over after 5 s, the more by other delays."""
    n = len(early)
    rows = bets(*((0, nth, 20.0 + nth, 1.0) for nth in range(n)))
    measures = {
        "early_5000ms": np.array(early),
        "half_spread_bps": np.full(n, half_spread),
        **{name: np.full(n, value) for name, value in more.items()},
    }
    return replace(rows, measures=measures)


def edges(
    early: list[float], posterior: Posterior, terms: CopyTerms = TERMS, **more: float
) -> CopyEdges:
    return copy_edges(copy_tally(copied(early, **more)), posterior, HORIZON, terms)


def test_cost_is_both_legs_of_fee_spread_and_walk() -> None:
    configured = edges([2.0] * 4, known(20.0))
    recorded = edges([2.0] * 4, known(20.0), half_spread=0.5)

    assert configured.cost_bps.tolist() == pytest.approx([2 * (4.5 + 2 + 1)])
    assert recorded.cost_bps.tolist() == pytest.approx([2 * (4.5 + 0.5 + 1)])


def test_cost_is_the_mean_over_openings_of_their_coins() -> None:
    early = [2.0] * 4
    rows = replace(copied(early), coin=np.array([0, 1, 1, 0]), n_openings=np.array([1, 2, 4, 1]))
    rows.measures["half_spread_bps"][1] = 1.0
    two = no_walks(2, 1_000.0).or_by_tape(np.array([0.001, 0.003]))
    terms = replace(
        TERMS, taker_bps=np.array([4.5, 1.5]), half_spread_bps=np.array([2.0, 4.0]), walks=two
    )

    found = copy_edges(copy_tally(rows), known(20.0), HORIZON, terms)

    # Of 8 openings 2 lie in the first coin, and 2 of the other's 6 have a recorded spread.
    fee, spread, walk = (2 * 4.5 + 6 * 1.5) / 8, (2 * 2 + 2 * 1 + 4 * 4) / 8, (2 * 1 + 6 * 3) / 8
    assert found.cost_bps.tolist() == pytest.approx([2 * (fee + spread + walk)])


def test_tallies_of_different_entities_are_joined_and_told_apart() -> None:
    first, second = copied([2.0] * 4), copied([4.0] * 3)
    second = replace(second, entity=np.full(3, 7))

    both = CopyTally.joined([copy_tally(first), copy_tally(second)])

    assert (both.entity.tolist(), both.n_bets.tolist()) == ([0, 7], [4, 3])
    only = both.of(np.array([7]))
    assert only.over_bps[5_000].tolist() == pytest.approx([4.0])
    assert only.coins.entity.tolist() == [7]


def test_what_is_left_is_the_edge_less_what_is_over_less_the_cost() -> None:
    # 2 of 20 bps are over after 5 s, in each bet: certain, so that nobody else's share matters.
    found = edges([2.0] * 4, known(20.0))

    assert found.share.tolist() == pytest.approx([0.9])
    assert found.edge_bps.tolist() == pytest.approx([18 - 15])
    assert found.p_positive.tolist() == [1.0]


def test_chance_that_something_is_left_is_that_the_edge_exceeds_cost_over_share() -> None:
    found = edges([2.0] * 4, known(20.0, 15 / 0.9 - 20 + 5))

    # The cost of 15 asks for an edge of 15/.9, 3.33 below the mean; the sd is 1.67: two of them.
    assert found.p_positive.tolist() == pytest.approx([0.97725], abs=1e-4)
    assert found.low_bps[0] < found.edge_bps[0] < found.high_bps[0]


def test_nothing_is_left_after_the_horizon() -> None:
    late = replace(TERMS, delay_ms=300_000)

    found = edges([2.0] * 4, known(20.0), late, early_300000ms=20.0)

    assert found.share.tolist() == [0.0]
    assert found.edge_bps.tolist() == pytest.approx([-15])
    assert found.p_positive.tolist() == [0.0]


def test_curve_tells_what_is_left_after_each_delay() -> None:
    found = edges([2.0] * 4, known(20.0), early_30000ms=18.0, early_300000ms=20.0)

    # Of 20 bps 0, 2, 18 and all are over, and 15 are the cost.
    left = {delay: values.tolist() for delay, values in found.curve_bps.items()}
    assert left == {
        0: [pytest.approx(5.0)],
        5_000: [pytest.approx(3.0)],
        30_000: [pytest.approx(-13.0)],
        300_000: [pytest.approx(-15.0)],
    }
    assert found.curve_bps[5_000].tolist() == found.edge_bps.tolist()


def test_without_any_edge_a_move_is_taken_to_come_evenly() -> None:
    found = edges([2.0, -3.0, 0.5, 1.0], known(0.0))

    assert found.share.tolist() == pytest.approx([1 - 5 / 300])


def test_capacity_is_the_size_whose_walk_takes_what_is_left() -> None:
    found = edges([2.0] * 4, known(20.0))

    # 18 less 13 of fees and spreads: 5 bps for 2 · .001 a USD.
    assert found.capacity_usd.tolist() == pytest.approx([2_500])
    assert edges([2.0] * 4, known(10.0)).capacity_usd.tolist() == [0.0]
    free = replace(TERMS, walks=NO_BOOKS.or_by_tape(np.zeros(1)))
    assert edges([2.0] * 4, known(20.0), free).capacity_usd.tolist() == [np.inf]


def test_half_life_lies_where_half_of_the_move_is_over() -> None:
    found = edges([2.0] * 4, known(20.0), early_30000ms=18.0)

    # .9 left at 5 s and .1 at 30 s.
    assert found.half_life_s.tolist() == pytest.approx([5 + 25 * 0.4 / 0.8])


def test_walk_is_what_takers_paid_beyond_the_spread_for_their_size() -> None:
    path = price_path([(0, 100)], [(0, 99.9, 100.1)])
    rows = replace(
        openings((0, 10, BOUGHT), (0, 20, SOLD)),
        price=np.array([100.15, 99.88]),  # 15 and 12 bps, of which 10 are half the spread
        notional_usd=np.array([5_000.0, 2_000.0]),
    )

    # (5000 · 5 + 2000 · 2) / (5000² + 2000²)
    assert walk_bps_per_usd(path, rows) == pytest.approx(29_000 / 29e6)
    makers = replace(rows, is_taker=np.zeros(2, dtype=bool))
    assert np.isnan(walk_bps_per_usd(path, makers))
