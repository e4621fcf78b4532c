"""The truth about the wallets, which a classification is to find."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import numpy as np

from hypertrack.config import SimulateSettings
from hypertrack.records import encode_json
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.market.kinds import KINDS
from hypertrack.simulate.market.start_positions import PositionArrays
from hypertrack.simulate.market.traps import Traps
from hypertrack.simulate.market.wallet_ledger import WalletLedger


def truth(
    traps: Traps,
    coins: tuple[Coin, ...],
    start: PositionArrays,
    ledger: WalletLedger,
    settings: SimulateSettings,
) -> dict[str, np.ndarray]:
    """Return the facts about each wallet, one column each, a row a wallet."""
    people = traps.people
    addresses = np.array(people.addresses)
    names = [coins[at].name for at in people.home]
    ends = people.home_start + people.home_count
    world = " ".join((settings.skill, *settings.trend))
    earned = ledger.columns()
    return {
        "wallet": addresses,
        "kind": np.array([kind.name for kind in KINDS])[people.kind],
        "is_bot": people.is_bot,
        "owner": addresses[people.owner],
        "follows": np.where(people.follows >= 0, addresses[people.follows], ""),
        "traps": np.array(traps.names()),
        "edge_bps": earned.pop("edge_bps"),
        "holding_s": people.holding_ms / 1000,
        "home_coins": np.array(
            [
                ",".join(dict.fromkeys(names[a:b]))
                for a, b in zip(people.home_start, ends, strict=True)
            ]
        ),
        **earned,
        "start_positions": np.array(list(_position_texts(len(people), coins, start))),
        "world": np.full(len(people), world),
    }


def _position_texts(n_wallets: int, coins: Sequence[Coin], start: PositionArrays) -> Iterator[str]:
    """Yield each wallet's positions as a JSON list; empty text for none."""
    order = np.argsort(start.wallet, kind="stable")
    columns = (start.wallet, start.coin, start.units, start.entry_price)
    rows = zip(*(column[order].tolist() for column in columns), strict=True)
    held = {wallet: list(of) for wallet, of in groupby(rows, key=lambda row: row[0])}
    for wallet in range(n_wallets):
        items = [
            {
                "coin": coins[coin].name,
                "size": units / 10 ** coins[coin].size_decimals,
                "entry_price": entry,
            }
            for _, coin, units, entry in held.get(wallet, ())
        ]
        yield encode_json(items).decode() if items else ""
