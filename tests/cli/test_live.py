"""Live on the command line: replays, rules tried out, the chain checked, wrong usage."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from database_fakes import database_url, write_session
from exchange_fakes import AT_ONCE, HandSource, blocks, coin
from fakes import ALICE, BOB, START_MS, fill_of, trade, write_dataset
from receiver_fakes import receiving, status
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.config import load_config
from hypertrack.pipeline.live import follow
from hypertrack.records import LiveStatus, SinkMode, decode_json
from hypertrack.simulate.venue.server import running_exchange

TRADES = [
    trade(START_MS + nth * 5_000, buyer=ALICE, seller=BOB, taker=ALICE, price=100.0 + nth)
    for nth in range(10)
]

TOML = f"""
[follow]
leaders = ["{ALICE}"]
to = ["told"]

[[alerts]]
name = "big"
on = "action"
where = {{ notional_usd = {{ ge = 105 }}, is_maker = false }}
to = ["told"]

[[sinks]]
name = "told"
kind = "file"
url = "told.jsonl"
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a recording in ``data`` and settings, in which commands run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("hypertrack.pipeline.live.LOOK_S", 0.02)
    write_dataset(tmp_path / "data", trades=TRADES)
    (tmp_path / "hypertrack.toml").write_text(TOML)
    return tmp_path


def run(*words: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["--data", "data", *words])
    return result.exit_code, result.stdout, result.stderr


def test_replay_writes_a_chain_that_verify_finds_whole(folder: Path) -> None:
    code, _, said = run("live", "--follow", "--replay", "2026-01-05", "--signals", "again.jsonl")

    assert code == 0, said
    assert "10 trades, 9 signals, 4 alerts" in said  # nobody trades a second after the last one
    assert run("signals", "verify", "--file", "again.jsonl")[1].startswith("9 lines, each names")


def test_replay_of_a_database_writes_what_that_of_a_folder_does(folder: Path) -> None:
    url = database_url("sqlite:///dataset.db")
    write_session(url, folder / "spool", {"trades": [json.dumps(row).encode() for row in TRADES]})
    words = ("live", "--follow", "--replay", "2026-01-05", "--signals")

    assert run(*words, "folder.jsonl")[0] == 0
    assert run("--data", "sqlite:///dataset.db", *words, "database.jsonl")[0] == 0

    files = [folder / f"{name}.jsonl" for name in ("folder", "database")]
    ids = [[json.loads(line)["id"] for line in file.read_bytes().splitlines()] for file in files]
    assert ids[0] == ids[1]
    assert len(ids[0]) == 9
    assert not list(folder.glob("live-*"))  # a replay leaves nothing behind


