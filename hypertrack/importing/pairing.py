"""Two fills of one trade become that trade; what does not pair is set aside, never guessed.

Source: the venue's node archives give a trade as one fill for each of its wallets, with the same
coin, time and ``tid``; ``crossed`` names the taker; ``side`` is the wallet's own.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from hypertrack.importing.sink import Sink
from hypertrack.records import Feed, RawJson, Record, encode_json

WINDOW_MS = 10_000
"""How far behind the newest block a fill waits for its other half, exchange time. Both stand in
one block; the window only bridges files and writers that are out of order."""

MAX_WAITING = 200_000
"""Fills that wait at most, whatever their times say."""

DUST = "dust"
UNPAIRED = "unpaired"
AMBIGUOUS = "ambiguous"
REASONS: Mapping[str, str] = {
    DUST: "no trade: tid 0, or one tid under many wallets (dust conversion)",
    UNPAIRED: "the other side of the trade was not found",
    AMBIGUOUS: "two fills that are not taker and maker of one trade",
}


class Fill(Record, frozen=True):
    """What pairing reads of a fill; spellings are the venue's."""

    coin: str
    side: str
    px: str
    sz: str
    time: int
    hash: str
    crossed: bool
    tid: int = 0


class WalletFill(NamedTuple):
    """A fill as it came, and whose it is."""

    wallet: str
    fill: Fill
    raw: RawJson
    received_ns: int

    def line(self, reason: str | None = None) -> bytes:
        """Return the fill as a line: the venue's object behind time of receipt and wallet."""
        head: dict[str, object] = {"received_ns": self.received_ns}
        if reason is not None:
            head["reason"] = reason
        head["user"] = self.wallet
        return encode_json(head)[:-1] + b"," + bytes(self.raw)[1:] + b"\n"


class RecordedTrade(Record, frozen=True):
    """A trade in the shape in which the recorder writes it."""

    received_ns: int
    coin: str
    side: str
    px: str
    sz: str
    time: int
    hash: str
    tid: int
    users: tuple[str, str]


class FillPairer:
    """Collects the fills of each block and writes their trades once the block is over.

    Attributes:
        streams: ``trades:coin`` of the trades written.
    """

    def __init__(self, sink: Sink):
        self.streams: set[str] = set()
        self._sink = sink
        self._blocks: dict[int, dict[tuple[str, int], list[WalletFill]]] = {}
        self._n_waiting = 0
        self._latest_ms = 0

    def add(self, fill: WalletFill) -> None:
        """Take a fill; blocks of longer ago than the window are judged."""
        time_ms = fill.fill.time
        block = self._blocks.get(time_ms)
        if block is None:
            self._latest_ms = max(self._latest_ms, time_ms)
            self._judge_old()
            block = self._blocks[time_ms] = {}
        block.setdefault((fill.fill.coin, fill.fill.tid), []).append(fill)
        self._n_waiting += 1

    def finish(self) -> None:
        """Judge everything that still waits."""
        while self._blocks:
            self._judge_first()

    def _judge_old(self) -> None:
        while self._blocks:
            first_ms = next(iter(self._blocks))
            if first_ms >= self._latest_ms - WINDOW_MS and self._n_waiting < MAX_WAITING:
                return
            self._judge_first()

    def _judge_first(self) -> None:
        block = self._blocks.pop(next(iter(self._blocks)))
        for fills in block.values():
            self._n_waiting -= len(fills)
            self._judge(fills)

    def _judge(self, fills: list[WalletFill]) -> None:
        own = list({(f.wallet, f.fill): f for f in fills}.values())
        self._sink.counts["repeated fills"] += len(fills) - len(own)
        reason = _objection(own)
        if reason is not None:
            self._set_aside(own, reason)
            return
        taker = next(f for f in own if f.fill.crossed)
        fill = taker.fill
        if self._sink.is_new_trade(fill.coin, fill.time, fill.tid):
            self.streams.add(f"{Feed.TRADES}:{fill.coin}")
            self._sink.add(Feed.TRADES, encode_json(_trade(own, taker)) + b"\n")
            for each in own:
                self._sink.add_fill(each.line())

    def _set_aside(self, fills: Iterable[WalletFill], reason: str) -> None:
        for each in fills:
            self._sink.set_aside(reason, each.line(REASONS[reason]))


def _objection(fills: list[WalletFill]) -> str | None:
    """Return why these fills of one coin, time and id are no trade, None where they are one."""
    if fills[0].fill.tid == 0 or len({f.wallet for f in fills}) > 2:
        return DUST
    if len(fills) == 1:
        return UNPAIRED
    sides = sorted(f.fill.side for f in fills)
    n_takers = sum(f.fill.crossed for f in fills)
    terms = {(float(f.fill.px), float(f.fill.sz)) for f in fills}
    is_trade = sides == ["A", "B"] and n_takers == 1 and len(terms) == 1
    return None if is_trade else AMBIGUOUS


def _trade(fills: list[WalletFill], taker: WalletFill) -> RecordedTrade:
    buyer, seller = sorted(fills, key=lambda f: f.fill.side, reverse=True)  # B, A
    fill = taker.fill
    return RecordedTrade(
        received_ns=taker.received_ns,
        coin=fill.coin,
        side=fill.side,
        px=fill.px,
        sz=fill.sz,
        time=fill.time,
        hash=fill.hash,
        tid=fill.tid,
        users=(buyer.wallet, seller.wallet),
    )
