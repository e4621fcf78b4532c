"""Nothing that data hold steers a terminal, and any terminal shows what we say."""

import codecs
import io
import logging
import os
import subprocess
import sys
from pathlib import Path
from unicodedata import category

import pytest
import typer
from fakes import ALICE, BOB, START_MS, candle, observed, trade, write_dataset
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.text import Text

from hypertrack.cli.logs import TextLines
from hypertrack.cli.progress import progress_bars
from hypertrack.cli.session import Session, Shared, command
from hypertrack.cli.tables import plain_table
from hypertrack.cli.terminal import SafeConsole, show_what_can_be_shown
from hypertrack.cli.wallet_display import sparkline

CLEAR = "\x1b[2J\x1b]0;title\x07\x9b2J"


def shown(*what: object) -> str:
    file = io.StringIO()
    console = SafeConsole(file=file, force_terminal=True, width=80, color_system=None)
    console.print(*what, markup=False)
    return file.getvalue()


@pytest.mark.parametrize(
    "what",
    [
        f"coin {CLEAR}",
        Text(f"coin {CLEAR}", "bold"),
        plain_table(("coin",), [(f"BTC{CLEAR}\nerror: forged",)]),
    ],
    ids=["text", "styled", "table"],
)
def test_console_shows_no_control_characters_of_data(what: object) -> None:
    text = shown(what)

    assert not set("\x1b\x07\x9b") & set(text)
    assert not any(line.startswith("error: forged") for line in text.splitlines())


@given(st.text(st.characters(), max_size=40))
@settings(deadline=None)
def test_no_text_at_all_steers_the_console(text: str) -> None:
    written = shown(text, Text(text), plain_table(("coin",), [(text,)]))

    assert not {"Cc", "Cf", "Cs"} & {category(c) for c in written if c != "\n"}


def test_console_keeps_its_own_colors() -> None:
    file = io.StringIO()
    SafeConsole(file=file, force_terminal=True, color_system="standard").print(Text("red", "red"))

    assert file.getvalue() == "\x1b[31mred\x1b[0m\n"


def test_progress_shows_names_that_look_like_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    session = Session(Shared())
    with progress_bars(session) as bars:
        bars.add_task("importing", total=1.0, detail=f"[red]a[/b]{CLEAR}")

    assert "[red]a[/b]" in sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "\x1b" not in sys.stderr.getvalue()  # type: ignore[attr-defined]


def test_log_lines_are_one_line_each_and_steer_nothing() -> None:
    record = logging.LogRecord(
        "a", logging.WARNING, "", 1, f"refused: {CLEAR}\nerror: forged", None, None
    )

    assert TextLines("%(asctime)s %(message)s").format(record).isprintable()


def run_in(folder: Path, encoding: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "hypertrack", *words],
        cwd=folder,
        env=os.environ | {"PYTHONIOENCODING": encoding, "COLUMNS": "80"},
        capture_output=True,
        check=False,
    )


@pytest.mark.slow  # the program itself, whose streams have an encoding
@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
def test_data_that_steer_are_shown_harmless_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    coin = f"ÄB火{CLEAR}"
    stream = f"trades:{coin}"
    write_dataset(
        tmp_path / "recorded_data",
        trades=[trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB, coin=coin)],
        candles=[candle(START_MS, prices=(1.0,) * 4, volume=2.0, count=2, coin=coin)],
        coverage=[
            observed(stream, START_MS, START_MS + 60_000),
            observed(stream, START_MS + 60_000, START_MS + 61_000)
            | {"status": "missing", "cause": f"error{CLEAR}"},
        ],
    )

    verified = run_in(tmp_path, encoding, "verify")
    refused = run_in(tmp_path, encoding, "report", "--data", "nö")

    assert (verified.returncode, refused.returncode) == (0, 1)
    for done in (verified, refused):
        text = (done.stdout + done.stderr).decode(encoding)
        assert "Traceback" not in text
        assert not set("\x1b\x07\x9b") & set(text)
    assert ("ÄB?" if encoding == "cp1252" else "?B?") in verified.stdout.decode(encoding)


@pytest.mark.slow  # the program itself, as above
def test_help_is_shown_in_ascii(tmp_path: Path) -> None:
    helped = run_in(tmp_path, "ascii", "--help")

    assert (helped.returncode, helped.stderr) == (0, b"")
    assert helped.stdout.isascii()


def test_bars_and_signs_have_ascii_forms(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    show_what_can_be_shown()

    sys.stdout.write(f"{sparkline((0, 1, 4, 8))} 3 × 2 – ≥ … ✓ ━─ █ ⠋ 火")
    sys.stdout.flush()

    assert raw.getvalue() == b" .;# 3 x 2 - >= ... + =- # * ?"
    assert codecs.lookup_error("ascii_forms")


def test_reader_that_has_seen_enough_ends_the_command_well(tmp_path: Path) -> None:
    """As ``| head -1`` does: the end of the pipe that is read is closed before all is written."""
    read_end, write_end = os.pipe()
    os.close(read_end)

    with os.fdopen(write_end, "w") as nobody_reads:
        done = subprocess.run(
            [sys.executable, "-m", "hypertrack", "categories"],
            cwd=tmp_path,
            stdout=nobody_reads,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("is_terminal", "text"),
    [(True, "nobody can be told\nfrom luck\n"), (False, "nobody can be told from luck\n")],
)
def test_sentence_is_broken_between_words_on_a_terminal_and_whole_in_a_pipe(
    is_terminal: bool, text: str
) -> None:
    session, file = Session(Shared()), io.StringIO()
    session.out = SafeConsole(file=file, force_terminal=is_terminal, width=20, color_system=None)

    session.say("nobody can be told from luck")

    assert "\n".join(map(str.rstrip, file.getvalue().split("\n"))) == text


def test_help_is_broken_by_the_terminal_and_not_by_its_source() -> None:
    app = typer.Typer()

    def told(session: Session) -> None:
        """Tell.

        One sentence that its source
        breaks.

        Example: hypertrack a
        Example: hypertrack b
        """

    command(app)(told)

    (registered,) = app.registered_commands
    assert registered.help == (
        "Tell.\n\nOne sentence that its source breaks.\n\n"
        "Example: hypertrack a\nExample: hypertrack b"
    )
