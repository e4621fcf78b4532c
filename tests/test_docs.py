"""README and examples name every command and every setting, with the defaults in force."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from hypertrack.cli.main import app
from hypertrack.config import load_config
from hypertrack.config.example import example_toml
from hypertrack.features.documentation import render_markdown

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples" / "hypertrack.toml"
UNIT = ROOT / "examples" / "hypertrack.service"
COMMANDS = sorted(get_command(app).commands)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", COMMANDS)
def test_readme_shows_every_command(name: str) -> None:
    assert f"hypertrack {name}" in README


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_every_command_has_an_example(name: str) -> None:
    command = get_command(app).commands[name]  # type: ignore[attr-defined]

    assert "Example: " in (command.help or "")


def test_example_settings_are_the_defaults(tmp_path: Path) -> None:
    example = load_config(EXAMPLE, environment={}, folder=tmp_path).settings

    assert example == load_config(environment={}, folder=tmp_path).settings


def test_example_settings_are_what_config_prints() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == example_toml()


def test_readme_opens_with_the_two_commands() -> None:
    run_it = (
        "python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/hypertrack demo --open"
    )
    test_it = (
        'python3 -m venv .venv && .venv/bin/pip install -e ".[test]" && .venv/bin/pytest -n auto'
    )

    assert README.index(run_it) < README.index(test_it) < README.index("## ")


def test_readme_defines_every_feature_as_the_registry_does() -> None:
    section = README.split("\n## Features\n")[1].split("\n## ")[0]

    assert render_markdown() in section


def test_unit_gives_the_recorder_flags_that_it_has() -> None:
    (start,) = [line for line in UNIT.read_text().splitlines() if line.startswith("ExecStart=")]
    command = get_command(app).commands["record"]  # type: ignore[attr-defined]
    known = {option for parameter in command.params for option in parameter.opts}

    assert {word for word in start.split() if word.startswith("--")} <= known


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/hypertrack/bin/hypertrack", sys.executable))

    done = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
