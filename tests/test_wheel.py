"""The built wheel runs outside the checkout, templates, README and docs included."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from fakes import ALICE, BOB, START_MS, trade, write_dataset
from page_reading import read_pack, script_text

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's content, as pip lays it out."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = folder.glob("hypertrack-*.whl")
    target = folder / "site"
    subprocess.run(
        [*pip, "install", "--no-deps", "--target", str(target), str(wheel)],
        check=True,
        capture_output=True,
    )
    return target


@pytest.mark.slow
def test_wheel_makes_a_dashboard_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    write_dataset(
        tmp_path / "recorded_data",
        trades=[trade(START_MS + i, buyer=ALICE, seller=BOB, taker=ALICE) for i in range(20)],
    )
    environment = {**os.environ, "PYTHONPATH": str(installed)}

    done = subprocess.run(
        [sys.executable, "-m", "hypertrack", "dashboard", "--no-model"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    where = subprocess.run(
        [sys.executable, "-c", "import hypertrack; print(hypertrack.__file__)"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.returncode == 0, done.stderr
    assert where.stdout.startswith(str(installed))
    page = (tmp_path / "wallet_dashboard.html").read_text(encoding="utf-8")
    assert sorted(read_pack(script_text(page, "pack-listed")).addresses("wallet")) == [ALICE, BOB]
    assert "Record Hyperliquid" in page  # the README, in the Docs window
    assert 'id="doc-recording-reliability"' in page  # and the pages of docs
