from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from category_examples import CASES, example_wallets
from column_fakes import profile_columns
from fakes import ALICE
from profile_fakes import model_of, profile_header
from pyarrow import parquet

from hypertrack.categories.profit_cases import wallet_profits
from hypertrack.errors import DatasetError
from hypertrack.records import PROFIT_NUMBERS, SKILL_NUMBERS, ProfileColumns, ReasonColumns
from hypertrack.store.columns import write_columns
from hypertrack.store.profiles import ProfileFile, write_profiles

N = 80

SETTINGS, HEADS = CASES["some heads earned"]
HEADER = profile_header(summary=model_of(HEADS or {}))
REASONS = ReasonColumns(
    ends=np.arange(1, N + 1) * 2 - 1,  # the first wallet has one, all others two
    scores=("risk_score", "volatility"),
    score=np.arange(2 * N - 1, dtype=np.int8) % 2,
    features=("tx_count", "flip_rate"),
    feature=np.arange(2 * N - 1, dtype=np.int16) % 2,
    contribution=np.linspace(-1, 1, 2 * N - 1),
)
SCORED = replace(
    profile_columns(example_wallets("some heads earned"), SETTINGS, HEADS or {}),
    first_seen_ms=np.arange(N),
    last_seen_ms=np.arange(N) + 5,
    activity=np.arange(3 * N, dtype=np.int32).reshape(N, 3),
    reasons=REASONS,
)
BARE = profile_columns(example_wallets("rules alone"), CASES["rules alone"][0], {})
NOBODY = profile_columns([], SETTINGS, {})


def told(columns: ProfileColumns) -> dict[str, Any]:
    """Return all that the columns say, texts in place of places."""
    verdicts, reasons = columns.verdicts, columns.reasons
    names = np.array([*verdicts.names, None])
    return {
        **{name: values.tolist() for name, values in columns.features.items()},
        **{name: values.tolist() for name, values in columns.scores.items()},
        "wallets": columns.wallets.tolist(),
        "seen": [columns.first_seen_ms.tolist(), columns.last_seen_ms.tolist()],
        "n_candle_matches": columns.n_candle_matches.tolist(),
        "activity": columns.activity.tolist(),
        "ends": verdicts.ends.tolist(),
        "categories": names[verdicts.category].tolist(),
        "numbers": [verdicts.confidence.tolist(), verdicts.boost.tolist()],
        "is_proven": verdicts.is_proven.tolist(),
        "nearest": names[verdicts.nearest].tolist(),
        "nearest_way": verdicts.nearest_way.tolist(),
        "reasons": None
        if reasons is None
        else [
            reasons.ends.tolist(),
            [reasons.scores[place] for place in reasons.score],
            [reasons.features[place] for place in reasons.feature],
            reasons.contribution.tolist(),
        ],
    }


@pytest.mark.parametrize("columns", [SCORED, BARE])
def test_columns_come_back_as_they_were(tmp_path: Path, columns: ProfileColumns) -> None:
    file = write_profiles(tmp_path / "profiles.parquet", HEADER, [columns, columns])

    first, second = file.batches(np.arange(2 * N))

    np.testing.assert_equal(told(first), told(columns))
    np.testing.assert_equal(told(second), told(columns))


def test_header_is_what_was_given_and_counts(tmp_path: Path) -> None:
    file = write_profiles(tmp_path / "profiles.parquet", HEADER, [BARE, BARE])

    n_held = np.diff(BARE.verdicts.ends, prepend=0)
    names = [BARE.verdicts.names[place] for place in BARE.verdicts.category]
    assert (file.header.data, file.header.model) == (HEADER.data, HEADER.model)
    assert file.header.thresholds == HEADER.thresholds
    assert file.header.n_wallets == 2 * N
    assert file.header.n_with_category == 2 * (n_held > 0).sum()
    assert file.header.n_wallets_by_category == {name: 2 * names.count(name) for name in set(names)}
    counts = list(file.header.n_wallets_by_category.values())
    assert counts == sorted(counts, reverse=True)


