"""What stands beside a comparison: drift, and what held-out rows had said."""

import numpy as np
import pytest
import torch
from model_fakes import FEATURES, make_card
from profile_fakes import head

from hypertrack.model.drift import bins_of, digits
from hypertrack.model.inputs import InputScaler
from hypertrack.model.live_beside import beside, offline_difference
from hypertrack.model.network import WalletNet
from hypertrack.records import HEADS, Card, Interval, ScoreRow, replace

WEIGHTS = dict.fromkeys(HEADS, 1.0) | {"risk_score": 3.0}


def card(**skills: float) -> Card:
    """Return the card of a model with these skills, trained on standard normals."""
    values = np.random.default_rng(1).normal(size=(1_000, len(FEATURES)))
    scaler = InputScaler.fit(FEATURES, values)
    torch.manual_seed(1)
    made = make_card(WalletNet(scaler.n_inputs, hidden=(4,), dropout_frac=0.3), 1_767_600_000_000)
    heads = tuple(
        head(name, skill=Interval(skill, skill - 0.01, skill + 0.01))
        for name, skill in skills.items()
    )
    return replace(
        made,
        summary=replace(made.summary, heads=heads),
        feature_bins=tuple(map(bins_of, values.T)),
        score_bins={"risk_score": bins_of(np.linspace(0, 1, 1_000))},
    )


def rows(of: Card, features: np.ndarray) -> list[ScoreRow]:
    return [
        ScoreRow(
            **{"id": str(nth), "seq": 1, "prev": "", "wallet": f"0x{nth}", "scored_ms": nth},
            **{"window": (0, 1), "champion": "a", "challenger": "b", "features_hash": "f"},
            scores={"champion": {"risk_score": 0.5}, "challenger": {}},
            features=said,
        )
        for nth, said in enumerate(digits(features, of.feature_bins))
    ]


def test_feature_that_moved_and_score_that_is_always_the_same_come_first() -> None:
    own = card(risk_score=0.1)
    now = np.random.default_rng(2).normal(size=(400, len(FEATURES)))
    now[:, 3] += 2

    found = beside(rows(own, now), own, own, WEIGHTS)

    first, second, *others = found["drift"]
    assert (first.name, first.is_score) == ("risk_score", True)  # one bin of ten has all rows
    assert (second.name, second.is_score) == (FEATURES[3], False)
    assert second.stability_index > 1
    assert all(one.stability_index < 0.1 for one in others)


def test_card_that_knows_no_bins_tells_no_drift() -> None:
    own = card(risk_score=0.1)
    older = replace(own, feature_bins=(), score_bins={})
    told = rows(own, np.zeros((400, len(FEATURES))))

    assert beside(told, older, own, WEIGHTS)["drift"] is None
    assert beside(told, None, own, WEIGHTS)["drift"] is None


def test_difference_of_training_weighs_the_heads_that_both_were_measured_by() -> None:
    own = card(risk_score=0.10, bot_probability=0.30, influence_score=0.9)
    other = card(risk_score=0.14, bot_probability=0.22)

    # risk counts three times: (3 * .04 - .08) / 4
    assert offline_difference(own, other, WEIGHTS) == pytest.approx(0.01)
    assert offline_difference(own, card(influence_score=0.5), {"influence_score": 0.0}) is None
