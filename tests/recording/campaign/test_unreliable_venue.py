"""A venue whose answers trail, whose clock jumps, whose trades come late or not at all."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

import pytest
from campaign_fakes import Note, outcome_of
from exchange_fakes import AT_ONCE, HandSource, blocks, coin, info
from recorder_fakes import coverage_of, lines, plan_for, record_until, settings_for

from hypertrack.recording import candle_filling, closed_candles, starvation, trade_filling
from hypertrack.records import MINUTE_MS, Feed, RecordingStatus
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.simulate.venue.venue_rules import VenueRules

STEPS_MS = {"BTC": 40, "ETH": 200, "SOL": 5_000}
LENGTH_MS = 2 * MINUTE_MS
EVENTS = sorted(
    (
        event
        for name, step_ms in STEPS_MS.items()
        for event in blocks(LENGTH_MS // step_ms, step_ms=step_ms, name=name)
    ),
    key=attrgetter("time_ms"),
)
SOURCE = HandSource(EVENTS, coins=tuple(coin(name) for name in STEPS_MS), extra_ms=5_000)
SPEED = 90
UNHURRIED = {"max_new_sockets_per_minute": 10_000}


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Ask again after as much exchange time as in earnest."""
    seconds = tuple(one / SPEED for one in trade_filling.RETRIES_S)
    monkeypatch.setattr(trade_filling, "RETRIES_S", seconds)
    monkeypatch.setattr(candle_filling, "RETRIES_S", seconds)
    monkeypatch.setattr(starvation, "PATIENCE_S", 0.1)
    monkeypatch.setattr(closed_candles, "DELIVERY_S", 0.1)
    yield


@dataclass(frozen=True)
class Scenario:
    """What a venue does; sockets break so many times, each time missing 50 trades of a coin."""

    fault: str
    faults: dict[str, Any] = field(default_factory=dict)
    n_breaks: int = 3
    is_redundant: bool = False
    feeds: tuple[str, ...] = ("trades",)


SCENARIOS = [
    Scenario("recentTrades trails by 0.3 s", {"recent_trades_lag_ms": 300}),
    Scenario("recentTrades trails by 3 s", {"recent_trades_lag_ms": 3_000}),
    Scenario("recentTrades from a cache", {"has_cached_recent_trades": True}),
    Scenario("both of two sockets, REST trails", {"recent_trades_lag_ms": 3_000}, 3, True),
    Scenario("clock 30 s ahead and back", {"clock_jump_every": 400, "clock_jump_frames": 40}),
    Scenario(
        "one trade a year ahead", {"clock_jump_every": 900, "clock_jump_ms": 365 * 86_400_000}
    ),
    Scenario("trades up to 5 s late", {"late_every": 25}),
    Scenario("trades up to 5 s late, no break", {"late_every": 25}, 0),
    Scenario("a coin never acknowledged", {"mute": "ETH"}, 1),
    Scenario("candleSnapshot empty", {"candle_snapshot": "empty"}, 2, feeds=("trades", "candles")),
    Scenario("candleSnapshot older", {"candle_snapshot": "old"}, 2, feeds=("trades", "candles")),
    Scenario("a coin starves", {"starve": "BTC"}, 0, feeds=("trades", "candles")),
    Scenario("a coin starves on both", {"starve": "ETH"}, 0, True, ("trades", "candles")),
]


@pytest.mark.slow
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.fault)
def test_what_an_unreliable_venue_costs_is_explained(
    scenario: Scenario, tmp_path: Path, note: Note
) -> None:
    armed = Faults(
        **scenario.faults,
        **({"break_after_frames": 700, "miss_trades": 50} if scenario.n_breaks else {}),
    )
    n_armed = 1
    rules = VenueRules(recent_trades=100, info_weight_per_minute=None)
    pace = AT_ONCE.model_copy(update={"speed": SPEED})
    with running_exchange(SOURCE, pace, armed, rules=rules) as exchange:
        for name in STEPS_MS:
            info(exchange.url, type="recentTrades", coin=name)

        def is_over(_: RecordingStatus) -> bool:
            nonlocal n_armed
            if exchange.n_breaks == n_armed < scenario.n_breaks:
                n_armed += 1
                exchange.arm(armed)
            return exchange.finished.is_set()

        settings = settings_for(
            exchange.url, *scenario.feeds, redundant=scenario.is_redundant, **UNHURRIED
        )
        record_until(is_over, tmp_path, settings, plan_for(settings))
        sent, n_breaks = list(exchange.sent.trades()), exchange.n_breaks

    outcome = outcome_of(scenario.fault, tmp_path, sent, max(n_breaks, 1))
    assert n_breaks == scenario.n_breaks
    note(outcome)


@pytest.mark.parametrize("snapshot", ["empty", "old"])
def test_candles_that_an_answer_lacks_stay_a_gap_and_none_is_older_than_it_was(
    snapshot: Literal["empty", "old"], tmp_path: Path
) -> None:
    source = HandSource(blocks(500, step_ms=1_000), coins=(coin("BTC"),))
    faults = Faults(break_after_frames=160, miss_trades=150, candle_snapshot=snapshot)
    with running_exchange(source, AT_ONCE, faults) as exchange:
        settings = settings_for(exchange.url, "trades", "candles")
        record_until(
            lambda status: any(feed.n_gaps for feed in status.feeds if feed.feed is Feed.CANDLES),
            tmp_path,
            settings,
        )

    gaps = [line for line in coverage_of(tmp_path, "candles:BTC") if line[0] != "observed"]
    assert [(gap[0], gap[4]) for gap in gaps] == [("disconnected", None)]
    counts = {line["t"]: line["n"] for line in lines(tmp_path, "candles")}
    assert len(counts) >= 2
    assert set(counts.values()) <= {59, 60}  # the first minute has one trade less
