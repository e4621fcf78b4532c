"""Charts as finished positions: where each mark lies in its drawing.

Across they are percent of the width, up and down pixels: a chart grows with its panel, and its text
does not.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hypertrack.records import Interval, ReliabilityBin
from hypertrack.text import with_minus


@dataclass(frozen=True)
class Scale:
    """Where values lie between two ends of a drawing; what is beyond lies on the end."""

    low: float
    high: float
    start: float
    end: float

    def place(self, value: float) -> float:
        """Return the position of a value, to a tenth."""
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return round(self.start + min(1.0, max(0.0, share)) * (self.end - self.start), 1)


@dataclass(frozen=True)
class Tick:
    """A labelled position on an axis: percent across, pixels down."""

    at: float
    label: str


@dataclass(frozen=True)
class LossChart:
    """Losses by epoch, in a drawing 172 high; polylines as their points."""

    name: str
    train: str
    validation: str
    best_x: float
    best_y: float
    note: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


@dataclass(frozen=True)
class ReliabilityMark:
    """Wallets that were given about the same probability, in a drawing of 220 × 214."""

    x: float
    y: float
    low: float
    high: float
    radius: float
    label: str


@dataclass(frozen=True)
class ReliabilityChart:
    """What came of what was said; on the diagonal it is right."""

    name: str
    marks: tuple[ReliabilityMark, ...]
    note: str


@dataclass(frozen=True)
class ForestRow:
    """One predictor: its skill and interval, in percent of the axis."""

    name: str
    low: float
    value: float
    high: float
    text: str
    is_own: bool


@dataclass(frozen=True)
class ForestChart:
    """Predictors of one head on one axis."""

    rows: tuple[ForestRow, ...]
    ticks: tuple[Tick, ...]
    zero: float


def loss_chart(
    name: str, epochs: Sequence[int], losses: Sequence[tuple[float, float]], best: int
) -> LossChart:
    """Return losses by epoch.

    Args:
        losses: On training rows and on rows that were not learnt from.
        best: Place of the epoch to mark.
    """
    ends = [loss for both in losses for loss in both]
    marks = round_steps(min(ends), max(ends))
    x = Scale(epochs[0], max(epochs[-1], epochs[0] + 1), 0, 100)
    y = Scale(marks[0], marks[-1], 142, 12)
    across, validation = [x.place(epoch) for epoch in epochs], losses[best][1]
    return LossChart(
        name=name,
        train=_points(across, [y.place(train) for train, _ in losses]),
        validation=_points(across, [y.place(unseen) for _, unseen in losses]),
        best_x=across[best],
        best_y=y.place(validation),
        note=f"{validation:.4f} in epoch {epochs[best]}",
        x_ticks=tuple(Tick(x.place(e), str(e)) for e in epochs[:: -(-len(epochs) // 7)]),
        y_ticks=tuple(Tick(y.place(mark), f"{mark:.3g}") for mark in marks),
    )


def reliability_chart(name: str, bins: Sequence[ReliabilityBin], note: str) -> ReliabilityChart:
    """Return what came of what was said, with 95 % intervals."""
    x, y = Scale(0, 1, 34, 210), Scale(0, 1, 184, 8)
    most = max((each.n for each in bins), default=1)
    return ReliabilityChart(
        name=name,
        marks=tuple(
            ReliabilityMark(
                x=x.place(each.mean_predicted),
                y=y.place(each.yes_share.value),
                low=y.place(each.yes_share.low),
                high=y.place(each.yes_share.high),
                radius=round(2.4 + 2.2 * math.sqrt(each.n / most), 1),
                label=f"said {each.mean_predicted:.2f}, came {each.yes_share.value:.2f}, "
                f"95 % CI {each.yes_share.low:.2f} to {each.yes_share.high:.2f}, "
                f"{each.n:,} wallets",
            )
            for each in bins
        ),
        note=note,
    )


def forest_chart(predictors: Sequence[tuple[str, Interval, str, bool]]) -> ForestChart:
    """Return predictors below each other.

    Args:
        predictors: Name, skill, the skill in words, and whether it is the one that is used.
    """
    ends = [end for _, skill, _, _ in predictors for end in (skill.low, skill.high)]
    marks = round_steps(max(-0.5, min([0.0, *ends])), min(1.0, max([0.05, *ends])))
    labelled = (
        marks if len(marks) < 5 else [mark for mark in marks if mark in (marks[0], 0, marks[-1])]
    )
    x = Scale(marks[0], marks[-1], 0, 100)
    return ForestChart(
        rows=tuple(
            ForestRow(
                name=name,
                low=x.place(skill.low),
                value=x.place(skill.value),
                high=x.place(skill.high),
                text=text,
                is_own=is_own,
            )
            for name, skill, text, is_own in predictors
        ),
        ticks=tuple(
            Tick(x.place(mark), with_minus(f"{mark:g}")) for mark in dict.fromkeys(labelled)
        ),
        zero=x.place(0.0),
    )


def round_steps(low: float, high: float) -> list[float]:
    """Return two to six round numbers, equally far apart, that ``low`` and ``high`` lie within."""
    span = max(high - low, 1e-3)
    power = 10 ** math.floor(math.log10(span / 3))
    step = next(size * power for size in (1, 2, 5, 10) if span / (size * power) <= 4)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, max(last, first + 1) + 1)]


def _points(across: Sequence[float], up: Sequence[float]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in zip(across, up, strict=True))
