"""The benchmark of skill: small markets whose truth is known."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.pipeline.skill_benchmark import find_markets
from hypertrack.scratch import clear_abandoned

SMALL = ["skill", "benchmark", "--worlds", "none", "--hours", "0.2", "--seeds", "1", "--jobs", "1"]


def test_markets_are_all_combinations_seed_by_seed() -> None:
    found = find_markets("none,default", (6.0,), 2, 1_000)

    assert [tuple(market) for market in found] == [
        ("none", 6.0, 1_000),
        ("default", 6.0, 1_000),
        ("none", 6.0, 1_001),
        ("default", 6.0, 1_001),
    ]


@pytest.mark.slow
def test_benchmark_goes_on_from_what_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = CliRunner()

    file = Path("results/skill.jsonl")  # in a folder that is not there yet

    first = run.invoke(app, [*SMALL, "--file", str(file)])
    kept = file.read_bytes()
    again = run.invoke(app, [*SMALL, "--file", str(file), "--json"])

    assert first.exit_code == 0, first.output
    assert "none, 0.2 h" in first.stdout
    assert "sd of the placebo's z" in first.stdout
    (market,) = json.loads(again.stdout)
    assert (market["world"], market["seed"]) == ("none", 1_000)
    assert market["n_wallets"] > 100
    assert file.read_bytes() == kept


def workers_of(pid: int) -> list[int]:
    """Return the processes that a benchmark has started to judge its markets."""
    asked = ["ps", "-ww", "-o", "pid=", "-o", "args=", "--ppid", str(pid)]
    lines = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.splitlines()
    return [int(line.split()[0]) for line in lines if "spawn_main" in line]


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def wait_until(holds: Callable[[], bool], patience_s: float) -> bool:
    end_s = time.monotonic() + patience_s
    while not holds() and time.monotonic() < end_s:
        time.sleep(0.05)
    return holds()


@pytest.mark.slow  # three processes that load what judges
@pytest.mark.skipif(sys.platform != "linux", reason="looks processes up as Linux tells of them")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_benchmark_that_is_killed_leaves_no_worker_behind(
    how: signal.Signals, tmp_path: Path
) -> None:
    words = [*SMALL[:-4], "--seeds", "3", "--jobs", "2", "--file", str(tmp_path / "found.jsonl")]
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    env = {**os.environ, "TMPDIR": str(scratch)}
    benchmark = subprocess.Popen([sys.executable, "-m", "hypertrack", *words], env=env)
    try:
        assert wait_until(lambda: len(workers_of(benchmark.pid)) == 2, 60)
        workers = workers_of(benchmark.pid)
    finally:
        benchmark.send_signal(how)
        benchmark.wait()

    assert wait_until(lambda: not any(map(is_there, workers)), 30)
    clear_abandoned(scratch)  # as the next command does
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--worlds", "heaven"], "none, realistic, default, copyable, trend, found heaven"),
        (["--hours", "long"], "--hours are numbers"),
    ],
)
def test_what_cannot_be_simulated_is_said_before_any_work(more: list[str], says: str) -> None:
    result = CliRunner().invoke(app, [*SMALL, *more])

    assert result.exit_code == 2
    assert says in result.stderr


def test_docs_show_the_table_of_the_results_that_are_kept() -> None:
    docs = Path(__file__).parents[2] / "docs"

    result = CliRunner().invoke(app, ["skill", "table", "--file", str(docs / "known_truth.jsonl")])

    assert result.exit_code == 0, result.output
    assert "| default, 24 h |" in result.stdout.splitlines()[0]
    assert result.stdout.strip() in (docs / "evidence.md").read_text(encoding="utf-8")


def test_torn_line_is_left_out_and_a_market_that_stands_twice_counts_once(tmp_path: Path) -> None:
    kept = Path(__file__).parents[2] / "docs" / "known_truth.jsonl"
    one, two, three, *_ = kept.read_bytes().splitlines(keepends=True)
    whole, damaged = tmp_path / "whole.jsonl", tmp_path / "damaged.jsonl"
    whole.write_bytes(one + two)
    damaged.write_bytes(one + two + one + three[:500])

    tables = [
        CliRunner().invoke(app, ["skill", "table", "--file", str(file)]).stdout
        for file in (whole, damaged)
    ]

    assert "| markets | 2 |" in tables[0]
    assert tables[0] == tables[1]


@pytest.mark.parametrize("text", ["groceries", '{"world": "none"}', '{"worlds": '])
def test_file_of_other_lines_is_left_as_it_is(text: str, tmp_path: Path) -> None:
    other = tmp_path / "notes.jsonl"
    other.write_text(text, encoding="utf-8")

    result = CliRunner().invoke(app, [*SMALL, "--file", str(other)])

    assert (result.exit_code, other.read_text(encoding="utf-8")) == (2, text)


def test_table_of_no_results_says_how_to_get_them(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["skill", "table", "--file", str(tmp_path / "none.jsonl")])

    assert result.exit_code == 2
    assert "run hypertrack skill benchmark --file" in result.stderr


def test_file_of_something_else_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "notes.jsonl"
    other.write_text('{"a": 1}\n', encoding="utf-8")

    result = CliRunner().invoke(app, [*SMALL, "--file", str(other)])

    assert result.exit_code == 2
    assert "choose another --file" in result.stderr


def test_table_gives_each_estimator_columns_of_its_own(tmp_path: Path) -> None:
    by_shrinkage = Path(__file__).parents[2] / "docs" / "known_truth.jsonl"
    by_best = tmp_path / "best.jsonl"
    first = by_shrinkage.read_text(encoding="utf-8").splitlines()[0]
    by_best.write_text(first.replace('"shrinkage"', '"best"') + "\n", encoding="utf-8")
    files = ["--file", str(by_shrinkage), "--file", str(by_best)]
    result = CliRunner().invoke(app, ["skill", "table", *files])

    market = json.loads(first)
    kind = f"{market['world']}, {market['hours']:g} h"
    headings = [cell.strip() for cell in result.stdout.splitlines()[0].split("|")]
    assert headings.count(kind) == 1
    assert headings.count(f"{kind}, best") == 1


def test_market_that_stands_in_two_files_counts_once(tmp_path: Path) -> None:
    kept = Path(__file__).parents[2] / "docs" / "known_truth.jsonl"
    part = tmp_path / "part.jsonl"
    part.write_bytes(kept.read_bytes().splitlines(keepends=True)[0])

    once, twice = (
        CliRunner().invoke(app, ["skill", "table", *files]).stdout
        for files in (["--file", str(kept)], ["--file", str(kept), "--file", str(part)])
    )

    assert "| markets |" in once
    assert twice == once


def test_results_by_another_estimator_are_not_taken_for_these(tmp_path: Path) -> None:
    kept = tmp_path / "known.jsonl"
    kept.write_bytes((Path(__file__).parents[2] / "docs" / "known_truth.jsonl").read_bytes())
    market = ["--worlds", "default", "--hours", "24", "--seeds", "1", "--file", str(kept)]

    result = CliRunner().invoke(app, ["skill", "benchmark", *market, "--estimator", "best"])

    assert result.exit_code == 2
    assert "by shrinkage, and it is to be by best: choose another --file" in result.stderr
