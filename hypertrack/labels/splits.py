"""Which wallets are held out: decided by a stable hash of the address, for all time."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

HELD_OUT = "held out"
VALIDATION = "validation"
FOLD = "fold"


def drawn(wallets: Sequence[str], purpose: str, frac: float) -> NDArray[np.bool_]:
    """Return which wallets are drawn, ``[wallets]``: the same ones in every run and dataset.

    Args:
        wallets: Addresses, lower case.
        purpose: Draws for different purposes are independent.
        frac: Share of all addresses that is drawn.
    """
    return _numbers(wallets, purpose) < np.uint64(int(frac * 2**64))


def places(wallets: Sequence[str], purpose: str) -> NDArray[np.float64]:
    """Return where each wallet stands from 0 to 1, ``[wallets]``; as stable as `drawn`."""
    return _numbers(wallets, purpose) / 2.0**64


def _numbers(wallets: Sequence[str], purpose: str) -> NDArray[np.uint64]:
    numbers = [int.from_bytes(_digest(wallet, purpose)) for wallet in wallets]
    return np.array(numbers, dtype=np.uint64)


def _digest(wallet: str, purpose: str) -> bytes:
    return hashlib.blake2b(wallet.encode(), digest_size=8, person=purpose.encode()).digest()
