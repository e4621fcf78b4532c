"""What the venue says of one wallet, on the terminal; each number with where it comes from."""

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from hypertrack.clock import utc
from hypertrack.records import AccountCheck, ProfitCheck
from hypertrack.text import printable

BEGINNINGS = {
    "first": "its first fill",
    "since": "the time asked for",
    "limit": "the oldest that the venue keeps",
    None: "the oldest that the venue has",
}

N_COINS = 4
"""Positions that it came in with, told by name."""


SAID_BY_PROFILES = {"belongs together", "equity"}


def account_table(check: AccountCheck, *, has_profile: bool = False) -> RenderableType:
    """Return what is known of an account: a row a fact, with its source.

    Args:
        has_profile: Leave out what a profile says of the account.
    """
    table = Table.grid(padding=(0, 2))
    for name, value, source in _facts(check):
        if not (has_profile and name in SAID_BY_PROFILES):
            table.add_row(name, Text(value), Text(source, "dim"))
    return table


def _facts(check: AccountCheck) -> Iterator[tuple[str, str, str]]:
    for words in check.links:
        yield "belongs together", words, "venue: role, vault, transfers"
    if check.start_ms is not None:
        since = f"{check.n_fills:,} since {utc(check.start_ms)}, {BEGINNINGS.get(check.cause)}"
        yield "fills", since, "venue: userFillsByTime"
    if check.came_in:
        coins = [f"{size} {coin}" for coin, size in check.came_in.items()][:N_COINS]
        more = len(check.came_in) - N_COINS
        told = ", ".join(coins) + (f" and {more} more" if more > 0 else "")
        yield "came in with", told, "venue: startPosition"
    if check.net_usd is not None:
        parts = f"{check.realised_usd:+,.2f} realised, {check.fees_usd or 0:,.2f} fees"
        yield "net profit", f"{check.net_usd:+,.2f} USD", f"venue: closedPnl - fee ({parts})"
    if check.profit is not None:
        yield "portfolio", _profit(check.profit), f"venue: portfolio, {check.profit.period}"
    yield from _holdings(check)
    tape = check.tape
    if tape.n_trades:
        marked = ", marked" if tape.is_marked else ""
        told = f"{tape.n_matched:,} of {tape.n_trades:,} trades have their fill{marked}"
        yield "tape", told, "tape against fills"
    if check.n_chain_breaks or check.differences:
        other = [
            f"{one.coin}: {one.by_fills:g} by fills, {one.stated:g} stated"
            for one in check.differences[:N_COINS]
        ]
        told = "; ".join([f"{check.n_chain_breaks:,} breaks", *other])
        yield "positions", told, "fills against startPosition and szi"
    for step, reason in check.failed.items():
        yield f"{step} failed", reason, "accounts/progress.jsonl"


def _holdings(check: AccountCheck) -> Iterator[tuple[str, str, str]]:
    if check.equity_usd is not None:
        leverage = "" if check.leverage is None else f", leverage {check.leverage:.2f}"
        yield "equity", f"{check.equity_usd:,.2f} USD{leverage}", "venue: clearinghouseState"
    if check.balances:
        yield "spot", _balances(check.balances), "venue: spotClearinghouseState"


def _balances(balances: Mapping[str, float]) -> str:
    held = [f"{size:,.10g} {printable(token)}" for token, size in balances.items()]
    more = len(held) - N_COINS
    return ", ".join(held[:N_COINS]) + (f" and {more} more" if more > 0 else "")


def _profit(profit: ProfitCheck) -> str:
    told = f"{profit.told_usd:+,.2f} USD, {profit.difference_usd:+,.2f} beyond what was booked"
    return told if profit.cause == "none" else f"{told} ({profit.cause})"
