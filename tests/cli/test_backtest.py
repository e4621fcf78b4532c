"""The backtest on the terminal, as JSON and as a page."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from backtest_fakes import WALLETS, market
from fakes import write_dataset
from typer.testing import CliRunner, Result

from hypertrack.cli.main import app
from hypertrack.files import write_whole
from hypertrack.records import encode_json
from hypertrack.store.columns import write_columns
from hypertrack.store.files.manifest import Manifest, write_manifest

run = CliRunner().invoke
COPIER = ["--top", "2", "--delay-s", "1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a simulated recording of four hours, and its truth."""
    made = tmp_path_factory.mktemp("backtest")
    data = write_dataset(made / "data", trades=market(n_hours=4, foresight=0.9))
    write_manifest(data, Manifest(notice="simulated: from a test", is_complete=True))
    gain = np.array([12.0, *(-9.0,) * (len(WALLETS) - 1)])
    write_columns(made / "truth.parquet", {"wallet": WALLETS, "copy_edge_bps_1s": gain})
    return made


@pytest.fixture(scope="module")
def followed(folder: Path) -> Iterator[Result]:
    """Follow once, on a terminal of 80 columns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        yield run(app, ["backtest", *COPIER, *places(folder), "--truth", f"{folder}/truth.parquet"])


def places(folder: Path) -> list[str]:
    return ["--data", str(folder / "data"), "--out", str(folder)]


@pytest.mark.slow  # five cuts are judged
def test_sentences_come_before_the_table(followed: Result) -> None:
    assert followed.exit_code == 0, followed.output
    said = " ".join(followed.stdout.split())
    assert said.startswith("Following the top 2 by expected edge, 1 s late, over 2.8 h")
    assert "Expected edge" in said
    assert "ranking by realised profit" in said
    assert "By the truth of the simulation a copy 1 s late was worth" in said
    assert "simulated: from a test" in said
    assert said.index("simulated") < said.index("ranked by") < said.index("random, 200×")
    assert max(map(len, followed.stdout.splitlines())) <= 80


@pytest.mark.slow  # as above
def test_page_and_numbers_are_written(followed: Result, folder: Path) -> None:
    assert followed.exit_code == 0, followed.output
    told = json.loads((folder / "backtest.json").read_bytes())
    page = (folder / "backtest.html").read_text(encoding="utf-8")

    assert told["sentences"][0] in page.replace("&#39;", "'")
    names = [each["ranking"] for each in told["backtest"]["rankings"]]
    assert names == [
        *("COPY only", "expected edge", "expected edge / sd", "markout t", "realised profit")
    ]
    judged = told["backtest"]["rankings"][1]
    assert judged["n_bets"] > 20
    assert -9.0 <= judged["expected_bps"] <= 12.0
    assert len(judged["equity_bps"]) == len(told["backtest"]["times_ms"])


def test_truth_is_refused_for_a_recording_of_the_venue(tmp_path: Path, folder: Path) -> None:
    write_dataset(tmp_path / "data", trades=market(n_hours=0.1, foresight=0.0))

    result = run(app, ["backtest", *places(tmp_path), "--truth", f"{folder}/truth.parquet"])

    assert result.exit_code == 2
    assert "--truth is for simulated recordings" in result.stderr


def test_short_recording_is_told_how_long_it_must_be(tmp_path: Path) -> None:
    write_dataset(tmp_path / "data", trades=market(n_hours=0.5, foresight=0.0))

    result = run(app, ["backtest", *places(tmp_path)])

    assert result.exit_code == 1
    # A tenth of the recording lies between the first cuts, and that must be ten minutes.
    assert "needs a recording of 1.7 h" in result.stderr
    assert "found 0.5 h: record longer" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--truth", "truth.txt"], "a truth file ends in .parquet or .csv"),
        (["--report", "page.txt"], "the name must end in .html"),
    ],
)
def test_files_that_cannot_be_meant_are_refused_at_once(
    folder: Path, words: list[str], says: str
) -> None:
    result = run(app, ["backtest", *places(folder), *words])

    assert result.exit_code == 2
    assert says in result.stderr


def test_truth_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    write_whole(tmp_path / "truth.csv", b"wallet,size\n0x1,2\n")
    data = write_dataset(tmp_path / "data", trades=market(n_hours=0.1, foresight=0.0))
    write_whole(data / "manifest.json", encode_json(Manifest(notice="simulated: from a test")))

    result = run(app, ["backtest", *places(tmp_path), "--truth", f"{tmp_path}/truth.csv"])

    assert result.exit_code == 2
    assert "holds no truth: `hypertrack simulate --truth FILE` writes it" in result.stderr
