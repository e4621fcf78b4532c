"""Fills without another half: what the venue does to positions by itself, and no trade tells.

When the market begins, at midnight, the venue buys the spot balances that are too small to be
sold; when it is over, it delists a coin and settles everybody's position in it.

Source: protocol, section 3 (dust: zero hash and id 0; ``dir``), and settlements of the venue.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from hypertrack.records import ZERO_HASH
from hypertrack.simulate.market.dust import Dust
from hypertrack.simulate.market.fill_objects import FIRST_ORDER_ID
from hypertrack.simulate.market.identifiers import hashes, trade_ids
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.market.start_positions import PositionArrays
from hypertrack.simulate.market.text_columns import number_texts

_PRICE_DIGITS = 10
"""Of a settlement, which is no price of an order: an average of what others quote."""
_SETTLEMENTS_FROM = 2**45
"""Counts of trades and orders from here on are those of settlements."""


def dust_texts(
    dust: Sequence[Dust],
    coins: Sequence[Coin],
    wallets: Sequence[str],
    time_ms: int,
) -> Iterator[str]:
    """Yield the fills that convert dust, at the price of the market's start."""
    for at, (wallet, coin, size) in enumerate(dust):
        fields = (
            f'"dir":"Spot Dust Conversion","closedPnl":"0.0","hash":"{ZERO_HASH}",'
            f'"oid":{FIRST_ORDER_ID - 1_000_000 + at},"crossed":true,"fee":"0.0","tid":0'
        )
        named = coins[coin]
        yield _text(wallets[wallet], named.name, named.price_usd, size, time_ms, fields)


def settlement_coin(coins: Sequence[Coin]) -> int | None:
    """Return the perp that trades least; None where there is only one."""
    perps = [at for at, coin in enumerate(coins) if coin.kind == "perp"]
    return min(perps, key=lambda at: coins[at].trade_share) if len(perps) > 1 else None


def settlement_texts(
    held: PositionArrays,
    coin: Coin,
    wallets: Sequence[str],
    price: float,
    time_ms: int,
    salt: int,
) -> Iterator[str]:
    """Yield the fills that settle positions in a coin.

    Args:
        held: In that coin.
        coin: Which is delisted.
        wallets: Addresses.
        price: Latent price at the end.
        time_ms: Of the block.
        salt: Of the market's hashes.
    """
    paid = float(f"{price:.{_PRICE_DIGITS}g}")
    size = held.units / 10**coin.size_decimals
    closed = number_texts(np.round(size * (paid - held.entry_price), 6) + 0.0)
    numbers = _SETTLEMENTS_FROM + np.arange(len(held))
    (digest,) = hashes(numbers[:1], salt) if len(held) else ("",)
    ids = trade_ids(numbers).tolist()
    rows = zip(held.wallet.tolist(), size.tolist(), closed, ids, strict=True)
    for at, (wallet, position, profit, trade_id) in enumerate(rows):
        fields = (
            f'"dir":"Settlement","closedPnl":"{profit}","hash":"{digest}",'
            f'"oid":{FIRST_ORDER_ID - 2_000_000 + at},"crossed":true,"fee":"0.0","tid":{trade_id}'
        )
        yield _text(wallets[wallet], coin.name, paid, position, time_ms, fields)


def _text(wallet: str, coin: str, price: float, position: float, time_ms: int, fields: str) -> str:
    px, sz, start = number_texts(np.array([price, abs(position), position]))
    side = "A" if position > 0 else "B"
    return (
        f'["{wallet}",{{"coin":"{coin}","px":"{px}","sz":"{sz}","side":"{side}","time":{time_ms},'
        f'"startPosition":"{start}",{fields},"feeToken":"USDC","twapId":null}}]'
    )
