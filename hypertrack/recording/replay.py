"""What a replay says of the trades before it: nothing is missing, or what has to be asked for.

The venue replays a coin's last trades at every subscription (protocol, section 2.1, "Gap
consequence"). They prove that nothing is missing where a trade is among them up to which all are
stored; anything else is asked for, and a gap where the answer does not prove it.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

from hypertrack.feeds.rows import Row
from hypertrack.recording.dedupe import Identity, StreamMemory
from hypertrack.recording.redundant import Coverage, Lack, RedundantCoverage

Identities = frozenset[Identity]


class Recover(Protocol):
    """Asks for the trades between the last one that proves something and a replay."""

    def __call__(self, last: Identity, replayed: Identities, until_ms: int) -> None:
        """Ask; the coverage is told once it is decided.

        Args:
            until_ms: Of the last trade stored, which the replay should hold or follow.
        """


def identities_of(rows: list[Row]) -> Identities:
    """Return what tells rows of one coin apart."""
    return frozenset((row.exchange_time_ms, row.row_id) for row in rows)


def first_from(time_ms: int, identities: Iterable[Identity]) -> int:
    """Return the time of the first one from a time on; of the last one where there is none."""
    times_ms = [own_ms for own_ms, _ in identities]
    return min((own_ms for own_ms in times_ms if own_ms >= time_ms), default=max(times_ms))


def decide_replay(
    coverage: Coverage, memory: StreamMemory, replay: list[Row], recover: Recover | None
) -> Callable[[], None]:
    """Decide from the replay whether trades are missing since the last one stored before it.

    Returns:
        What the coverage is to be told once the replay is queued. Where something may be missing
        it is warned at once: the ledger has to say so before the replay is stored.
    """
    replayed = identities_of(replay)
    if not coverage.claim():
        return _beginning_of_a_twin(coverage, memory, replayed)
    oldest_ms = min(time_ms for time_ms, _ in replayed)
    last = memory.last_until(coverage.anchor_ms)
    if last is None:
        coverage.warn(None, oldest_ms)
        return coverage.leave_gap
    if last in replayed:
        return coverage.close_gap
    until_ms = last[0]
    end_ms = first_from(until_ms, replayed)
    if oldest_ms < until_ms:
        # It reaches back behind the last trade stored and lacks it: a clock has jumped, or the
        # replay has a hole. Nothing is certain that is not older than all of it.
        last = memory.last_until(oldest_ms - 1)
    if last is None:
        coverage.warn(None, end_ms)
        return partial(coverage.open_gap, 0, end_ms)
    coverage.warn(last[0], end_ms)
    if recover is not None and coverage.loss is not None:
        return partial(recover, last, replayed, until_ms)
    return partial(coverage.open_gap, last[0], end_ms)


def _beginning_of_a_twin(
    coverage: Coverage, memory: StreamMemory, replayed: Identities
) -> Callable[[], None]:
    """Decide whether what the second socket brings joins what is stored already."""
    last = memory.last
    if not isinstance(coverage, RedundantCoverage) or last is None or memory.knows_any(replayed):
        return lambda: None
    oldest_ms = min(time_ms for time_ms, _ in replayed)
    return partial(coverage.lack, Lack(min(last[0], oldest_ms), oldest_ms, replayed))
