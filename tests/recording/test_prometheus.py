"""Metrics of a recording, scraped over HTTP as Prometheus does."""

import re
import socket
import sys
import threading
from pathlib import Path

import httpx
import pytest
from challenge_fakes import comparison
from exchange_fakes import AT_ONCE, HandSource, blocks, coin
from fakes import START_MS
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from recorder_fakes import plan_for, settings_for

from hypertrack.config import Settings
from hypertrack.errors import ConfigError
from hypertrack.pipeline.record import record
from hypertrack.recording.prometheus import metrics_server
from hypertrack.records import (
    ChallengeStatus,
    Feed,
    FeedStatus,
    FollowedFills,
    LiveStatus,
    MeasuringStatus,
    RecordingStatus,
    SinkMode,
    SinkStatus,
)
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import running_exchange

SOURCE = HandSource(blocks(400), coins=(coin(),))
BASE_UNITS = {"seconds", "bytes"}

STATUS = RecordingStatus(
    elapsed_s=12.5,
    exchange_time_ms=START_MS,
    feeds=(
        FeedStatus(
            feed=Feed.TRADES,
            n_frames=10,
            n_rows=17,
            n_duplicates=3,
            n_shed=0,
            n_gaps=3,
            n_gaps_by_cause={"error": 2, "silence": 1},
            n_bytes=5_000,
            rows_per_s=1.4,
            lag_p50_ms=250,
            lag_p99_ms=900,
            last_seen_ms=START_MS + 1_000,
        ),
        FeedStatus(
            feed=Feed.L2BOOK,
            n_frames=4,
            n_rows=3,
            n_duplicates=0,
            n_shed=1,
            n_gaps=0,
            rows_per_s=0.1,
            lag_p50_ms=None,
            lag_p99_ms=None,
            last_seen_ms=None,
        ),
    ),
    n_sockets=2,
    n_sockets_open=1,
    n_reconnects=5,
    n_queued=42,
    n_quarantined=6,
    refused=("NOPE",),
    followed=FollowedFills(
        n_fills=40,
        n_trades=3,
        n_set_aside=0,
        n_quarantined=2,
        n_gaps=1,
        n_both=17,
        n_only_on_tape=4,
        n_only_in_fills=5,
    ),
)


def scraped(port: int) -> dict[str, Metric]:
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).raise_for_status()
    return {family.name: family for family in text_string_to_metric_families(answer.text)}


def values(family: Metric) -> dict[tuple[str, ...], float]:
    """Return samples by their labels' values, in the order of the labels' names."""
    return {tuple(sample.labels.values()): sample.value for sample in family.samples}


LIVE = LiveStatus(
    written_ms=0,
    watermark_ms=START_MS,
    n_trades=70,
    n_late=2,
    n_unread=1,
    n_signals=4,
    n_alerts=5,
    measuring=MeasuringStatus(
        as_of_ms=START_MS - 1_000, window_h=2.0, n_profiles=9, n_waiting=3, oldest_age_s=7.5
    ),
    sinks=(
        SinkStatus(
            name="bot",
            state=SinkMode.OFF,
            n_waiting=6,
            oldest_age_s=30.0,
            n_failed=20,
            cause="HTTP 500",
            n_by_fate={"delivered": 8, "expired": 1},
        ),
        SinkStatus(
            name="phone",
            state=SinkMode.WORKING,
            n_waiting=0,
            oldest_age_s=None,
            n_failed=0,
            cause=None,
        ),
    ),
    challenge=ChallengeStatus.of(comparison()),
)
INTERVAL = {"value": 0.012, "low": -0.003, "high": 0.027}


