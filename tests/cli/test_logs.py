"""Log lines for people and for machines."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hypertrack.cli.logs import log_to_stderr


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers = handlers
    root.setLevel(level)


def begin_to_log(*, is_json: bool) -> None:
    logging.getLogger().handlers = []  # as in a process of its own
    log_to_stderr(logging.WARNING, is_json=is_json)


def test_json_line_has_time_level_event_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    begin_to_log(is_json=True)

    logging.getLogger("a.b").warning("%s: lost", "ws://x", extra={"url": "ws://x", "coin": None})
    logging.getLogger("a.b").info("not asked for")

    (line,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "event": "ws://x: lost",
        "logger": "a.b",
        "url": "ws://x",
        "coin": None,
    }


def test_traceback_stays_within_its_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    begin_to_log(is_json=True)
    try:
        raise ZeroDivisionError("a bug")
    except ZeroDivisionError:
        logging.getLogger("a").exception("broke")

    (line,) = map(json.loads, capsys.readouterr().err.splitlines())
    assert line["exception"].endswith("ZeroDivisionError: a bug")


@pytest.mark.parametrize("is_json", [False, True])
def test_path_that_is_no_utf_8_is_logged(capsys: pytest.CaptureFixture[str], is_json: bool) -> None:
    begin_to_log(is_json=is_json)

    logging.getLogger("a").warning(
        "no dataset at %s", Path(b"b\xe4d".decode(errors="surrogateescape"))
    )

    (line,) = capsys.readouterr().err.splitlines()
    assert ("no dataset at b\\udce4d" if is_json else "no dataset at b\ufffdd") in line


def test_line_for_people_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    begin_to_log(is_json=False)

    logging.getLogger("a").warning("lost", extra={"url": "ws://x"})

    assert capsys.readouterr().err.endswith(" WARNING a: lost\n")


@pytest.mark.parametrize("is_json", [False, True])
def test_error_that_ends_a_command_has_the_form_of_its_log_lines(
    tmp_path: Path, is_json: bool
) -> None:
    words = ["verify", "--data", str(tmp_path / "none"), *(["--json"] if is_json else [])]
    done = subprocess.run(
        [sys.executable, "-m", "hypertrack", *words], capture_output=True, text=True, check=False
    )

    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    event = json.loads(line)["event"] if is_json else line.removeprefix("error: ")
    assert event.startswith("no dataset at ")
