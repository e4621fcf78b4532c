import numpy as np
import pytest
import torch
from model_fakes import make_card
from numpy.typing import NDArray

from hypertrack.errors import ConfigError
from hypertrack.features.engine import FeatureEngine
from hypertrack.model.benchmark import EDGE_RANK, Edges, compare_scores, oracle_edge
from hypertrack.model.inputs import InputScaler, comparable, feature_hash
from hypertrack.model.network import WalletNet
from hypertrack.model.versions import WalletModel
from hypertrack.pipeline.benchmark import find_sizes
from hypertrack.records import replace

RNG = np.random.default_rng(2)
EDGE = np.where(RNG.random(300) < 0.3, RNG.normal(8, 3, 300), RNG.normal(0, 0.1, 300))


def rank_ic(error_bps: NDArray[np.float64]) -> float:
    found = oracle_edge(Edges(EDGE, EDGE - 4), error_bps, np.random.default_rng(0))[EDGE_RANK]
    assert found is not None
    return found.value


def test_oracle_that_sees_without_noise_knows_the_order() -> None:
    assert rank_ic(np.full(300, 1e-4)) == pytest.approx(1, abs=1e-3)


def test_oracle_that_sees_without_noise_names_the_best() -> None:
    found = oracle_edge(Edges(EDGE, EDGE - 4), np.full(300, 1e-4), np.random.default_rng(0))

    values = {name: each.value for name, each in found.items() if each is not None}
    assert values["large_edge"] == values["net_edge"] == 1
    assert values["edge_of_best_bps"] == pytest.approx(np.sort(EDGE)[-20:].mean())


def test_oracle_knows_less_the_noisier_it_is() -> None:
    values = [rank_ic(np.full(300, error)) for error in (0.1, 1.0, 10.0, 100.0)]

    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.2


def test_oracle_uses_what_it_knows_of_each_wallets_noise() -> None:
    """Half of the wallets are hidden: to rank what luck shows of them would rank worse."""
    error = np.where(np.arange(300) % 2 == 0, 0.5, 500.0)

    found = rank_ic(error)

    seen = EDGE + error * np.random.default_rng(0).standard_normal(300)
    naive = np.corrcoef(np.argsort(np.argsort(seen)), np.argsort(np.argsort(EDGE)))[0, 1]
    assert found > naive + 0.1


def test_wallet_without_markouts_is_guessed_at() -> None:
    error = np.full(300, 0.1)
    error[:150] = np.inf

    assert 0.3 < rank_ic(error) < 0.9


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
    truth["net_edge_bps"] = truth["edge_bps"] - 3
    expected_bps = np.where(matrix.n_executions >= 50, truth["edge_bps"], np.nan)

    n_wallets, against = compare_scores(
        WalletModel(network, scaler, card), market_engine, matrix, expected_bps, truth
    )

    found = {each.name: each.found for each in against if each.truth in ("is_bot", "edge_bps")}
    assert n_wallets == (matrix.n_executions >= 10).sum()
    assert found["markout_5m_bps"] is not None
    assert found["markout_5m_bps"].value == pytest.approx(1, abs=0.01)
    for name in ("bot_probability", "labelling functions", "profitability_score", "oracle"):
        assert found[name] is not None
    of = {(each.name, each.truth): each.found for each in against}
    assert of["markout_5m_bps", "large_edge"].value == of["markout_5m_bps", "net_edge"].value == 1
    expected = of["expected edge (shrinkage)", "edge_of_best_bps"]
    is_busy = (matrix.n_executions >= 50) & (truth["edge_bps"] > 0)
    assert expected.value == pytest.approx(np.sort(truth["edge_bps"][is_busy])[-20:].mean())


def test_unknown_size_is_said() -> None:
    assert list(find_sizes("small, large")) == ["small", "large"]
    with pytest.raises(ConfigError, match="sizes are small, medium, large, found huge"):
        find_sizes("small,huge")
