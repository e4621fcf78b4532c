from dataclasses import replace

import numpy as np
import pytest
import torch
from model_fakes import finish
from numpy.typing import NDArray

from hypertrack.config import TrainSettings
from hypertrack.labels.targets import TARGETS
from hypertrack.model.baselines import constant
from hypertrack.model.evaluation import MIN_TEST_ROWS, evaluate
from hypertrack.model.inputs import InputScaler
from hypertrack.model.predictor import predict_rows
from hypertrack.model.samples import Samples, permuted
from hypertrack.model.training import train_network, training_rows
from hypertrack.records import BINARY_HEADS, HEADS, HeadEvaluation, Interval

Array = NDArray[np.float64]


def judge(samples: Samples, predicted: Array, **baselines: Array) -> dict[str, HeadEvaluation]:
    predictions = {"net": predicted, "constant": the_constant(samples), **baselines}
    found = evaluate(samples, predictions, dict.fromkeys(HEADS, "net"), n_bootstrap=200)
    assert tuple(head.head for head in found) == HEADS
    return {head.head: head for head in found}


def the_constant(samples: Samples) -> Array:
    return constant(samples, InputScaler.fit(samples.feature_names, samples.train.features))


def truth(samples: Samples) -> Array:
    return samples.targets(samples.test)


def test_perfect_prediction_has_skill_one_and_earns_its_weight(samples: Samples) -> None:
    heads = judge(samples, truth(samples), persistence=the_constant(samples))

    for name, head in heads.items():
        assert head.skill is not None
        assert (head.skill.value, head.skill.low, head.skill_new_wallets) == (1, 1, 1)
        assert head.has_earned_weight
        assert head.skill_by_baseline == {"persistence": pytest.approx(0)}
        if name in BINARY_HEADS:
            assert head.auc == Interval(1, 1, 1)
            assert head.calibration_error == Interval(0, 0, 0)
        else:
            assert (head.auc, head.calibration_error, head.reliability) == (None, None, ())
    assert heads["risk_score"].reason == (
        "risk: skill 1.00, 95 % CI [1.00, 1.00], 1.00 on wallets never trained on"
    )


def test_the_constant_has_no_skill_and_no_say(samples: Samples) -> None:
    heads = judge(samples, the_constant(samples))

    assert all(head.skill and head.skill.value == pytest.approx(0) for head in heads.values())
    assert not any(head.has_earned_weight for head in heads.values())
    assert heads["profitability_score"].reason.startswith("profitability: skill 0.00, 95 % CI [")


def test_skill_must_hold_on_wallets_never_trained_on(samples: Samples) -> None:
    predicted = truth(samples)
    new = samples.test.is_held_out
    predicted[new] = 1 - predicted[new]

    risk = judge(samples, predicted)["risk_score"]

    assert risk.skill is not None
    assert risk.skill.low > -1
    assert risk.skill_new_wallets is not None
    assert risk.skill_new_wallets < 0
    assert not risk.has_earned_weight


def test_good_luck_on_old_wallets_does_not_make_up_for_new_ones(samples: Samples) -> None:
    predicted = truth(samples)
    new = samples.test.is_held_out
    # The wrong side of the constant, by a little: far better over all wallets, worse on new ones.
    predicted[new] = np.where(truth(samples)[new] > 0.5, 0.4, 0.6)

    bot = judge(samples, predicted)["bot_probability"]

    assert bot.skill is not None and bot.skill.low > 0.5
    assert bot.skill_new_wallets is not None and bot.skill_new_wallets < 0
    assert not bot.has_earned_weight


def test_skill_that_may_be_luck_earns_no_weight(samples: Samples) -> None:
    """The best guess is above zero on both kinds of wallets, and its interval is not."""
    few = without(samples, np.arange(len(samples.test)) >= 40)
    predicted, column = the_constant(few), TARGETS.index("bot_probability")
    # Right about seven of ten: 0.7 · (0.25 - 0.04) - 0.3 · (0.64 - 0.25) is 0.03 a wallet better
    # than the constant, give or take 0.28 for each.
    is_right = np.zeros(40, dtype=bool)
    for chosen in (few.test.is_held_out, ~few.test.is_held_out):
        is_right[chosen] = np.arange(chosen.sum()) % 10 < 7
    is_yes = truth(few)[:, column] == 1
    predicted[:, column] += np.where(is_right == is_yes, 0.3, -0.3)

    bot = judge(few, predicted)["bot_probability"]

    assert bot.skill is not None and bot.skill_new_wallets is not None
    assert bot.skill.low < 0 < bot.skill.value
    assert bot.skill_new_wallets > 0
    assert not bot.has_earned_weight


