import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from hypertrack.model.metrics import (
    Ranking,
    Resamples,
    calibration_error,
    interval,
    mean_of_best,
    ranking,
    reliability,
    skill,
)
from hypertrack.records import Interval

Array = NDArray[np.float64]
RNG = np.random.default_rng(5)
OUTCOME = RNG.normal(0, 1, 60).round(1)  # with equal values
IS_YES = (OUTCOME > 0.5).astype(float)
SCORE = (OUTCOME + RNG.normal(0, 1, 60)).round(1)


def drawn_one_by_one(resamples: Resamples) -> list[NDArray[np.int64]]:
    return [np.repeat(np.arange(len(row)), row) for row in resamples.counts]


def once(n: int) -> Resamples:
    return Resamples.draw(n, 10, 0)


def test_skill_is_one_less_the_ratio_of_losses() -> None:
    assert skill(np.array([1.0, 2.0]), np.array([2.0, 4.0]), once(2)) == Interval(0.5, 0.5, 0.5)


def test_interval_is_that_of_a_bootstrap_done_one_by_one() -> None:
    loss, base = RNG.random(80), RNG.random(80) + 0.2

    found = skill(loss, base, Resamples.draw(80, 4_000, 1))

    slow = []
    for _ in range(4_000):
        drawn = RNG.integers(0, 80, 80)
        slow.append(1 - loss[drawn].sum() / base[drawn].sum())
    assert found is not None
    assert [found.low, found.high] == pytest.approx(np.quantile(slow, [0.025, 0.975]), abs=0.02)


def test_skill_against_a_constant_that_is_never_wrong_is_not_defined() -> None:
    assert skill(np.zeros(3), np.zeros(3), once(3)) is None
    assert skill(np.zeros(0), np.zeros(0), once(0)) is None


def test_resamples_begin_with_the_sample_and_draw_as_many_wallets() -> None:
    drawn = Resamples.draw(40, 100, 0)

    assert drawn.counts.shape == (101, 40)
    assert (drawn.counts[0] == 1).all()
    assert (drawn.counts.sum(axis=1) == 40).all()
    assert (drawn.counts == Resamples.draw(40, 100, 0).counts).all()


def test_ranking_is_what_the_libraries_say_of_every_resample() -> None:
    resamples = Resamples.draw(60, 70, 3)

    found = ranking(OUTCOME, IS_YES, SCORE, resamples)

    for number, drawn in enumerate(drawn_one_by_one(resamples)):
        assert found.auc[number] == pytest.approx(roc_auc_score(IS_YES[drawn], SCORE[drawn]))
        rank_ic = spearmanr(OUTCOME[drawn], SCORE[drawn]).statistic
        assert found.rank_ic[number] == pytest.approx(rank_ic)


@pytest.mark.parametrize(
    ("outcome", "score", "auc", "rank_ic"),
    [
        ([1.0, 0.0, 1.0, 0.0], [0.8, 0.5, 0.3, 0.1], 0.75, 0.447),  # one of four pairs is wrong
        ([1.0, 1.0, 1.0], [0.1, 0.2, 0.3], np.nan, np.nan),
        ([1.0, 0.0, 1.0], [0.2, 0.2, 0.2], 0.5, np.nan),
        ([], [], np.nan, np.nan),
    ],
)
def test_ranking_of_few_wallets(
    outcome: list[float], score: list[float], auc: float, rank_ic: float
) -> None:
    found: Ranking = ranking(*map(np.array, (outcome, outcome, score)), once(len(score)))

    assert found.auc[0] == pytest.approx(auc, nan_ok=True)
    assert found.rank_ic[0] == pytest.approx(rank_ic, abs=1e-3, nan_ok=True)


def test_interval_leaves_out_resamples_in_which_nothing_is_defined() -> None:
    assert interval(np.array([0.5, np.nan, 0.4, 0.6])) == Interval(0.5, 0.405, 0.595)
    assert interval(np.array([np.nan, 0.1, 0.2])) is None
    assert interval(np.array([0.5, np.nan])) is None


SAID = np.repeat(np.linspace(0.05, 0.95, 10), 20)
CAME = (np.tile(np.arange(20), 10) < np.repeat(np.arange(10) * 2 + 1, 20)).astype(float)


def test_best_of_a_score_are_counted_as_often_as_they_were_drawn() -> None:
    outcome, score = np.array([1.0, 10.0, 4.0, 2.0]), np.array([0.1, 0.9, 0.5, 0.3])
    drawn = np.array([[1, 1, 1, 1], [1, 3, 0, 0], [2, 0, 1, 1]], dtype=np.uint8)

    found = mean_of_best(outcome, score, 2, Resamples(drawn))

    assert found.tolist() == [7, 10, 3]  # 10 and 4; 10 twice; 4 and 2
    assert np.isnan(mean_of_best(outcome, score, 5, Resamples(drawn))).all()


def test_calibration_error_is_the_mean_gap_of_ten_bins() -> None:
    draws = Resamples.draw(200, 100, 0)
    exact, off = calibration_error(CAME, SAID, draws), calibration_error(CAME, SAID + 0.04, draws)

    assert exact is not None
    assert off is not None
    assert exact.value == pytest.approx(0)
    assert off.value == pytest.approx(0.04)
    assert calibration_error(np.zeros(0), np.zeros(0), once(0)) is None


def test_calibration_interval_holds_the_error_itself() -> None:
    """Every resample adds noise that makes an error: an interval of them would lie above it."""
    rng = np.random.default_rng(0)
    said = rng.random(300)
    came = (rng.random(300) < said).astype(float)

    found = calibration_error(came, said, Resamples.draw(300, 400, 0))

    assert found is not None
    assert 0 <= found.low < found.value < found.high


def test_calibration_interval_is_moved_back_by_what_resampling_adds() -> None:
    """Twenty wallets in each of ten bins, whose errors are added up resample by resample."""
    resamples = Resamples.draw(200, 300, 0)
    bins = np.repeat(np.arange(10), 20)
    errors = [
        sum(abs((CAME[d] - SAID[d] - 0.02)[bins[d] == each].sum()) for each in range(10)) / 200
        for d in drawn_one_by_one(resamples)
    ]

    found = calibration_error(CAME, SAID + 0.02, resamples)

    assert found is not None
    assert found.value == pytest.approx(errors[0]) == pytest.approx(0.02)
    added = np.mean(errors[1:]) - errors[0]
    assert added > 0.03  # chance makes far more of an error than there is
    low, high = np.quantile(errors[1:], [0.025, 0.975]) - added
    assert (found.low, found.high) == pytest.approx((max(low, 0), high))


def test_equal_probabilities_share_a_bin() -> None:
    said, came = np.full(100, 0.3), (np.arange(100) < 40).astype(float)

    (only,) = reliability(came, said, Resamples.draw(100, 200, 0))
    error = calibration_error(came, said, Resamples.draw(100, 200, 0))

    assert (only.n, only.mean_predicted, only.yes_share.value) == (100, pytest.approx(0.3), 0.4)
    assert only.yes_share.low < 0.4 < only.yes_share.high
    assert error is not None
    assert error.value == pytest.approx(0.1)


def test_reliability_says_what_came_of_each_tenth() -> None:
    bins = reliability(CAME, SAID, Resamples.draw(200, 100, 0))

    assert [each.n for each in bins] == [20] * 10
    assert [each.mean_predicted for each in bins] == pytest.approx(np.linspace(0.05, 0.95, 10))
    assert [each.yes_share.value for each in bins] == pytest.approx(np.linspace(0.05, 0.95, 10))
    assert reliability(np.zeros(0), np.zeros(0), once(0)) == ()
