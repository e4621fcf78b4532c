"""What the simulated exchange plays: frames in the order of exchange time."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.venue.wallet_records import WalletRecords


class Event(NamedTuple):
    """One thing the venue publishes."""

    time_ms: int
    """Exchange time at which it is published; never falls from one event to the next."""
    channel: str
    """``trades``, ``bbo`` or ``l2Book``, ``evm`` for a block of the EVM chain, or ``prices`` at a
    full hour."""
    coin: str
    """Empty for ``evm`` and ``prices``."""
    data: bytes
    """JSON of the frame's ``data``, as the venue writes it.

    Trades are those of one coin in one block. An EVM block is ``{"header","transactions",
    "transfers"}``: the block and its transactions as the JSON-RPC spells them, and for each
    transaction its decoded ERC-20 transfers (`EvmObjects`). Prices are a list, a number for each
    of the source's coins; they are published nowhere, but funding is paid by them.
    """


class Source(Protocol):
    """A market to be played: the simulated one, or a capture of the real one."""

    @property
    def coins(self) -> tuple[Coin, ...]:
        """Every coin that can be subscribed."""

    @property
    def start_ms(self) -> int:
        """Time before every event."""

    @property
    def open_ms(self) -> int:
        """Time at which the exchange opens; what comes before is its history."""

    @property
    def end_ms(self) -> int:
        """Time after which nothing comes."""

    @property
    def channels(self) -> frozenset[str]:
        """Channels of the events; the exchange makes up those that are not among them."""

    @property
    def token_decimals(self) -> Mapping[str, int]:
        """Decimals of each ERC-20 contract."""

    @property
    def records(self) -> WalletRecords:
        """What is known of wallets beyond the events."""

    def events(self) -> Iterator[Event]:
        """Yield all events by time; each call starts over."""
