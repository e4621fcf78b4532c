"""Charts of a backtest: where marks lie, worked by hand."""

import pytest

from hypertrack.outputs.backtest_charts import (
    Series,
    bar_chart,
    interval_chart,
    line_chart,
    sideways_bars,
)


def test_line_runs_from_edge_to_edge_and_zero_is_always_in_sight() -> None:
    chart = line_chart([Series("a", "judged", (10.0, None, 20.0))], [(0, "t")], height=132)

    # 20 at 10 below the top, 0 at 22 above the bottom, 100 between them.
    assert chart.lines[0].points == "0,60 100,10"
    assert chart.zero == 110.0
    assert [tick.label for tick in chart.y_ticks] == ["0", "5", "10", "15", "20"]


def test_band_goes_there_and_back() -> None:
    series = Series("a", "judged", (0.0, 10.0), low=(0.0, 0.0), high=(10.0, 20.0))

    chart = line_chart([series], [], height=132)

    assert chart.bands == (("judged", "0,60 100,10 100,110 0,110"),)


def test_bars_hang_from_zero_where_something_was_lost() -> None:
    chart = bar_chart(
        [Series("a", "judged", (10.0, -10.0)), Series("b", "profit", (None, 5.0))],
        ("low", "high"),
        height=132,
    )

    assert chart.zero == 60.0
    assert [(bar.start, bar.length) for bar in chart.bars] == [(10, 50), (60, 50), (35, 25)]
    assert chart.bars[1].text == "a, high: −10 bps"
    assert chart.bars[2].at - chart.bars[1].at == pytest.approx(17.5)  # beside it: .35 · 50


def test_interval_that_is_not_known_is_not_drawn() -> None:
    chart = interval_chart([("a", "judged", 1.0, None, None, "+1 ± ?")])

    assert (chart.rows[0].low, chart.rows[0].high) == (None, None)
    assert chart.zero < chart.rows[0].value


def test_gains_go_right_of_zero_and_losses_left() -> None:
    bars, zero = sideways_bars([("a", 30.0, "+30"), ("b", -10.0, "−10")], start=0, end=400)

    assert zero == 100.0
    assert [(bar.role, bar.start, bar.length) for bar in bars] == [
        ("gain", 100.0, 300.0),
        ("loss", 0.0, 100.0),
    ]
