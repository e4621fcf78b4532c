"""How following on paper stands, on the command line."""

import json
from pathlib import Path

import pytest
from fakes import START_MS
from paper_fakes import PaperRun, acts, tick, write_lines
from typer.testing import CliRunner

from hypertrack.cli.main import app


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder in which commands run, with a recording in ``data``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    trades = [*acts(1_000, 1), *acts(20_000, -0.4, 110.0), tick(40_000), tick(3_609_000)]
    write_lines(tmp_path / "data", "trades", trades)
    return tmp_path


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["--data", "data", *words])
    return result.exit_code, result.stdout, result.stderr


def test_result_fits_eighty_columns_and_its_parts_stand_in_a_column(folder: Path) -> None:
    PaperRun(folder / "data", name="live/follow.jsonl").read()

    code, out, said = run("follow")

    assert code == 0, said
    assert max(map(len, out.splitlines())) <= 80
    assert out.startswith("Following 1 leader on paper, 5 s late with $10,000, brought +")
    rows = [line.rsplit(maxsplit=1) for line in out.splitlines() if "  " in line]
    assert ["delay", "+0.00"] in rows
    assert ["funding", "unknown"] in rows
    assert "BTC   0xaaaaaaaa…aaaa" in out


def test_json_holds_the_sentences_and_exact_numbers(folder: Path) -> None:
    PaperRun(folder / "data", name="live/follow.jsonl").read()

    told = json.loads(run("follow", "--json")[1])

    assert told["sentences"][0].startswith("Following 1 leader")
    assert told["parts"][-1] == ["net", "+98.63"]
    # 10 coins at 100.05, 4 of them sold at 109.945; 6 left at 110; less 4.5 bps of both.
    assert told["result"]["paper"]["net_usd"] == "98.631874"
    assert told["result"]["until_ms"] == START_MS + 3_600_000


def test_without_a_log_it_says_how_to_begin(folder: Path) -> None:
    code, _, said = run("follow")

    assert code == 1
    assert "set follow.capital_usd and follow.leaders, and start `hypertrack live --follow`" in said


def test_replay_writes_the_log_beside_its_signals(folder: Path) -> None:
    (folder / "hypertrack.toml").write_text(
        f'[follow]\nleaders = ["0x{"a" * 40}"]\ncapital_usd = 10_000\n'
    )
    words = ("live", "--follow", "--replay", "2026-01-05", "--signals", "again.jsonl")

    assert run(*words)[0] == 0
    code, out, said = run("follow", "--file", "again.follow.jsonl")

    assert code == 0, said
    assert "leader's position unknown" in out.replace("\n", " ")
    assert run("signals", "verify", "--file", "again.follow.jsonl")[0] == 0
    assert run(*words)[0] == 2