@pytest.mark.parametrize(("n_rows", "is_enough"), [(29, False), (30, True)])
def test_thirty_test_rows_with_an_outcome_are_asked_for(
    samples: Samples, n_rows: int, is_enough: bool
) -> None:
    few = without(samples, np.arange(len(samples.test)) >= n_rows)

    risk = judge(few, truth(few))["risk_score"]

    assert risk.skill is not None and risk.skill.low == 1
    assert risk.has_earned_weight == is_enough
    assert ("29 test rows with an outcome, at least 30" in risk.reason) != is_enough


def test_better_baseline_is_named(samples: Samples) -> None:
    half = (truth(samples) + the_constant(samples)) / 2

    bot = judge(samples, half, trees=truth(samples), linear=half)["bot_probability"]

    assert bot.skill is not None
    assert bot.skill.value == pytest.approx(0.75)
    assert bot.reason.endswith("; trees did better with 1.00")


def test_masked_rows_are_counted_and_left_out(samples: Samples) -> None:
    quantities = samples.test.quantities.copy()
    quantities[:50, 1] = np.nan
    partly = replace(samples, test=replace(samples.test, quantities=quantities))
    predicted = truth(samples)
    predicted[:50, 1] = 0.123  # wrong, and of no account

    risk = judge(partly, predicted)["risk_score"]

    assert (risk.n_test, risk.masked_frac) == (150, 0.25)
    assert risk.skill is not None
    assert risk.skill.value == 1


def without(samples: Samples, chosen: NDArray[np.bool_]) -> Samples:
    return replace(samples, test=samples.test.take(~chosen))


def test_no_test_rows_give_no_numbers_and_no_say(samples: Samples) -> None:
    none = without(samples, np.ones(len(samples.test), dtype=bool))

    for head in judge(none, np.zeros((0, len(TARGETS)))).values():
        assert (head.n_test, head.skill, head.auc, head.rank_ic) == (0, None, None, None)
        assert not head.has_earned_weight
        assert f"0 test rows with an outcome, at least {MIN_TEST_ROWS}" in head.reason


def test_one_class_among_the_test_rows_is_said(samples: Samples) -> None:
    is_bot = truth(samples)[:, TARGETS.index("bot_probability")] == 1
    humans = without(samples, is_bot)

    bot = judge(humans, truth(humans))["bot_probability"]

    assert (bot.base_rate, bot.auc) == (0, None)
    assert bot.skill is not None  # the constant expected some bots


def test_head_that_could_not_be_trained_says_why(samples: Samples) -> None:
    quantities = samples.train.quantities.copy()
    quantities[:, 2] = 1.0
    quantities[:, 3] = np.nan
    blind = replace(samples, train=replace(samples.train, quantities=quantities))

    heads = judge(blind, truth(samples))

    assert heads["bot_probability"].reason == ("bot: not trained, every training outcome is yes")
    assert "no outcome could be measured" in heads["sophistication_score"].reason
    assert not heads["bot_probability"].has_earned_weight


def skills_after_training(samples: Samples) -> list[float]:
    settings = TrainSettings(hidden=(32, 16), max_epochs=14, learning_rate=1e-2, device="cpu")
    scaler = InputScaler.fit(samples.feature_names, samples.train.features)
    train, validation = (
        training_rows(scaler.transform(rows.features), samples.targets(rows), torch.device("cpu"))
        for rows in (samples.train, samples.validation)
    )
    network = finish(train_network(train, validation, settings)).network
    predicted = predict_rows(network, scaler, samples.test.features).astype(np.float64)
    heads = judge(samples, predicted).values()
    return [head.skill.value for head in heads if head.skill is not None]


def test_skill_vanishes_where_training_outcomes_are_permuted(samples: Samples) -> None:
    real = skills_after_training(samples)
    # One permutation can be lucky; they cannot all be.
    dealt = [skills_after_training(permuted(samples, seed)) for seed in range(5)]

    assert min(real) > 0.08
    assert np.mean(dealt, axis=0).max() < 0.02


def test_held_out_wallets_are_needed(samples: Samples) -> None:
    known = without(samples, samples.test.is_held_out)

    risk = judge(known, truth(known))["risk_score"]

    assert risk.skill_new_wallets is None
    assert not risk.has_earned_weight
    assert "no wallet held out" in risk.reason
