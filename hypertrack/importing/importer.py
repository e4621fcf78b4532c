"""An import: files one after the other into a dataset folder, and the ledger of what they held."""

from collections.abc import Generator, Iterable, Iterator
from pathlib import Path

from hypertrack.clock import Clock, SystemClock
from hypertrack.errors import DatasetError
from hypertrack.files import LongLine
from hypertrack.importing.accounts.choices import keep_choice, read_choices
from hypertrack.importing.archives import BlockReader, FillReader, TradeReader, UserFillReader
from hypertrack.importing.captures import CaptureReader
from hypertrack.importing.copies import (
    AnswerCopyReader,
    CopyReader,
    FillCopyReader,
    RateCopyReader,
)
from hypertrack.importing.file_lines import DocumentFile, LineFile, TornFileError, has_rows
from hypertrack.importing.formats import ARCHIVES, Format
from hypertrack.importing.import_log import (
    ImportedFile,
    ImportProgress,
    ImportReport,
    log_imports,
    read_imports,
)
from hypertrack.importing.imported_coverage import (
    BLOCK_EDGE_MS,
    FileSpan,
    extend_ledger,
    gap_lines,
    observed_lines,
    observed_spans,
    without_lost,
)
from hypertrack.importing.line_reader import UNREADABLE, ForeignLineError, LineReader
from hypertrack.importing.market_archives import BookReader, ContextReader
from hypertrack.importing.overlaps import Overlaps
from hypertrack.importing.pairing import FillPairer
from hypertrack.importing.receipts import Receipts
from hypertrack.importing.sink import Sink
from hypertrack.importing.source_files import (
    LeftOut,
    SourceFile,
    dataset_folder,
    digest,
    named_span,
)
from hypertrack.records import MINUTE_MS, CoverageCause, CoverageLine, Feed
from hypertrack.store.compaction.commit_journal import sealed_hours
from hypertrack.store.files.layout import (
    ASIDE_COVERAGE_NAME,
    FILLS_NAME,
    FLOWS_NAME,
    RATES_NAME,
)
from hypertrack.store.files.ledger import read_ledger
from hypertrack.store.files.session import Session
from hypertrack.store.reading.damage import Damage

PROGRESS_LINES = 2_000

LEDGER_OF = {FILLS_NAME: "fills", FLOWS_NAME: "flows", RATES_NAME: "funding"}
"""What the ledger calls the completeness of answers about wallets."""

MAX_SILENCE_MS = 60_000
"""After this long without a frame the venue closes a socket (protocol, section 1.4), and no minute
of the whole venue is without a fill (section 7): it means that nothing was observed."""

CONTEXT_EDGE_MS = 2 * MINUTE_MS
"""A day of contexts has a row a minute, some of them late."""

CONTEXT_SILENCE_MS = 5 * MINUTE_MS

FEEDS = {Format.ASSET_CTXS: Feed.CONTEXTS, Format.MARKET_DATA: Feed.L2BOOK}
"""Of what is missing where a file has a hole; of others it is trades."""


