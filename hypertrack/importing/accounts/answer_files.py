"""Where answers about wallets go: on the disk before anything says that they are there."""

from collections.abc import Iterable, Mapping
from itertools import chain

from hypertrack.errors import DatasetError
from hypertrack.feeds.account_client import Reply
from hypertrack.feeds.account_questions import Request
from hypertrack.importing.accounts.step_progress import StepProgress, append_synced
from hypertrack.importing.imported_coverage import Span, merged, without
from hypertrack.records import (
    CoverageCause,
    CoverageLine,
    CoverageStatus,
    RawJson,
    encode_json,
)
from hypertrack.store.files.layout import (
    ASIDE_COVERAGE_NAME,
    ASIDE_QUARANTINE_NAME,
    COVERAGE_NAME,
    QUARANTINE_NAME,
)
from hypertrack.store.files.ledger import read_ledger
from hypertrack.store.files.session import Session, quarantine_line

FILLS, FLOWS, RATES = "fills", "flows", "funding"
"""What the ledger calls them, before a colon and the wallet's address; of rates the coin."""


class AnswerFiles:
    """The files of a session that take answers.

    Attributes:
        progress: What was asked of whom, and how far that came.
    """

    def __init__(self, session: Session):
        self.progress = StepProgress(session.folder, session.hand_over)
        self._session = session
        self._spans: dict[str, list[Span]] = {}
        self._ledger = ASIDE_COVERAGE_NAME if session.is_beside else COVERAGE_NAME
        self._quarantine = ASIDE_QUARANTINE_NAME if session.is_beside else QUARANTINE_NAME
        names = (COVERAGE_NAME, ASIDE_COVERAGE_NAME)
        for line in chain.from_iterable(read_ledger(session.folder, name) for name in names):
            is_ours = line.stream.partition(":")[0] in {FILLS, FLOWS, RATES}
            if is_ours and line.status is CoverageStatus.OBSERVED:
                self._spans.setdefault(line.stream, []).append((line.start_ms, line.end_ms))

    def add(self, name: str, lines: Iterable[bytes]) -> None:
        """Add lines to a file and have them on the disk.

        Raises:
            DatasetError: The disk is full, or broken.
        """
        text = b"".join(lines)
        if not text:
            return
        try:
            append_synced(self._session.folder / name, text)
        except OSError as error:
            raise DatasetError(
                f"{self._session.folder} could not be written ({error.strerror}): what was "
                "answered until then is readable; free some space and run the command again"
            ) from error
        if self._session.hand_over is not None and name != COVERAGE_NAME:
            self._session.hand_over()

    def quarantine(self, raw: RawJson, reason: str) -> None:
        """Keep what could not be read."""
        self.add(self._quarantine, [quarantine_line(bytes(raw), reason)])

    def missing(self, stream: str, span: Span) -> list[Span]:
        """Return the parts of a time of which not all is here."""
        return without(span, merged(self._spans.get(stream, [])))

    def observe(
        self,
        stream: str,
        span: Span,
        cause: CoverageCause | None = None,
        holes_ms: Iterable[int] = (),
    ) -> None:
        """Write down the time of which all that the venue has of a stream is here.

        Args:
            stream: ``fills:`` or ``flows:`` and the wallet, or ``funding:`` and the coin.
            span: Start and exclusive end, exchange time.
            cause: Why it begins there.
            holes_ms: Times in it of which not all are.
        """
        known = self._spans.setdefault(stream, [])
        holes = [(time_ms, time_ms + 1) for time_ms in sorted(holes_ms)]
        new = without(span, merged([*known, *holes]))
        lines = [_line(stream, CoverageStatus.OBSERVED, each, cause) for each in new]
        lines += [_line(stream, CoverageStatus.GAP, each, CoverageCause.HOLE) for each in holes]
        self.add(self._ledger, (encode_json(line) + b"\n" for line in lines))
        known += new


def answer_line(user: str, request: Request, reply: Reply) -> bytes:
    """Return an answer as a line: the venue's own words behind when, whose and to what."""
    head = encode_json(_head(user, request, reply))
    return head[:-1] + b',"answer":' + bytes(reply.raw).strip() + b"}\n"


def item_line(user: str, request: Request, reply: Reply, raw: RawJson) -> bytes:
    """Return one item of an answer as a line: its fields behind when, whose and to what."""
    return encode_json(_head(user, request, reply))[:-1] + b"," + bytes(raw)[1:] + b"\n"


def rate_line(request: Request, reply: Reply, raw: RawJson) -> bytes:
    """Return a rate as a line: its fields behind when and to what it was answered."""
    head = encode_json({"received_ns": reply.received_ns, "request": request})
    return head[:-1] + b"," + bytes(raw)[1:] + b"\n"


def without_user(request: Request) -> Request:
    """Return type and parameters of a request, without whom it is about."""
    return {key: value for key, value in request.items() if key != "user"}


def _head(user: str, request: Request, reply: Reply) -> Mapping[str, object]:
    return {
        "received_ns": reply.received_ns,
        "user": user,
        "request": without_user(request),
    }


def _line(
    stream: str, status: CoverageStatus, span: Span, cause: CoverageCause | None
) -> CoverageLine:
    return CoverageLine(stream=stream, status=status, start_ms=span[0], end_ms=span[1], cause=cause)
