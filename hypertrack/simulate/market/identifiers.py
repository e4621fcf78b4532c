"""Addresses, trade ids and hashes that look drawn at random, and follow from a number."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from hypertrack.records import ZERO_HASH
from hypertrack.simulate.market.arrays import Flags, Ints

_ID_BITS = 50
_ID_MASK = np.uint64(2**_ID_BITS - 1)
_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))

HASH_DIGITS = 64

U64 = NDArray[np.uint64]


def scrambled(numbers: U64) -> U64:
    """Return the numbers mixed so that neighbours share nothing (splitmix64, a bijection)."""
    mixed = numbers * _ODD[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _ODD[1]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _ODD[2]
    return mixed ^ (mixed >> np.uint64(31))


def trade_ids(counts: Ints) -> Ints:
    """Return ids below 2^50, distinct for distinct counts below 2^50."""
    ids = counts.astype(np.uint64)
    for odd in _ODD:  # multiplying by an odd number and folding are bijections of 50 bits
        ids = (ids * odd) & _ID_MASK
        ids ^= ids >> np.uint64(25)
    return ids.astype(np.int64)


def addresses(count: int, rng: np.random.Generator) -> tuple[str, ...]:
    """Return ``count`` random addresses, lower case."""
    text = rng.bytes(20 * count).hex()
    return tuple("0x" + text[at : at + 40] for at in range(0, 40 * count, 40))


def hashes(numbers: Ints, salt: int) -> list[str]:
    """Return a 32-byte hash for each number; equal numbers share one."""
    digits = hash_digits(numbers, salt).tobytes().decode("ascii")
    return ["0x" + digits[at : at + HASH_DIGITS] for at in range(0, len(digits), HASH_DIGITS)]


def hash_digits(numbers: Ints, salt: int) -> NDArray[np.bytes_]:
    """Return the hexadecimal digits of each number's hash."""
    words: U64 = (numbers[:, None] * 4 + np.arange(4)).astype(np.uint64)
    text = scrambled(words ^ scrambled(np.array([salt], dtype=np.uint64))).astype(">u8")
    return np.frombuffer(text.tobytes().hex().encode("ascii"), dtype=f"S{HASH_DIGITS}")


def order_hashes(orders: Ints, is_zero: Iterable[bool] | Flags, salt: int) -> Sequence[str]:
    """Return the hash of each trade's taker order; all zeros for TWAP slices."""
    return [
        ZERO_HASH if zero else text
        for text, zero in zip(hashes(orders, salt), is_zero, strict=True)
    ]
