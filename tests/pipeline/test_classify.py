"""Profiles are made again where anything behind them has changed, and only there."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from column_fakes import profile_columns
from drawn_wallets import features
from fakes import ALICE, BOB, CAROL, START_MS, quote, trade, write_dataset
from model_fakes import make_card
from profile_fakes import profile_header

from hypertrack.config import CategorySettings, Settings
from hypertrack.errors import DatasetError, ModelError
from hypertrack.model.inputs import InputScaler, feature_hash, input_names
from hypertrack.model.network import WalletNet
from hypertrack.model.versions import WalletModel, promote, save_version
from hypertrack.pipeline.classify import PROFILES_NAME, classify, fingerprint, fresh_profiles
from hypertrack.pipeline.profiles import Profiles
from hypertrack.records import DAY_MS, replace
from hypertrack.store.profiles import ProfileFile, write_profiles

TRADES = [
    trade(START_MS + nth * 60_000, buyer=ALICE, seller=BOB, taker=ALICE, price=100.0 + nth)
    for nth in range(6)
]
FEATURES = input_names(("base",))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A recording of two wallets, and a folder for what is made of it."""
    write_dataset(tmp_path / "data", trades=TRADES)
    return changed(
        Settings(data=tmp_path / "data", out=tmp_path / "out"), "features", "groups", ("base",)
    )


def changed(settings: Settings, section: str, name: str, value: object) -> Settings:
    part = getattr(settings, section).model_copy(update={name: value})
    return settings.model_copy(update={section: part})


def save_model(settings: Settings, seed: int) -> str:
    """Save a network that was never trained and make it the one in use; return its version."""
    torch.manual_seed(seed)
    scaler = InputScaler(FEATURES, np.zeros(len(FEATURES)), np.ones(len(FEATURES)))
    network = WalletNet(scaler.n_inputs, hidden=(8, 4), dropout_frac=0.0)
    card = replace(
        make_card(network, START_MS + seed),
        feature_names=FEATURES,
        feature_hash=feature_hash(FEATURES),
        typical=(0.0,) * len(FEATURES),
    )
    save_version(settings.out, WalletModel(network, scaler, card))
    return card.summary.version


def wallets(profiles: Profiles) -> set[str]:
    return set(profiles.column("wallet"))


def kept(settings: Settings) -> Profiles:
    return Profiles(ProfileFile(settings.out / PROFILES_NAME))


def plant(settings: Settings, *, with_model: bool = False) -> None:
    """Keep profiles that nobody would make of this recording, as fresh as can be."""
    behind = fingerprint(settings, with_model=with_model)
    header = replace(profile_header(), notice="planted", fingerprint=behind)
    rows = profile_columns([(features(), 1, None)] * 3, CategorySettings(), {})
    write_profiles(settings.out / PROFILES_NAME, header, [rows])


def record_more(settings: Settings) -> Settings:
    later = trade(START_MS + DAY_MS, buyer=CAROL, seller=BOB, taker=CAROL)
    write_dataset(Path(str(settings.data)), trades=[*TRADES, later])
    return settings


def record_quotes(settings: Settings) -> Settings:
    write_dataset(Path(str(settings.data)), bbo=[quote(START_MS, 99.0, 101.0)])
    return settings