def test_rows_asked_for_are_read_from_every_group(tmp_path: Path) -> None:
    file = write_profiles(tmp_path / "profiles.parquet", HEADER, [SCORED, SCORED, SCORED])
    rows = np.array([0, 7, N + 2, 2 * N + 79])

    found = list(file.batches(rows))

    assert [part.wallets.tolist() for part in found] == [
        [SCORED.wallets[0], SCORED.wallets[7]],
        [SCORED.wallets[2]],
        [SCORED.wallets[79]],
    ]
    assert found[1].features["tx_per_day"].item() == SCORED.features["tx_per_day"][2]
    assert found[2].activity.tolist() == [[237, 238, 239]]
    assert found[0].reasons is not None
    assert found[0].reasons.ends.tolist() == [1, 3]
    assert list(file.batches(np.array([], dtype=np.intp))) == []


def test_one_wallet_is_found_by_its_address(tmp_path: Path) -> None:
    file = write_profiles(tmp_path / "profiles.parquet", HEADER, [BARE])

    assert file.row_of(BARE.wallets[41]) == 41
    assert file.row_of(ALICE) is None


def test_one_column_is_read_over_all_wallets(tmp_path: Path) -> None:
    file = write_profiles(tmp_path / "profiles.parquet", HEADER, [SCORED, BARE])

    undefined = np.full(N, np.nan)
    for name in ("risk_score", "volatility"):
        np.testing.assert_equal(file.column(name), [*SCORED.scores[name], *undefined])
    both = [*SCORED.features["age_days"], *BARE.features["age_days"]]
    np.testing.assert_equal(file.column("age_days"), both)
    assert file.column("wallet").tolist() == [*SCORED.wallets, *BARE.wallets]


