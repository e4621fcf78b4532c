"""Where paging goes on and where it ends, page by page."""

from hypertrack.importing.accounts.fill_pages import Pages


def test_next_page_begins_at_the_oldest_time_not_beyond_it() -> None:
    pages = Pages(start_ms=0)

    pages.take([300, 200, 200] + [200] * 1_997, 2_000)

    assert (pages.cursor_ms, pages.is_over) == (200, False)


def test_page_that_was_not_cut_is_the_last() -> None:
    pages = Pages(start_ms=0)

    pages.take([30, 20, 10], 3)

    assert pages.is_over


def test_page_of_a_round_number_may_be_cut_whatever_the_limit() -> None:
    pages = Pages(start_ms=0)

    pages.take(list(range(1_000, 500, -1)), 500)
    goes_on = not pages.is_over
    pages.take([501], 1)

    assert (goes_on, pages.is_over) == (True, True)


def test_empty_page_is_the_last() -> None:
    pages = Pages(start_ms=0)

    pages.take([], 0)

    assert pages.is_over


def test_page_of_one_time_alone_is_a_hole_and_is_passed() -> None:
    pages = Pages(start_ms=0, cursor_ms=200)

    pages.take([200] * 2_000, 2_000)

    assert (pages.holes, pages.cursor_ms, pages.is_over) == ([200], 199, False)


def test_first_page_of_one_time_is_no_hole_yet() -> None:
    pages = Pages(start_ms=0)

    pages.take([200] * 2_000, 2_000)

    assert (pages.holes, pages.cursor_ms, pages.is_over) == ([], 200, False)


def test_page_repeated_after_a_kill_is_not_the_last() -> None:
    pages = Pages(start_ms=0, cursor_ms=5_000)  # its fills are stored, it is asked for again

    pages.take(list(range(5_000, 3_000, -1)), 2_000)

    assert (pages.cursor_ms, pages.is_over) == (3_001, False)


def test_page_beyond_the_start_is_the_last() -> None:
    pages = Pages(start_ms=4_000)

    pages.take(list(range(5_000, 3_000, -1)), 2_000)

    assert pages.is_over


def test_venue_that_gives_the_oldest_first_is_followed_forward() -> None:
    pages = Pages(start_ms=0)

    pages.take(list(range(2_000)), 2_000)
    pages.take(list(range(1_999, 2_500)), 501)

    assert (pages.is_reversed, pages.cursor_ms, pages.is_over) == (False, 2_499, True)
