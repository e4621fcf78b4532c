"""The venue's refusals: too many sockets, a coin that kills, REST that does not answer."""

from operator import attrgetter
from pathlib import Path
from typing import Literal

import pytest
from campaign_fakes import Note, outcome_of
from exchange_fakes import AT_ONCE, HandSource, VenueClient, blocks, coin
from fakes import START_MS
from recorder_fakes import (
    coverage_of,
    lines,
    n_rows,
    plan_for,
    record_until,
    settings_for,
    with_unknown_coin,
)

from hypertrack.errors import VenueError
from hypertrack.feeds import http
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.recording.plan import RecordingPlan, SocketPlan
from hypertrack.records import MINUTE_MS, Feed, RecordingStatus
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.simulate.venue.venue_rules import VenueRules

N_MINUTES = 10
EVENTS = sorted(
    blocks(N_MINUTES * 120, step_ms=500)
    + blocks(N_MINUTES * 120, start_ms=START_MS + 250, step_ms=500, name="ETH"),
    key=attrgetter("time_ms"),
)
SOURCE = HandSource(EVENTS, coins=(coin("BTC"), coin("ETH")))


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let REST be asked again ten times as soon as else: how long is not what is told here."""
    monkeypatch.setattr(http, "BACKOFF_S", http.BACKOFF_S / 10)


def has_reached_the_end(status: RecordingStatus) -> bool:
    return status.exchange_time_ms == EVENTS[-1].time_ms


def socket_for_each_coin(plan: RecordingPlan) -> RecordingPlan:
    sockets = tuple(
        SocketPlan(url=plan.sockets[0].url, subscriptions=(Subscription(Feed.TRADES, name),))
        for name in plan.coins
    )
    return RecordingPlan(
        endpoints=plan.endpoints,
        feeds=plan.feeds,
        coins=plan.coins,
        sockets=sockets,
        evm_feeds=(),
        left_out=(),
    )


def test_socket_closed_with_1008_comes_back_when_there_is_room(tmp_path: Path, note: Note) -> None:
    rules = VenueRules(max_connections=2)
    pace = AT_ONCE.model_copy(update={"speed": 200})
    with running_exchange(SOURCE, pace, rules=rules) as exchange:
        other = VenueClient(exchange.url)  # takes a place, which a recorder's socket wants
        n_refused = 0

        def is_over(status: RecordingStatus) -> bool:
            nonlocal n_refused
            if not n_refused and status.n_reconnects >= 10 and status.exchange_time_ms:
                n_refused = status.n_reconnects
                other.socket.shutdown()
            return has_reached_the_end(status)

        settings = settings_for(exchange.url, max_new_sockets_per_minute=10_000)
        plan = socket_for_each_coin(plan_for(settings))
        report = record_until(is_over, tmp_path, settings, plan)
        sent = list(exchange.sent.trades())

    intervals = [
        [line[:1] + line[3:] for line in coverage_of(tmp_path, f"trades:{name}")]
        for name in plan.coins
    ]
    assert sorted(intervals) == [
        [("disconnected", "closed", None), ("observed", "stop", None)],  # one for all attempts
        [("observed", "stop", None)],
    ]
    note(outcome_of("closed 1008: too many sockets", tmp_path, sent, report.status.n_reconnects))


def test_coin_that_kills_the_socket_costs_the_others_nothing(tmp_path: Path, note: Note) -> None:
    pace = AT_ONCE.model_copy(update={"speed": 200})
    rules = VenueRules(refusal_wall_s=0.02)
    with running_exchange(SOURCE, pace, rules=rules) as exchange:
        settings = settings_for(exchange.url)
        plan = with_unknown_coin(plan_for(settings), Feed.TRADES)
        report = record_until(
            lambda s: has_reached_the_end(s) and bool(s.refused), tmp_path, settings, plan
        )
        sent = list(exchange.sent.trades())

    assert report.status.refused == ("NOPE",)
    outcome = outcome_of("a coin kills the socket", tmp_path, sent, report.status.n_reconnects)
    assert outcome.n_lost == 0
    note(outcome)


@pytest.mark.parametrize("status", [429, 500])
def test_candles_are_filled_although_rest_fails(
    status: Literal[429, 500], tmp_path: Path, note: Note
) -> None:
    n_failures = 2
    with running_exchange(SOURCE, AT_ONCE) as exchange:
        exchange.arm(Faults(http_failures=n_failures, http_status=status))
        settings = settings_for(exchange.url, "trades", "candles")
        plan = plan_for(settings)  # both fail here
        exchange.arm(Faults(http_failures=n_failures, http_status=status))
        record_until(
            lambda s: has_reached_the_end(s) and n_rows(s, Feed.CANDLES) >= 2 * (N_MINUTES - 1),
            tmp_path,
            settings,
            plan,
        )
        sent = list(exchange.sent.trades())

    for name, n_first in (("BTC", 119), ("ETH", 119)):
        counts = {line["t"]: line["n"] for line in lines(tmp_path, "candles") if line["s"] == name}
        assert [counts[START_MS + nth * MINUTE_MS] for nth in range(N_MINUTES - 1)] == [
            n_first,
            *[120] * (N_MINUTES - 2),
        ]
    note(outcome_of(f"REST answers {status}", tmp_path, sent, 2 * n_failures))


def test_venue_that_never_answers_is_an_error_that_says_so() -> None:
    faults = Faults(http_failures=100, http_status=429)
    with (
        running_exchange(SOURCE, AT_ONCE, faults) as exchange,
        pytest.raises(VenueError, match=r"did not answer \(HTTP 429.*try again"),
    ):
        plan_for(settings_for(exchange.url))


def test_candles_that_rest_never_gives_are_a_gap(tmp_path: Path) -> None:
    faults = Faults(break_after_frames=300, miss_trades=200)
    with running_exchange(SOURCE, AT_ONCE, faults) as exchange:
        settings = settings_for(exchange.url, "trades", "candles")
        plan = plan_for(settings)

        def is_over(status: RecordingStatus) -> bool:
            if exchange.n_breaks and not has_failed:
                has_failed.append(True)
                exchange.arm(Faults(http_failures=10_000, http_status=500))
            return has_reached_the_end(status) and any(
                feed.n_gaps for feed in status.feeds if feed.feed is Feed.CANDLES
            )

        has_failed: list[bool] = []
        record_until(is_over, tmp_path, settings, plan)

    gaps = [line for line in coverage_of(tmp_path, "candles:BTC") if line[0] == "disconnected"]
    assert [gap[4] for gap in gaps] == [None]
