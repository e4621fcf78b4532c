"""What following on paper has come to, held against others by hours."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from fakes import BOB, CAROL, START_MS
from paper_fakes import PaperRun, acts, write_lines

from hypertrack.live.paper_result import result_of
from hypertrack.live.paper_state import HourSeen, PaperState
from hypertrack.model import confidence
from hypertrack.outputs import follow_words
from hypertrack.outputs.follow_words import sentences
from hypertrack.records import Answer, PortfolioBegun, replace

HOUR_MS = 3_600_000

BESIDE = (
    PortfolioBegun(name="top by realised profit", wallets=(CAROL,)),
    PortfolioBegun(name="random 1", wallets=(BOB,)),
    PortfolioBegun(name="random 2", wallets=(CAROL,)),
)


@pytest.fixture
def state(tmp_path: Path) -> PaperState:
    """Return a state of a minute with ours, and three portfolios beside."""
    begin = PaperRun(tmp_path).steps[0]
    return PaperState(replace(begin, portfolios=(*begin.portfolios, *BESIDE)))


def earn(state: PaperState, hourly_usd: Sequence[float]) -> PaperState:
    """Let ours earn something each hour, and the others nothing, after an order each."""
    for nth, equity in enumerate(np.cumsum([10_000.0, *hourly_usd]).tolist()):
        worth = (Decimal(f"{equity:.6f}"), *[Decimal(10_000)] * 3)
        state.hours.append(HourSeen(START_MS + nth * HOUR_MS, worth))
    for portfolio in state.portfolios:
        portfolio.n_orders = 1
    return state


def test_what_earns_steadily_beats_those_who_do_not(state: PaperState) -> None:
    # A dollar an hour of 10,000 is 1 bp, and 24 a day.
    hourly = np.random.default_rng(0).normal(0, 0.5, 80)
    found = result_of(earn(state, (hourly - hourly.mean() + 1).tolist()))

    profit, drawn = found.beside
    assert profit.answer is drawn.answer is Answer.BEATS
    assert profit.difference_day_bps is not None
    assert profit.difference_day_bps.value == pytest.approx(24.0, abs=1e-4)
    assert drawn.name == "2 draws of random active wallets"
    assert (drawn.low_usd, drawn.high_usd) == (0, 0)


def test_blocks_that_move_together_are_doubled_until_they_do_not(state: PaperState) -> None:
    # Every hour turns what the one before brought: of two together nothing is left to tell.
    whole = result_of(earn(state, [0.0, 2.0] * 40))
    found = whole.beside[0]

    assert (found.block_h, found.n_blocks, found.answer) == (2, 40, Answer.CANNOT_TELL)
    assert "every 2-hour block differs by the same" in sentences(whole)[1]


def test_joined_blocks_are_not_called_hours(state: PaperState) -> None:
    found = result_of(earn(state, [0.0, 2.0] * 20))

    assert "20 2-hour blocks of the 30 that an interval needs" in sentences(found)[1]


def test_words_and_intervals_need_as_many_blocks() -> None:
    assert follow_words.FEWEST_BLOCKS == confidence.FEWEST_BLOCKS


def test_what_loses_steadily_does_not_beat_them(state: PaperState) -> None:
    found = result_of(earn(state, np.random.default_rng(0).normal(-5, 1, 200).tolist()))

    assert [one.answer for one in found.beside] == [Answer.DOES_NOT_BEAT] * 2
    assert sentences(found)[1].startswith("It does not beat top by realised profit: −")


def test_twenty_nine_hours_cannot_be_told(state: PaperState) -> None:
    found = result_of(earn(state, [1.0] * 29))

    assert found.beside[0].answer is Answer.CANNOT_TELL
    assert "29 full hours of the 30 that an interval needs" in sentences(found)[1]


def test_sentences_say_what_was_not_followed_and_what_is_unknown(tmp_path: Path) -> None:
    trades = [*acts(1_000, 1), *acts(20_000, -0.005), *acts(HOUR_MS + 9_000, 0.1)]
    write_lines(tmp_path, "trades", trades)

    said = sentences(result_of(PaperRun(tmp_path).read().state))

    assert said[0].startswith("Following 1 leader on paper, 5 s late with $10,000, brought −")
    assert "Not followed, or in part: below the venue's minimum (1)." in said
    assert "Funding is unknown of 1 hour of a position: no context told the rate." in said


def test_nothing_traded_is_said_so(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", acts(1_000, 1))

    (first, _, causes) = sentences(result_of(PaperRun(tmp_path, told={}).read().state))

    assert first == "Nothing was traded on paper in 6 s; leaders made 1 action."
    assert causes == "Not followed, or in part: leader's position unknown (1)."


def test_following_that_began_in_an_empty_dataset_lasts_since_its_first_step(
    tmp_path: Path,
) -> None:
    write_lines(tmp_path, "trades", acts(1_000, 1))

    state = PaperRun(tmp_path, since_ms=0).read().state

    assert result_of(state).since_ms == START_MS + 6_000  # five seconds after the first action
