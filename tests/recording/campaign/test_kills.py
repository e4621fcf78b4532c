"""SIGKILL at random moments: whatever a recorder was doing, the next one goes on where it was."""

import random
import signal
import threading
from operator import attrgetter
from pathlib import Path

import pytest
from campaign_fakes import ForkServer, Note, fork_server, outcome_of
from exchange_fakes import HandSource, blocks, coin
from recorder_fakes import record_until, settings_for

from hypertrack.config import SimulateSettings
from hypertrack.feeds.rows import recorded_trade
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.simulate.venue.venue_rules import VenueRules

N_KILLS = 60
LONGEST_S = 0.5
"""From no file opened yet to many checkpoints written."""

SPEED = 50
STEPS_MS = {"BTC": 50, "ETH": 500, "SOL": 20_000}
"""At that speed 1,000, 100 and 2.5 trades a second: while no recorder runs, more than a replay
holds, about as many, and fewer."""

LENGTH_MS = 120_000 * SPEED


def source() -> HandSource:
    """Return the market; it is made in the process that needs it alone."""
    return HandSource(
        sorted(
            (
                event
                for name, step_ms in STEPS_MS.items()
                for event in blocks(LENGTH_MS // step_ms, step_ms=step_ms, name=name)
            ),
            key=attrgetter("time_ms"),
        ),
        coins=tuple(coin(name) for name in STEPS_MS),
    )


def kill_at_random(recorders: ForkServer, rng: random.Random) -> None:
    """Let a recorder run for a while and kill it."""
    recorder = recorders.start(checkpoint_interval_s=rng.choice([0.02, 5.0]))
    threading.Event().wait(rng.uniform(0, LONGEST_S))
    assert recorders.kill(recorder) == signal.SIGKILL


def readable(path: Path, before: bytes) -> bytes:
    """Return the whole lines of a file; each is a trade, and those from before are the same."""
    text = path.read_bytes() if path.exists() else b""
    assert text.startswith(before)
    whole = text[: text.rfind(b"\n") + 1]
    assert all(recorded_trade(line) for line in whole[len(before) :].splitlines())
    return whole


@pytest.mark.slow
def test_kills_at_random_moments_lose_nothing_in_silence(
    tmp_path: Path,
    note: Note,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    rng = random.Random(3)
    settings = SimulateSettings(port=0, speed=SPEED, settle_s=0.05)
    before = b""
    rules = VenueRules(info_weight_per_minute=None)  # sixty recorders ask for what they missed
    with running_exchange(source(), settings, rules=rules) as exchange:
        with fork_server(exchange.url, str(tmp_path), "trades") as recorders:
            for _ in range(N_KILLS):
                kill_at_random(recorders, rng)
                before = readable(tmp_path / "trades.jsonl", before)
        # The killed have spent what one may ask in a minute; this one does not wait for it.
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("later")))
        record_until(lambda s: s.n_rows > 500, tmp_path, settings_for(exchange.url), mode="append")
        sent = list(exchange.sent.trades())

    outcome = outcome_of("SIGKILL at a random moment", tmp_path, sent, N_KILLS)
    assert outcome.n_sent > 2_000
    assert 0 < outcome.n_lost < outcome.n_sent
    note(outcome)
