from dataclasses import replace

import numpy as np
import torch
from model_fakes import FEATURES, make_samples

from hypertrack.labels.targets import BOT_VOTE, TARGETS
from hypertrack.model.head_start import signs_of_programs
from hypertrack.model.inputs import InputScaler
from hypertrack.model.samples import Samples

BOT = TARGETS.index("bot_probability")
PLACE = BOT_VOTE
"""The made-up outcome follows from the feature in the place of its own."""


def with_signs(samples: Samples) -> Samples:
    """Return samples of which the telling feature is that of the signs of a program."""
    names = (*FEATURES[:PLACE], "program_lean", *FEATURES[PLACE + 1 :])
    return replace(samples, feature_names=names)


def start(samples: Samples) -> torch.Tensor | None:
    return signs_of_programs(
        samples, InputScaler.fit(samples.feature_names, samples.train.features)
    )


def test_signs_that_tell_of_later_votes_lead_the_bot_score_alone() -> None:
    head_start = start(with_signs(make_samples()))

    assert head_start is not None
    assert head_start[PLACE, BOT] > 1
    head_start[PLACE, BOT] = 0
    assert not head_start.any()


def test_signs_that_tell_the_opposite_lead_the_other_way() -> None:
    samples = with_signs(make_samples())
    turned = samples.train.quantities.copy()
    turned[:, BOT_VOTE] *= -1

    head_start = start(replace(samples, train=replace(samples.train, quantities=turned)))

    assert head_start is not None
    assert head_start[PLACE, BOT] < -1


def test_features_without_signs_give_no_head_start() -> None:
    assert start(make_samples()) is None


def test_votes_of_one_kind_give_no_head_start() -> None:
    samples = with_signs(make_samples())
    alike = samples.train.quantities.copy()
    alike[:, BOT_VOTE] = np.abs(alike[:, BOT_VOTE])

    assert start(replace(samples, train=replace(samples.train, quantities=alike))) is None