CHANGES: dict[str, Callable[[Settings], Settings]] = {
    "threshold of a rule": lambda s: changed(s, "categories", "min_evidence_tx", 6),
    "fee": lambda s: changed(s, "fees", "perp_taker_bps", 4.0),
    "delay of a copier": lambda s: changed(s, "copy", "delay_s", 1.0),
    "false discoveries": lambda s: changed(s, "skill", "max_false_discovery_frac", 0.2),
    "groups of features": lambda s: changed(s, "features", "groups", ("base", "extended")),
    "more trades": record_more,
    "another feed": record_quotes,
}
NO_CHANGES: dict[str, Callable[[Settings], Settings]] = {
    "nothing": lambda s: s,
    "what the report shows": lambda s: changed(s, "report", "min_tx", 9),
    "what training does": lambda s: changed(s, "train", "max_epochs", 3),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_fingerprint_changes_with_all_that_profiles_rest_on(
    settings: Settings, change: Callable[[Settings], Settings]
) -> None:
    before = fingerprint(settings, with_model=False)

    assert fingerprint(change(settings), with_model=False) != before


@pytest.mark.parametrize("change", NO_CHANGES.values(), ids=NO_CHANGES)
def test_fingerprint_stays_where_profiles_would_be_the_same(
    settings: Settings, change: Callable[[Settings], Settings]
) -> None:
    before = fingerprint(settings, with_model=False)

    assert fingerprint(change(settings), with_model=False) == before


def test_fingerprint_follows_the_model_in_use_where_one_is_asked(settings: Settings) -> None:
    first = save_model(settings, 1)
    with_first = fingerprint(settings, with_model=True)
    without = fingerprint(settings, with_model=False)

    save_model(settings, 2)

    assert fingerprint(settings, with_model=True) not in {with_first, without}
    assert fingerprint(settings, with_model=False) == without != with_first
    promote(settings.out, first)
    assert fingerprint(settings, with_model=True) == with_first


@pytest.mark.parametrize("change", NO_CHANGES.values(), ids=NO_CHANGES)
def test_profiles_that_are_fresh_are_not_made_again(
    settings: Settings, change: Callable[[Settings], Settings]
) -> None:
    plant(settings)

    assert fresh_profiles(change(settings), with_model=False).header.notice == "planted"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["threshold of a rule", "more trades"])
def test_profiles_behind_which_something_changed_are_made_and_kept_again(
    settings: Settings, name: str
) -> None:
    plant(settings)
    settings = CHANGES[name](settings)

    profiles = fresh_profiles(settings, with_model=False)

    assert wallets(profiles) == ({ALICE, BOB} if name != "more trades" else {ALICE, BOB, CAROL})
    assert np.isnan(profiles.column("risk_score")).all()
    assert wallets(kept(settings)) == wallets(profiles)
    assert kept(settings).header.fingerprint == fingerprint(settings, with_model=False)


@pytest.mark.slow
def test_profiles_scored_by_another_model_are_scored_again(settings: Settings) -> None:
    save_model(settings, 1)
    plant(settings, with_model=True)
    second = save_model(settings, 2)

    profiles = fresh_profiles(settings)

    assert profiles.header.model is not None
    assert profiles.header.model.version == second
    assert not np.isnan(profiles.column("risk_score")).any()
    assert fresh_profiles(settings).header.generated_ms == profiles.header.generated_ms


@pytest.mark.slow
def test_profiles_without_scores_do_not_stand_in_for_those_with_them(settings: Settings) -> None:
    save_model(settings, 1)
    plant(settings, with_model=False)

    with_scores = fresh_profiles(settings, is_kept=False)

    assert wallets(with_scores) == {ALICE, BOB}
    assert with_scores.header.typical is not None
    assert kept(settings).header.notice == "planted"  # was not to be kept


@pytest.mark.slow
def test_profiles_that_cannot_be_read_are_made_again(settings: Settings) -> None:
    settings.out.mkdir()
    (settings.out / PROFILES_NAME).write_bytes(b"of another version")

    assert wallets(fresh_profiles(settings, with_model=False)) == {ALICE, BOB}
    assert wallets(kept(settings)) == {ALICE, BOB}


def test_scores_without_a_model_are_refused_and_nothing_is_kept(settings: Settings) -> None:
    with pytest.raises(ModelError, match="train one with `hypertrack train`, or --no-model"):
        classify(settings)

    assert not (settings.out / PROFILES_NAME).exists()


def test_neither_data_nor_profiles_is_an_error(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(DatasetError):
        fresh_profiles(settings.model_copy(update={"data": tmp_path / "no"}), with_model=False)
