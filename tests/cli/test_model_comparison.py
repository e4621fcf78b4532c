"""How a challenge stands on the terminal, whatever its file says."""

from pathlib import Path

from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.labels.targets import Thresholds
from hypertrack.records import HOUR_MS, Challenge, encode_json

HOSTILE = Challenge(
    champion="[/red]\x1b[31m",
    challenger="[link=x]b",
    started_ms=1,
    features_hash="f",
    thresholds=dict.fromkeys(Thresholds.__struct_fields__) | {"profit_hurdle_bps": 5.0},
    block_ms=HOUR_MS,
    embargo_ms=0,
    margin=0.005,
    max_blocks=30,
    min_executions=5,
    decided_ms=10**18,
)


def test_names_in_a_challenge_are_shown_as_they_are_and_steer_nothing(tmp_path: Path) -> None:
    file = tmp_path / "models" / "challenge.json"
    file.parent.mkdir()
    file.write_bytes(encode_json(HOSTILE))
    at = ["--data", str(tmp_path / "data")]

    result = CliRunner().invoke(
        app, [*at, "models", "compare", "--live", "--out", str(tmp_path)], env={"COLUMNS": "80"}
    )

    assert result.exit_code == 0, result.output
    first, second, *_, last = result.stdout.splitlines()
    assert first == "champion   [/red]\ufffd[31m"
    assert second == "challenger [link=x]b"
    assert last == "nothing is said of fewer than 30 blocks"
