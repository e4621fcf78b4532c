"""The features command on a hand-made dataset."""

import json
from pathlib import Path
from typing import Any

import pytest
from fakes import ALICE, BOB, START_MS, trade, write_dataset
from typer.testing import CliRunner, Result

from hypertrack.cli.distributions import compact
from hypertrack.cli.main import app
from hypertrack.features import names
from hypertrack.features.definition import feature
from hypertrack.features.registry import REGISTRY
from hypertrack.market.executions import executions
from hypertrack.store.columns import read_columns


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Two trades, a minute apart, of 100 USD each."""
    trades = [
        trade(START_MS + i * 60_000, buyer=ALICE, seller=BOB, taker=ALICE, trade_id=i)
        for i in range(2)
    ]
    return write_dataset(tmp_path / "data", trades=trades)


def features(dataset: Path, *words: Any) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["features", "--data", str(dataset), *map(str, words)])


def test_describe_shows_numbers_and_definition_in_80_columns(dataset: Path) -> None:
    result = features(dataset, "--describe")

    lines = result.stdout.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("total_value"))
    assert lines[at].split() == ["total_value", "200", "200", "200", "200", "200", "0%", "0%"]
    assert lines[at + 1].startswith("    USD, base: Sum of execution notionals ")
    assert max(map(len, lines)) <= 80
    assert "60 features over 2 wallets" in result.stderr
    assert list(dataset.parent.iterdir()) == [dataset]


def test_describe_as_json_has_null_for_unknown(dataset: Path) -> None:
    result = features(dataset, "--describe", "--json", "--names", "tx_count,markout_30m_bps")

    found = json.loads(result.stdout)
    assert found["wallets"] == 2
    count, markout = found["features"]
    assert (count["name"], count["median"], count["missing_frac"]) == ("tx_count", 2, 0)
    assert (markout["median"], markout["missing_frac"]) == (None, 1)


def test_describe_writes_no_file(dataset: Path) -> None:
    result = features(dataset, "--describe", "--out", "x.csv")

    assert result.exit_code == 2
    assert result.stderr == ("error: --describe writes no file: leave out --out and --format\n")


def test_matrix_is_written_with_the_names_asked_for(dataset: Path, tmp_path: Path) -> None:
    result = features(dataset, "--out", tmp_path / "m.csv", "--names", "total_value, tx_count")

    assert result.exit_code == 0, result.stderr
    found = read_columns(tmp_path / "m.csv")
    assert list(found) == ["wallet", "total_value", "tx_count"]
    assert found["total_value"].tolist() == [200, 200]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (-0.0417, "−0.0417"),
        (0.0000417, "4e-05"),
        (999.4, "999"),
        (999.9, "1k"),
        (-1_234_567.0, "−1.23M"),
        (1e22, "1e+22"),
    ],
)
def test_numbers_are_short(value: float | None, text: str) -> None:
    assert compact(value) == text


def test_check_leakage_says_that_both_are_identical(dataset: Path) -> None:
    result = features(dataset, "--check-leakage", "--seed", 3, "--names", "tx_count,total_value")

    assert result.exit_code == 0, result.stderr
    assert result.stdout == ("2026-01-05T08:01:00.000Z  2 features × 2 wallets  identical\n")


def test_check_leakage_names_feature_wallet_and_both_values(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @feature(lambda scope: executions(scope.con), unit="USD")
    def planted(rows: Any) -> Any:
        """Sum over the whole recording, whatever the cut."""
        return rows.notional_usd.sum()

    monkeypatch.setitem(REGISTRY, "planted", planted)
    monkeypatch.setattr(names, "require_known", lambda _: None)  # it reads the files alone

    shown = features(dataset, "--check-leakage", "--names", "tx_count,planted")
    machine = features(dataset, "--check-leakage", "--names", "planted", "--json")

    assert shown.exit_code == machine.exit_code == 1
    assert shown.stderr.endswith("error: planted depends on data from after the cut\n")
    assert shown.stdout.splitlines() == [
        "2026-01-05T08:01:00.000Z  2 features × 2 wallets  1 differ",
        f"  planted: {ALICE} has 200 with later data, 100 without; 2 wallets",
    ]
    found = json.loads(machine.stdout)
    assert found["is_leak_free"] is False
    assert found["cuts"][0]["leaks"][0]["with_later"] == 200


def test_check_leakage_needs_two_times(tmp_path: Path) -> None:
    one = trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)

    result = features(write_dataset(tmp_path / "one", trades=[one]), "--check-leakage")

    assert result.exit_code == 1
    assert result.stderr.endswith("error: a cut needs trades at two times: record longer\n")


def test_two_jobs_at_once_are_refused(dataset: Path) -> None:
    result = features(dataset, "--check-leakage", "--describe")

    assert result.exit_code == 2
    assert "give one of them" in result.stderr


def test_wallets_and_window_choose_a_part(dataset: Path, tmp_path: Path) -> None:
    listed = tmp_path / "wallets.csv"
    listed.write_text(f"wallet,note\n{ALICE.upper().replace('X', 'x')},first\n\n", encoding="utf-8")
    window = ("--since", "2026-01-05T08:00:30", "--until", START_MS + 60_001)

    result = features(
        dataset, "--wallets", listed, *window, "--names", "tx_count", "--out", tmp_path / "m.csv"
    )

    assert result.exit_code == 0, result.stderr
    found = read_columns(tmp_path / "m.csv")
    assert (found["wallet"].tolist(), found["tx_count"].tolist()) == ([ALICE], [1])


def test_leak_check_takes_no_part(dataset: Path) -> None:
    result = features(dataset, "--check-leakage", "--wallets", ALICE)

    assert result.exit_code == 2
    assert "leave out --wallets" in result.stderr
