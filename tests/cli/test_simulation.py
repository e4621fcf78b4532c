"""``simulate`` makes the world that its flags name, and says so."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from hypertrack.cli.main import app
from hypertrack.store.columns import read_columns
from hypertrack.store.files.manifest import read_manifest

RUNNER = CliRunner()
SMALL = ("--hours", "0.1", "--wallets", "60", "--coins", "3")


def test_flags_choose_the_world_which_manifest_and_truth_name(tmp_path: Path) -> None:
    out, truth = tmp_path / "data", tmp_path / "truth.csv"
    world = ("--skill", "none", "--trend", "BTC=0.1", "--trend", "ETH=-0.05")

    result = RUNNER.invoke(
        app, ["simulate", "--write", str(out), "--truth", str(truth), *SMALL, *world]
    )

    assert result.exit_code == 0, result.output
    assert set(read_columns(truth)["world"]) == {"none BTC=0.1 ETH=-0.05"}
    manifest = read_manifest(out / "manifest.json")
    assert manifest is not None
    assert manifest.settings["simulate"]["skill"] == "none"
    assert manifest.settings["simulate"]["trend"] == ["BTC=0.1", "ETH=-0.05"]


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [(("--skill", "some"), "simulate.skill"), (("--trend", "BTC"), "simulate.trend")],
)
def test_a_world_that_does_not_exist_is_refused(
    tmp_path: Path, flags: tuple[str, ...], complaint: str
) -> None:
    result = RUNNER.invoke(app, ["simulate", "--write", str(tmp_path / "d"), *SMALL, *flags])

    assert result.exit_code == 2
    assert complaint in result.stderr
