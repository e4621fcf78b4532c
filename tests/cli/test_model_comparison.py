"""How a challenge stands on the terminal, whatever its file says."""

from pathlib import Path

import pytest
from challenge_fakes import CHALLENGE, comparison
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.cli.model_comparison import show_live_comparison
from hypertrack.cli.session import Session, Shared
from hypertrack.outputs.challenge_words import sentences
from hypertrack.records import encode_json, replace

HOSTILE = replace(
    CHALLENGE, champion="[/red]\x1b[31m", challenger="[link=x]b", max_blocks=30, decided_ms=10**18
)


def test_names_in_a_challenge_are_shown_as_they_are_and_steer_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "models" / "challenge.json"
    file.parent.mkdir()
    file.write_bytes(encode_json(HOSTILE))
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(
        app, ["models", "compare", "--live", "--out", str(tmp_path)], env={"COLUMNS": "80"}
    )

    assert result.exit_code == 0, result.output
    first, second, *_, last = result.stdout.splitlines()
    assert first == "champion   [/red]\ufffd[31m"
    assert second == "challenger [link=x]b"
    assert last == "Nothing is said of fewer than 30 blocks."


@pytest.mark.parametrize("width", [60, 80, 200])
def test_comparison_fits_the_terminal_and_shows_how_it_came_to_it(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))

    show_live_comparison(Session(Shared()), comparison())

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    shown = " ".join(" ".join(lines).split())
    assert "+0.0120 [−0.0030, +0.0270]" in shown
    assert "40 +0.0120 [−0.0050, +0.0125]" in shown
    for sentence in sentences(comparison()):
        assert sentence in shown
