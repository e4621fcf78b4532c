"""Reads what a dashboard holds, as its script does, but in Python and from the description."""

import base64
import gzip
import json
import math
import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ReadPack:
    """One pack of columns.

    Attributes:
        head: What is said of each column.
        body: Its codes.
    """

    head: dict[str, Any]
    body: bytes

    def codes(self, name: str) -> list[int]:
        """Return a column's codes."""
        n, width, at = (self.head[name][key] for key in ("n", "width", "at"))
        rows = range(n)
        return [
            sum(self.body[at + byte * n + row] << (8 * byte) for byte in range(width))
            for row in rows
        ]

    def texts(self, name: str) -> list[str | None]:
        """Return a column as it is written."""
        texts = [None, *self.head[name]["texts"]]
        return [texts[code] for code in self.codes(name)]

    def values(self, name: str) -> list[float]:
        """Return a column's numbers; NaN where not known."""
        values = [math.nan, *self.head[name]["values"]]
        return [values[code] for code in self.codes(name)]

    def addresses(self, name: str) -> list[str]:
        """Return a column of addresses."""
        if "bytes" not in self.head[name]:
            return [str(text) for text in self.texts(name)]
        at, size = self.head[name]["at"], self.head[name]["bytes"]
        whole = self.body[at:]
        n = self.head["verdict"]["n"]
        return [f"0x{whole[row * size : (row + 1) * size].hex()}" for row in range(n)]


def read_pack(text: str) -> ReadPack:
    """Return a pack from its Base64."""
    whole = gzip.decompress(base64.b64decode(text))
    length = int.from_bytes(whole[:4], "little")
    return ReadPack(json.loads(whole[4 : 4 + length]), whole[4 + length :])


def script_text(html: str, name: str) -> str:
    """Return the text of the script element of a name."""
    found = re.search(rf'<script type="[a-z/-]+" id="{name}">(.*?)</script>', html, re.DOTALL)
    assert found is not None
    return found.group(1)
