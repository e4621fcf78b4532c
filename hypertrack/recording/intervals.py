"""Lines of the ledger, and the moments between which they lie."""

from hypertrack.records import CoverageCause, CoverageLine, CoverageStatus, Record


class Moment(Record, frozen=True):
    """A point on both clocks."""

    exchange_ms: int
    wall_ms: int


def is_gap(line: CoverageLine) -> bool:
    """Return whether a line says that something is missing, or may be."""
    return line.status is not CoverageStatus.OBSERVED and line.missed != 0


def interval(
    stream: str,
    status: CoverageStatus,
    start: Moment,
    end: Moment,
    cause: CoverageCause | None,
    missed: int | None = None,
) -> CoverageLine:
    """Return the line of an interval."""
    return CoverageLine(
        stream=stream,
        status=status,
        start_ms=start.exchange_ms,
        end_ms=end.exchange_ms,
        cause=cause,
        missed=missed,
        wall_start_ms=start.wall_ms,
        wall_end_ms=end.wall_ms,
    )


def ending(line: CoverageLine, end_ms: int) -> CoverageLine:
    """Return the same line with another end."""
    return CoverageLine(
        stream=line.stream,
        status=line.status,
        start_ms=line.start_ms,
        end_ms=end_ms,
        cause=line.cause,
        missed=line.missed,
        wall_start_ms=line.wall_start_ms,
        wall_end_ms=line.wall_end_ms,
    )


def later(first: Moment, second: Moment) -> Moment:
    """Return the later of two moments, by exchange time."""
    return second if second.exchange_ms > first.exchange_ms else first
