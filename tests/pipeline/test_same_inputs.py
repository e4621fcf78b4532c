"""A model is asked the same of a wallet wherever it is asked: nobody is scored by other inputs."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch
from backtest_fakes import WALLETS, market
from fakes import START_MS, write_dataset
from model_fakes import make_card

from hypertrack.config import FeatureSettings, Settings, SkillSettings, TrainSettings
from hypertrack.labels.cuts import Cut
from hypertrack.labels.targets import TARGETS
from hypertrack.market.window import Window
from hypertrack.model.inputs import InputScaler, feature_hash, input_names
from hypertrack.model.network import WalletNet
from hypertrack.model.samples import Rows, measure_cuts
from hypertrack.model.versions import WalletModel, save_version
from hypertrack.pipeline.classify import classify
from hypertrack.pipeline.live_profiles import LiveProfiler
from hypertrack.pipeline.model_scores import ModelScores
from hypertrack.pipeline.places import open_engine
from hypertrack.records import SYSTEM_WALLETS, replace
from hypertrack.skill.own_edges import OWN_EDGES, unknown

pytestmark = pytest.mark.slow  # features, outcomes and verdicts of a market

VENUE = SYSTEM_WALLETS[0]
TRADES = [
    {**line, "users": [VENUE if user == WALLETS[1] else user for user in line["users"]]}
    for line in market(n_hours=3, foresight=0.9)
]
"""In which one wallet is the venue's own, which nobody is compared with."""
CUT_MS = TRADES[len(TRADES) // 2]["time"] + 1
SCORE = "sophistication_score"


def settings_of(folder: Path, name: str) -> Settings:
    only_base = FeatureSettings(groups=("base",))
    no_prior = SkillSettings(estimator="shrinkage")
    return Settings(data=folder / name, out=folder / "out", features=only_base, skill=no_prior)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A market, and the same as it stood at the cut."""
    folder = tmp_path_factory.mktemp("market")
    write_dataset(folder / "whole", trades=TRADES)
    write_dataset(folder / "past", trades=[each for each in TRADES if each["time"] < CUT_MS])
    return folder


@pytest.fixture(scope="module")
def rows(folder: Path) -> Rows:
    """What training is told of every wallet at the cut."""
    with open_engine(settings_of(folder, "whole")) as engine:
        cut = Cut(Window(START_MS, CUT_MS), Window(CUT_MS, engine.end_ms), is_test=True)
        matrices = engine.matrices([CUT_MS])
        (found,) = measure_cuts(engine, [cut], matrices, TrainSettings())
    return found


@pytest.fixture(scope="module")
def model(folder: Path, rows: Rows) -> WalletModel:
    """A network in use that was never trained, and that reads all there is."""
    names = input_names(("base",))
    scaler = InputScaler.fit(names, rows.features)
    torch.manual_seed(1)
    network = WalletNet(scaler.n_inputs, hidden=(8, 4), dropout_frac=0.0)
    card = replace(
        make_card(network, START_MS),
        feature_names=names,
        feature_hash=feature_hash(names),
        typical=(0.0,) * len(names),
    )
    made = WalletModel(network, scaler, card)
    save_version(folder / "out", made)
    return made


@pytest.fixture(scope="module")
def expected(model: WalletModel, rows: Rows, folder: Path) -> dict[str, float]:
    """By wallet, the score of what training was told."""
    with open_engine(settings_of(folder, "whole")) as engine:
        wallets = [engine.wallets[wallet_id] for wallet_id in rows.wallet_ids.tolist()]
    scores = model.predictor.scores(rows.features)[:, TARGETS.index(SCORE)]
    return dict(zip(wallets, scores.tolist(), strict=True))


@pytest.fixture
def profiler(model: WalletModel, folder: Path) -> Iterator[LiveProfiler]:
    """Live, with that model and what was judged last."""
    del model
    with closing(LiveProfiler(settings_of(folder, "past"))) as profiler:
        yield profiler


def test_training_is_told_what_the_past_of_each_wallet_lets_expect(rows: Rows) -> None:
    own = rows.features[:, -len(OWN_EDGES) :]

    assert len(rows) == len(WALLETS)  # with the maker, without the venue
    assert own[:, list(OWN_EDGES).index("own_bets")].max() > 5
    assert np.nanstd(own[:, list(OWN_EDGES).index("own_edge_bps")]) > 0


def test_classify_live_and_backtest_score_as_training_would(
    expected: dict[str, float], folder: Path, profiler: LiveProfiler
) -> None:
    past = settings_of(folder, "past")

    profiles = classify(past)
    with open_engine(settings_of(folder, "whole")) as engine:
        at_cut = ModelScores(engine, settings_of(folder, "whole"))(CUT_MS)
        tested = dict(zip(engine.wallets, at_cut["model: sophistication"].tolist(), strict=True))
    del tested[VENUE]
    profiler.look()
    with open_engine(past) as engine:
        window = START_MS, CUT_MS
        live = profiler.profile(engine, list(expected), window, np.zeros(0))

    classified = dict(zip(profiles.column("wallet"), profiles.column(SCORE).tolist(), strict=True))
    followed = dict(zip(live.wallets.tolist(), live.scores[SCORE].tolist(), strict=True))
    assert len({round(score, 4) for score in expected.values()}) > 5
    assert classified == pytest.approx(expected, abs=1e-4)
    assert tested == pytest.approx(expected, abs=1e-4)
    assert followed == pytest.approx(expected, abs=1e-4)


def test_wallet_that_was_not_judged_is_one_without_bets_to_live(
    folder: Path, profiler: LiveProfiler
) -> None:
    (folder / "out" / "wallet_profiles.parquet").unlink(missing_ok=True)
    past = settings_of(folder, "past")
    profiler.look()

    with open_engine(past) as engine:
        live = profiler.profile(engine, WALLETS[:1], (START_MS, CUT_MS), np.zeros(0))

    own = np.array([live.features[name] for name in OWN_EDGES]).T
    np.testing.assert_array_equal(own, unknown(1))
