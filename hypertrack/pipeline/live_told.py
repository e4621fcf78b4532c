"""What was known of positions when following begins, whenever it is looked at."""

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.pipeline.places import open_engine

if TYPE_CHECKING:  # the command loads these when it runs
    from hypertrack.live.positions import Accounts, Key, ToldPositions
    from hypertrack.market.engine.market import Market
    from hypertrack.store.reading.followed import Followed

SIZE_DECIMALS = 8
"""The most that sizes have: beyond lies what sums of binary fractions leave, and flat is 0."""


def told_positions(settings: Settings, until_ms: int, source: "Followed") -> "ToldPositions | None":
    """Return what the venue told of positions before a time, where no trade was missed since.

    It depends on what happened before that time alone, so that a replay of the finished dataset
    begins with the same: neither on later gaps, nor on how much of the ledger was written by then.
    """
    if not source.has_answers():
        return None  # nothing but answers of the venue tells positions: no trade need be read
    from hypertrack.live.gap_book import ended_gaps
    from hypertrack.live.positions import Accounts, ToldPositions

    gap_end_ms: dict[str, int] = {}
    for gap in ended_gaps(source.ledger()):
        if gap.end_ms <= until_ms:  # one that ends later is met on the way
            gap_end_ms[gap.coin] = max(gap.end_ms, gap_end_ms.get(gap.coin, 0))
    with open_engine(settings) as engine:
        con = engine.backend
        accounts = Accounts(_asked(con, until_ms), gap_end_ms)
        by_fills = _by_fills(con, until_ms, gap_end_ms)
        by_answers = _by_answers(con, until_ms, accounts)
    # Of an account that was told, a coin without a size is flat, traded later or not.
    sizes = {k: v for k, v in (by_fills | by_answers).items() if v or not accounts.is_known(*k)}
    return ToldPositions(sizes, accounts)


def _asked(con: "Market", until_ms: int) -> dict[str, dict[str, int]]:
    """Return when each account was told, by wallet and exchange of the venue."""
    from hypertrack.market.last_positions import accounts_asked

    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in con.rows(con.table("wallets").join(accounts_asked(con, until_ms), "wallet_id")):
        found[row["wallet"]][row["dex"]] = row["told_ms"]
    return dict(found)


def _by_answers(con: "Market", until_ms: int, accounts: "Accounts") -> "dict[Key, Decimal]":
    from hypertrack.market.last_positions import positions_asked

    names = con.table("wallets").join(positions_asked(con, until_ms), "wallet_id")
    rows = con.rows(con.table("coins").join(names, "coin_id"))
    return {
        (row["wallet"], row["coin"]): _exact(row["size"])
        for row in rows
        if accounts.is_known(row["wallet"], row["coin"])
    }


def _by_fills(con: "Market", until_ms: int, gap_end_ms: dict[str, int]) -> "dict[Key, Decimal]":
    from hypertrack.market.last_positions import last_positions

    names = con.table("wallets").join(last_positions(con, until_ms), "wallet_id")
    rows = con.rows(con.table("coins").join(names, "coin_id"))
    return {
        (row["wallet"], row["coin"]): _exact(row["size"])
        for row in rows
        if row["time_ms"] >= gap_end_ms.get(row["coin"], 0)
    }


def _exact(size: float) -> Decimal:
    return Decimal(f"{size:.{SIZE_DECIMALS}f}")
