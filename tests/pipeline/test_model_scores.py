"""A model ranks wallets at cuts after all that it was trained on, and at no other."""

from pathlib import Path

import numpy as np
import pytest
import torch
from backtest_fakes import market
from engine_fakes import OpenEngine, open_engine
from fakes import START_MS
from model_fakes import FEATURES, make_card

from hypertrack.config import Settings
from hypertrack.labels.targets import TARGETS
from hypertrack.model.inputs import InputScaler, as_read, feature_hash
from hypertrack.model.network import WalletNet
from hypertrack.model.versions import WalletModel, save_version
from hypertrack.pipeline.model_scores import ModelScores
from hypertrack.records import MINUTE_MS, OutcomeWindow, replace
from hypertrack.skill.own_edges import OWN_EDGES

__all__ = ["open_engine"]

LEARNT_UNTIL_MS = START_MS + 20 * MINUTE_MS


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return a working folder whose model learnt from outcomes until 20 minutes."""
    names = (*FEATURES, *OWN_EDGES)
    scaler = InputScaler.fit(names, np.random.default_rng(0).normal(3, 2, (50, len(names))))
    torch.manual_seed(0)
    network = WalletNet(scaler.n_inputs, hidden=(16, 8), dropout_frac=0.3)
    card = make_card(network, START_MS)
    windows = tuple(
        OutcomeWindow(at_ms=0, outcome_start_ms=0, outcome_end_ms=end_ms, is_test=is_test)
        for end_ms, is_test in ((LEARNT_UNTIL_MS, False), (START_MS + 30 * MINUTE_MS, True))
    )
    card = replace(card, feature_names=names, feature_hash=feature_hash(names))
    card = replace(card, typical=(0.0,) * len(names))
    card = replace(card, details=replace(card.details, cuts=windows))
    save_version(tmp_path, WalletModel(network, scaler, card))
    return Settings(out=tmp_path)


@pytest.mark.slow  # torch, and features of a market
def test_model_ranks_only_after_what_it_was_trained_on(
    open_engine: OpenEngine, settings: Settings
) -> None:
    engine = open_engine(trades=market(n_hours=0.5, foresight=0.0))
    scores_at = ModelScores(engine, settings)

    before, after = scores_at(LEARNT_UNTIL_MS - 1), scores_at(LEARNT_UNTIL_MS)

    assert before == {}
    assert set(after) == {"model: profitability", "model: sophistication"}
    assert scores_at.model is not None
    matrix = engine.matrix(until_ms=LEARNT_UNTIL_MS, names=FEATURES)
    expected = scores_at.model.predict(as_read(engine, matrix))[
        :, TARGETS.index("profitability_score")
    ]
    assert after["model: profitability"][matrix.wallet_ids].tolist() == expected.tolist()


def test_without_a_model_there_is_nothing_to_rank_by(
    open_engine: OpenEngine, tmp_path: Path
) -> None:
    engine = open_engine(trades=market(n_hours=0.1, foresight=0.0))

    assert ModelScores(engine, Settings(out=tmp_path))(START_MS + MINUTE_MS) == {}
