"""The charts of a backtest as finished positions: lines, bands, bars and intervals.

As in `charts`, across they are percent of the width, up and down pixels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypertrack.outputs.charts import Scale, Tick, round_steps
from hypertrack.text import with_minus

Place = Callable[[int, int], float]
"""From the number of a place and how many there are to where it lies."""

TOP, BOTTOM = 10.0, 22.0
"""Above and below the area of a chart, in pixels: times stand below."""


@dataclass(frozen=True)
class Series:
    """Values to be drawn as a line; None where there is none.

    Attributes:
        role: Class of its color: ``judged``, ``copy``, ``profit``, ``random`` or ``other``.
        low: Lower end of the band around it, empty for no band; ``high`` the upper one.
    """

    name: str
    role: str
    values: Sequence[float | None]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


@dataclass(frozen=True)
class Line:
    """A line as its points, with a mark at each where they are few."""

    name: str
    role: str
    points: str
    marks: tuple[tuple[float, float, str], ...]


@dataclass(frozen=True)
class LineChart:
    """Lines and bands over one axis."""

    height: float
    lines: tuple[Line, ...]
    bands: tuple[tuple[str, str], ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    zero: float


@dataclass(frozen=True)
class Bar:
    """One bar from the zero line, upwards or downwards, or to the right or left."""

    name: str
    role: str
    at: float
    start: float
    length: float
    text: str


@dataclass(frozen=True)
class BarChart:
    """Bars of some rankings beside each other; ``thickness`` is percent of the width too."""

    height: float
    bars: tuple[Bar, ...]
    thickness: float
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    zero: float


@dataclass(frozen=True)
class IntervalRow:
    """A value with its interval, or without one where that is not known."""

    name: str
    role: str
    value: float
    low: float | None
    high: float | None
    text: str


@dataclass(frozen=True)
class IntervalChart:
    """Values with intervals below each other, on one axis."""

    rows: tuple[IntervalRow, ...]
    ticks: tuple[Tick, ...]
    zero: float


def line_chart(
    series: Sequence[Series],
    labels: Sequence[tuple[float, str]],
    *,
    height: float,
    has_marks: bool = False,
) -> LineChart:
    """Return lines over equally spaced places.

    Args:
        labels: Where along the places, from 0 to 1, something stands below.
        has_marks: Whether each value gets a dot.
    """
    ends = [0.0]
    for each in series:
        ends += [v for v in (*each.values, *each.low, *each.high) if v is not None]
    steps = round_steps(min(ends), max(ends))
    y = Scale(steps[0], steps[-1], height - BOTTOM, TOP)
    across = Scale(0, 1, 0, 100)

    def place(nth: int, n: int) -> float:
        return across.place(nth / (n - 1) if n > 1 else 0.5)

    return LineChart(
        height=height,
        lines=tuple(_line(each, y, place, has_marks=has_marks) for each in series),
        bands=tuple((each.role, _band(each, y, place)) for each in series if each.low),
        x_ticks=tuple(Tick(across.place(share), text) for share, text in labels),
        y_ticks=tuple(Tick(y.place(step), _number(step)) for step in steps),
        zero=y.place(0.0),
    )


def bar_chart(series: Sequence[Series], labels: Sequence[str], *, height: float) -> BarChart:
    """Return a group of bars for each label, one bar a series."""
    ends = [0.0, *(v for each in series for v in each.values if v is not None)]
    steps = round_steps(min(ends), max(ends))
    y = Scale(steps[0], steps[-1], height - BOTTOM, TOP)
    group = 100 / max(len(labels), 1)
    thickness = group * 0.7 / max(len(series), 1)
    bars = []
    for nth, each in enumerate(series):
        for place, value in enumerate(each.values):
            if value is None:
                continue
            left = group * (place + 0.15) + nth * thickness
            ends_at = sorted((y.place(value), y.place(0.0)))
            text = f"{each.name}, {labels[place]}: {_number(round(value, 1))} bps"
            bars.append(
                Bar(
                    name=each.name,
                    role=each.role,
                    at=round(left, 2),
                    start=ends_at[0],
                    length=round(ends_at[1] - ends_at[0], 1),
                    text=text,
                )
            )
    return BarChart(
        height=height,
        bars=tuple(bars),
        thickness=round(thickness * 0.92, 2),
        x_ticks=tuple(
            Tick(round(group * (place + 0.5), 1), label) for place, label in enumerate(labels)
        ),
        y_ticks=tuple(Tick(y.place(step), _number(step)) for step in steps),
        zero=y.place(0.0),
    )


def interval_chart(
    rows: Sequence[tuple[str, str, float, float | None, float | None, str]],
) -> IntervalChart:
    """Return values below each other.

    Args:
        rows: Name, role, value, both ends of the interval, and the value in words.
    """
    ends = [0.0]
    for _, _, value, low, high, _ in rows:
        ends += [end for end in (value, low, high) if end is not None]
    steps = round_steps(min(ends), max(ends))
    x = Scale(steps[0], steps[-1], 0, 100)
    return IntervalChart(
        rows=tuple(
            IntervalRow(
                name=name,
                role=role,
                value=x.place(value),
                low=None if low is None else x.place(low),
                high=None if high is None else x.place(high),
                text=text,
            )
            for name, role, value, low, high, text in rows
        ),
        ticks=tuple(Tick(x.place(step), _number(step)) for step in steps),
        zero=x.place(0.0),
    )


def sideways_bars(
    rows: Sequence[tuple[str, float, str]], *, start: float, end: float
) -> tuple[tuple[Bar, ...], float]:
    """Return bars to the left and right of zero, and where that is.

    Args:
        rows: Name, value and the value in words.
    """
    ends = [0.0, *(value for _, value, _ in rows)]
    x = Scale(min(ends), max(ends), start, end)
    zero = x.place(0.0)
    bars = []
    for nth, (name, value, text) in enumerate(rows):
        low, high = sorted((x.place(value), zero))
        role = "gain" if value >= 0 else "loss"
        length = max(round(high - low, 1), 1.0)
        bars.append(Bar(name, role, at=24.0 * nth, start=low, length=length, text=text))
    return tuple(bars), zero


def _line(series: Series, y: Scale, place: Place, *, has_marks: bool) -> Line:
    n = len(series.values)
    told = [(place(nth, n), value) for nth, value in enumerate(series.values) if value is not None]
    dots = tuple((x, y.place(v), f"{series.name}: {_number(round(v, 2))}") for x, v in told)
    return Line(
        name=series.name,
        role=series.role,
        points=" ".join(f"{x:g},{y.place(v):g}" for x, v in told),
        marks=dots if has_marks else (),
    )


def _band(series: Series, y: Scale, place: Place) -> str:
    n = len(series.low)
    there = [f"{place(nth, n):g},{y.place(v):g}" for nth, v in enumerate(series.high)]
    back = [f"{place(nth, n):g},{y.place(v):g}" for nth, v in enumerate(series.low)]
    return " ".join((*there, *reversed(back)))


def _number(value: float) -> str:
    return with_minus(f"{value:,g}")
