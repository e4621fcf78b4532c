"""Columns of numbers, hashes and names as text, as the venue writes them.

Decimals are written by Arrow, which like Python writes the shortest text that is the same number.
Arrow does not hold the interpreter meanwhile, so that one thread writes what another one makes.
"""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hypertrack.records import ZERO_HASH, encode_json
from hypertrack.simulate.market.arrays import CoinIds, Flags, Floats, Ids, Ints
from hypertrack.simulate.market.identifiers import HASH_DIGITS, hash_digits

_EXPONENTS_BELOW, _EXPONENTS_FROM = 1e-4, 1e10
"""Where shortest texts turn to powers of ten, in one notation or the other."""


def number_texts(values: Floats) -> list[str]:
    """Return numbers as the venue writes them: plain decimals, at least one of them."""
    if not len(values):
        return []
    texts = encode_json(values.tolist()).decode("ascii")[1:-1].split(",")  # faster than repr
    for at in np.flatnonzero((np.abs(values) < _EXPONENTS_BELOW) & (values != 0)):
        texts[at] = f"{values[at]:.10f}".rstrip("0")
    return texts


def decimal_texts(values: Floats) -> pa.Array:
    """Return numbers as the venue writes them, like `number_texts`."""
    texts = pc.cast(pa.array(values), pa.string())
    is_whole = pa.array(values == np.floor(values))
    texts = pc.if_else(is_whole, pc.binary_join_element_wise(texts, ".0", ""), texts)
    size = np.abs(values)
    is_power = ((size < _EXPONENTS_BELOW) & (values != 0)) | (size >= _EXPONENTS_FROM)
    if not is_power.any():
        return texts
    plain = pa.array(number_texts(values[is_power]), pa.string())
    return pc.replace_with_mask(texts, pa.array(is_power), plain)


def integer_texts(values: Ints) -> pa.Array:
    """Return whole numbers as text."""
    return pc.cast(pa.array(values), pa.string())


def hash_texts(orders: Ints, is_zero: Flags, salt: int) -> pa.Array:
    """Return the hash of each trade's taker order; all zeros for TWAP slices."""
    digits = np.empty((len(orders), 2 + HASH_DIGITS), dtype="S1")
    digits[:, :2] = (b"0", b"x")
    digits[:, 2:] = hash_digits(orders, salt).view("S1").reshape(-1, HASH_DIGITS)
    digits[is_zero] = np.frombuffer(ZERO_HASH.encode(), dtype="S1")
    ends = np.arange(0, digits.size + 1, digits.shape[1], dtype=np.int32)
    buffers = [pa.py_buffer(ends), pa.py_buffer(digits)]
    return pa.StringArray.from_buffers(len(orders), *buffers)


def joined_texts(*parts: pa.Array | str) -> pa.Array:
    """Return one text a row from columns and from words that are the same in all rows."""
    return pc.binary_join_element_wise(*parts, "")


class Names:
    """What one market calls its coins and wallets.

    Args:
        coins: Names.
        wallets: Addresses.
    """

    def __init__(self, coins: Sequence[str], wallets: Sequence[str]):
        self._coins = pa.array(coins)
        self._wallets = pa.array(wallets)

    def of_coins(self, coin: CoinIds) -> pa.Array:
        """Return the names of coins."""
        return self._coins.take(pa.array(coin))

    def of_wallets(self, wallet: Ids) -> pa.Array:
        """Return the addresses of wallets."""
        return self._wallets.take(pa.array(wallet))
