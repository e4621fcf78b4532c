"""Which contexts are kept: minutes and rates worked by hand."""

from fakes import START_MS

from hypertrack.feeds.kept_contexts import DatedContext, KeptContexts
from hypertrack.feeds.rows import Row
from hypertrack.records import RawJson


def kept(*contexts: tuple[int, str]) -> list[tuple[int, str]]:
    """Return the seconds and rates that are kept of these, the last ones included."""
    chosen = KeptContexts()
    found: list[DatedContext] = []
    for second, rate in contexts:
        row = Row("BTC", START_MS + second * 1_000, rate, RawJson(b"{}"))
        found += chosen.take(row, second)
    found += chosen.finish()
    return [(context.received_ns, str(context.row.row_id)) for context in found]


def test_last_context_of_each_minute_is_kept_beside_the_first() -> None:
    contexts = [(second, "0.1") for second in range(0, 150, 10)]

    assert kept(*contexts) == [(0, "0.1"), (50, "0.1"), (110, "0.1"), (140, "0.1")]


def test_context_whose_funding_changed_is_kept_at_once_and_once() -> None:
    contexts = [(0, "0.1"), (10, "0.1"), (20, "0.2"), (30, "0.2"), (40, "0.1"), (70, "0.1")]

    assert kept(*contexts) == [(0, "0.1"), (20, "0.2"), (40, "0.1"), (70, "0.1")]


def test_minute_whose_last_context_changed_funding_has_it_once() -> None:
    assert kept((0, "0.1"), (59, "0.2"), (60, "0.2")) == [(0, "0.1"), (59, "0.2"), (60, "0.2")]


def test_nothing_is_kept_of_nothing() -> None:
    assert kept() == []
