"""Two sources of trades beside each other: what either lacks, worked by hand."""

import pytest

from hypertrack.recording import tape_check
from hypertrack.recording.tape_check import FILLS, TAPE, TapeCheck

MINUTE = 60_000


def counts(check: TapeCheck) -> tuple[int, int, int]:
    return check.n_both, check.n_only_on_tape, check.n_only_in_fills


def test_trade_is_judged_when_both_sources_are_a_minute_further() -> None:
    check = TapeCheck()
    check.see(FILLS, "BTC", [(1_000, 1), (1_000, 2)])
    check.see(TAPE, "BTC", [(1_000, 2), (1_500, 3), (4 * MINUTE, 4)])

    assert counts(check) == (0, 0, 0)  # the fills may only be behind
    check.see(FILLS, "BTC", [(4 * MINUTE, 4)])
    assert counts(check) == (1, 1, 1)


def test_coins_and_repeated_trades_are_told_apart() -> None:
    check = TapeCheck()
    check.see(FILLS, "BTC", [(1_000, 1)])
    check.see(TAPE, "ETH", [(1_000, 1), (1_000, 1)])
    check.see(FILLS, "ETH", [(1_000, 1)])
    for source in (FILLS, TAPE):
        check.see(source, "BTC", [(4 * MINUTE, 2)])

    assert counts(check) == (1, 0, 1)


def test_what_was_before_the_fills_and_what_is_replayed_late_is_nobodys_lack() -> None:
    check = TapeCheck()
    check.see(TAPE, "BTC", [(500, 0)])
    check.see(FILLS, "BTC", [(1_000, 1), (4 * MINUTE, 2)])
    check.see(TAPE, "BTC", [(500, 0), (1_000, 1), (4 * MINUTE, 2)])
    check.see(TAPE, "BTC", [(1_000, 1)])  # replayed after it was judged
    check.finish()

    assert counts(check) == (1, 0, 0)


def test_source_that_fell_silent_lacks_what_the_other_brings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tape_check, "MAX_WAITING", 10)
    check = TapeCheck()
    check.see(FILLS, "BTC", [(1_000, 1)])
    check.see(TAPE, "BTC", [(1_000 + nth * MINUTE, nth + 1) for nth in range(20)])

    assert counts(check) == (1, 17, 0)  # of the last minute nothing is said
