"""Recording from the simulated exchange: real sockets, real files, a time limit on everything."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing
from pathlib import Path
from typing import Any

from hypertrack.clock import Clock
from hypertrack.config import Settings
from hypertrack.feeds.endpoints import endpoints
from hypertrack.feeds.info_client import InfoClient
from hypertrack.feeds.subscriptions import Subscription
from hypertrack.feeds.universe import fetch_universe
from hypertrack.recording.plan import RecordingPlan, SocketPlan, plan_recording
from hypertrack.recording.recorder import Recorder
from hypertrack.records import Feed, RecordingReport, RecordingStatus
from hypertrack.store.files.session import SessionMode, open_session

PATIENCE_S = 20.0

Line = dict[str, Any]


def settings_for(url: str, *feeds: str, coins: str = "all", **record: Any) -> Settings:
    """Return settings to record from a local venue, quick to come back after an error."""
    quick = {"backoff_min_s": 0.01, "backoff_max_s": 0.05, "evm_requests_per_minute": 100_000}
    values = quick | {"feeds": feeds or ("trades",), "coins": coins} | record
    return Settings.model_validate({"venue": {"url": url}, "record": values})


def plan_for(settings: Settings) -> RecordingPlan:
    with closing(InfoClient(endpoints(settings.venue).info)) as info:
        return plan_recording(settings, fetch_universe(info))


def with_unknown_coin(plan: RecordingPlan, *feeds: Feed) -> RecordingPlan:
    """Return the plan with a coin that the venue does not have, first on its only socket."""
    (socket,) = plan.sockets
    unknown = tuple(Subscription(feed, "NOPE") for feed in feeds)
    subscriptions = (*unknown, *socket.subscriptions)
    return RecordingPlan(
        endpoints=plan.endpoints,
        feeds=plan.feeds,
        coins=plan.coins,
        sockets=(SocketPlan(url=socket.url, subscriptions=subscriptions),),
        evm_feeds=(),
        left_out=(),
    )


def record_until(
    is_enough: Callable[[RecordingStatus], bool],
    folder: Path,
    settings: Settings,
    plan: RecordingPlan | None = None,
    mode: SessionMode = "rotate",
    clock: Clock | None = None,
) -> RecordingReport:
    """Record until the status satisfies a condition; fail where it does not in time."""
    stop = threading.Event()
    plan = plan or plan_for(settings)
    with open_session(folder, mode) as session, ThreadPoolExecutor(1) as pool:
        recorder = Recorder(settings, plan, session, stop=stop, clock=clock)
        running = pool.submit(recorder.run, PATIENCE_S)
        try:
            while not is_enough(recorder.status()) and not wait([running], 0.01).done:
                pass
            status = recorder.status()
        finally:
            stop.set()
        report = running.result()
    assert is_enough(status), f"not in {PATIENCE_S:.0f} s: {status}"
    return report


def n_rows(status: RecordingStatus, feed: Feed) -> int:
    """Return the lines of a feed recorded so far."""
    return sum(one.n_rows for one in status.feeds if one.feed is feed)


def lines(folder: Path, name: str) -> list[Line]:
    """Return the recorded lines of a file; none where there is no file."""
    path = folder / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def trade_ids(folder: Path) -> list[int]:
    return [line["tid"] for line in lines(folder, "trades")]


def coverage_of(folder: Path, stream: str) -> list[tuple[str, int, int, str | None, int | None]]:
    """Return status, start, end, cause and missed of a stream's intervals, in order."""
    return [
        (line["status"], line["start_ms"], line["end_ms"], line["cause"], line["missed"])
        for line in lines(folder, "coverage")
        if line["stream"] == stream
    ]
