"""How the venue behaves: its limits and its paces."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class VenueRules:
    """What the simulated exchange enforces; the defaults are the real venue's.

    Paces are in exchange time, everything marked ``wall`` in the machine's.

    Source:
        Protocol, sections 1.4 to 1.7, 2 and 4.
    """

    max_connections: int = 15
    """Per address; the venue documents 10 and closes the sixteenth."""
    max_subscriptions: int = 1_000
    """Per address, like the next three."""
    max_messages_per_minute: int = 2_000
    max_users: int = 15
    max_posts: int = 100
    """Pending at a time."""
    post_wall_s: float = 0.02
    """How long a posted request is pending."""
    info_weight_per_minute: int | None = 1_200
    """None: no limit."""
    info_minute_wall_s: float = 60.0
    """How long the minute of that limit lasts; less lets tests see many of them."""
    has_twap_in_fills: bool = True
    """Slices of TWAP orders are told among the fills, not only among the slices (both have been
    reported)."""
    evm_requests_per_minute: int | None = None
    """The venue allows 100; unlimited here, as a fast clock makes many blocks a minute."""
    idle_wall_s: float = 60.0
    """A socket that was sent nothing for this long is dropped."""
    idle_close: Literal["abort", "inactive"] = "abort"
    """Dropped without a close frame, or closed with 1000 ``Inactive``; both have been seen."""
    refusal_wall_s: float = 0.1
    """Time until an unknown coin kills the socket (90 to 155 ms measured)."""
    slow_reader_wall_s: float = 10.0
    """The clock waits this long for a client that reads nothing, then its socket is dropped."""
    max_backlog_bytes: int = 1 << 20
    """Unsent bytes of a socket at which the clock waits for it."""
    book_ms: int = 5_360
    fast_book_ms: int = 540
    mids_ms: int = 5_050
    context_ms: int = 1_000
    candle_ms: int = 500
    """A candle that trades changed is sent at most this often, and once more before the next
    bucket begins, so that its last state is always sent."""
    explorer_ms: int = 280
    replayed_trades: int = 30
    """Sent on every subscription to trades."""
    recent_trades: int = 30
    """Given for ``recentTrades``: the venue's number is not documented, "similarly short"."""
    logged_trades: int = 200_000
    """Latest trades that fills, positions and transactions are looked up in."""
    logged_evm_blocks: int = 100_000
