"""Profiles of a simulated market: from the dataset to the file, and to every view of it."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from profile_fakes import MadeSet

from hypertrack.config import ReportSettings, Settings, SimulateSettings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.features.engine import FeatureMatrix
from hypertrack.outputs.report import render_csv, render_markdown, render_report
from hypertrack.outputs.report_json import render_json
from hypertrack.pipeline.classify import PROFILES_NAME, classify
from hypertrack.pipeline.places import open_engine
from hypertrack.pipeline.profiles import Profiles
from hypertrack.pipeline.report import write_report
from hypertrack.pipeline.wallet import find_wallet
from hypertrack.records import ProfileSet, WalletProfile
from hypertrack.simulate.market.bulk import settings_for, write_dataset
from hypertrack.simulate.market.market import Market

pytestmark = pytest.mark.slow  # a dataset is made, and classified from end to end

N_TRADES = 2_000


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Half an hour of a small market."""
    folder = tmp_path_factory.mktemp("market")
    simulate = SimulateSettings(hours=0.5, wallets=40, coins=2, seed=5)
    market = Market(settings_for(simulate, N_TRADES))
    for _ in write_dataset(market, folder / "data", N_TRADES):
        pass
    return Settings(data=str(folder / "data"), out=folder / "out")


@pytest.fixture(scope="module")
def profiles(settings: Settings) -> Profiles:
    """The market's wallets, classified by the rules alone and kept."""
    return classify(settings, with_model=False)


@pytest.fixture(scope="module")
def matrix(settings: Settings) -> FeatureMatrix:
    with open_engine(settings) as engine:
        return engine.matrix()


def everyone(profiles: ProfileSet) -> list[WalletProfile]:
    return list(profiles.wallets(np.arange(profiles.header.n_wallets)))


def test_file_holds_every_wallet_the_most_active_first(
    profiles: Profiles, matrix: FeatureMatrix
) -> None:
    found = everyone(profiles)

    by_wallet = dict(zip(matrix.wallets, matrix.values.tolist(), strict=True))
    counts = [profile.features["tx_count"] for profile in found]
    assert {profile.wallet for profile in found} == set(matrix.wallets)
    assert counts == sorted(counts, reverse=True)
    for profile in found:
        own = [profile.features[name] for name in matrix.names]
        np.testing.assert_equal(own, by_wallet[profile.wallet])
        assert 0 < profile.features["value_top_frac"] <= 1
    assert max(sum(profile.activity) for profile in found) > 50


def test_header_says_what_numbers_mean_and_need(profiles: Profiles, matrix: FeatureMatrix) -> None:
    header = profiles.header

    assert header.n_wallets == len(matrix.wallets) > 20
    assert header.units["median_gap_s"] == "s"
    assert header.remarks == {"flow_pnl_usd": "of the trades seen, as if flat before"}
    assert header.needs_position == ("median_holding_s", "closed_episode_count")
    assert header.thresholds["min_evidence_tx"] == 5


def test_profiles_that_are_not_kept_are_the_same(profiles: Profiles, settings: Settings) -> None:
    written = (settings.out / PROFILES_NAME).stat().st_mtime_ns

    in_memory = classify(settings, with_model=False, is_kept=False)

    np.testing.assert_equal(str(everyone(in_memory)), str(everyone(profiles)))
    assert (settings.out / PROFILES_NAME).stat().st_mtime_ns == written


def test_one_wallet_is_what_the_whole_set_says_of_it(
    profiles: Profiles, settings: Settings
) -> None:
    last = everyone(profiles)[-1]

    header, found = find_wallet(
        settings, f" {last.wallet.upper()} ".replace("X", "x"), with_model=False
    )

    assert str(found) == str(last)
    assert header == profiles.header


def test_wallet_that_was_not_seen_is_an_error(profiles: Profiles, settings: Settings) -> None:
    with pytest.raises(DatasetError, match=f"not among the {profiles.header.n_wallets:,} seen"):
        find_wallet(settings, "0x" + "1" * 40, with_model=False)
    with pytest.raises(ConfigError, match="40 hexadecimal digits"):
        find_wallet(settings, "0x123", with_model=False)


@pytest.mark.parametrize("render", [render_report, render_json, render_csv, render_markdown])
@pytest.mark.parametrize(
    "leave_out", [ReportSettings(), ReportSettings(min_tx=3, categories_only=True)]
)
def test_report_from_the_file_is_that_of_profiles_in_hand(
    profiles: Profiles,
    render: Callable[[ProfileSet, ReportSettings], Iterator[str]],
    leave_out: ReportSettings,
) -> None:
    in_hand = MadeSet(profiles.header, tuple(everyone(profiles)))

    assert "".join(render(profiles, leave_out)) == "".join(render(in_hand, leave_out))


def test_report_is_written_as_it_is_rendered(profiles: Profiles, settings: Settings) -> None:
    file = write_report(settings, report_format="csv", with_model=False)

    assert file.read_text(encoding="utf-8") == "".join(render_csv(profiles, settings.report))


def test_set_in_a_file_counts_and_finds_as_its_profiles_do(profiles: Profiles) -> None:
    made = everyone(profiles)

    assert profiles.holds().tolist() == [bool(each.categories) for each in made]
    assert profiles.header.n_with_category == sum(bool(each.categories) for each in made)
    assert profiles.column("wallet").tolist() == [each.wallet for each in made]
    assert np.isnan(profiles.column("bot_probability")).all()
    assert profiles.find("0x" + "1" * 40) is None
