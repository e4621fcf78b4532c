import pytest

from hypertrack.config import TrainSettings
from hypertrack.labels.cuts import earlier_windows, fitting_embargo_ms, walk_forward
from hypertrack.market.window import Window
from hypertrack.records import HOUR_MS

HUNDRED_HOURS = Window(0, 100 * HOUR_MS)


def test_cuts_walk_forward_with_an_embargo_before_each_outcome() -> None:
    cuts = walk_forward(HUNDRED_HOURS, TrainSettings())

    hours = [
        (cut.at_ms / HOUR_MS, cut.outcome.start_ms / HOUR_MS, cut.outcome.end_ms / HOUR_MS)
        for cut in cuts
    ]
    assert hours == [
        (30, 30.5, 50),
        (40, 40.5, 60),
        (50, 50.5, 70),
        (60, 60.5, 80),
        (80, 80.5, 100),
    ]
    assert [cut.is_test for cut in cuts] == [False] * 4 + [True]
    assert all(cut.past.start_ms == 0 for cut in cuts)


def test_no_training_outcome_reaches_the_test_cut() -> None:
    *training, test = walk_forward(Window(17, 17 + 7 * HOUR_MS + 3), TrainSettings())

    assert max(cut.outcome.end_ms for cut in training) <= test.at_ms
    assert test.outcome.end_ms <= 17 + 7 * HOUR_MS + 3


def test_outcome_is_empty_where_the_embargo_takes_it_all() -> None:
    cuts = walk_forward(Window(0, HOUR_MS), TrainSettings())

    assert [cut.outcome.length_ms for cut in cuts] == [0] * 5


def test_embargo_that_would_leave_no_outcome_is_shortened_to_half() -> None:
    settings = TrainSettings()

    assert fitting_embargo_ms(HUNDRED_HOURS, settings) == HOUR_MS // 2
    assert fitting_embargo_ms(Window(0, 3 * HOUR_MS), settings) == HOUR_MS // 2
    assert fitting_embargo_ms(Window(0, 300_000), settings) == 30_000


def test_windows_before_a_cut_are_like_its_outcome_and_end_with_it() -> None:
    cuts = walk_forward(HUNDRED_HOURS, TrainSettings())

    hours = [
        [(each.start_ms / HOUR_MS, each.end_ms / HOUR_MS) for each in before]
        for before in earlier_windows(cuts)
    ]

    assert hours == [
        [(10.5, 30)],
        [(20.5, 40), (0.5, 20)],
        [(30.5, 50), (10.5, 30)],
        [(40.5, 60), (20.5, 40), (0.5, 20)],
        [(60.5, 80), (40.5, 60), (20.5, 40), (0.5, 20)],
    ]


@pytest.mark.parametrize("n_more_ms", range(0, 10_000, 777))
def test_windows_before_cuts_are_few_and_end_before_them_whatever_the_rounding(
    n_more_ms: int,
) -> None:
    cuts = walk_forward(Window(17, 17 + 100 * HOUR_MS + n_more_ms), TrainSettings())

    before = earlier_windows(cuts)

    windows = {window for own in before for window in own}
    assert len(windows | {cut.outcome for cut in cuts}) == 5 + 3
    assert all(own[0].end_ms <= cut.at_ms for cut, own in zip(cuts, before, strict=True))


def test_past_too_short_for_a_window_like_the_outcome_is_taken_whole() -> None:
    settings = TrainSettings(train_cuts_frac=(0.1,), test_cut_frac=0.3, outcome_frac=0.2)

    first, test = earlier_windows(walk_forward(HUNDRED_HOURS, settings))

    assert first == (Window(0, 10 * HOUR_MS),)
    assert test == (Window(10 * HOUR_MS + HOUR_MS // 2, 30 * HOUR_MS),)
