"""The state of following on paper: what the steps of its log give, replayed in their order."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from pathlib import Path

from hypertrack.errors import DatasetError
from hypertrack.journal import read_journal
from hypertrack.live.paper_portfolio import Portfolio
from hypertrack.live.positions import Key
from hypertrack.records import (
    ZERO,
    FollowStep,
    FollowTerms,
    JsonError,
    PaperMove,
    StepKind,
    decode_json,
)

PRECISION = 60
"""Digits of every sum: prices, sizes and amounts have far fewer, so that none is rounded."""

ORDER = tuple(StepKind)

StepKey = tuple[int, int, str]
"""Time, place among the kinds, name: steps are taken in the order of their keys."""


@dataclass(frozen=True)
class LeaderPosition:
    """What a leader holds in a coin, signed coins.

    Attributes:
        is_sure: No trades were missed since it was told.
        as_of_ms: Of his last action, or of the venue's answer.
    """

    size: Decimal
    is_sure: bool
    as_of_ms: int


@dataclass(frozen=True)
class HourSeen:
    """What every portfolio was worth at a full hour."""

    time_ms: int
    equity_usd: tuple[Decimal, ...]


class PaperState:
    """What is known after some steps; nothing is in it that the steps do not say.

    Attributes:
        key: Of the last step; earlier ones are not taken again.
        counted: Positions of those whom nobody asks about, as if flat at the start.
        begun: First slices of TWAP orders that have not ended, by wallet, coin and time.
    """

    def __init__(self, begin: FollowStep):
        assert begin.terms is not None
        self.since_ms = begin.at_ms
        self.terms: FollowTerms = begin.terms
        self.portfolios = [
            Portfolio(
                one.name,
                frozenset(one.wallets),
                self.terms.capital_usd,
                self.terms.stop_drawdown_frac,
            )
            for one in begin.portfolios
        ]
        self.key = key_of(begin.kind, begin.at_ms, begin.id)
        self.positions: dict[Key, LeaderPosition] = {}
        self.counted: dict[Key, Decimal] = {}
        self.equity_usd: dict[str, Decimal] = {}
        self.marks: dict[str, Decimal] = {}
        self.begun: dict[tuple[str, str, int], Decimal] = {}
        self.gap_end_ms: dict[str, int] = {}
        self.hours: list[HourSeen] = []
        self.n_actions_by_leader: Counter[str] = Counter()
        self.n_gaps = 0
        self.first_ms: int | None = None

    @property
    def begun_ms(self) -> int:
        """Return since when there was anything to follow: in an empty dataset, the first step."""
        return self.since_ms or self.first_ms or 0

    @property
    def until_ms(self) -> int:
        """Return the time of the last step."""
        return self.key[0]

    def take(self, step: FollowStep) -> None:
        """Take the next step."""
        with localcontext(prec=PRECISION):
            self.key = key_of(step.kind, step.at_ms, step.id)
            self.first_ms = self.first_ms or step.at_ms
            self.equity_usd |= step.equity_usd
            self.marks |= step.marks
            if step.kind is StepKind.GAP and step.coin is not None:
                self._miss(step.coin, step.until_ms or step.at_ms)
            if step.kind is StepKind.HOUR:
                for portfolio in self.portfolios:
                    portfolio.pay_funding(step.rates)
            for move in step.moves:
                self._follow(move, step)
            equity = tuple(each.mark(self.marks, step.at_ms) for each in self.portfolios)
            if step.kind is StepKind.HOUR:
                self.hours.append(HourSeen(step.at_ms, equity))

    def _miss(self, coin: str, until_ms: int) -> None:
        self.n_gaps += 1
        self.gap_end_ms[coin] = until_ms
        for key, known in self.positions.items():
            if key[1] == coin:
                self.positions[key] = LeaderPosition(known.size, False, known.as_of_ms)

    def _follow(self, move: PaperMove, step: FollowStep) -> None:
        key = (move.leader, move.coin)
        if move.mid is not None:
            self.marks[move.coin] = move.mid
        elif move.leader_px is not None:
            self.marks.setdefault(move.coin, move.leader_px)
        for order in move.orders:
            self.portfolios[order.portfolio].follow(move, order)
        if step.kind is StepKind.ACTION:
            self.counted[key] = self.counted.get(key, ZERO) + move.change
            if any(order.portfolio == 0 for order in move.orders):
                self.n_actions_by_leader[move.leader] += 1
            if move.twap_ms is not None and self.begun.pop((*key, move.twap_ms), None) is None:
                self.begun[*key, move.twap_ms] = move.change
        as_of_ms = step.known_ms or move.action_ms
        if move.position is not None and as_of_ms is not None:
            is_sure = as_of_ms >= self.gap_end_ms.get(move.coin, -1)
            self.positions[key] = LeaderPosition(move.position, is_sure, as_of_ms)


def key_of(kind: StepKind, at_ms: int, step_id: str) -> StepKey:
    """Return where a step stands in the order of all."""
    return at_ms, ORDER.index(kind), step_id


def stepped(state: PaperState | None, line: bytes, name: str) -> PaperState:
    """Return the state after the next line of a log; None stands before its first.

    Raises:
        DatasetError: It is no step that could be taken, or the first one does not begin.
    """
    try:
        step = decode_json(line, FollowStep)
        if state is not None:
            state.take(step)
            return state
        if _does_begin(step):
            return PaperState(step)
    except (JsonError, ArithmeticError, LookupError):
        raise DatasetError(f"a line of {name} is no step: it was changed, move it away") from None
    raise DatasetError(f"{name} does not begin with its terms: move it away")


def _does_begin(step: FollowStep) -> bool:
    capital_usd = ZERO if step.terms is None else step.terms.capital_usd
    return bool(step.portfolios) and capital_usd > 0 and capital_usd.is_finite()


def replayed(lines: Iterable[bytes], name: str) -> PaperState | None:
    """Return the state that a log gives, None of an empty one.

    Raises:
        DatasetError: As for `stepped`.
    """
    state: PaperState | None = None
    for line in lines:
        state = stepped(state, line, name)
    return state


def read_state(path: Path) -> PaperState | None:
    """Return the state of a log on disk, None where there is none; a torn last line is left out.

    Raises:
        DatasetError: As for `replayed`.
    """
    lines = list(read_journal(path))
    if lines and not _ends_whole(path):
        lines.pop()
    return replayed(lines, str(path))


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
