"""``simulate`` makes the world that its flags name, and says so; markets stand beside the venue."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.config import SimulateSettings
from hypertrack.records import CoverageCause
from hypertrack.simulate.market.arrays import QuoteArrays, TradeArrays
from hypertrack.simulate.market.bulk import write_dataset
from hypertrack.simulate.market.calibration import compare
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.market.measured_windows import measured_windows
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
    skilled, _, others = result.stdout.splitlines()[-3:]
    assert skilled.split()[:3] == ["skilled", "0", "0"]
    assert " 0.0 / 0.0 / 0.0 " in others
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
        f"{made.notice}; imported, not recorded here: 1 node_fills_by_block file"
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


def test_check_prints_a_market_beside_the_venue_and_marks_what_is_unlike_it() -> None:
    result = RUNNER.invoke(app, ["simulate", "--check", "--hours", "0.05", "--coins", "12"])

    assert result.exit_code == 0, result.output
    rows = {line[:44].rstrip(): line[44:] for line in result.stdout.splitlines()}
    assert "0.165 to 0.188" in rows["taker executions that are TWAP slices"]
    assert rows["trades in the top 10 coins"].rstrip().endswith("*")  # of 12, not of 187
    assert not rows["coins per wallet, p50"].rstrip().endswith("*")
    assert "trades of 12 coins" in result.stdout


def test_a_recorded_market_is_measured_as_the_same_market_simulated(tmp_path: Path) -> None:
    """Every line that needs no sizes of quotes, from the files, is that of the market itself."""
    out = tmp_path / "data"
    small = SimulateSettings(hours=0.1, coins=12, wallets=300, trades_per_second=20)
    market = Market(small)
    for _ in write_dataset(market, out):
        pass
    chunks = list(market.chunks())
    trades = TradeArrays.join([chunk.trades for chunk in chunks])
    quotes = QuoteArrays.join([chunk.quotes for chunk in chunks])
    starts = range(int(trades.time_ms[0]), int(trades.time_ms[-1]) + 1, 81_000)
    names = [coin.name for coin in market.coins]
    expected = compare(measured_windows(trades, quotes, names, starts))

    result = RUNNER.invoke(app, ["verify", "--market", "--data", str(out), "--json"])

    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["n_windows"] == 5
    here = {line["quantity"]: line["here"] for line in found["lines"]}
    assert here.keys() == {line.quantity for line in expected}
    for line in expected:
        if "depth" in line.quantity:
            assert here[line.quantity] is None
        else:
            assert here[line.quantity] == pytest.approx(line.here, nan_ok=True), line.quantity


def test_too_little_to_measure_is_said(tmp_path: Path) -> None:
    out = tmp_path / "data"
    RUNNER.invoke(app, ["simulate", "--write", str(out), *SMALL, "--trades", "40"])

    result = RUNNER.invoke(app, ["verify", "--market", "--data", str(out)])

    assert result.exit_code == 1
    assert "100 trades in a window of 81 seconds, found 40 trades" in result.stderr
