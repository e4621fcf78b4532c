"""Reader of another dataset's lines, which are copied as they are where a recorder takes them."""

from hypertrack.feeds.rows import recorded_row
from hypertrack.importing.accounts.rate_history import checked_rate
from hypertrack.importing.line_reader import ForeignLineError
from hypertrack.importing.pairing import Fill
from hypertrack.importing.receipts import Receipts
from hypertrack.importing.sink import Sink
from hypertrack.records import Feed, Record, checked_wallet, json_decoder, require_names_once
from hypertrack.store.files.layout import RATES_NAME


class Receipt(Record, frozen=True):
    """What the recorder put before the venue's object."""

    received_ns: int


class CopiedFill(Fill, frozen=True, kw_only=True):
    """What is read of a fill of a dataset."""

    user: str
    received_ns: int | None = None
    crossed: bool | None = None  # type: ignore[assignment]  # older imports did not require it
    hash: str | None = None  # type: ignore[assignment]


_receipt_decoder = json_decoder(Receipt)
_fill_decoder = json_decoder(CopiedFill)


class CopyReader:
    """Reads one feed of another dataset.

    Args:
        receipts: What the clocks of this file are known to differ by.
    """

    block_number = None

    def __init__(self, sink: Sink, feed: Feed, receipts: Receipts | None = None):
        self.streams: set[str] = set()
        self._sink = sink
        self._feed = feed
        self._receipts = receipts or Receipts()

    def read(self, line: bytes) -> int | None:
        """Take a line; a trade that was met before is left out."""
        received_ns = _receipt_decoder.decode(line).received_ns
        if self._feed in {Feed.BLOCKS, Feed.TRANSACTIONS}:
            require_names_once(line)
            self._add(self._feed.value, line)
            return None
        row = recorded_row(self._feed, line)
        self._receipts.check(row.exchange_time_ms, received_ns)
        is_new = self._feed is not Feed.TRADES or self._sink.is_new_trade(
            row.coin, row.exchange_time_ms, int(row.row_id)
        )
        if is_new:
            self._add(f"{self._feed}:{row.coin}", line)
        return row.exchange_time_ms

    def finish(self) -> None:
        """Nothing waits."""

    def _add(self, stream: str, line: bytes) -> None:
        self.streams.add(stream)
        self._sink.add(self._feed, line + b"\n")


class Answered(Record, frozen=True):
    """What stands before every answer about a wallet."""

    user: str
    request: dict[str, object]
    received_ns: int


_answer_decoder = json_decoder(Answered)


class AnswerCopyReader:
    """Reads what the venue answered about wallets in another dataset.

    Args:
        name: Of the file, here as there.
    """

    block_number = None

    def __init__(self, sink: Sink, name: str):
        self.streams: set[str] = set()
        self._sink = sink
        self._name = name

    def read(self, line: bytes) -> None:
        """Take an answer; one that was met before is left out."""
        checked_wallet(_answer_decoder.decode(line).user)
        self._sink.add_answer(self._name, line + b"\n")

    def finish(self) -> None:
        """Nothing waits."""


class RateCopyReader:
    """Reads rates of funding that the venue told another dataset."""

    block_number = None

    def __init__(self, sink: Sink):
        self.streams: set[str] = set()
        self._sink = sink

    def read(self, line: bytes) -> int:
        """Take a rate; one that was met before is left out."""
        rate = checked_rate(line)
        self._sink.add_answer(RATES_NAME, line + b"\n", (rate.coin, rate.time))
        return rate.time

    def finish(self) -> None:
        """Nothing waits."""


class FillCopyReader:
    """Reads the fills of another dataset."""

    block_number = None

    def __init__(self, sink: Sink):
        self.streams: set[str] = set()
        self._sink = sink

    def read(self, line: bytes) -> int:
        """Take a fill; one that was met before is left out."""
        if line[:1] != b"{":
            raise ForeignLineError("no fill")
        fill = _fill_decoder.decode(line)
        require_names_once(line)
        wallet = checked_wallet(fill.user)
        said = fill.tid or line
        self._sink.add_lone_fill((wallet, fill.coin, fill.side, fill.time, said), line + b"\n")
        return fill.time

    def finish(self) -> None:
        """Nothing waits."""
