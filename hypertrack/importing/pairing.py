"""Two fills of one trade become that trade; what does not pair is no trade, never guessed.

A fill without its other half is its wallet's fill all the same: what a settlement, a dust
conversion or half an archive did to a position is kept, and makes no trade of the market.

Source: the venue's node archives give a trade as one fill for each of its wallets, with the same
coin, time and ``tid``; ``crossed`` names the taker; ``side`` is the wallet's own.
"""

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple

from hypertrack.importing.sink import Sink
from hypertrack.records import (
    MAX_TRADE_ID,
    Feed,
    RawJson,
    Record,
    checked_amount,
    checked_time_ms,
    checked_wallet,
    encode_json,
    json_decoder,
    require_names_once,
)

WINDOW_MS = 10_000
"""How far behind the newest block a fill waits for its other half, exchange time. Both stand in
one block; the window only bridges files and writers that are out of order."""

NS_PER_MS = 1_000_000

MAX_WAITING = 200_000
"""Fills that wait at most, whatever their times say."""

SETTLED = "settlements"
DUST = "dust"
UNPAIRED = "unpaired"
AMBIGUOUS = "ambiguous"
CONTRADICTION = "two fills that are not taker and maker of one trade"
SETTLEMENT = "settle"
"""How the ``dir`` of a settlement begins, in any case."""


class Fill(Record, frozen=True, rename={"start_position": "startPosition"}):
    """What pairing reads of a fill; spellings are the venue's."""

    coin: str
    side: str
    px: str | float
    sz: str | float
    time: int
    hash: str
    crossed: bool
    tid: int = 0
    dir: str | None = None
    oid: int | None = None
    start_position: str | float | None = None

    def __post_init__(self) -> None:
        if not self.coin or self.side not in {"A", "B"}:
            raise ValueError("no fill: coin or side is none")
        checked_time_ms(self.time)
        checked_amount(self.px, may_be_zero=True)  # a settlement's is 0 where the coin lost
        checked_amount(self.sz)
        if not 0 <= self.tid <= MAX_TRADE_ID:
            raise ValueError(f"trade id {self.tid} out of range")


_fill_decoder = json_decoder(Fill)


class FillKey(NamedTuple):
    """What a fill says of itself, as the venue spells it."""

    wallet: str
    coin: str
    side: str
    time_ms: int
    trade_id: int
    order_id: int | None
    price: str = ""
    size: str = ""
    hash: str | None = None
    start: str | None = None

    @property
    def identity(self) -> tuple[Any, ...]:
        """Return what tells it from others: where its id is 0, all that it says."""
        return self[:6] if self.trade_id else self


class WalletFill(NamedTuple):
    """A fill as it came, and whose it is."""

    wallet: str
    fill: Fill
    raw: RawJson
    received_ns: int
    request: Mapping[str, object] | None = None
    """What it answers, where it was asked for."""

    @property
    def identity(self) -> Hashable:
        """Return what tells it from others."""
        return self.key.identity

    @property
    def key(self) -> FillKey:
        """Return what it says of itself."""
        fill = self.fill
        said = FillKey(self.wallet, fill.coin, fill.side, fill.time, fill.tid, fill.oid)
        return said._replace(
            price=str(fill.px), size=str(fill.sz), hash=fill.hash, start=_text(fill.start_position)
        )

    @property
    def is_settlement(self) -> bool:
        """Return whether the venue settled a position, rather than a trade changed it."""
        return (self.fill.dir or "").lower().startswith(SETTLEMENT)

    def line(self, reason: str | None = None) -> bytes:
        """Return the fill as a line: the venue's object behind time of receipt and wallet."""
        head: dict[str, object] = {"received_ns": self.received_ns}
        if reason is not None:
            head["reason"] = reason
        head["user"] = self.wallet
        if self.request is not None:
            head["request"] = self.request
        return encode_json(head)[:-1] + b"," + bytes(self.raw)[1:] + b"\n"


def wallet_fill(
    wallet: str,
    raw: RawJson,
    received_ns: int | None = None,
    request: Mapping[str, object] | None = None,
) -> WalletFill:
    """Read a fill as it came; where nobody knows when, it was received when it happened.

    Raises:
        JsonError: It is none.
        ValueError: It is nobody's.
    """
    fill = _fill_decoder.decode(raw)
    require_names_once(raw)
    received = fill.time * NS_PER_MS if received_ns is None else received_ns
    return WalletFill(checked_wallet(wallet), fill, raw, received, request)


class RecordedTrade(Record, frozen=True):
    """A trade in the shape in which the recorder writes it."""

    received_ns: int
    coin: str
    side: str
    px: str | float
    sz: str | float
    time: int
    hash: str
    tid: int
    users: tuple[str, str]


class FillPairer:
    """Collects the fills of each block and writes their trades once the block is over.

    Args:
        window_ms: How far behind the newest block a fill waits for its other half.

    Attributes:
        streams: ``trades:coin`` of the trades written.
    """

    def __init__(self, sink: Sink, window_ms: int = WINDOW_MS):
        self.streams: set[str] = set()
        self._sink = sink
        self._window_ms = window_ms
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
            if first_ms >= self._latest_ms - self._window_ms and self._n_waiting < MAX_WAITING:
                return
            self._judge_first()

    def _judge_first(self) -> None:
        block = self._blocks.pop(next(iter(self._blocks)))
        for fills in block.values():
            self._n_waiting -= len(fills)
            self._judge(fills)

    def _judge(self, fills: list[WalletFill]) -> None:
        own = list({_sameness(fill): fill for fill in fills}.values())
        self._sink.counts["repeated fills"] += len(fills) - len(own)
        reason = _objection(own)
        if reason == AMBIGUOUS:
            for each in own:
                self._sink.set_aside(reason, each.line(CONTRADICTION))
            return
        if reason is not None:
            for each in own:
                self._sink.add_lone_fill(each.identity, each.line(), reason)
            return
        taker = next(f for f in own if f.fill.crossed)
        fill = taker.fill
        if self._sink.is_new_trade(fill.coin, fill.time, fill.tid):
            self.streams.add(f"{Feed.TRADES}:{fill.coin}")
            line = encode_json(_trade(own, taker)) + b"\n"
            self._sink.add_trade(fill.coin, fill.time, fill.tid, line)
            for each in own:
                self._sink.add_fill(each.line())


def _text(value: str | float | None) -> str | None:
    return None if value is None else str(value)


def _sameness(fill: WalletFill) -> Hashable:
    return (fill.wallet, fill.fill) if fill.fill.tid else fill.identity


def _objection(fills: list[WalletFill]) -> str | None:
    """Return why these fills of one coin, time and id are no trade, None where they are one."""
    if any(fill.is_settlement for fill in fills):
        return SETTLED
    if fills[0].fill.tid == 0 or len({f.wallet for f in fills}) > 2:
        return DUST
    if len(fills) == 1:
        return UNPAIRED
    sides = sorted(f.fill.side for f in fills)
    n_takers = sum(f.fill.crossed for f in fills)
    terms = {(float(f.fill.px), float(f.fill.sz)) for f in fills}
    is_priced = all(price > 0 for price, _ in terms)
    is_trade = sides == ["A", "B"] and n_takers == 1 and len(terms) == 1 and is_priced
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