@pytest.fixture(scope="module")
def families() -> dict[str, Metric]:
    with metrics_server("127.0.0.1", 0, lambda: STATUS, lambda: LIVE) as port:
        return scraped(port)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hypertrack_messages", {("trades",): 10, ("l2book",): 4}),
        ("hypertrack_lines", {("trades",): 17, ("l2book",): 3}),
        ("hypertrack_duplicates", {("trades",): 3, ("l2book",): 0}),
        ("hypertrack_shed_messages", {("trades",): 0, ("l2book",): 1}),
        ("hypertrack_written_bytes", {("trades",): 5_000, ("l2book",): 0}),
        ("hypertrack_gaps", {("error", "trades"): 2, ("silence", "trades"): 1}),
        ("hypertrack_lag_median_seconds", {("trades",): 0.25}),
        ("hypertrack_lag_p99_seconds", {("trades",): 0.9}),
        ("hypertrack_last_message_timestamp_seconds", {("trades",): START_MS / 1000 + 1}),
        ("hypertrack_reconnects", {(): 5}),
        ("hypertrack_quarantined_messages", {(): 6}),
        ("hypertrack_queue_messages", {(): 42}),
        ("hypertrack_sockets", {(): 2}),
        ("hypertrack_open_sockets", {(): 1}),
        ("hypertrack_refused_coins", {(): 1}),
        ("hypertrack_exchange_timestamp_seconds", {(): START_MS / 1000}),
        ("hypertrack_recording_seconds", {(): 12.5}),
        ("hypertrack_fills", {(): 40}),
        ("hypertrack_fills_trades", {(): 3}),
        ("hypertrack_fills_gaps", {(): 1}),
        ("hypertrack_fills_quarantined", {(): 2}),
        ("hypertrack_fills_lack_trades", {(): 4}),
        ("hypertrack_tape_lacks_trades", {(): 5}),
        ("hypertrack_live_trades", {(): 70}),
        ("hypertrack_live_late_trades", {(): 2}),
        ("hypertrack_live_unread_lines", {(): 1}),
        ("hypertrack_live_signals", {(): 4}),
        ("hypertrack_live_alerts", {(): 5}),
        ("hypertrack_live_watermark_timestamp_seconds", {(): START_MS / 1000}),
        ("hypertrack_live_measured_timestamp_seconds", {(): START_MS / 1000 - 1}),
        ("hypertrack_live_window_seconds", {(): 7_200}),
        ("hypertrack_live_profiles", {(): 9}),
        ("hypertrack_live_waiting_wallets", {(): 3}),
        ("hypertrack_live_oldest_waiting_seconds", {(): 7.5}),
        ("hypertrack_live_cpu_share_ratio", {}),
        ("hypertrack_sink_queue_messages", {("bot",): 6, ("phone",): 0}),
        ("hypertrack_sink_oldest_message_seconds", {("bot",): 30}),
        ("hypertrack_sink_failed_tries", {("bot",): 20, ("phone",): 0}),
        ("hypertrack_sink_up", {("bot",): 0, ("phone",): 1}),
        ("hypertrack_live_model_lost_weight", {(): 0}),
        ("hypertrack_challenge_rows", {(): 900}),
        ("hypertrack_challenge_waiting_rows", {(): 60}),
        ("hypertrack_challenge_masked_rows", {(): 43}),
        ("hypertrack_challenge_blocks", {(): 40}),
        ("hypertrack_challenge_days_until_margin", {(): 21.5}),
        ("hypertrack_challenge_agreed_ratio", {(): 930 / 1_003}),
        ("hypertrack_challenge_drift_max", {(): 0.61}),
        ("hypertrack_challenge_drifted", {(): 1}),
        (
            "hypertrack_challenge_difference",
            {
                (bound, head): value
                for head in ("overall", "bot_probability")
                for bound, value in INTERVAL.items()
            },
        ),
        (
            "hypertrack_challenge_champion_skill",
            {("value", "overall"): 0.2, ("low", "overall"): 0.15, ("high", "overall"): 0.25},
        ),
        ("hypertrack_sink_messages", {("delivered", "bot"): 8, ("expired", "bot"): 1}),
    ],
)
def test_metric_says_what_the_status_says(
    families: dict[str, Metric], name: str, expected: dict[tuple[str, ...], float]
) -> None:
    assert values(families[name]) == expected


def test_names_follow_the_conventions_of_prometheus(families: dict[str, Metric]) -> None:
    """As ``promtool check metrics`` has them."""
    ours = [family for name, family in families.items() if name.startswith("hypertrack")]
    assert len(ours) > 15
    for family in ours:
        assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", family.name)
        assert family.documentation.endswith(".")
        for sample in family.samples:
            assert sample.name.endswith("_total") is (family.type == "counter"), sample.name
            assert not {"le", "quantile"} & sample.labels.keys()
        assert not re.search(r"_(ms|milliseconds|kb|mib|counter|gauge)(_|$)", family.name)
        if family.type == "gauge" and "seconds" in family.name:
            assert family.name.endswith("_seconds")


def test_memory_of_the_process_is_among_them(families: dict[str, Metric]) -> None:
    assert values(families["process_resident_memory_bytes"])[()] > 1e6


def test_recording_serves_its_metrics_until_it_ends(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    stop = threading.Event()
    found: list[dict[str, Metric]] = []
    faults = Faults(break_after_frames=100, miss_trades=80)
    with running_exchange(SOURCE, AT_ONCE, faults) as exchange:
        local = settings_for(exchange.url, metrics_port=port)
        settings = Settings.model_validate({**local.model_dump(), "data": tmp_path})

        def look(status: RecordingStatus) -> None:
            is_over = status.exchange_time_ms == SOURCE.end_ms and status.feeds[0].n_gaps
            if is_over and not stop.is_set():
                found.append(scraped(port))
                stop.set()

        record(settings, plan_for(settings), stop, look, duration_s=20)

    metrics = found[0]
    assert values(metrics["hypertrack_lines"]) == {("trades",): 350}
    assert values(metrics["hypertrack_reconnects"]) == {(): 1}
    assert values(metrics["hypertrack_gaps"]) == {("error", "trades"): 1}
    with pytest.raises(httpx.ConnectError):
        scraped(port)


def test_port_that_is_taken_is_an_error_before_any_data_is_touched(tmp_path: Path) -> None:
    (tmp_path / "trades.jsonl").write_text("{}\n")
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        running_exchange(SOURCE, AT_ONCE) as exchange,
    ):
        local = settings_for(exchange.url, metrics_port=taken.getsockname()[1])
        settings = Settings.model_validate({**local.model_dump(), "data": tmp_path})

        with pytest.raises(ConfigError, match="in use or not ours; choose another --metrics-port"):
            record(settings, plan_for(settings), threading.Event(), lambda _: None)

    assert [path.name for path in tmp_path.iterdir()] == ["trades.jsonl"]


def test_metrics_without_the_extra_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)

    with (
        pytest.raises(ConfigError, match="pip install prometheus-client"),
        metrics_server("127.0.0.1", 0, lambda: STATUS),
    ):
        pass
