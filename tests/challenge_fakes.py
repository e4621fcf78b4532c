"""A live comparison of two models, as it stands after forty hours."""

from typing import Any

from hypertrack.labels.targets import Thresholds
from hypertrack.records import (
    HEADS,
    HOUR_MS,
    Challenge,
    DifferencePoint,
    Drift,
    HeadDifference,
    Interval,
    LiveComparison,
    SignalsNet,
    replace,
)

CHALLENGE = Challenge(
    champion="20261120T100000Z-ab12cd34",
    challenger="20261121T100000Z-ef56ab78",
    started_ms=1,
    features_hash="f",
    thresholds=dict.fromkeys(Thresholds.__struct_fields__) | {"profit_hurdle_bps": 5.0},
    block_ms=HOUR_MS,
    embargo_ms=1_800_000,
    margin=0.005,
    max_blocks=2_000,
    min_executions=5,
)

DIFFERENCE = Interval(0.012, -0.003, 0.027)


def comparison(**changes: Any) -> LiveComparison:
    """Return a comparison that is open; one head of it could be measured."""
    heads = tuple(
        HeadDifference(
            head=head,
            n_rows=900 if head == "bot_probability" else 0,
            champion_skill=0.21 if head == "bot_probability" else None,
            challenger_skill=0.222 if head == "bot_probability" else None,
            difference=DIFFERENCE if head == "bot_probability" else None,
        )
        for head in HEADS
    )
    found = LiveComparison(
        challenge=CHALLENGE,
        n_rows=900,
        n_waiting=60,
        n_masked={"gap in its coins": 1, "too few executions": 42},
        n_blocks=40,
        block_h=1.0,
        heads=heads,
        overall=DIFFERENCE,
        champion_skill=Interval(0.2, 0.15, 0.25),
        days_until_margin=21.5,
        n_agreed=930,
        n_asked=1_003,
        drift=(
            Drift(name="tx_count", is_score=False, stability_index=0.61),
            Drift(name="bot_probability", is_score=True, stability_index=0.08),
        ),
        offline_difference=0.02,
        signals=SignalsNet(
            **{"n_signals": 118, "n_waiting": 3, "n_masked": 2, "n_blocks": 35},
            **{"delay_s": 5.0, "held_s": 3_600.0, "net_bps": 1.25},
            interval=Interval(1.25, -0.4, 2.9),
        ),
        curve=tuple(DifferencePoint(n, 0.012, -0.2 / n, 0.5 / n) for n in range(30, 41)),
    )
    return replace(found, **changes)
