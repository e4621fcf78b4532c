"""Money that wallets bring in, take out and send to each other."""

from dataclasses import dataclass
from typing import Literal

FlowKind = Literal[
    "deposit",
    "withdrawal",
    "to_spot",
    "to_dex",
    "gift",
    "sub_account",
    "vault_create",
    "vault_deposit",
]


_FEES_USD: dict[FlowKind, float] = {"withdrawal": 1.0, "gift": 1.0}
"""Charged to the sender beside the amount."""


@dataclass(frozen=True)
class CashFlow:
    """One movement of USDC; it belongs to each wallet that it names."""

    time_ms: int
    kind: FlowKind
    usd: float
    """Positive, whole cents."""
    source: str
    """Address; empty for a deposit from outside."""
    target: str
    """Address; empty for a withdrawal. The same as ``source`` between accounts of one wallet."""
    dex: str = ""
    """Builder's dex that receives it (``to_dex``)."""

    @property
    def fee_usd(self) -> float:
        """Return what the sender pays beside the amount."""
        return _FEES_USD.get(self.kind, 0.0)
