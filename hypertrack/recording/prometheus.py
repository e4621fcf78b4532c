"""The status of a recording for Prometheus, made anew at every scrape."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

from hypertrack import __version__
from hypertrack.errors import ConfigError, port_refused
from hypertrack.recording.live_metrics import live_counters, live_gauges
from hypertrack.records import FeedStatus, FollowedFills, LiveStatus, RecordingStatus

if TYPE_CHECKING:  # an extra, loaded when it is asked for
    from prometheus_client.metrics_core import Metric

Labels = dict[str, str]
Samples = list[tuple[Labels, float]]

COUNTERS_OF_FEED: dict[str, tuple[str, Callable[[FeedStatus], float]]] = {
    "messages": ("Frames received.", lambda feed: feed.n_frames),
    "lines": ("Lines recorded.", lambda feed: feed.n_rows),
    "duplicates": ("Rows received again and left out.", lambda feed: feed.n_duplicates),
    "shed_messages": (
        "Frames left out because the disk could not follow.",
        lambda feed: feed.n_shed,
    ),
    "written_bytes": ("Bytes written.", lambda feed: feed.n_bytes),
}
GAUGES_OF_FEED: dict[str, tuple[str, Callable[[FeedStatus], float | None]]] = {
    "lag_median_seconds": (
        "Receive time minus exchange time of the newest frames, median.",
        lambda feed: _seconds(feed.lag_p50_ms),
    ),
    "lag_p99_seconds": (
        "Receive time minus exchange time of the newest frames, 99th percentile.",
        lambda feed: _seconds(feed.lag_p99_ms),
    ),
    "last_message_timestamp_seconds": (
        "When the newest frame was received.",
        lambda feed: _seconds(feed.last_seen_ms),
    ),
}
COUNTERS: dict[str, tuple[str, Callable[[RecordingStatus], float]]] = {
    "reconnects": ("Connections lost so far.", lambda status: status.n_reconnects),
    "quarantined_messages": (
        "Frames that could not be read, kept in quarantine.",
        lambda status: status.n_quarantined,
    ),
}
COUNTERS_OF_FILLS: dict[str, tuple[str, Callable[[FollowedFills], float]]] = {
    "fills": ("Fills of everybody recorded.", lambda fills: fills.n_fills),
    "fills_trades": (
        "Trades that their fills alone brought.",
        lambda fills: fills.n_trades,
    ),
    "fills_gaps": ("Times at which fills were missing.", lambda fills: fills.n_gaps),
    "fills_quarantined": (
        "Fills that could not be read, kept in quarantine.",
        lambda fills: fills.n_quarantined,
    ),
    "fills_lack_trades": (
        "Trades of the tape that the fills lack.",
        lambda fills: fills.n_only_on_tape,
    ),
    "tape_lacks_trades": (
        "Trades of the fills that the tape lacks.",
        lambda fills: fills.n_only_in_fills,
    ),
}
"""Of a source of every fill; without samples where none is followed."""

GAUGES: dict[str, tuple[str, Callable[[RecordingStatus], float | None]]] = {
    "queue_messages": ("Frames waiting for the disk.", lambda status: status.n_queued),
    "spooled_bytes": ("Bytes waiting for the database.", lambda status: status.spooled_bytes),
    "sockets": ("Sockets of the plan.", lambda status: status.n_sockets),
    "open_sockets": ("Sockets that are open.", lambda status: status.n_sockets_open),
    "refused_coins": ("Coins left out for killing sockets.", lambda status: len(status.refused)),
    "exchange_timestamp_seconds": (
        "The newest exchange time seen.",
        lambda status: _seconds(status.exchange_time_ms),
    ),
    "recording_seconds": ("How long it has been recording.", lambda status: status.elapsed_s),
}


@contextmanager
def metrics_server(
    host: str,
    port: int,
    status: Callable[[], RecordingStatus | None],
    live: Callable[[], LiveStatus | None] = lambda: None,
) -> Iterator[int]:
    """Serve the metrics at ``/metrics`` for as long as the context lasts; give the port.

    Args:
        port: 0 for a free one.
        status: Asked at every scrape, by a thread of the server; None before there is one.
        live: The same of what follows.

    Raises:
        ConfigError: The extra is not installed, or the port is taken.
    """
    try:
        from prometheus_client import ProcessCollector, start_http_server  # noqa: PLC0415
        from prometheus_client.registry import CollectorRegistry  # noqa: PLC0415
    except ImportError:
        raise ConfigError(
            "metrics need the package prometheus-client, which is not installed: "
            "pip install prometheus-client"
        ) from None
    registry = CollectorRegistry()
    registry.register(StatusCollector(status, live))
    ProcessCollector(registry=registry)
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise port_refused(host, port, "--metrics-port", error) from error
    try:
        yield int(server.server_port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class StatusCollector:
    """Makes metrics of recording and live; what is not known yet has no sample."""

    def __init__(
        self,
        status: Callable[[], RecordingStatus | None],
        live: Callable[[], LiveStatus | None] = lambda: None,
    ):
        self._status, self._live = status, live

    def collect(self) -> "Iterator[Metric]":
        """Yield all metrics as they stand."""
        from prometheus_client.metrics_core import (  # noqa: PLC0415
            CounterMetricFamily,
            GaugeMetricFamily,
            InfoMetricFamily,
        )

        yield InfoMetricFamily("hypertrack", "The recorder.", {"version": __version__})
        status, live = self._status(), self._live()
        counters = chain(
            () if status is None else _counters(status), () if live is None else live_counters(live)
        )
        gauges = chain(
            () if status is None else _gauges(status), () if live is None else live_gauges(live)
        )
        for name, help_text, samples in counters:
            counter = CounterMetricFamily(name, help_text, labels=_label_names(samples))
            for labels, value in samples:
                counter.add_metric(list(labels.values()), value)
            yield counter
        for name, help_text, samples in gauges:
            gauge = GaugeMetricFamily(name, help_text, labels=_label_names(samples))
            for labels, value in samples:
                gauge.add_metric(list(labels.values()), value)
            yield gauge


def _counters(status: RecordingStatus) -> Iterator[tuple[str, str, Samples]]:
    for name, (help_text, of_feed) in COUNTERS_OF_FEED.items():
        samples = [({"feed": feed.feed.value}, of_feed(feed)) for feed in status.feeds]
        yield f"hypertrack_{name}", help_text, samples
    gaps: Samples = [
        ({"feed": feed.feed.value, "cause": cause}, n)
        for feed in status.feeds
        for cause, n in feed.n_gaps_by_cause.items()
    ]
    yield "hypertrack_gaps", "Intervals known to be missing.", gaps
    for name, (help_text, of) in COUNTERS.items():
        yield f"hypertrack_{name}", help_text, [({}, of(status))]
    for name, (help_text, of_fills) in COUNTERS_OF_FILLS.items():
        followed = status.followed
        yield (
            f"hypertrack_{name}",
            help_text,
            [] if followed is None else [({}, of_fills(followed))],
        )


def _gauges(status: RecordingStatus) -> Iterator[tuple[str, str, Samples]]:
    for name, (help_text, of_feed) in GAUGES_OF_FEED.items():
        known = [({"feed": feed.feed.value}, of_feed(feed)) for feed in status.feeds]
        yield f"hypertrack_{name}", help_text, [(at, v) for at, v in known if v is not None]
    for name, (help_text, of) in GAUGES.items():
        value = of(status)
        yield f"hypertrack_{name}", help_text, [] if value is None else [({}, value)]


def _label_names(samples: Samples) -> list[str]:
    return list(samples[0][0]) if samples else ["feed"]


def _seconds(value_ms: int | None) -> float | None:
    return None if value_ms is None else value_ms / 1000
