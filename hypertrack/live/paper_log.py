"""Reading the log of following on paper: no line counts that was changed or cannot be meant."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from hypertrack.errors import DatasetError
from hypertrack.journal import read_whole
from hypertrack.live.chain import NO_LINE, Link, line_hash
from hypertrack.live.paper_events import take_step
from hypertrack.live.paper_state import PaperState, StepKey
from hypertrack.live.rules import Event
from hypertrack.records import MAX_TIME_MS, FollowStep, JsonError, PaperMove, decode_json

LEAST_EXPONENT, GREATEST_EXPONENT = -400, 40
"""Of ten, of a number: far beyond what comes of amounts within their bounds."""


class LogReader:
    """Takes the lines of a log one by one, whole ones without their ends.

    Args:
        name: Of the log, for what is said of it.

    Attributes:
        state: What the lines so far give; None before the first.
    """

    def __init__(self, name: str):
        self.state: PaperState | None = None
        self._name = name
        self._next = Link(1, NO_LINE)

    def take(self, line: bytes) -> list[Event]:
        """Take the next line; return what it did to the portfolio of the leaders.

        Raises:
            DatasetError: It is no step, or does not follow from the one before.
        """
        try:
            step = decode_json(line, FollowStep)
        except JsonError:
            raise DatasetError(f"a line of {self._name} is no step: it was changed") from None
        if (step.seq, step.prev) != self._next:
            raise DatasetError(
                f"line {self._next.seq:,} of {self._name} does not follow from the one before: one "
                "of them was changed"
            )
        portfolios = step.portfolios if self.state is None else self.state.portfolios
        self._require_sound(step, len(portfolios))
        events = []
        if self.state is None:
            self.state = self._begun(step)
        else:
            events = take_step(self.state, step)
        self._next = Link(step.seq + 1, line_hash(line))
        return events

    def _begun(self, step: FollowStep) -> PaperState:
        if step.terms is None or step.terms.capital_usd <= 0 or not step.portfolios:
            raise DatasetError(f"{self._name} does not begin with its terms")
        return PaperState(step)

    def _require_sound(self, step: FollowStep, n_portfolios: int) -> None:
        is_sound = (
            0 <= step.at_ms < MAX_TIME_MS
            and all(map(_is_amount, _numbers(step)))
            and all(_is_priced(move, n_portfolios) for move in step.moves)
        )
        if not is_sound:
            raise DatasetError(f"line {step.seq:,} of {self._name} says what cannot be")


class Recalled(NamedTuple):
    """What the steps of a log did.

    Attributes:
        state: Of all of them; None where there are none.
        events: What they did to the portfolio of the leaders, each with the key of its step.
    """

    state: PaperState | None
    events: list[tuple[StepKey, Event]]


def read_state(path: Path) -> PaperState | None:
    """Return the state of a log on disk, as `recall` reads it."""
    return recall(path).state


def recall(path: Path) -> Recalled:
    """Read a log on disk; a torn last line is left out.

    Raises:
        DatasetError: A line was changed, or the first one does not begin.
    """
    reader = LogReader(str(path))
    events: list[tuple[StepKey, Event]] = []
    try:
        for line in read_whole(path):
            found = reader.take(line)
            events += ((reader.state.key, event) for event in found if reader.state is not None)
    except DatasetError as error:
        raise DatasetError(f"{error}; move it away to begin a new one") from None
    return Recalled(reader.state, events)


def _is_amount(number: Decimal) -> bool:
    return number.is_finite() and LEAST_EXPONENT < number.adjusted() < GREATEST_EXPONENT


def _is_priced(move: PaperMove, n_portfolios: int) -> bool:
    """Return whether what is said of orders can be booked: for a portfolio, at a price."""
    return all(
        0 <= order.portfolio < n_portfolios
        and (move.leader_px is not None or not (order.wanted or order.size or order.missed))
        and (move.mid is not None or not order.size)
        for order in move.orders
    )


def _numbers(step: FollowStep) -> Iterator[Decimal]:
    """Yield every number of a step."""
    if step.terms is not None:
        terms = step.terms
        yield from (terms.capital_usd, terms.notional_usd, terms.max_notional_usd)
        yield from (terms.max_leverage, terms.stop_drawdown_frac, terms.spread_bps)
    yield from step.equity_usd.values()
    yield from step.marks.values()
    for rate in step.rates.values():
        yield from () if rate is None else (rate.rate, rate.oracle_px)
    for move in step.moves:
        told = (move.change, move.position, move.leader_px, move.mid)
        yield from (number for number in told if number is not None)
        for order in move.orders:
            yield from (order.wanted, order.size, order.missed, order.cost_usd, order.fee_usd)
