"""What the venue said of a wallet's account, in finished strings; all of it is the venue's own."""

from collections.abc import Iterator
from math import isnan

from hypertrack.clock import utc
from hypertrack.outputs.wording import percent, usd
from hypertrack.records import WalletAccount
from hypertrack.text import printable, with_minus

SOURCE = "venue"
"""Of every number here: its answers are kept in the dataset as they came."""


def account_lines(account: WalletAccount) -> Iterator[tuple[str, str]]:
    """Yield name and value of what the venue said, with when it did."""
    if not isnan(account.equity_usd):
        leverage = "" if isnan(account.leverage) else f", leverage {account.leverage:.2f}"
        yield "equity", f"{usd(account.equity_usd)}{leverage} ({_told(account)})"
    if not isnan(account.account_told_ms):
        held = with_minus(printable(account.account_positions)) or "none"
        yield "holds", f"{held} ({_told(account)})"
    if not isnan(account.liquidation_distance_frac):
        yield "liquidation", f"{percent(account.liquidation_distance_frac)} away ({SOURCE})"
    if not isnan(account.account_return_frac):
        told = with_minus(f"{account.account_return_frac:+.1%}")
        yield "return", f"{told} on capital in its last month ({SOURCE})"
    if not isnan(account.net_flow_usd):
        yield "brought in", f"{usd(account.net_flow_usd)} in the recording ({SOURCE})"
    if account.account_links:
        yield "belongs together", f"{printable(account.account_links)} ({SOURCE})"


def vault_words(account: WalletAccount | None) -> str:
    """Return a vault's name, leader and further links; empty for what is no vault, or not known so.

    A vault trades what its depositors brought in, under a name that it chose: whoever is shown it
    as worth copying is to know.
    """
    links = "" if account is None else account.account_links
    return f"{printable(links)} ({SOURCE})" if links.startswith("vault ") else ""


def _told(account: WalletAccount) -> str:
    is_told = not isnan(account.account_told_ms)
    return f"{SOURCE}, {utc(int(account.account_told_ms))}" if is_told else SOURCE
