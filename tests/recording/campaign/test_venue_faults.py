"""Every fault of the simulated exchange, many times over: each loss is healed or written down."""

from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from campaign_fakes import Note, outcome_of
from exchange_fakes import AT_ONCE, HandSource, blocks, coin
from recorder_fakes import coverage_of, record_until, settings_for

from hypertrack.records import RecordingReport, RecordingStatus
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import running_exchange

N_BREAKS = 10
STEPS_MS = {"BTC": 20, "ETH": 200, "SOL": 5_000}
LENGTH_MS = 180_000
EVENTS = sorted(
    (
        event
        for name, step_ms in STEPS_MS.items()
        for event in blocks(LENGTH_MS // step_ms, step_ms=step_ms, name=name)
    ),
    key=attrgetter("time_ms"),
)
SOURCE = HandSource(EVENTS, coins=tuple(coin(name) for name in STEPS_MS))
UNHURRIED = {"max_new_sockets_per_minute": 10_000}
"""A minute's worth of reconnections passes within a second here."""

QUICK_TO_NOTICE = {"ping_interval_s": 0.05, "pong_timeout_s": 0.1}


@dataclass(frozen=True)
class Scenario:
    """A fault, armed again whenever it has broken the sockets, so many times."""

    fault: str
    faults: Faults
    n_times: int = 1
    loses: bool = False
    settings: dict[str, Any] = field(default_factory=dict)
    feeds: tuple[str, ...] = ("trades",)
    injected: Callable[[RecordingReport], int] | None = None
    """Counts them where they are no breaks."""


def breaks(fault: str, n_times: int = N_BREAKS, *, loses: bool = True, **faults: Any) -> Scenario:
    silence = QUICK_TO_NOTICE if faults.get("break_by") == "stall" else {}
    armed = Faults(break_after_frames=400, **faults)
    return Scenario(fault, armed, n_times, loses=loses, settings=silence)


def duplicates(report: RecordingReport) -> int:
    return report.status.feeds[0].n_duplicates


def quarantined(report: RecordingReport) -> int:
    return report.status.n_quarantined


SCENARIOS = [
    breaks("socket dropped, 20 trades missed", loses=False, miss_trades=20),
    breaks("socket dropped, 200 trades missed", miss_trades=200),
    breaks("closed 1000 Inactive", break_by="close", close_reason="Inactive", miss_trades=200),
    breaks("silent stall", break_by="stall", miss_trades=200),
    breaks("venue away for 20 s", 5, refuse_s=20.0),
    Scenario("frames twice", Faults(duplicate_every=3), injected=duplicates),
    Scenario("half frames", Faults(truncate_every=97), loses=True, injected=quarantined),
    Scenario("greeting that is no JSON", Faults(has_greeting=True)),
    Scenario("unknown keys in every object", Faults(has_unknown_keys=True)),
    Scenario(
        "explorer frames in an envelope",
        Faults(has_enveloped_explorer=True),
        feeds=("trades", "blocks", "transactions"),
    ),
    Scenario("venue's clock 30 s off", Faults(clock_skew_ms=-30_000)),
]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.fault)
def test_every_loss_is_healed_or_explained(scenario: Scenario, tmp_path: Path, note: Note) -> None:
    speed = 60 if scenario.faults.refuse_s else 0
    pace = AT_ONCE.model_copy(update={"speed": speed})
    n_armed = 1
    with running_exchange(SOURCE, pace, scenario.faults) as exchange:

        def is_over(status: RecordingStatus) -> bool:
            nonlocal n_armed
            if exchange.n_breaks == n_armed < scenario.n_times and status.n_sockets_open:
                n_armed += 1
                exchange.arm(scenario.faults)
            return status.exchange_time_ms == EVENTS[-1].time_ms

        settings = settings_for(exchange.url, *scenario.feeds, **UNHURRIED, **scenario.settings)
        report = record_until(is_over, tmp_path, settings)
        sent, n_breaks = list(exchange.sent.trades()), exchange.n_breaks

    n_injected = n_breaks or (scenario.injected(report) if scenario.injected else 1)
    outcome = outcome_of(scenario.fault, tmp_path, sent, n_injected)
    assert n_injected >= scenario.n_times
    assert bool(outcome.n_lost) is scenario.loses
    assert [feed.feed for feed in report.status.feeds if not feed.n_rows] == []
    assert report.status.n_quarantined == (n_injected if scenario.injected is quarantined else 0)
    if not scenario.loses:
        assert all(
            line[4] == 0 for line in coverage_of(tmp_path, "trades:BTC") if line[0] != "observed"
        )
    note(outcome)
