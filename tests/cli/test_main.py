import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hypertrack import __version__
from hypertrack.cli.main import app

run = CliRunner().invoke

HEAVY = ("torch", "duckdb", "ibis", "sklearn", "pyarrow", "aiohttp", "httpx", "prometheus_client")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, hypertrack.cli.main as m\n"
        "try: m.app(['--help'])\n"
        "except SystemExit: pass\n"
        f"sys.exit(','.join(name for name in {HEAVY} if name in sys.modules) or None)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_version_is_printed() -> None:
    result = run(app, ["--version"])

    assert result.exit_code == 0
    assert result.stdout == f"hypertrack {__version__}\n"


@pytest.mark.parametrize("order", ["before", "after"])
def test_shared_options_stand_before_the_command_or_after_it(order: str) -> None:
    shared, name = ["--data", "elsewhere", "--json"], ["config"]

    result = run(app, shared + name if order == "before" else name + shared)

    assert json.loads(result.stdout)["settings"]["data"] == "elsewhere"
    assert json.loads(result.stdout)["origins"]["data"] == "flag"


def test_foreseen_error_is_one_line_and_its_exit_code(tmp_path: Path) -> None:
    result = run(app, ["config", "--config", str(tmp_path / "none.toml")])

    assert result.exit_code == 2
    assert result.stderr.startswith("error: settings file ")
    assert result.stderr.count("\n") == 1


def test_unknown_command_is_wrong_usage() -> None:
    assert run(app, ["recrod"]).exit_code == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_output_that_does_not_fit_on_the_disk_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "hypertrack", "categories"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr.startswith("error: nothing more can be written (No space left on device)")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [["import"], ["features", "--wallets"], ["verify", "--data"]])
def test_name_that_is_too_long_for_a_file_is_wrong_usage(words: list[str]) -> None:
    done = run(app, [*words, " ".join(["0x" + "a" * 40] * 7)])

    assert done.exit_code == 2
    assert done.stderr.startswith("error: no file has a name like 0xaaa")


def test_closed_pipe_ends_quietly() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)

    done = subprocess.run(
        [sys.executable, "-m", "hypertrack", "config"],
        stdout=write_end,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write_end)

    assert done.stderr == ""
