import numpy as np
from numpy.typing import NDArray

from hypertrack.labels.outcomes import QUANTITIES
from hypertrack.labels.targets import (
    HEAD_COLUMNS,
    TARGETS,
    edge_variance,
    fit_thresholds,
    make_targets,
    target_weights,
)
from hypertrack.records import HEADS


def quantities(**columns: list[float]) -> NDArray[np.float64]:
    rows = np.full((len(next(iter(columns.values()))), len(QUANTITIES)), np.nan)
    for name, values in columns.items():
        rows[:, QUANTITIES.index(name)] = values
    return rows


def test_every_head_has_its_columns_in_order() -> None:
    assert tuple(HEAD_COLUMNS) == HEADS
    assert len(TARGETS) == len(QUANTITIES)
    assert TARGETS[HEAD_COLUMNS["trading_style"]] == QUANTITIES[5:]


def test_profit_is_more_than_cost_and_hurdle() -> None:
    rows = quantities(edge_over_cost_bps=[5.0, 5.1, -3.0, np.nan])

    found = make_targets(rows, fit_thresholds(rows, 5.0))[:, TARGETS.index("profitability_score")]

    np.testing.assert_array_equal(found, [0, 1, 0, np.nan])


def test_risk_and_sophistication_ask_for_a_fifth_of_the_training_rows() -> None:
    train = quantities(drawdown_frac=[*range(11)], edge_bps=[*range(11)])  # type: ignore[arg-type]
    later = quantities(drawdown_frac=[7.9, 8.0, 8.1], edge_bps=[9.0, 1.0, np.nan])

    thresholds = fit_thresholds(train, 5.0)
    found = make_targets(later, thresholds)

    assert (thresholds.worst_drawdown_frac, thresholds.best_edge_bps) == (8, 8)
    np.testing.assert_array_equal(found[:, TARGETS.index("risk_score")], [0, 0, 1])
    np.testing.assert_array_equal(found[:, TARGETS.index("sophistication_score")], [1, 0, np.nan])


def test_without_training_rows_nothing_is_among_the_worst() -> None:
    rows = quantities(drawdown_frac=[np.nan])

    thresholds = fit_thresholds(rows, 5.0)

    assert thresholds.worst_drawdown_frac is None
    assert np.isnan(make_targets(quantities(drawdown_frac=[3.0]), thresholds)).all()


def test_bot_is_the_majority_and_a_tie_is_not_measured() -> None:
    rows = quantities(bot_vote=[1.0, 1 / 3, 0.0, -1.0, np.nan])

    found = make_targets(rows, fit_thresholds(rows, 5.0))[:, TARGETS.index("bot_probability")]

    np.testing.assert_array_equal(found, [1, 1, np.nan, 0, np.nan])


def test_influence_is_log1p_of_percent() -> None:
    rows = quantities(influence_pct=[0.0, 100.0])

    found = make_targets(rows, fit_thresholds(rows, 5.0))[:, TARGETS.index("influence_score")]

    np.testing.assert_allclose(found, [0, np.log(101)])


def test_variance_of_true_edges_is_what_errors_leave() -> None:
    # Mean 2, sum of squares 8 / 1, less one degree of freedom; 2 - 2 / 2 of weight.
    assert edge_variance(np.array([0.0, 4.0, np.nan]), np.ones(3)) == 7.0
    assert edge_variance(np.array([1.0, 1.5]), np.ones(2)) == 0.0
    assert edge_variance(np.array([3.0]), np.ones(1)) == 0.0
    # beside a weight of 1e18 the other one's is lost in rounding: nothing is left to compare
    assert edge_variance(np.array([3.0, 50.0]), np.array([1e-9, 10.0])) == 0.0


def test_edges_weigh_as_much_as_is_known_of_them_and_all_else_alike() -> None:
    found = target_weights(np.array([1.0, 3.0, np.nan]), 1.0)

    # 1/2 and 1/10, whose mean is .3.
    edges = [TARGETS.index("profitability_score"), TARGETS.index("sophistication_score")]
    np.testing.assert_allclose(found[:2, edges], [[5 / 3] * 2, [1 / 3] * 2])
    assert (np.delete(found, edges, axis=1) == 1).all()