class Importer:
    """Imports files into the folder of a session; `run`, then `report`.

    Args:
        wallet: Whose fills those are that name nobody.
        clock: Nothing of an archive is of later than now.
    """

    def __init__(
        self,
        session: Session,
        files: Iterable[SourceFile],
        *,
        wallet: str | None = None,
        clock: Clock | None = None,
    ):
        self._session = session
        self._files = list(files)
        self._wallet = wallet
        self._now_ms = (clock or SystemClock()).wall_ns() // 1_000_000
        self._sink = Sink(session.folder, session.hand_over)
        self._archives = self._archive_readers()
        before = observed_spans(read_ledger(session.folder))
        self._overlaps = Overlaps(read_imports(session.folder), before)
        self._done: list[ImportedFile] = []
        self._left_out: list[LeftOut] = []
        self._coverage: list[CoverageLine] = []
        self._copied_ledgers: set[tuple[Path, str]] = set()
        self._lost: list[Damage] = []
        self._streams: set[str] = set()

    def run(self) -> Generator[ImportProgress, None, None]:
        """Import file after file; ended early, the ledger has what was read whole.

        Raises:
            DatasetError: A file cannot be read, or the folder not be written.
        """
        n_bytes = sum(file.n_bytes for file in self._files) or 1
        n_bytes_done = n_lines_done = 0
        try:
            for file in self._files:
                for n_read, n_lines in self._import(file):
                    yield ImportProgress(
                        path=file.path,
                        frac=min((n_bytes_done + n_read) / n_bytes, 1.0),
                        n_lines=n_lines_done + n_lines,
                        n_trades=self._sink.counts["trades"],
                    )
                n_bytes_done += file.n_bytes
                n_lines_done = sum(done.n_lines for done in self._done)
        finally:
            self._finish()

    def report(self) -> ImportReport:
        """Return what was done so far."""
        archived = self._session.archived
        return ImportReport(
            folder=self._session.place,
            archived=None if archived is None else str(archived),
            files=tuple(self._done),
            left_out=tuple(self._left_out),
            streams=tuple(sorted(self._streams)),
            counts={name: n for name, n in self._sink.counts.items() if n},
            other_channels=dict(self._sink.other_channels),
            first_flaw=self._sink.first_flaw,
        )

    def _import(self, file: SourceFile) -> Iterator[tuple[int, int]]:
        """Read one file; yield bytes and lines read now and then."""
        try:
            known = digest(file.path)
        except OSError as error:
            raise DatasetError(f"{file.path} cannot be read ({error.strerror})") from error
        if (reason := self._overlaps.objection(file, known)) is not None:
            self._left_out.append(LeftOut(path=file.path, reason=reason))
            return
        is_document = file.format is Format.USER_FILLS
        reader, n_lines = self._reader(file), 0
        source = DocumentFile(file.path) if is_document else LineFile(file.path)
        span = _span(file.format)
        try:
            for line in source:
                n_lines += 1
                self._sink.where = f"line {n_lines:,} of {file.path}"
                self._read(reader, line, span)
                if n_lines % PROGRESS_LINES == 0:
                    yield source.n_bytes_read, n_lines
        except TornFileError as error:
            self._sink.quarantine(b"", str(error))
            span.tear()
            if file.feed is not None:
                self._lost.append(Damage(file.feed, file.path))
        self._sink.where = ""
        self._note(file, reader, span, known, n_lines)
        yield file.n_bytes, n_lines

    def _read(self, reader: LineReader, line: bytes, span: FileSpan) -> None:
        n_quarantined = self._sink.counts["quarantined"]
        try:
            if isinstance(line, LongLine):
                raise ForeignLineError("longer than any line of the venue")
            if not line.isascii():
                line.decode()  # what is kept byte for byte is not looked into by the decoder
            time_ms = reader.read(line)
        except UNREADABLE as error:
            self._sink.quarantine(line, str(error))
            span.tear()
            return
        if time_ms is not None:
            span.see(time_ms, reader.block_number)
            if self._sink.counts["quarantined"] > n_quarantined:
                span.lose(time_ms)

    def _note(
        self, file: SourceFile, reader: LineReader, span: FileSpan, known: str, n_lines: int
    ) -> None:
        """Take down what a file observed."""
        named = named_span(file.path, file.format)
        observed, feed = span.observed(named), FEEDS.get(file.format, Feed.TRADES)
        self._coverage += gap_lines(span.gaps, CoverageCause.UNREADABLE, feed)
        self._coverage += gap_lines(span.silences, CoverageCause.SILENCE, feed)
        self._coverage += gap_lines(span.holes, CoverageCause.HOLE, feed)
        if file.format not in ARCHIVES:
            reader.finish()
            copied = self._copied_ledger(file)
            self._streams |= reader.streams
            own = observed_lines(reader.streams, observed)
            self._coverage += own if copied is None else copied
        done = ImportedFile(
            path=str(file.path),
            format=file.format,
            digest=known,
            n_bytes=file.n_bytes,
            n_lines=n_lines,
            is_torn=span.is_torn,
            spans=tuple(observed),
            about=span.about(named),
        )
        self._done.append(done)
        self._overlaps.add(done)

    def _copied_ledger(self, file: SourceFile) -> list[CoverageLine] | None:
        """Return what a copied dataset's ledger says of this feed, once; None without a ledger."""
        folder = dataset_folder(file.path) if file.format is Format.DATASET else None
        ledger = [] if folder is None else read_ledger(folder)
        if folder is not None and file.feed is None:
            aside = read_ledger(folder, ASIDE_COVERAGE_NAME)
            stem = LEDGER_OF.get(file.path.name, "")
            return [line for line in ledger + aside if line.stream.startswith(f"{stem}:")]
        if folder is None or file.feed is None or not ledger:
            return None
        if (folder, file.feed) in self._copied_ledgers:
            return []
        self._copied_ledgers.add((folder, file.feed))
        torn = (path for path in sealed_hours(folder, file.feed) if not has_rows(path))
        self._lost += [Damage(file.feed, path) for path in torn]
        return [line for line in ledger if line.stream.split(":")[0] == file.feed]

    def _finish(self) -> None:
        """Write what waits, then the ledger and the log.

        An archive holds every coin of the venue: a coin that was met in one hour was observed in
        all of them.
        """
        for reader in self._archives.values():
            reader.finish()
        self._sink.flush()
        streams = {stream for reader in self._archives.values() for stream in reader.streams}
        self._streams |= streams
        spans = [span for file in self._done if file.format in ARCHIVES for span in file.spans]
        lost = [(damage.feed, hour) for damage in self._lost if (hour := damage.hour) is not None]
        coverage = [*observed_lines(streams, spans), *without_lost(self._coverage, lost)]
        try:
            extend_ledger(self._session.folder, coverage)
            log_imports(self._session.folder, self._done)
            self._copy_choices()
        except OSError as error:
            raise DatasetError(
                f"{self._session.folder} could not be written ({error.strerror}): free some space"
            ) from error

    def _copy_choices(self) -> None:
        """Let it be known here, too, who was chosen for what it had earned."""
        copied = (file for file in self._done if file.format is Format.DATASET)
        for folder in dict.fromkeys(dataset_folder(Path(file.path)) for file in copied):
            for choice in [] if folder is None else read_choices(folder):
                keep_choice(self._session.folder, choice)

    def _archive_readers(self) -> dict[Format, LineReader]:
        """Return the readers of archives: one for all files, whose fills may pair across them."""
        pairer = FillPairer(self._sink)
        return {
            Format.NODE_FILLS_BY_BLOCK: BlockReader(self._sink, pairer, self._now_ms),
            Format.NODE_FILLS: FillReader(pairer, self._now_ms),
            Format.NODE_TRADES: TradeReader(self._sink, self._now_ms),
        }

    def _reader(self, file: SourceFile) -> LineReader:
        if file.format is Format.USER_FILLS:
            return UserFillReader(self._sink, self._wallet, self._now_ms)
        if file.format is Format.ASSET_CTXS:
            return ContextReader(self._sink, self._now_ms)
        if file.format is Format.MARKET_DATA:
            return BookReader(self._sink, self._now_ms)
        if file.format is Format.CAPTURE:
            fills = UserFillReader(self._sink, None, self._now_ms)
            return CaptureReader(self._sink, fills, _receipts(file.path))
        if file.format is Format.DATASET:
            if file.feed is None:
                return self._answer_reader(file.path.name)
            return CopyReader(self._sink, file.feed, _receipts(file.path))
        return self._archives[file.format]

    def _answer_reader(self, name: str) -> LineReader:
        if name == FILLS_NAME:
            return FillCopyReader(self._sink)
        if name == RATES_NAME:
            return RateCopyReader(self._sink)
        return AnswerCopyReader(self._sink, name)


def _receipts(path: Path) -> Receipts:
    try:
        return Receipts(LineFile(path))
    except TornFileError:
        return Receipts()


def _span(format_: Format) -> FileSpan:
    """Return what to expect of the times of a file: numbers tell of blocks, silence of the rest."""
    if format_ is Format.NODE_FILLS_BY_BLOCK:
        return FileSpan(MAX_SILENCE_MS, edge_ms=BLOCK_EDGE_MS)
    if format_ is Format.ASSET_CTXS:
        return FileSpan(CONTEXT_SILENCE_MS, edge_ms=CONTEXT_EDGE_MS)
    is_continuous = format_ in {Format.CAPTURE, Format.MARKET_DATA} or format_ in ARCHIVES
    return FileSpan(MAX_SILENCE_MS if is_continuous else None)
