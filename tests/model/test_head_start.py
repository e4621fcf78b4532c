"""What heads begin with before anything is learnt."""

from dataclasses import replace

import numpy as np
import torch
from model_fakes import FEATURES, make_samples

from hypertrack.labels.targets import BOT_VOTE, EDGE, TARGETS
from hypertrack.model.head_start import head_start
from hypertrack.model.inputs import InputScaler
from hypertrack.model.samples import Samples
from hypertrack.skill.own_edges import OWN_EDGES

BOT, SKILL = TARGETS.index("bot_probability"), TARGETS.index("sophistication_score")


def told_by(samples: Samples, name: str, quantity: int) -> Samples:
    """Return samples in which a feature of that name is the one that a quantity follows from."""
    names = (*FEATURES[:quantity], name, *FEATURES[quantity + 1 :])
    return replace(samples, feature_names=names)


def with_own_edges(samples: Samples) -> Samples:
    """Return samples whose last features are own edges; the edge follows from the first of them."""
    n_features, n_own = len(FEATURES), len(OWN_EDGES)
    names = (*FEATURES[: n_features - n_own], *OWN_EDGES)
    features = samples.train.features.copy()
    features[:, n_features - n_own] = samples.train.quantities[:, EDGE]
    return replace(samples, feature_names=names, train=replace(samples.train, features=features))


def turned(samples: Samples, quantity: int) -> Samples:
    quantities = samples.train.quantities.copy()
    quantities[:, quantity] *= -1
    return replace(samples, train=replace(samples.train, quantities=quantities))


def start(samples: Samples) -> torch.Tensor:
    scaler = InputScaler.fit(samples.feature_names, samples.train.features)
    return head_start(samples, scaler)


def test_signs_that_tell_of_later_votes_lead_the_bot_score_alone() -> None:
    found = start(told_by(make_samples(), "program_lean", BOT_VOTE))

    assert found[BOT_VOTE, BOT] > 1
    found[BOT_VOTE, BOT] = 0
    assert not found.any()


def test_signs_that_tell_the_opposite_lead_the_other_way() -> None:
    found = start(turned(told_by(make_samples(), "program_lean", BOT_VOTE), BOT_VOTE))

    assert found[BOT_VOTE, BOT] < -1


def test_what_the_past_lets_expect_leads_both_scores_of_skill_and_no_other() -> None:
    samples = with_own_edges(make_samples())

    found = start(samples)

    place = samples.feature_names.index("own_edge_bps")
    assert found[place, SKILL] > 1
    inputs, targets = found.nonzero(as_tuple=True)
    assert set(targets.tolist()) == {SKILL, TARGETS.index("profitability_score")}
    assert place in inputs and int(inputs.min()) == place


def test_without_the_features_that_tell_there_is_no_head_start() -> None:
    assert not start(make_samples()).any()


def test_votes_of_one_kind_give_no_head_start() -> None:
    samples = told_by(make_samples(), "program_lean", BOT_VOTE)
    alike = samples.train.quantities.copy()
    alike[:, BOT_VOTE] = np.abs(alike[:, BOT_VOTE])

    assert not start(replace(samples, train=replace(samples.train, quantities=alike))).any()