def test_database_is_not_followed_on_paper_and_nothing_is_begun(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HYPERTRACK_FOLLOW__CAPITAL_USD", "1000")
    url = database_url("sqlite:///dataset.db")
    write_session(url, folder / "spool", {"trades": [json.dumps(TRADES[0]).encode()]})

    code, _, said = run("--data", "sqlite:///dataset.db", "live", "--follow")

    assert (code, said.count("\n")) == (2, 1)
    assert "the dataset is sqlite:///dataset.db: leave out follow.capital_usd" in said
    assert not list(folder.glob("live-*"))


def test_changed_signal_is_found(folder: Path) -> None:
    run("live", "--follow", "--replay", "2026-01-05", "--signals", "again.jsonl")
    text = (folder / "again.jsonl").read_text()
    (folder / "again.jsonl").write_text(text.replace('"vwap":"103"', '"vwap":"93"'))

    code, out, said = run("signals", "verify", "--file", "again.jsonl")

    assert code == 1
    assert out == "line 5 does not name the line before it: one of them was changed\n"
    assert "the chain is broken at 1 lines" in said


def follow_until(lines: list[bytes], n_lines: int) -> LiveStatus:
    """Follow, and let a trade come at each look, until there are so many signals."""
    stop = threading.Event()
    quick = {"live.poll_s": 0.01, "live.window_h": 0}
    settings = load_config(flags={"data": "data", **quick}).settings
    until_s = time.monotonic() + 20

    def show(_: LiveStatus) -> None:
        append_trades(1)
        if len(lines) >= n_lines or time.monotonic() > until_s:
            stop.set()

    return follow(settings, stop, show, lines.append)


def test_follow_tells_what_came_since_the_start_and_goes_on_after_a_stop(folder: Path) -> None:
    lines: list[bytes] = []
    follow_until(lines, 2)
    n_before = len(lines)
    follow_until(lines, n_before + 1)

    written = (folder / "data/live/signals.jsonl").read_bytes().splitlines()
    assert lines == written
    assert (folder / "told.jsonl").read_bytes().splitlines()[0] in written
    assert json.loads(lines[0])["action_ms"] > TRADES[-1]["time"]
    said = decode_json((folder / "data/live/status.json").read_bytes(), LiveStatus)
    assert (said.n_signals, said.n_alerts) == (len(lines) - n_before, 0)
    assert [(one.name, one.state) for one in said.sinks] == [("told", SinkMode.WORKING)]
    assert run("signals", "verify")[0] == 0


def test_damaged_checkpoint_lets_live_read_all_again_and_say_so(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines: list[bytes] = []
    follow_until(lines, 1)
    checkpoint = folder / "data/live/checkpoint.bin"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-1])

    last = follow_until(lines, len(lines) + 1)

    assert "all is read again from the first start" in caplog.text
    assert lines == (folder / "data/live/signals.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["seq"] for line in lines] == [*range(1, len(lines) + 1)]
    assert last.n_trades >= len(lines)


@pytest.mark.slow  # two processes of their own, which load what they need
def test_recording_and_following_end_together_in_time_and_well(tmp_path: Path) -> None:
    source = HandSource(blocks(2_000, step_ms=20), coins=(coin(),), extra_ms=10**9)
    command = [sys.executable, "-m", "hypertrack", "--data", "data", "live", "--trades", "--url"]
    with running_exchange(source, AT_ONCE) as exchange:
        running = subprocess.Popen(
            [*command, exchange.url], cwd=tmp_path, start_new_session=True, stderr=subprocess.PIPE
        )
        told, until_s = tmp_path / "data/live/status.json", time.monotonic() + 60
        while not told.exists() and running.poll() is None and time.monotonic() < until_s:
            time.sleep(0.05)
        os.killpg(running.pid, signal.SIGINT)  # as the terminal does, to both of them
        _, said = running.communicate(timeout=40)

    assert running.returncode == 0, said
    assert b"recorded 2,000 lines in data" in said
    assert b"live up to 20" in said
    with pytest.raises(ProcessLookupError):  # Python's own helper of processes ends last
        while time.monotonic() < until_s:
            os.killpg(running.pid, 0)
            time.sleep(0.05)


def append_trades(n: int) -> None:
    path = Path("data/trades.jsonl")
    count = len(path.read_bytes().splitlines())
    with path.open("a") as file:
        for nth in range(count, count + n):
            one = trade(START_MS + nth * 5_000, buyer=ALICE, seller=BOB, taker=ALICE)
            file.write(json.dumps(one | {"received_ns": time.time_ns()}) + "\n")


def test_alerts_replay_says_what_would_have_been_sent_and_sends_nothing(folder: Path) -> None:
    code, out, _ = run("alerts", "replay", "--since", "20s")

    assert code == 0
    assert [line.split("  ")[1].split(":")[0] for line in out.splitlines()] == ["big"] * 4
    assert out.splitlines()[0].endswith("-> told")
    assert not (folder / "told.jsonl").exists()
    assert not (folder / "data" / "live").exists()


def test_alerts_test_reaches_the_sink_and_says_when_it_does_not(folder: Path) -> None:
    assert run("alerts", "test", "big")[:2] == (0, "told took it\n")
    assert json.loads((folder / "told.jsonl").read_text())["event"] == "test"
    with receiving(status(401)) as receiver:
        told = TOML.replace('"file"', '"webhook"').replace("told.jsonl", receiver.url)
        (folder / "hypertrack.toml").write_text(told)

        code, out, said = run("alerts", "test", "big")

    assert (code, out) == (1, "told did not take it: HTTP 401\n")
    assert "not delivered to told" in said


def test_alerts_fields_lists_every_event(folder: Path) -> None:
    found = json.loads(run("alerts", "fields", "--json")[1])["fields"]

    assert {one["event"] for one in found} == {
        *("action", "coin.entered", "consensus", "verdict.changed", "gap"),
        *("category.entered", "category.left", "score.crossed"),
        *("model.changed", "model.lost_weight"),
        *("follow.opened", "follow.added", "follow.reduced", "follow.closed"),
        *("follow.skipped", "follow.stopped"),
    }
    is_twap = {"event": "action", "field": "is_twap", "type": "yes or no"}
    assert any(is_twap.items() <= one.items() for one in found)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["live", "--replay", "2026-01-05"], 2, "--replay records nothing: add --follow"),
        (["live", "--follow", "--coins", "BTC"], 2, "records nothing: leave out --coins"),
        (["live", "--follow", "--append"], 2, "records nothing: leave out --append"),
        (["live", "--follow", "--signals", "x.jsonl"], 2, "--signals takes -"),
        (["live", "--follow", "--replay", "2026-01-05"], 2, "name its file with --signals FILE"),
        (["live", "--follow", "--replay", "soon", "--signals", "x"], 2, "soon"),
        (["--data", "nowhere", "live", "--follow"], 1, "no dataset at nowhere"),
        (["--data", "sqlite:///x.db", "live", "--follow"], 1, "no dataset at sqlite:///x.db"),
        (["alerts", "test", "bigg"], 2, "no alert is called 'bigg'; these are: 'big'"),
        (["signals", "verify"], 1, "no signals at data/live/signals.jsonl"),
        (["--data", "nowhere", "alerts", "replay"], 1, "no dataset at nowhere"),
    ],
)
def test_wrong_usage_is_one_line(folder: Path, words: list[str], code: int, said: str) -> None:
    found, _, err = run(*words)

    assert found == code, err
    assert re.search(re.escape(said), err), err
    assert err.count("\n") == 1


