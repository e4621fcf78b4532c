import pytest

from hypertrack.outputs.charts import (
    Scale,
    forest_chart,
    loss_chart,
    reliability_chart,
    round_steps,
)
from hypertrack.records import Interval, ReliabilityBin


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (0.0, 1.0, [0.0, 0.5, 1.0]),
        (-0.02, 0.09, [-0.05, 0.0, 0.05, 0.1]),
        (0.1096, 0.1792, [0.1, 0.12, 0.14, 0.16, 0.18]),
        (-0.1, 0.85, [-0.5, 0.0, 0.5, 1.0]),
    ],
)
def test_axis_has_round_marks_that_hold_all_values(
    low: float, high: float, marks: list[float]
) -> None:
    assert round_steps(low, high) == marks


def test_axis_of_a_single_value_has_a_length() -> None:
    marks = round_steps(0.3, 0.3)

    assert marks[0] <= 0.3 < marks[-1]


def test_values_beyond_a_scale_lie_on_its_end() -> None:
    scale = Scale(0, 10, 100, 200)

    assert [scale.place(value) for value in (-1, 0, 5, 99)] == [100, 100, 150, 200]


def test_losses_run_from_left_to_right_and_down_where_they_fall() -> None:
    chart = loss_chart("all", [1, 2, 3], [(0.3, 0.2), (0.2, 0.1), (0.1, 0.2)], best=1)

    train = [tuple(map(float, point.split(","))) for point in chart.train.split()]
    assert [x for x, _ in train] == [0, 50, 100]
    assert train[0][1] < train[1][1] < train[2][1]  # down the drawing
    assert (chart.best_x, f"{chart.best_x:g},{chart.best_y:g}") == (
        50,
        chart.validation.split()[1],
    )
    assert chart.note == "0.1000 in epoch 2"


def test_one_epoch_is_a_chart_too() -> None:
    chart = loss_chart("all", [1], [(0.3, 0.2)], best=0)

    assert len(chart.train.split()) == len(chart.x_ticks) == 1


def test_honest_probability_lies_on_the_diagonal() -> None:
    bins = [ReliabilityBin(n=9, mean_predicted=p, yes_share=Interval(p, p, p)) for p in (0, 0.5, 1)]

    marks = reliability_chart("bot", bins, "").marks

    assert [(mark.x, mark.y) for mark in marks] == [(34, 184), (122, 96), (210, 8)]


def test_forest_puts_every_interval_on_one_axis() -> None:
    chart = forest_chart(
        [
            ("net", Interval(0.1, 0.05, 0.15), "+0.10", True),
            ("trees", Interval(-0.05, -0.1, 0.0), "−0.05", False),
        ]
    )

    own, other = chart.rows
    assert other.low < other.value < other.high == chart.zero < own.low < own.value < own.high
    assert (own.name, other.name) == ("net", "trees")
    assert chart.ticks[0].label == "−0.1"
