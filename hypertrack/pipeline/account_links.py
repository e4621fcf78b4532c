"""Who belongs together, as the venue tells it, in words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the commands load this when they run
    from hypertrack.market.engine.market import Market


LINKS = {
    "vault": ("vault {name!r} led by {other}", "leads the vault {name!r} {own}"),
    "sub_account": ("sub-account of {other}", "has the sub-account {own}"),
    "agent": ("agent of {other}", "has the agent {own}"),
    "transfer": ("{n:,} transfers of {usd:,.0f} USD with {other}",) * 2,
}
"""How a link is told of the one it begins at, and of the other; in the order in which they are."""


def links_in_words(con: "Market", name_of: Mapping[int, str]) -> dict[int, list[str]]:
    """Return by wallet id what is to be said of it, each link at both of its ends."""
    from hypertrack.market import account_states

    told: dict[int, list[str]] = {}
    order, rows = list(LINKS), con.rows(account_states.links(con))
    for row in sorted(rows, key=lambda row: order.index(row["kind"])):
        own, other = name_of[row["wallet_id"]], name_of[row["other_id"]]
        words = {"name": row["name"] or "", "n": row["n"], "usd": row["usd"]}
        here, there = LINKS[row["kind"]]
        told.setdefault(row["wallet_id"], []).append(here.format(**words, own=own, other=other))
        told.setdefault(row["other_id"], []).append(there.format(**words, own=own, other=own))
    return told
