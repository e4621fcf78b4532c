"""Which wallets are held out: decided by a stable hash of the address, for all time."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

HELD_OUT = "held out"
VALIDATION = "validation"


def drawn(wallets: Sequence[str], purpose: str, frac: float) -> NDArray[np.bool_]:
    """Return which wallets are drawn, ``[wallets]``: the same ones in every run and dataset.

    Args:
        wallets: Addresses, lower case.
        purpose: Draws for different purposes are independent.
        frac: Share of all addresses that is drawn.
    """
    numbers = [int.from_bytes(_digest(wallet, purpose)) for wallet in wallets]
    return np.array(numbers, dtype=np.uint64) < np.uint64(int(frac * 2**64))


def _digest(wallet: str, purpose: str) -> bytes:
    return hashlib.blake2b(wallet.encode(), digest_size=8, person=purpose.encode()).digest()
