"""What imported files observed, and the ledger that says so."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hypertrack.files import write_whole
from hypertrack.records import (
    HOUR_MS,
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


@dataclass
class FileSpan:
    """The time between a file's first line and its last, and the holes within."""

    max_silence_ms: int | None = None
    """A longer time without a line is not observed; None where silence means nothing."""
    first_ms: int | None = None
    last_ms: int = 0
    gaps: list[Span] = field(default_factory=list)
    """Times of lines that could not be read."""
    silences: list[Span] = field(default_factory=list)
    is_torn: bool = False
    """Whether what was read last was unreadable."""

    def see(self, time_ms: int) -> None:
        """Take the time of a line."""
        if self.first_ms is None:
            self.first_ms = self.last_ms = time_ms
        if self.is_torn and time_ms > self.last_ms:
            self.gaps.append((self.last_ms, time_ms))
        if self.max_silence_ms is not None and time_ms - self.last_ms > self.max_silence_ms:
            self.silences.append((self.last_ms + 1, time_ms))
        self.is_torn = False
        self.first_ms = min(self.first_ms, time_ms)
        self.last_ms = max(self.last_ms, time_ms)

    def tear(self) -> None:
        """Take note of an unreadable line."""
        self.is_torn = True

    def observed(self, hour_ms: int | None) -> list[Span]:
        """Return what the file observed, nothing where it has no readable line.

        Args:
            hour_ms: The hour it is named after: complete, unless the file is torn at its end.
        """
        if self.first_ms is None:
            return []
        start_ms, end_ms = self.first_ms, self.last_ms + 1
        if hour_ms is not None and self._lies_in(hour_ms):
            start_ms, end_ms = hour_ms, end_ms if self.is_torn else hour_ms + HOUR_MS
        return without((start_ms, end_ms), self.silences)

    def _lies_in(self, hour_ms: int) -> bool:
        start_ms, end_ms = hour_ms - SLACK_MS, hour_ms + HOUR_MS + SLACK_MS
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


def gap_lines(spans: Iterable[Span], cause: CoverageCause) -> Iterator[CoverageLine]:
    """Yield intervals in which trades of no known coin are missing."""
    for start, end in merged(spans):
        yield _line(Feed.TRADES, CoverageStatus.GAP, start, end, cause)


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
