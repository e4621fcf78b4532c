"""The example scripts print what a venue sends."""

import subprocess
import sys
from pathlib import Path

import pytest
from exchange_fakes import HandSource, blocks, quote
from fakes import ALICE, START_MS

from hypertrack.config import SimulateSettings
from hypertrack.simulate.venue.server import running_exchange

EXAMPLES = Path(__file__).parents[2] / "examples"
HISTORY = HandSource(
    [quote(START_MS + 50, "84143.0", "84144.0"), *blocks(3)], open_ms=START_MS + 1_000
)
STILL = SimulateSettings(port=0, speed=1, settle_s=60)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("recorder_trades.py", f"{START_MS + 100} taker bought 0.5 at 84143.0, buyer {ALICE}"),
        ("recorder_bbo.py", f"{START_MS + 50} bid 84143.0 x 1.0, ask 84144.0 x 2.0"),
        ("recorder_l2book.py", " best 84143.0 / 84144.0, "),
        ("recorder_candle.py", f"{START_MS} o=84143.0 h=84143.0 l=84143.0 c=84143.0 volume=1.5"),
    ],
)
def test_example_prints_the_first_row(script: str, expected: str) -> None:
    with running_exchange(HISTORY, STILL) as exchange:
        command = [sys.executable, "-u", str(EXAMPLES / script), "BTC", "--url", exchange.url]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            process.terminate()

    assert expected in line