def test_position_that_was_told_carries_no_dust_of_binary_fractions(folder: Path) -> None:
    """0.1 and twice 0.2 less a half are flat, not 5.6e-17."""

    def traded(nth: int, size: float, buyer: str, seller: str) -> dict[str, object]:
        return trade(START_MS + nth, buyer=buyer, seller=seller, taker=buyer, size=size)

    trades = [traded(0, 0.2, ALICE, BOB), traded(1, 0.2, ALICE, BOB), traded(2, 0.5, BOB, ALICE)]
    later = [traded(60_000, 1.0, ALICE, BOB), traded(70_000, 1.0, BOB, ALICE)]
    fills = [fill_of(trades[0], ALICE, startPosition="0.1")]
    write_dataset(folder / "data", trades=[*trades, *later], fills=fills)
    words = ("--replay", "2026-01-05T08:00:30", "--signals", "again.jsonl")

    assert run("live", "--follow", *words)[0] == 0

    (said,) = map(json.loads, (folder / "again.jsonl").read_text().splitlines())
    assert (said["kind"], said["position_before"], said["position_known"]) == ("open", "0", "flat")


def test_change_in_any_chain_beside_the_signals_is_found(folder: Path) -> None:
    live = folder / "data" / "live"
    run("live", "--follow", "--replay", "2026-01-05", "--signals", "again.jsonl")
    live.mkdir(exist_ok=True)
    chain = (folder / "again.jsonl").read_text()
    for name in ("signals.jsonl", "scores.jsonl"):
        (live / name).write_text(chain)
    (live / "outcomes.jsonl").write_text(chain.replace('"vwap":"103"', '"vwap":"93"'))

    code, out, said = run("signals", "verify")

    assert code == 1
    first, second, third = out.splitlines()
    assert first.startswith("signals.jsonl: 9 signals, each names the one before; head ")
    assert second.startswith("scores.jsonl: 9 scores, each")
    assert third.startswith("outcomes.jsonl: line 5 does not name the line before it")
    assert "outcomes.jsonl: the chain is broken at 1 lines" in said
