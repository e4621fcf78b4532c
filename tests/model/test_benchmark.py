import numpy as np
import pytest
import torch
from model_fakes import make_card

from hypertrack.errors import ConfigError
from hypertrack.features.engine import FeatureEngine
from hypertrack.model.benchmark import compare_scores, oracle_edge
from hypertrack.model.inputs import InputScaler, comparable, feature_hash
from hypertrack.model.network import WalletNet
from hypertrack.model.versions import WalletModel
from hypertrack.pipeline.benchmark import find_sizes
from hypertrack.records import replace

RNG = np.random.default_rng(2)
EDGE = np.where(RNG.random(300) < 0.3, RNG.normal(8, 3, 300), RNG.normal(0, 0.1, 300))


def test_oracle_that_sees_without_noise_knows_the_order() -> None:
    found = oracle_edge(EDGE, np.full(300, 1e-4), np.random.default_rng(0))

    assert found.value == pytest.approx(1, abs=1e-3)


def test_oracle_knows_less_the_noisier_it_is() -> None:
    values = [
        oracle_edge(EDGE, np.full(300, error), np.random.default_rng(0)).value
        for error in (0.1, 1.0, 10.0, 100.0)
    ]

    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.2


def test_oracle_uses_what_it_knows_of_each_wallets_noise() -> None:
    """Half of the wallets are hidden: to rank what luck shows of them would rank worse."""
    error = np.where(np.arange(300) % 2 == 0, 0.5, 500.0)

    found = oracle_edge(EDGE, error, np.random.default_rng(0))

    seen = EDGE + error * np.random.default_rng(0).standard_normal(300)
    naive = np.corrcoef(np.argsort(np.argsort(seen)), np.argsort(np.argsort(EDGE)))[0, 1]
    assert found.value > naive + 0.1


def test_wallet_without_markouts_is_guessed_at() -> None:
    error = np.full(300, 0.1)
    error[:150] = np.inf

    found = oracle_edge(EDGE, error, np.random.default_rng(0))

    assert 0.3 < found.value < 0.9


@pytest.mark.slow
def test_scores_stand_beside_their_limits(market_engine: FeatureEngine) -> None:
    matrix = market_engine.matrix()
    scaler = InputScaler.fit(matrix.names, comparable(matrix))
    torch.manual_seed(0)
    network = WalletNet(scaler.n_inputs, (8,), 0.0)
    card = replace(
        make_card(network, 0),
        feature_names=matrix.names,
        feature_hash=feature_hash(matrix.names),
        typical=(0.0,) * len(matrix.names),
    )
    is_bot = np.arange(len(matrix.wallets)) % 3 == 0
    truth = {
        "wallet": np.array(matrix.wallets),
        "is_bot": is_bot,
        "edge_bps": np.nan_to_num(matrix.column("markout_5m_bps")),  # so that it is found
    }

    n_wallets, against = compare_scores(WalletModel(network, scaler, card), market_engine, truth)

    found = {each.name: each.found for each in against}
    assert n_wallets == (matrix.n_executions >= 10).sum()
    assert found["markout_5m_bps"] is not None
    assert found["markout_5m_bps"].value == pytest.approx(1, abs=0.01)
    for name in ("bot_probability", "labelling functions", "profitability_score", "oracle"):
        assert found[name] is not None


def test_unknown_size_is_said() -> None:
    assert list(find_sizes("small, large")) == ["small", "large"]
    with pytest.raises(ConfigError, match="sizes are small, medium, large, found huge"):
        find_sizes("small,huge")
