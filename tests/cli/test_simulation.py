"""``simulate`` makes the world that its flags name, and says so."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.records import CoverageCause
from hypertrack.store.columns import read_columns
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.ledger import read_ledger
from hypertrack.store.files.manifest import read_manifest

RUNNER = CliRunner()
SMALL = ("--hours", "0.1", "--wallets", "60", "--coins", "3")


def test_flags_choose_the_world_which_manifest_and_truth_name(tmp_path: Path) -> None:
    out, truth = tmp_path / "data", tmp_path / "truth.csv"
    world = ("--skill", "none", "--trend", "BTC=0.1", "--trend", "ETH=-0.05")

    result = RUNNER.invoke(
        app, ["simulate", "--write", str(out), "--truth", str(truth), *SMALL, *world]
    )

    assert result.exit_code == 0, result.output
    assert set(read_columns(truth)["world"]) == {"none BTC=0.1 ETH=-0.05"}
    manifest = read_manifest(out / "manifest.json")
    assert manifest is not None
    assert manifest.settings["simulate"]["skill"] == "none"
    assert manifest.settings["simulate"]["trend"] == ["BTC=0.1", "ETH=-0.05"]


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [(("--skill", "some"), "simulate.skill"), (("--trend", "BTC"), "simulate.trend")],
)
def test_a_world_that_does_not_exist_is_refused(
    tmp_path: Path, flags: tuple[str, ...], complaint: str
) -> None:
    result = RUNNER.invoke(app, ["simulate", "--write", str(tmp_path / "d"), *SMALL, *flags])

    assert result.exit_code == 2
    assert complaint in result.stderr


def test_archives_are_imported_with_what_they_are(tmp_path: Path) -> None:
    out, truth, data = tmp_path / "archives", tmp_path / "truth.csv", tmp_path / "data"
    archives = ("--format", "node_fills_by_block", "--holes", "2", "--truth", str(truth))

    result = RUNNER.invoke(app, ["simulate", "--write", str(out), *SMALL, *archives])
    assert result.exit_code == 0, result.output
    result = RUNNER.invoke(app, ["import", str(out), "--data", str(data)])
    assert result.exit_code == 0, result.output

    made, imported = read_manifest(out / "manifest.json"), read_manifest(data / "manifest.json")
    assert made is not None
    assert imported is not None
    assert made.is_complete
    assert made.settings["archives"]["format"] == "node_fills_by_block"
    assert len(made.settings["archives"]["holes"]) == 2
    assert made.settings["simulate"]["coins"] == 3
    assert imported.notice == (
        f"{made.notice}; imported, not recorded here: 1 node_fills_by_block files"
    )
    assert "left out" not in result.output
    gaps = [line for line in read_ledger(data) if line.cause is CoverageCause.HOLE]
    assert len(gaps) == 2
    assert len(read_columns(truth)["fees_usd"]) == 60


def test_sealed_hours_are_a_dataset_for_every_reader(tmp_path: Path) -> None:
    out = tmp_path / "data"

    result = RUNNER.invoke(app, ["simulate", "--write", str(out), "--sealed", *SMALL])

    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in out.iterdir()) == [
        *("coverage.jsonl", "manifest.json", "sealed"),
    ]
    with open_dataset(out) as dataset:
        summary = dataset.summary()
    assert f"wrote {summary.n_trades:,} trades" in " ".join(result.stderr.split())
    again = RUNNER.invoke(app, ["simulate", "--write", str(out), "--sealed", *SMALL])
    assert again.exit_code == 1
    assert "already holds a dataset" in again.stderr


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--sealed",), "--sealed goes with --write DIR"),
        (("--holes", "1"), "--holes goes with --write DIR"),
        (("--format", "node_fills_by_block"), "--format goes with --write DIR"),
        (("--write", "d", "--holes", "1"), "--holes goes with --format node_fills_by_block"),
        (("--write", "d", "--format", "lz4"), "--format must be one of dataset, node_fills"),
        (
            ("--write", "d", "--format", "node_fills_by_block", "--sealed"),
            "--sealed is for datasets",
        ),
    ],
)
def test_flags_that_do_not_go_together_are_refused(flags: tuple[str, ...], complaint: str) -> None:
    result = RUNNER.invoke(app, ["simulate", *flags])

    assert result.exit_code == 2
    assert complaint in " ".join(result.stderr.split())
