"""How live and the delivery of its messages stand, for Prometheus."""

from collections.abc import Callable, Iterator, Mapping

from hypertrack.records import ChallengeStatus, Interval, LiveStatus, SinkMode, SinkStatus

Samples = list[tuple[dict[str, str], float]]

COUNTERS: dict[str, tuple[str, Callable[[LiveStatus], float]]] = {
    "trades": ("Trades followed.", lambda live: live.n_trades),
    "late_trades": ("Trades behind the watermark.", lambda live: live.n_late),
    "unread_lines": ("Lines of trades that no reader takes.", lambda live: live.n_unread),
    "signals": ("Signals written.", lambda live: live.n_signals),
    "alerts": ("Alerts sent.", lambda live: live.n_alerts),
    "withheld_signals": (
        "Signals not made, since a gap had made the position unknown.",
        lambda live: live.n_withheld,
    ),
}
GAUGES: dict[str, tuple[str, Callable[[LiveStatus], float | None]]] = {
    "awaited_positions": (
        "Positions that the venue is to tell after a gap.",
        lambda live: live.n_awaited,
    ),
    "watermark_timestamp_seconds": (
        "Exchange time up to which everything was told.",
        lambda live: _seconds(live.watermark_ms),
    ),
    "window_seconds": (
        "Exchange time that wallets are measured over.",
        lambda live: None if live.measuring.window_h is None else live.measuring.window_h * 3_600,
    ),
    "measured_timestamp_seconds": (
        "Exchange time up to which wallets were measured last.",
        lambda live: _seconds(live.measuring.as_of_ms),
    ),
    "profiles": ("Wallets that have a profile.", lambda live: live.measuring.n_profiles),
    "waiting_wallets": ("Wallets due to be measured.", lambda live: live.measuring.n_waiting),
    "oldest_waiting_seconds": (
        "How long ago the oldest of them was measured.",
        lambda live: live.measuring.oldest_age_s,
    ),
    "cpu_share_ratio": (
        "Of one core, spent by live while it measures.",
        lambda live: live.measuring.cpu_share,
    ),
}
GAUGES_OF_SINK: dict[str, tuple[str, Callable[[SinkStatus], float | None]]] = {
    "queue_messages": ("Messages that wait for a sink.", lambda sink: sink.n_waiting),
    "oldest_message_seconds": ("Age of the first of them.", lambda sink: sink.oldest_age_s),
    "failed_tries": ("Tries in a row that failed.", lambda sink: sink.n_failed),
    "up": ("1, but for a sink that is off.", lambda sink: float(sink.state is not SinkMode.OFF)),
}
GAUGES_OF_CHALLENGE: dict[str, tuple[str, Callable[[ChallengeStatus], float | None]]] = {
    "rows": ("Wallets scored by both whose outcome counts.", lambda one: one.n_rows),
    "waiting_rows": ("Rows that wait for their outcome.", lambda one: one.n_waiting),
    "masked_rows": ("Rows left out for both.", lambda one: one.n_masked),
    "blocks": ("Blocks that count as independent.", lambda one: one.n_blocks),
    "days_until_margin": (
        "Days from the first row until a difference of the margin could be seen.",
        lambda one: one.days_until_margin,
    ),
    "agreed_ratio": ("Rows that both give the same categories.", lambda one: one.agreed_frac),
    "drift_max": ("Largest stability index against training.", lambda one: one.drift_max),
    "drifted": ("Features and scores that have drifted from training.", lambda one: one.n_drifted),
}


def live_counters(live: LiveStatus) -> Iterator[tuple[str, str, Samples]]:
    """Yield name, help and samples of what is counted."""
    for name, (help_text, of) in COUNTERS.items():
        yield f"hypertrack_live_{name}", help_text, [({}, of(live))]
    fates: Samples = [
        ({"sink": sink.name, "fate": fate}, n)
        for sink in live.sinks
        for fate, n in sink.n_by_fate.items()
    ]
    yield "hypertrack_sink_messages", "Messages that are done with, by how it ended.", fates


def live_gauges(live: LiveStatus) -> Iterator[tuple[str, str, Samples]]:
    """Yield name, help and samples of what stands at a value; without one where it is unknown."""
    for name, (help_text, of) in GAUGES.items():
        value = of(live)
        yield f"hypertrack_live_{name}", help_text, [] if value is None else [({}, value)]
    yield from _challenge_gauges(live.challenge)
    lost = float(live.measuring.has_lost_weight)
    yield "hypertrack_live_model_lost_weight", "1 of a model worse than the constant.", [({}, lost)]
    for name, (help_text, of_sink) in GAUGES_OF_SINK.items():
        known = [({"sink": sink.name}, of_sink(sink)) for sink in live.sinks]
        samples: Samples = [(at, value) for at, value in known if value is not None]
        yield f"hypertrack_sink_{name}", help_text, samples


def _challenge_gauges(one: ChallengeStatus | None) -> Iterator[tuple[str, str, Samples]]:
    if one is None:
        return
    for name, (help_text, of) in GAUGES_OF_CHALLENGE.items():
        value = of(one)
        yield f"hypertrack_challenge_{name}", help_text, [] if value is None else [({}, value)]
    intervals = {"overall": one.difference, **one.difference_by_head}
    help_text = "Skill of the challenger less that of the champion, with the bounds at any look."
    yield "hypertrack_challenge_difference", help_text, list(_bounds(intervals))
    skill: Samples = list(_bounds({"overall": one.champion_skill}))
    yield "hypertrack_challenge_champion_skill", "Of the champion, over the constant.", skill


def _bounds(intervals: Mapping[str, Interval | None]) -> Iterator[tuple[dict[str, str], float]]:
    for head, found in intervals.items():
        for bound in () if found is None else ("value", "low", "high"):
            yield {"head": head, "bound": bound}, getattr(found, bound)


def _seconds(value_ms: int | None) -> float | None:
    return None if value_ms is None else value_ms / 1_000
