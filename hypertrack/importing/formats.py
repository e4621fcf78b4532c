"""The formats that can be imported, each recognised by the shape of its lines."""

from enum import StrEnum
from typing import Any

from hypertrack.records import JsonError, decode_json


class Format(StrEnum):
    """What the lines of a file are."""

    NODE_FILLS_BY_BLOCK = "node_fills_by_block"
    NODE_FILLS = "node_fills"
    NODE_TRADES = "node_trades"
    USER_FILLS = "user_fills"
    ASSET_CTXS = "asset_ctxs"
    MARKET_DATA = "market_data"
    CAPTURE = "capture"
    DATASET = "dataset"


ARCHIVES = frozenset({Format.NODE_FILLS_BY_BLOCK, Format.NODE_FILLS, Format.NODE_TRADES})
"""Written by a node of the venue: of all coins, complete for the hour a file is named after."""

TRADELESS = frozenset({Format.ASSET_CTXS, Format.MARKET_DATA})
"""Without trades, so that they say nothing twice that another file says."""

CONTEXT_HEADER = b"time,coin,"


def recognise(line: bytes) -> Format | None:
    """Return the format that a line has the shape of, None for a foreign or torn one.

    Datasets are recognised by their folder, not by a line.
    """
    try:
        value: object = decode_json(line, Any)
    except (JsonError, UnicodeDecodeError):
        return Format.ASSET_CTXS if line.startswith(CONTEXT_HEADER) else None
    match value:
        case [{"coin": _, "px": _, "sz": _}, *_] | {"user": _, "fills": [*_]}:
            return Format.USER_FILLS
        case [str(), {"coin": _, "px": _, "sz": _}]:
            return Format.NODE_FILLS
        case {"block_number": _, "events": [*_]}:
            return Format.NODE_FILLS_BY_BLOCK
        case {"side_info": [*_], "coin": _}:
            return Format.NODE_TRADES
        case {"raw": {"channel": "l2Book"}, "time": str()}:
            return Format.MARKET_DATA
        case {"received_wall_ns": _, "channel": _}:
            return Format.CAPTURE
        case _:
            return None
