"""Columns for a page's script: packed, compressed and written as text.

A pack is gzip of: the length of its head in four bytes, little-endian; the head, JSON; then one
byte of each code after the other. A page decodes it with `templates/unpacking.js`.
"""

import base64
import gzip
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.records import WALLET_PATTERN, encode_json

MISSING = 0
"""The code of what is not known; a number's own codes rise with it from 1 on."""

ADDRESS_BYTES = 20

COMPRESSION = 6
"""Of gzip: 9 takes thrice the time for one percent."""


@dataclass
class Pack:
    """Columns of one table, each by its name."""

    head: dict[str, Any] = field(default_factory=dict)
    body: list[bytes] = field(default_factory=list)
    n_bytes: int = 0

    def numbers(self, name: str, values: Sequence[float], write: Callable[[float], str]) -> None:
        """Add numbers as they are written; those that are written alike are one.

        Args:
            values: Not finite where not known.
        """
        array = np.asarray(values, dtype=np.float64)
        is_known = np.isfinite(array)
        distinct, places = np.unique(array[is_known], return_inverse=True)
        texts = [write(value) for value in distinct.tolist()]
        is_new = np.array([True, *(a != b for a, b in pairwise(texts))][: len(texts)], dtype=bool)
        codes = np.zeros(len(array), dtype=np.int64)
        codes[is_known] = is_new.cumsum()[places]
        firsts = np.flatnonzero(is_new).tolist()
        self.head[name] = {
            "texts": [texts[first] for first in firsts],
            "values": [float(f"{distinct[first]:.7g}") for first in firsts],
            **self._codes(codes),
        }

    def words(self, name: str, texts: Iterable[str | None]) -> None:
        """Add texts, of which many are alike; None where there is none."""
        places: dict[str, int] = {}
        codes = [
            MISSING if text is None else places.setdefault(text, len(places) + 1) for text in texts
        ]
        self.head[name] = {"texts": list(places), **self._codes(np.array(codes, dtype=np.int64))}

    def counts(self, name: str, counts: Sequence[int] | NDArray[np.intp]) -> None:
        """Add small whole numbers as they are."""
        self.head[name] = self._codes(np.array(counts, dtype=np.int64))

    def addresses(self, name: str, addresses: Sequence[str]) -> None:
        """Add addresses in 20 bytes each; as words where one of them is none."""
        if not all(map(WALLET_PATTERN.fullmatch, addresses)):
            self.words(name, addresses)
            return
        self.head[name] = {"bytes": ADDRESS_BYTES, "at": self.n_bytes}
        self._add(bytes.fromhex("".join(address[2:] for address in addresses)))

    def text(self) -> str:
        """Return the pack as Base64."""
        head = encode_json(self.head)
        whole = b"".join((len(head).to_bytes(4, "little"), head, *self.body))
        # Without a time in it: the same columns are the same text.
        return base64.b64encode(gzip.compress(whole, COMPRESSION, mtime=0)).decode()

    def _codes(self, codes: NDArray[np.int64]) -> dict[str, int]:
        """Add codes, low bytes first: bytes of one kind side by side compress better."""
        width = max(1, (int(codes.max(initial=0)).bit_length() + 7) // 8)
        place = {"n": len(codes), "width": width, "at": self.n_bytes}
        for byte in range(width):
            self._add(((codes >> (8 * byte)) & 0xFF).astype(np.uint8).tobytes())
        return place

    def _add(self, some: bytes) -> None:
        self.body.append(some)
        self.n_bytes += len(some)
