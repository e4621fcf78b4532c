"""Temporary folders, and what is left of them by processes that were killed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hypertrack import scratch
from hypertrack.cli.main import app

SPILLS = """
import sys
from hypertrack.store.dataset import connect_quietly, memory_config

connection = connect_quietly({**memory_config(0.02), "threads": 1})
connection.execute("CREATE TABLE wide AS SELECT range AS id, uuid() AS text FROM range(1_500_000)")
print("spilled", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of this process and of those started here."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


@pytest.fixture
def two_spilling(place: Path) -> Iterator[list[subprocess.Popen[str]]]:
    """Two processes whose DuckDB spilled, alive."""
    pipe = subprocess.PIPE
    words = [sys.executable, "-c", SPILLS]
    with ExitStack() as opened:
        running = [
            opened.enter_context(subprocess.Popen(words, stdin=pipe, stdout=pipe, text=True))
            for _ in range(2)
        ]
        for each in running:
            opened.callback(each.kill)
            assert each.stdout is not None
            assert each.stdout.readline() == "spilled\n"
        yield running


@pytest.mark.slow  # two processes that load DuckDB
def test_a_command_clears_away_what_a_killed_process_spilled_and_nothing_of_a_living_one(
    two_spilling: list[subprocess.Popen[str]],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(scratch, "WORTH_SAYING_BYTES", 1_000_000)
    killed, living = two_spilling
    CliRunner().invoke(app, ["categories"])
    before = {*place.iterdir()}

    killed.kill()
    killed.wait()
    CliRunner().invoke(app, ["categories"])

    assert len(before) == 2
    (left,) = place.iterdir()
    assert any(left.glob("spilled-*/*"))
    assert caplog.messages == [f"0.0 GB freed in {place}: a killed process had left them"]
    living.communicate()  # ends it as it would itself
    assert not any(place.iterdir())


def test_folders_of_other_machines_and_users_are_not_ours_to_clear(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of_machines = {tmp_path / "hypertrack-elsewhere-1", tmp_path / f"{scratch.PREFIX}b-1"}
    of_user = tmp_path / f"{scratch.PREFIX}1"
    for folder in (*of_machines, of_user):
        folder.mkdir()
    me = os.geteuid()

    monkeypatch.setattr("os.geteuid", lambda: me + 1)
    scratch.clear_abandoned(tmp_path)
    both = [*tmp_path.iterdir()]
    monkeypatch.setattr("os.geteuid", lambda: me)
    scratch.clear_abandoned(tmp_path)

    assert {*both} == {*of_machines, of_user}
    assert {*tmp_path.iterdir()} == of_machines


def test_folder_that_somebody_tidied_away_is_made_anew(tmp_path: Path) -> None:
    shutil.rmtree(scratch.own_folder(tmp_path))

    with scratch.scratch_folder(tmp_path) as folder:
        assert Path(folder).is_dir()


def test_a_link_by_that_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / f"{scratch.PREFIX}1").symlink_to(tmp_path / "mine")

    scratch.clear_abandoned(tmp_path)

    assert (tmp_path / "mine").is_dir()


def test_nothing_to_look_through_is_no_error(tmp_path: Path) -> None:
    scratch.clear_abandoned(tmp_path / "none")
