"""What imported files observed, and the ledger that says so."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from hypertrack.files import write_whole
from hypertrack.records import (
    CoverageCause,
    CoverageLine,
    CoverageStatus,
    Feed,
    encode_json,
)
from hypertrack.store.files.layout import COVERAGE_NAME
from hypertrack.store.files.ledger import read_ledger

Span = tuple[int, int]
"""Start and exclusive end, exchange time in ms."""

SLACK_MS = 60_000
"""A file named after an hour may begin or end this far outside of it."""

BLOCK_EDGE_MS = 2_000
"""The venue makes a dozen blocks a second: a file of blocks that begins later or ends earlier than
this lacks some of its hour."""

MIN_STEPS = 10
"""From so many blocks on a file shows whether it leaves out those without fills."""

MAX_STEPS = 20
"""In such a file a jump of so many usual steps is a hole."""


@dataclass
class FileSpan:
    """The time between a file's first line and its last, and the holes within."""

    max_silence_ms: int | None = None
    """A longer time without a line is not observed, unless the numbers of blocks say that none is
    missing; None where silence means nothing."""
    edge_ms: int = SLACK_MS
    """A file named after an hour or a day holds all of it where it begins and ends this near to
    its ends."""
    first_ms: int | None = None
    last_ms: int = 0
    gaps: list[Span] = field(default_factory=list)
    """Times of lines that could not be read."""
    is_torn: bool = False
    """Whether what was read last was unreadable."""
    _last_number: int | None = None
    _jumps: list[tuple[int, Span]] = field(default_factory=list)
    """Blocks that are not there: how far the number jumped, and the time it jumped over."""
    _n_steps: int = 0
    _has_proof: bool = True
    """Whether every line has a number, and numbers rise with time."""
    _runs: list[Span] = field(default_factory=list)
    """Lines that follow one another without a silence, in the order of the file."""

    def see(self, time_ms: int, block_number: int | None = None) -> None:
        """Take the time of a line, and the number of its block where it is one."""
        self._see_number(time_ms, block_number)
        if self.first_ms is None:
            self.first_ms = self.last_ms = time_ms
        if self.is_torn and time_ms > self.last_ms:
            self.gaps.append((self.last_ms, time_ms))
        self._extend_run(time_ms)
        self.is_torn = False
        self.first_ms = min(self.first_ms, time_ms)
        self.last_ms = max(self.last_ms, time_ms)

    def tear(self) -> None:
        """Take note of an unreadable line."""
        self.is_torn = True

    def lose(self, time_ms: int) -> None:
        """Take note of a part of a line that could not be read."""
        self.gaps.append((time_ms, time_ms))

    @property
    def silences(self) -> list[Span]:
        """Return the times without a line that count as not observed, whatever the lines' order."""
        if self.max_silence_ms is None or self._has_proof:
            return []
        runs = merged(self._runs)
        apart = pairwise(runs)
        return [(e + 1, start) for (_, e), (start, _) in apart if start - e > self.max_silence_ms]

    @property
    def holes(self) -> list[Span]:
        """Return the times of blocks that are not there, by their numbers.

        Where blocks follow one another every number that is missing is a hole. A file that leaves
        out blocks without fills shows it by its usual step, and a hole by a far larger one.
        """
        steps = sorted([1] * (self._n_steps - len(self._jumps)) + [step for step, _ in self._jumps])
        usual = steps[len(steps) // 2] if len(steps) >= MIN_STEPS else 1
        limit = 1 if usual == 1 else usual * MAX_STEPS
        return [span for step, span in self._jumps if step > limit]

    def observed(self, named: Span | None) -> list[Span]:
        """Return what the file observed, nothing where it has no readable line.

        Args:
            named: The time it is named after: complete where the file begins and ends with it.
        """
        if self.first_ms is None:
            return []
        start_ms, end_ms = self.first_ms, self.last_ms + 1
        if named is not None and self._lies_in(named):
            if start_ms - named[0] <= self.edge_ms:
                start_ms = named[0]
            if named[1] - end_ms <= self.edge_ms and not self.is_torn:
                end_ms = named[1]
        unseen = [(start + 1, end) for start, end in self.holes]
        return without((start_ms, end_ms), merged([*self.silences, *unseen]))

    def about(self, named: Span | None) -> Span | None:
        """Return what the file is about, whether it holds all of it or not; None for no time."""
        if self.first_ms is None:
            return None
        if named is not None and self._lies_in(named):
            return named
        return self.first_ms, self.last_ms + 1

    def _see_number(self, time_ms: int, number: int | None) -> None:
        last = self._last_number
        is_earlier = self.first_ms is not None and time_ms < self.last_ms
        if number is None or (last is not None and number < last) or is_earlier:
            self._has_proof = False
        if number is None or (last is not None and number <= last):
            self._has_proof &= time_ms == self.last_ms
            return
        self._last_number = number
        if last is None:
            return
        self._n_steps += 1
        if number > last + 1 and not self.is_torn and time_ms > self.last_ms:
            self._jumps.append((number - last, (self.last_ms, time_ms)))

    def _extend_run(self, time_ms: int) -> None:
        start, end = self._runs[-1] if self._runs else (time_ms, time_ms)
        limit_ms = self.max_silence_ms or 0
        if not self._runs or not start - limit_ms <= time_ms <= end + limit_ms:
            self._runs.append((time_ms, time_ms))
        else:
            self._runs[-1] = (min(start, time_ms), max(end, time_ms))

    def _lies_in(self, named: Span) -> bool:
        start_ms, end_ms = named[0] - SLACK_MS, named[1] + SLACK_MS
        return self.first_ms is not None and start_ms <= self.first_ms and self.last_ms < end_ms


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the union of spans, in order; those that touch become one."""
    union: list[Span] = []
    for start, end in sorted(spans):
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], end))
        else:
            union.append((start, end))
    return union


def without(span: Span, others: Iterable[Span]) -> list[Span]:
    """Return the parts of a span outside of others, which are in order and apart."""
    cuts = [(start, end) for start, end in others if start < span[1] and end > span[0]]
    starts = [span[0], *(end for _, end in cuts)]
    ends = [*(start for start, _ in cuts), span[1]]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]


def overlap_ms(span: Span, others: Iterable[Span]) -> int:
    """Return how much of a span lies in others that do not overlap each other."""
    return sum(max(0, min(span[1], end) - max(span[0], start)) for start, end in others)


def observed_lines(streams: Iterable[str], spans: Iterable[Span]) -> Iterator[CoverageLine]:
    """Yield the observed intervals of each stream."""
    union = merged(spans)
    for stream in sorted(streams):
        for start, end in union:
            yield _line(stream, CoverageStatus.OBSERVED, start, end)


def gap_lines(spans: Iterable[Span], cause: CoverageCause, feed: Feed) -> Iterator[CoverageLine]:
    """Yield intervals in which rows of a feed are missing, of no known coin."""
    for start, end in merged(spans):
        yield _line(feed, CoverageStatus.GAP, start, end, cause)


def without_lost(
    lines: Iterable[CoverageLine], lost: Iterable[tuple[Feed, Span]]
) -> list[CoverageLine]:
    """Return coverage without what damaged files held, and these times as gaps."""
    spans_by_feed = defaultdict[str, list[Span]](list)
    for feed, span in lost:
        spans_by_feed[feed].append(span)
    by_feed = {feed: merged(spans) for feed, spans in spans_by_feed.items()}
    kept = [
        part
        for line in lines
        for part in _without(line, by_feed.get(line.stream.partition(":")[0], []))
    ]
    gaps = [
        _line(feed, CoverageStatus.GAP, start, end, CoverageCause.DAMAGED)
        for feed, spans in by_feed.items()
        for start, end in spans
    ]
    return kept + gaps


def extend_ledger(folder: Path, lines: Iterable[CoverageLine]) -> None:
    """Write a ledger that says what it said, and what is new; intervals do not overlap.

    What a recording missed and an import observed is observed from now on.

    Raises:
        OSError: It could not be written; the ledger is as it was.
    """
    old, new = read_ledger(folder), list(lines)
    was_observed, is_observed = _observed_by_stream(old), _observed_by_stream(new)
    kept = [
        part
        for line in old
        for part in (
            [line]
            if line.status is CoverageStatus.OBSERVED
            else _without(line, is_observed[line.stream])
        )
    ]
    added = [part for line in new for part in _without(line, was_observed[line.stream])]
    path = folder / COVERAGE_NAME
    write_whole(path, b"".join(encode_json(line) + b"\n" for line in kept + added))


def observed_spans(lines: Iterable[CoverageLine]) -> list[Span]:
    """Return when trades of any coin were observed."""
    return merged(
        (line.start_ms, line.end_ms)
        for line in lines
        if line.status is CoverageStatus.OBSERVED and line.stream.startswith(Feed.TRADES)
    )


def _observed_by_stream(lines: Iterable[CoverageLine]) -> defaultdict[str, list[Span]]:
    spans = defaultdict[str, list[Span]](list)
    for line in lines:
        if line.status is CoverageStatus.OBSERVED:
            spans[line.stream].append((line.start_ms, line.end_ms))
    return defaultdict(list, {stream: merged(found) for stream, found in spans.items()})


def _without(line: CoverageLine, spans: Iterable[Span]) -> list[CoverageLine]:
    """Return the parts of a line's interval outside of the spans, which are in order."""
    span = (line.start_ms, line.end_ms)
    parts = without(span, spans)
    if parts == [span] or (span[0] == span[1] and not overlap_ms((span[0], span[1] + 1), spans)):
        return [line]
    return [_line(line.stream, line.status, start, end, line.cause) for start, end in parts]


def _line(
    stream: str, status: CoverageStatus, start: int, end: int, cause: CoverageCause | None = None
) -> CoverageLine:
    return CoverageLine(stream=stream, status=status, start_ms=start, end_ms=end, cause=cause)
