"""What live says: trades as they were received, actions of wallets, signals."""

from enum import StrEnum

from hypertrack.records.base import Record
from hypertrack.records.market import Side


class TapeTrade(Record, frozen=True, kw_only=True, gc=False):
    """A trade of the dataset, in the order of receipt."""

    received_ns: int
    """The time of the trade where no receipt was written down."""
    coin: str
    side: Side
    """The taker's."""
    price: str
    size: str
    time_ms: int
    trade_id: int
    buyer: str
    seller: str
    is_twap: bool
    """The taker is a slice of a TWAP order."""

    @property
    def taker(self) -> str:
        """Return the wallet that crossed."""
        return self.buyer if self.side is Side.BUY else self.seller


class PositionKnown(StrEnum):
    """How a position is known."""

    EXACT = "exact"
    """The venue told it, and every trade since was seen."""
    FLAT = "flat"
    """It was seen to be 0, and every trade since was seen."""
    TAPE = "tape"
    """Counted from the first trade seen; where it stood before is unknown."""


class ActionKind(StrEnum):
    """What an action did to a position."""

    OPEN = "open"
    ADD = "add"
    REDUCE = "reduce"
    CLOSE = "close"
    FLIP = "flip"
    TRADE = "trade"
    """Where the position is not known, no opening or closing is claimed."""


class Phase(StrEnum):
    """Which end of a TWAP order an action tells."""

    BEGIN = "begin"
    END = "end"


class Action(Record, frozen=True, kw_only=True):
    """Fills of one wallet, coin and direction that belong together.

    Prices and sizes are the venue's decimals, as text.
    """

    id: str
    wallet: str
    coin: str
    kind: ActionKind
    side: Side
    """What the wallet did, whoever crossed."""
    is_maker: bool
    """All of it rested."""
    is_twap: bool
    phase: Phase | None
    """None but of a TWAP order, which is told at its beginning and at its end."""
    n_fills: int
    size: str
    vwap: str
    notional_usd: float
    position_before: str | None
    """Signed; None where it is not known."""
    position_after: str | None
    position_known: PositionKnown
    part_closed: float | None
    """Share of the position before that is gone; None where nothing was reduced, or unknown."""
    first_ms: int
    action_ms: int
    """Exchange time of its last fill."""
    received_ms: int
    """Of its last fill."""


class Evidence(Record, frozen=True, kw_only=True):
    """What was known of a wallet's skill when a signal was made."""

    verdict: str
    gate: str | None
    model: str | None
    """The version whose scores stand beside; None of rules alone."""
    as_of_ms: int
    """Up to when what it rests on was recorded."""
    delay_s: float
    copy_edge_bps: float | None
    copy_edge_low_bps: float | None
    copy_edge_high_bps: float | None
    n_bets: int
    capacity_usd: float | None
    confidence: float | None
    """The chance that the edge is above 0."""
    categories: tuple[str, ...] = ()
    entity: str | None = None
    """Wallets that act as one share it."""


class VerdictSaid(Record, frozen=True, kw_only=True):
    """The part of a signal that says how the leader was judged."""

    name: str
    gate: str | None
    model: str | None
    as_of_ms: int


class CopyEdgeSaid(Record, frozen=True, kw_only=True):
    """The part of a signal that says what was left for followers, in bps."""

    delay_s: float
    bps: float
    low: float
    high: float
    n_bets: int


class CoverageSaid(Record, frozen=True, kw_only=True):
    """The part of a signal that says how much of its coin's trades was seen."""

    observed_frac: float | None
    gap: bool


class Limit(Record, frozen=True, kw_only=True):
    """How long an order rests."""

    tif: str


class OrderType(Record, frozen=True, kw_only=True):
    """The venue's name for it."""

    limit: Limit


class Order(Record, frozen=True, kw_only=True):
    """What the venue's SDK takes as an order."""

    coin: str
    is_buy: bool
    sz: float
    limit_px: float
    order_type: OrderType
    reduce_only: bool
    cloid: str


class Signal(Record, frozen=True, kw_only=True):
    """A line of ``signals.jsonl``: one action of a followed leader, with the evidence for him."""

    schema: str
    id: str
    seq: int
    prev: str
    """SHA-256 of the line before."""
    leader: str
    venue: str
    network: str
    coin: str
    kind: ActionKind
    side: Side
    is_maker: bool
    is_twap: bool
    phase: Phase | None
    size: str
    vwap: str
    notional_usd: float
    position_before: str | None
    position_after: str | None
    position_known: PositionKnown
    part_closed: float | None
    action_ms: int
    received_ms: int
    emitted_ms: int
    delay_ms: int
    reference_px: str
    """The coin's last trade when the signal was made."""
    moved_bps: float
    """From the leader's average price to it, in his direction."""
    verdict: VerdictSaid | None
    copy_edge: CopyEdgeSaid | None
    capacity_usd: float | None
    confidence: float | None
    expires_ms: int
    coverage: CoverageSaid
    order: Order | None = None


SIGNAL_SCHEMA = "hypertrack.signal/1"
"""Within a number, fields are only ever added."""
