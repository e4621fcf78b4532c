"""The checkpoint: what live holds in mind, written whole, so that a restart goes on from there."""

import hashlib
import logging
from pathlib import Path

from hypertrack.files import write_whole
from hypertrack.live.actions import FinderState
from hypertrack.live.desk import DeskState
from hypertrack.live.gap_book import GapState
from hypertrack.live.paper_desk import PaperPending
from hypertrack.live.rules import LimitState
from hypertrack.records import JsonError, Record, decode_binary, encode_binary
from hypertrack.store.reading.tape import TapePlace

log = logging.getLogger(__name__)

FORMAT = b"hypertrack.live/2"
"""Another edition is not read: all is read again from the first start, which costs time alone."""


class LiveState(Record, frozen=True, kw_only=True):
    """Everything that what live says next depends on, beside the dataset and the settings.

    Attributes:
        since_ms: From when on the dataset is followed.
        verdicts: Of each wallet, from the profiles read last.
        paper: None where nothing is followed on paper.
    """

    since_ms: int
    tape: TapePlace
    n_trades: int
    finder: FinderState
    desk: DeskState
    gaps: GapState
    limits: list[LimitState]
    verdicts: dict[str, str]
    paper: PaperPending | None


def write_checkpoint(path: Path, state: LiveState) -> None:
    """Write a state, all or nothing.

    Raises:
        OSError: The disk is full, or broken; the one before stays.
    """
    body = encode_binary(state)
    write_whole(path, b"%s %s\n%s" % (FORMAT, _sum_of(body), body))


def read_checkpoint(path: Path, since_ms: int) -> LiveState | None:
    """Return the state that was written last, None where there is none that can be taken.

    Args:
        since_ms: From when on the dataset is followed; the state of another start is none.
    """
    try:
        head, _, body = path.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return None
    name, _, said = head.partition(b" ")
    try:
        if name != FORMAT or said != _sum_of(body):
            raise ValueError("another edition, or damaged")
        state = decode_binary(body, LiveState)
    except (JsonError, ValueError) as error:
        log.warning("%s is not taken (%s): all is read again from the first start", path, error)
        return None
    return state if state.since_ms == since_ms else None


def _sum_of(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode()
