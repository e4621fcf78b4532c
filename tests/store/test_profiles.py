import math
from pathlib import Path

import pytest
from fakes import ALICE, BOB, START_MS
from pyarrow import parquet

from hypertrack.errors import DatasetError
from hypertrack.records import (
    Category,
    DataSummary,
    GapCount,
    HeadEvaluation,
    Interval,
    ModelSummary,
    ProfileSet,
    Quality,
    Reason,
    ReliabilityBin,
    Scores,
    WalletProfile,
    as_dict,
)
from hypertrack.store.columns import write_columns
from hypertrack.store.profiles import read_profiles, write_profiles

DATA = DataSummary(
    path="recorded_data",
    start_ms=START_MS,
    end_ms=START_MS + 1,
    observed_days=1.0,
    observed_frac=0.5,
    n_trades=3,
    n_wallets=2,
    n_coins=1,
    n_self_trades=0,
    n_duplicate_trades=0,
    n_torn_lines=1,
    n_quarantined=0,
    notional_usd=1e6,
    n_rows_by_feed={"trades": 3},
    gaps=(GapCount(cause="error", n_intervals=1, duration_s=2.5, n_missed=None),),
    has_ledger=True,
)

HEAD = HeadEvaluation(
    head="risk_score",
    n_test=10,
    masked_frac=0.1,
    base_rate=0.2,
    skill=Interval(0.1, 0.05, 0.15),
    skill_new_wallets=None,
    auc=Interval(0.7, 0.6, 0.8),
    rank_ic=Interval(0.2, 0.1, 0.3),
    calibration_error=Interval(0.01, 0.0, 0.02),
    reliability=(
        ReliabilityBin(n=5, mean_predicted=0.1, yes_share=Interval(0.2, 0.0, 0.4)),
        ReliabilityBin(n=5, mean_predicted=0.3, yes_share=Interval(0.4, 0.0, 0.8)),
    ),
    baselines={
        "constant": Quality(
            skill=Interval(0.0, 0.0, 0.0),
            skill_new_wallets=None,
            auc=None,
            rank_ic=None,
            calibration_error=None,
        )
    },
    has_earned_weight=True,
    reason="skill 0.10",
)

MODEL = ModelSummary(
    version="v1",
    created_ms=START_MS,
    estimator="net",
    is_forced=False,
    n_train_rows=1,
    n_validation_rows=1,
    n_test_rows=1,
    n_train_wallets=1,
    heads=(HEAD,),
)

SCORED = WalletProfile(
    wallet=ALICE,
    first_seen_ms=START_MS,
    last_seen_ms=START_MS + 1,
    features={"tx_count": 3.0, "markout_5s_bps": -1.25},
    scores=Scores(
        profitability_score=0.1,
        risk_score=0.2,
        bot_probability=0.3,
        sophistication_score=0.4,
        influence_score=5.0,
        trading_style=(0.1, -0.2, 0.3, -0.4, 0.5, -0.6),
    ),
    categories=(
        Category(name="Bot", group="bots", confidence=0.9, evidence="it is <b>", boost=0.05),
        Category(
            name="Whale",
            group="size",
            confidence=0.5,
            evidence="big",
            is_proven=False,
            caveat="skill −0.02",
        ),
    ),
    why_none=None,
    activity=(0, 3, 1),
    reasons={
        "risk_score": (
            Reason(feature="tx_count", value=3.0, typical=14.5, contribution=0.125),
            Reason(feature="median_gap_s", value=None, typical=4.0, contribution=-0.05),
        ),
        "volatility": (Reason(feature="tx_count", value=3.0, typical=None, contribution=-0.25),),
    },
)

BARE = WalletProfile(
    wallet=BOB,
    first_seen_ms=START_MS,
    last_seen_ms=START_MS,
    features={"tx_count": 1.0},
    scores=None,
    categories=(),
    why_none="nearest: Bot",
    activity=(),
)


@pytest.mark.parametrize("model", [MODEL, None])
def test_profiles_come_back_as_they_were(tmp_path: Path, model: ModelSummary | None) -> None:
    profiles = ProfileSet(
        generated_ms=START_MS,
        data=DATA,
        model=model,
        profiles=(BARE, SCORED, BARE),
        notice="simulated",
        typical=SCORED.scores,
        units={"tx_count": "count", "markout_5s_bps": "bps"},
    )

    write_profiles(tmp_path / "wallet_profiles.parquet", profiles)

    assert read_profiles(tmp_path / "wallet_profiles.parquet") == profiles


def test_undefined_features_stay_undefined(tmp_path: Path) -> None:
    path = tmp_path / "profiles.parquet"
    row = WalletProfile(
        wallet=ALICE,
        first_seen_ms=0,
        last_seen_ms=0,
        features={"twap_share": math.nan},
        scores=None,
        categories=(),
        why_none=None,
        activity=(1,),
    )

    write_profiles(path, ProfileSet(generated_ms=0, data=DATA, model=None, profiles=(row,)))

    assert math.isnan(read_profiles(path).profiles[0].features["twap_share"])


def test_any_tool_can_read_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "profiles.parquet"

    write_profiles(
        path, ProfileSet(generated_ms=0, data=DATA, model=MODEL, profiles=(SCORED, BARE))
    )

    table = parquet.read_table(path)
    assert table["wallet"].to_pylist() == [ALICE, BOB]
    assert table["risk_score"].to_pylist() == [0.2, None]
    assert table["style_volatility"].to_pylist() == [0.3, None]
    assert table["tx_count"].to_pylist() == [3.0, 1.0]
    assert table["reasons"].to_pylist() == [
        [
            {"score": score, **as_dict(reason)}
            for score, some in SCORED.reasons.items()
            for reason in some
        ],
        [],
    ]
    assert [each["name"] for each in table["categories"].to_pylist()[0]] == ["Bot", "Whale"]


def test_no_profiles_is_a_valid_set(tmp_path: Path) -> None:
    empty = ProfileSet(generated_ms=0, data=DATA, model=None, profiles=())

    write_profiles(tmp_path / "profiles.parquet", empty)

    assert read_profiles(tmp_path / "profiles.parquet") == empty


def test_another_table_is_an_error(tmp_path: Path) -> None:
    write_columns(tmp_path / "profiles.parquet", {"wallet": [ALICE]})

    with pytest.raises(DatasetError, match="holds no profiles"):
        read_profiles(tmp_path / "profiles.parquet")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no table at"):
        read_profiles(tmp_path / "profiles.parquet")
