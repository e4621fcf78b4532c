"""``hypertrack import``: what it prints, writes and refuses."""

import gzip
import json
from pathlib import Path

import pytest
from archive_fakes import block, both_fills, fill, frame, read_lines, write_lines
from fakes import ALICE, BOB, START_MS, trade, write_dataset
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.store.dataset import open_dataset

run = CliRunner().invoke
HOUR_MS = 3_600_000


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "node_fills_by_block" / "hourly"
    for hour in (8, 9):
        at_ms = START_MS + (hour - 8) * HOUR_MS
        events = [*both_fills(time_ms=at_ms), fill(time_ms=at_ms, trade_id=9)]
        lines = [block(events, at_ms), block([], at_ms + HOUR_MS - 1, 1_001)]
        write_lines(folder / "20260105" / f"{hour}.lz4", lines)
    return folder


def test_folder_of_hours_becomes_a_dataset(archive: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"

    result = run(app, ["import", str(archive), "--data", str(data)])

    assert result.exit_code == 0, result.output
    said = " ".join(result.stderr.split())
    assert "imported 2 trades from 2 files" in said
    assert "6 fills; fills without a trade: 2 unpaired" in said
    with open_dataset(data) as dataset:
        summary = dataset.summary()
    assert (summary.n_trades, summary.n_wallets, summary.observed_frac) == (2, 2, 1.0)
    manifest = json.loads((data / "manifest.json").read_text())
    assert manifest["notice"] == "imported, not recorded here: 2 node_fills_by_block files"
    assert (manifest["coins"], manifest["is_complete"]) == (["BTC"], True)
    assert not (data / "recorder.lock").exists()


def test_dry_run_prints_what_would_be_read_and_writes_nothing(
    archive: Path, tmp_path: Path
) -> None:
    write_lines(archive / "notes.txt", [{"a": 1}])

    result = run(
        app,
        ["import", str(archive), "--data", str(tmp_path / "data"), "--dry-run"],
        env={"COLUMNS": "300"},
    )

    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    assert rows[0] == ["file", "format", "lines", "from", "to"]
    assert [row[1:4] for row in rows[1:]] == [
        ["node_fills_by_block", "2", "2026-01-05T08:00:00Z"],
        ["node_fills_by_block", "2", "2026-01-05T09:00:00Z"],
    ]
    assert "notes.txt: no format that is known" in result.stderr
    assert not (tmp_path / "data").exists()


def test_json_says_the_same_to_machines(archive: Path, tmp_path: Path) -> None:
    flags = ["--data", str(tmp_path / "data"), "--json"]

    surveyed = json.loads(run(app, ["import", str(archive), *flags, "--dry-run"]).stdout)
    done = json.loads(run(app, ["import", str(archive), *flags]).stdout)

    assert [file["n_lines"] for file in surveyed["files"]] == [2, 2]
    assert done["report"]["counts"] == {"trades": 2, "fills": 6, "unpaired": 2}


def test_append_goes_on_and_knows_what_is_there(archive: Path, tmp_path: Path) -> None:
    data, capture = tmp_path / "data", tmp_path / "capture.jsonl"
    later = trade(START_MS + 3 * HOUR_MS, buyer=ALICE, seller=BOB, taker=BOB)
    write_lines(capture, [frame("trades", [later], START_MS + 3 * HOUR_MS + 300)])
    run(app, ["import", str(archive), "--data", str(data)])

    again = run(app, ["import", str(archive), str(capture), "--append", "--data", str(data)])

    assert again.exit_code == 0
    assert again.stderr.replace("\n", " ").count("imported before") == 2
    assert len(read_lines(data / "trades.jsonl")) == 3
    notice = json.loads((data / "manifest.json").read_text())["notice"]
    assert notice.split("; ") == [
        "imported, not recorded here: 2 node_fills_by_block files",
        "imported, not recorded here: 1 capture file",
    ]


def test_notice_of_a_copied_dataset_is_carried_on(tmp_path: Path) -> None:
    line = trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)
    old = write_dataset(tmp_path / "old", trades=[line])
    (old / "manifest.json").write_text('{"notice":"simulated: not the venue"}')

    run(app, ["import", str(old), "--data", str(tmp_path / "data")])

    notice = json.loads((tmp_path / "data" / "manifest.json").read_text())["notice"]
    assert notice.startswith("simulated: not the venue; ")


