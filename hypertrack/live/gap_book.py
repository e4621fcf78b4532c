"""Which trades were missed, from the coverage ledger, and when that has to be taken note of."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from hypertrack.live.desk import Gap
from hypertrack.records import CoverageLine, CoverageStatus, Feed, Record, TapeTrade

STREAM = f"{Feed.TRADES}:"


class GapState(Record, frozen=True, kw_only=True):
    """What is held in mind of the ledger, as it was read last."""

    waiting: dict[str, list[Gap]]
    known: set[Gap]
    newest: dict[str, CoverageLine]


class GapBook:
    """Holds the gaps of each coin until the first trade behind them comes.

    Args:
        since_ms: Gaps that had ended by then are left out: what is known at that time was told
            since, and nothing else is.
    """

    def __init__(self, since_ms: int = 0):
        self._since_ms = since_ms
        self._waiting: defaultdict[str, list[Gap]] = defaultdict(list)
        self._known: set[Gap] = set()
        self._newest: dict[str, CoverageLine] = {}

    def state(self) -> GapState:
        """Return what is held in mind, to be written down before the next trade is taken."""
        return GapState(waiting=self._waiting, known=self._known, newest=self._newest)

    def go_on(self, state: GapState) -> None:
        """Take what was held in mind before a restart."""
        self._waiting.update(state.waiting)
        self._known, self._newest = state.known, state.newest

    def learn(self, lines: Iterable[CoverageLine]) -> None:
        """Take what the ledger says now; a gap that still lasts is taken when it has ended.

        A recording that was begun anew has a ledger of its own: what lies between is a gap too.
        """
        observed = [line for line in lines if _is_observed(line)]
        first_ms: dict[str, int] = {}
        for line in observed:
            first_ms[line.stream] = min(line.start_ms, first_ms.get(line.stream, line.start_ms))
        before = [
            line
            for stream, line in self._newest.items()
            if line.end_ms <= first_ms.get(stream, line.start_ms)
        ]
        for gap in ended_gaps(before + observed):
            if gap not in self._known and gap.end_ms > self._since_ms:
                self._known.add(gap)
                self._waiting[gap.coin].append(gap)
        for line in sorted(observed, key=lambda line: line.end_ms):
            self._newest[line.stream] = line

    def due(self, trade: TapeTrade) -> Iterator[Gap]:
        """Yield the gaps that lie before a trade of their coin, each once."""
        waiting = self._waiting.get(trade.coin)
        if not waiting:
            return
        behind = [gap for gap in waiting if gap.end_ms > trade.time_ms]
        yield from sorted(set(waiting) - set(behind), key=lambda gap: gap.start_ms)
        self._waiting[trade.coin] = behind


def ended_gaps(lines: Iterable[CoverageLine]) -> Iterator[Gap]:
    """Yield what lies between observed intervals of a coin: one gap, however many its causes."""
    observed: defaultdict[str, list[CoverageLine]] = defaultdict(list)
    for line in lines:
        if _is_observed(line):
            observed[line.stream].append(line)
    for stream, intervals in observed.items():
        intervals.sort(key=lambda line: (line.start_ms, line.end_ms))
        seen_ms = intervals[0].end_ms
        for line in intervals[1:]:
            if line.start_ms > seen_ms:
                yield Gap(stream.removeprefix(STREAM), seen_ms, line.start_ms)
            seen_ms = max(seen_ms, line.end_ms)


def _is_observed(line: CoverageLine) -> bool:
    return line.stream.startswith(STREAM) and line.status is CoverageStatus.OBSERVED
