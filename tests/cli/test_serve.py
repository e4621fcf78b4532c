"""The serve command as a process: its address, its end, and what it refuses in one line."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fakes import ALICE, BOB, START_MS, trade, write_dataset
from typer.testing import CliRunner

from hypertrack.cli.main import app

TOKEN = "s" * 43


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a recording in ``recorded_data``, in which commands run."""
    monkeypatch.chdir(tmp_path)
    write_dataset(
        tmp_path / "recorded_data",
        trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)],
    )
    return tmp_path


@contextmanager
def served(folder: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-m", "hypertrack", "serve", "--port", "0", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def refused(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["serve", *words])
    return result.exit_code, result.stderr


@pytest.mark.slow  # a process that loads everything
def test_address_is_printed_answers_and_ctrl_c_ends_it_in_time(folder: Path) -> None:
    (folder / ".env").write_text(f"HYPERTRACK_SERVE__TOKEN={TOKEN}\n")
    with served(folder, "--json") as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["url"]
        base, _, token = url.partition("#token=")
        headers = {"Authorization": f"Bearer {TOKEN}"}
        assert token == TOKEN
        with httpx.stream("GET", f"{base}api/v1/events", headers=headers) as stream:
            assert next(stream.iter_lines()) == "event: status"
            begun = time.monotonic()
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
            assert time.monotonic() - begun < 5
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_taken_port_is_one_line(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        code, said = refused("--port", str(port))

    assert code == 2
    assert said.count("\n") == 1
    assert f"found 127.0.0.1:{port} in use" in said


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--host", "0.0.0.0"), 2, "name the host under which it is with --allow-host NAME"),
        (("--host", "10.1.2.3"), 2, "--allow-host"),
        (("--host", "127.0.0.1", "--allow-host", "a b"), 2, "must be like this: charts.example"),
        (("--data", "nowhere"), 1, "no dataset at nowhere"),
        (("--data", "sqlite:///x.db"), 1, "no dataset at"),
        (("--port", "70000"), 2, "less than or equal to 65535"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_line(
    folder: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    found, said = refused(*words)

    assert (found, said.count("\n")) == (code, 1), said
    assert says in said


@pytest.mark.parametrize("token", ["short", "x" * 42 + "/", "ü" * 43])
def test_token_that_is_too_weak_is_refused_and_not_shown(
    folder: Path, monkeypatch: pytest.MonkeyPatch, token: str
) -> None:
    monkeypatch.setenv("HYPERTRACK_SERVE__TOKEN", token)

    code, said = refused()

    assert code == 2
    assert "setting serve.token (from environment)" in said
    assert token not in said
    monkeypatch.setenv("HYPERTRACK_SERVE__TOKEN", TOKEN)
    assert TOKEN not in CliRunner().invoke(app, ["config"]).output


def test_host_that_cannot_be_listened_on_is_one_line(folder: Path) -> None:
    code, said = refused("--host", "no-such-host.invalid", "--allow-host", "a.example")

    assert (code, said.count("\n")) == (2, 1), said