def test_skill_comes_back_as_it_was(tmp_path: Path) -> None:
    numbers = {name: np.arange(N) + 0.5 for name in SKILL_NUMBERS}
    texts = {
        "follows": np.array(["", ALICE] * (N // 2), dtype=object),
        "verdict": np.array(["WATCH", "COPY"] * (N // 2), dtype=object),
        "verdict_gate": np.array(["one coin", "all gates"] * (N // 2), dtype=object),
    }
    judged = replace(BARE, skill={**numbers, **texts})
    file = write_profiles(tmp_path / "profiles.parquet", HEADER, [judged, BARE, judged])

    found, unjudged, _ = file.batches(np.array([1, 2, N, 2 * N]))

    assert found.skill["edge_bps"].tolist() == [1.5, 2.5]
    assert found.skill["follows"].tolist() == [ALICE, None]
    assert found.skill["verdict"].tolist() == ["COPY", "WATCH"]
    assert unjudged.skill == {}
    assert file.column("verdict").tolist() == [*texts["verdict"], *[None] * N, *texts["verdict"]]
    assert np.isnan(file.column("edge_bps")[N : 2 * N]).all()


def test_profit_comes_back_as_it_was(tmp_path: Path) -> None:
    texts = {
        "pnl_source": np.array(["derived", "as_if_flat"] * (N // 2), dtype=object),
        "fees_source": np.array(["schedule"] * N, dtype=object),
        "funding_source": np.array(["traded"] * N, dtype=object),
        "coins": np.array(["BTC, ETH", ""] * (N // 2), dtype=object),
    }
    numbers = {name: np.arange(N) - 0.5 for name in PROFIT_NUMBERS}
    numbers["profit_usd"] = np.where(texts["pnl_source"] == "derived", np.arange(N) - 9.5, np.nan)
    told = replace(BARE, profit={**numbers, **texts})
    file = write_profiles(tmp_path / "profiles.parquet", HEADER, [told, BARE])

    found, untold = file.batches(np.array([2, 3, N]))

    first, second = wallet_profits(found)
    assert first is not None and second is not None
    assert (first.pnl_source, first.profit_usd, first.coins) == ("derived", -7.5, "BTC, ETH")
    assert (second.pnl_source, second.coins, second.win_rate) == ("as_if_flat", "", 2.5)
    assert np.isnan(second.profit_usd)
    assert list(wallet_profits(untold)) == [None]
    assert file.column("profit_usd")[[0, 2]].tolist() == [-9.5, -7.5]


def test_file_that_lacks_columns_is_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "profiles.parquet"
    write_profiles(path, HEADER, [BARE])
    table = parquet.read_table(path)
    parquet.write_table(table.drop_columns(["pnl_source"]), path)

    with pytest.raises(DatasetError, match="no profiles of this version: run `hypertrack classify"):
        ProfileFile(path)


def test_who_holds_a_category_is_read_without_the_rest(tmp_path: Path) -> None:
    file = write_profiles(tmp_path / "profiles.parquet", HEADER, [SCORED, BARE])

    starts = np.append(0, BARE.verdicts.ends[:-1])
    held = [
        {BARE.verdicts.names[place] for place in BARE.verdicts.category[start:end]}
        for start, end in zip(starts, BARE.verdicts.ends, strict=True)
    ]
    assert file.holds()[N:].tolist() == [bool(names) for names in held]
    assert file.holds({"Whale", "Dormant"})[N:].tolist() == [
        bool(names & {"Whale", "Dormant"}) for names in held
    ]
    assert 0 < file.holds({"Whale"}).sum() < file.holds().sum() < 2 * N


def test_what_is_kept_in_memory_is_what_would_be_in_the_file(tmp_path: Path) -> None:
    file = write_profiles(tmp_path / "profiles.parquet", HEADER, [SCORED])
    memory = write_profiles(None, HEADER, [SCORED])

    assert memory.header == file.header
    for one, other in zip(memory.batches(np.arange(N)), file.batches(np.arange(N)), strict=True):
        np.testing.assert_equal(told(one), told(other))


def test_any_tool_can_read_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "profiles.parquet"

    write_profiles(path, HEADER, [SCORED, BARE])

    table = parquet.read_table(path)
    assert table["wallet"].to_pylist() == [*SCORED.wallets, *BARE.wallets]
    assert table["risk_score"].to_pylist()[N - 1 : N + 1] == [SCORED.scores["risk_score"][-1], None]
    assert table["style_volatility"].to_pylist()[0] == SCORED.scores["volatility"][0]
    assert table["reasons"].to_pylist()[0] == [
        {"score": "risk_score", "feature": "tx_count", "contribution": -1.0}
    ]
    held = table["categories"].to_pylist()[0]
    assert [each["name"] for each in held] == [
        SCORED.verdicts.names[place] for place in SCORED.verdicts.category[: len(held)]
    ]


def test_nobody_is_a_valid_set(tmp_path: Path) -> None:
    file = write_profiles(tmp_path / "profiles.parquet", HEADER, [NOBODY])

    assert file.header.n_wallets == file.header.n_with_category == 0
    assert file.column("tx_count").tolist() == file.holds().tolist() == []
    assert list(file.batches(np.array([], dtype=np.intp))) == []
    assert file.row_of(ALICE) is None


def test_failure_on_the_way_leaves_the_old_file(tmp_path: Path) -> None:
    def fails() -> Iterator[ProfileColumns]:
        yield SCORED
        raise RuntimeError("the model broke")

    path = tmp_path / "profiles.parquet"
    write_profiles(path, HEADER, [BARE])

    with pytest.raises(RuntimeError, match="the model broke"):
        write_profiles(path, HEADER, fails())

    assert ProfileFile(path).header.n_wallets == N
    assert [each.name for each in tmp_path.iterdir()] == ["profiles.parquet"]


def test_profiles_that_are_open_survive_their_replacement(tmp_path: Path) -> None:
    path = tmp_path / "profiles.parquet"
    old = write_profiles(path, HEADER, [SCORED])

    write_profiles(path, HEADER, [BARE])

    (read,) = old.batches(np.arange(N))
    np.testing.assert_equal(told(read), told(SCORED))


def test_another_table_is_an_error(tmp_path: Path) -> None:
    write_columns(tmp_path / "profiles.parquet", {"wallet": [ALICE]})

    with pytest.raises(DatasetError, match="holds no profiles of this version"):
        ProfileFile(tmp_path / "profiles.parquet")


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="no table at"):
        ProfileFile(tmp_path / "profiles.parquet")


@pytest.mark.parametrize("place", [100, 1_500, -200])
def test_torn_file_is_an_error_wherever_it_is_torn(tmp_path: Path, place: int) -> None:
    path = tmp_path / "profiles.parquet"
    write_profiles(path, HEADER, [SCORED])
    torn = bytearray(path.read_bytes())
    torn[place : (place + 120) or None] = b"\xff" * len(torn[place : (place + 120) or None])
    path.write_bytes(torn)

    with pytest.raises(DatasetError):
        list(ProfileFile(path).batches(np.arange(N)))


@pytest.mark.parametrize("name", [b'"n_wallets"', b"first_seen_ms"])
def test_name_with_a_damaged_letter_is_an_error(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / "profiles.parquet"
    write_profiles(path, HEADER, [SCORED])
    content = path.read_bytes()
    assert name in content

    path.write_bytes(content.replace(name, name[:3] + b"\xff" + name[4:]))

    with pytest.raises(DatasetError):
        ProfileFile(path)