@pytest.mark.parametrize(
    ("arguments", "exit_code", "error"),
    [
        (["none"], 1, "nothing to import at none"),
        (["notes.txt"], 1, "nothing to import in notes.txt (notes.txt: no format that is known: "),
        (
            ["packed"],
            1,
            "nothing to import in packed (packed: packed by gzip: unpack it with gunzip)",
        ),
        (["fills.json"], 1, "fills of a wallet that the file does not name: say whose they are"),
        (["fills.json", "--wallet", "0x12"], 2, "--wallet: no wallet: '0x12'"),
        (["notes.txt", "--format", "csv"], 2, "--format is one of auto, node_fills_by_block"),
        (["data/trades.jsonl"], 1, "lies in the dataset to import into"),
    ],
)
def test_what_cannot_be_meant_is_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    exit_code: int,
    error: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_lines(tmp_path / "notes.txt", [{"a": 1}])
    write_lines(tmp_path / "fills.json", [[fill()[1]]])
    (tmp_path / "packed").write_bytes(gzip.compress(b"{}"))
    line = trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)
    write_dataset(tmp_path / "data", trades=[line])

    result = run(app, ["import", *arguments, "--data", "data"])

    assert result.exit_code == exit_code
    assert error in result.stderr
    assert result.stderr.count("\n") == 1
    assert read_lines(tmp_path / "data" / "trades.jsonl") == [line]


def test_real_capture_is_imported(capture: Path, tmp_path: Path) -> None:
    result = run(app, ["import", str(capture), "--data", str(tmp_path / "data"), "--json"])

    counts = json.loads(result.stdout)["report"]["counts"]
    assert counts["trades"] > 0
    assert "quarantined" not in counts
    with open_dataset(tmp_path / "data") as dataset:
        assert dataset.summary().n_trades == counts["trades"]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("is_named", [True, False])
def test_answer_to_user_fills_is_one_wallets_fills(
    tmp_path: Path, indent: int | None, *, is_named: bool
) -> None:
    fills = [each for _, each in (fill(trade_id=1), fill(trade_id=2, side="A"), fill(trade_id=1))]
    answer = {"user": ALICE.upper().replace("X", "x"), "fills": fills} if is_named else fills
    (tmp_path / "fills.json").write_text(json.dumps(answer, indent=indent))
    flags = [] if is_named else ["--wallet", ALICE]
    data = tmp_path / "data"

    result = run(app, ["import", str(tmp_path / "fills.json"), *flags, "--data", str(data)])

    assert result.exit_code == 0, result.output
    assert "imported 0 trades from 1 files" in " ".join(result.stderr.split())
    assert not (data / "trades.jsonl").exists()
    with open_dataset(data) as dataset:
        statement = (
            "SELECT wallet, trade_id, has_trade FROM imported_fills JOIN wallets USING (ALL)"
        )
        found = dataset.connection.execute(statement.replace("ALL", "wallet_id")).fetchall()
    assert found == [(ALICE, 1, False), (ALICE, 2, False)]


def test_import_that_brings_nothing_says_what_it_saw_and_fails(tmp_path: Path) -> None:
    frames = [frame("userEvents", {"fills": []})] * 2 + [frame("trades", [{"a": 1}])]
    path = write_lines(tmp_path / "capture.jsonl", frames)

    result = run(app, ["import", str(path), "--data", str(tmp_path / "data")])

    assert result.exit_code == 1
    said = " ".join(result.stderr.split())
    assert "nothing was imported from 1 files (2 frames of userEvents; 1 quarantined; first" in said
    assert f"line 3 of {path}: " in said
