"""Lines of node archives and captures, made by hand in the shapes that the venue documents."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
from fakes import ALICE, BOB, START_MS

HASH = "0x" + "12" * 32


def fill(
    wallet: str = ALICE,
    *,
    side: str = "B",
    crossed: bool = True,
    time_ms: int = START_MS,
    trade_id: int = 7,
    coin: str = "BTC",
    price: str = "100.5",
    size: str = "2.0",
    **more: Any,
) -> list[Any]:
    """Return ``[wallet, fill]``: one wallet's part of a trade."""
    return [
        wallet,
        {
            **{"coin": coin, "px": price, "sz": size, "side": side, "time": time_ms},
            **{"startPosition": "1.5", "dir": "Open Long", "closedPnl": "3.25", "hash": HASH},
            **{"oid": 11, "crossed": crossed, "fee": "-0.01", "tid": trade_id},
            "feeToken": "USDC",
            **more,
        },
    ]


def both_fills(
    buyer: str = ALICE, seller: str = BOB, *, taker: str | None = None, **more: Any
) -> list[list[Any]]:
    """Return the two fills of one trade, the seller's first; the buyer took unless said."""
    is_buy = taker in (None, buyer)
    return [
        fill(seller, side="A", crossed=not is_buy, **more),
        fill(buyer, side="B", crossed=is_buy, **more),
    ]


def block(
    events: Iterable[list[Any]], time_ms: int = START_MS, number: int = 1_000
) -> dict[str, Any]:
    """Return a line of ``node_fills_by_block``; the node wrote it 400 ms after the block."""
    return {
        "local_time": iso(time_ms + 400, "123456"),
        "block_time": iso(time_ms, "517886"),
        "block_number": number,
        "events": list(events),
    }


def node_trade(
    buyer: str = ALICE,
    seller: str = BOB,
    *,
    side: str = "B",
    time_ms: int = START_MS,
    size: str = "2.0",
    coin: str = "BTC",
) -> dict[str, Any]:
    """Return a line of ``node_trades``."""
    return {
        **{"coin": coin, "side": side, "time": iso(time_ms, "172847"), "px": "100.5", "sz": size},
        **{"hash": HASH, "trade_dir_override": "Na"},
        "side_info": [
            {"user": user, "start_pos": "1.0", "oid": oid, "twap_id": None, "cloid": None}
            for user, oid in ((buyer, 1), (seller, 2))
        ],
    }


def frame(channel: str, data: object, received_ms: int = START_MS + 300) -> dict[str, Any]:
    """Return a line of a capture."""
    return {"received_wall_ns": received_ms * 1_000_000, "channel": channel, "data": data}


def iso(time_ms: int, nanoseconds: str) -> str:
    """Return the time as a node writes it, with what stands behind the milliseconds."""
    moment = datetime.fromtimestamp(time_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{time_ms % 1000:03}{nanoseconds}"


def write_lines(path: Path, lines: Iterable[object]) -> Path:
    """Write JSON Lines, packed where the name ends in ``.lz4``; return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    if path.suffix == ".lz4":
        with pa.CompressedOutputStream(str(path), "lz4") as file:
            file.write(text)
    else:
        path.write_bytes(text)
    return path


def read_lines(path: Path) -> list[Any]:
    """Return the lines of a file, none where there is no file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
