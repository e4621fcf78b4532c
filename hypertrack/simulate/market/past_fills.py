"""What wallets traded before the market begins: the fills that explain where they start from."""

from dataclasses import dataclass

import numpy as np

from hypertrack.simulate.market.arrays import CoinIds, Columns, Flags, Floats, Ids, Ints


@dataclass(frozen=True)
class PastFillArrays(Columns):
    """Fills of wallets, whoever was on the other side."""

    time_ms: Ints
    """Time of the block."""
    wallet: Ids
    coin: CoinIds
    units: Ints
    """In the smallest step of the coin's size; negative for sold."""
    price: Floats
    is_taker: Flags
    is_dust: Flags
    """What was left of a token, which the venue itself turned into USDC."""

    def in_order(self) -> "PastFillArrays":
        """Return the fills by wallet and time."""
        return self.take(np.lexsort((self.time_ms, self.wallet)))

    def of_wallet(self, wallet: int) -> "PastFillArrays":
        """Return a wallet's part of fills that are in order."""
        first, last = np.searchsorted(self.wallet, [wallet, wallet + 1])
        return self.take(slice(int(first), int(last)))
