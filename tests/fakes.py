"""Hand-made datasets: each helper guarantees the venue's own shapes, as recorded on disk."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import parquet

ALICE = "0x" + "a" * 40
BOB = "0x" + "b" * 40
CAROL = "0x" + "c" * 40

START_MS = 1_767_600_000_000
"""2026-01-05 08:00:00 UTC, a Monday, on a whole minute and hour."""

ZERO_HASH = "0x" + "0" * 64


def trade(
    time_ms: int,
    *,
    buyer: str,
    seller: str,
    taker: str,
    price: float = 100.0,
    size: float = 1.0,
    coin: str = "BTC",
    trade_id: int | None = None,
    is_twap: bool = False,
) -> dict[str, Any]:
    """Return one recorded trade; ``taker`` is the buyer or the seller; ids default to the time."""
    assert taker in (buyer, seller)
    return {
        "received_ns": (time_ms + 300) * 1_000_000,
        "coin": coin,
        "side": "B" if taker == buyer else "A",
        "px": str(price),
        "sz": str(size),
        "time": time_ms,
        "hash": ZERO_HASH if is_twap else f"0x{time_ms:064x}",
        "tid": time_ms % 2**50 if trade_id is None else trade_id,
        "users": [buyer, seller],
    }


def fill_of(line: dict[str, Any], wallet: str, **says: Any) -> dict[str, Any]:
    """Return a wallet's fill of a recorded trade, as an import keeps it."""
    side = "B" if line["users"][0] == wallet else "A"
    facts = {key: line[key] for key in ("received_ns", "coin", "px", "sz", "time", "hash", "tid")}
    own = {"user": wallet, "side": side, "closedPnl": "0.0", "fee": "0.0", "startPosition": "0.0"}
    return {**facts, **own, "crossed": line["side"] == side, "feeToken": "USDC", **says}


def account_state(
    time_ms: int, wallet: str, *held: Mapping[str, Any], equity: float = 100.0, dex: str = ""
) -> dict[str, Any]:
    """Return the line of an answer to ``clearinghouseState``; ``held`` as of `held_position`."""
    value = sum(float(one["position"]["positionValue"]) for one in held)
    summary = {"accountValue": str(equity), "totalNtlPos": str(value)}
    answer = {"marginSummary": summary, "assetPositions": list(held), "time": time_ms}
    request = {"type": "clearinghouseState", "dex": dex}
    return {**_answered(time_ms, wallet), "request": request, "answer": answer}


def held_position(
    coin: str, size: float, *, price: float = 100.0, liquidation: float | None = None
) -> dict[str, Any]:
    """Return an open position as the venue tells it."""
    position = {"coin": coin, "szi": str(size), "positionValue": str(abs(size) * price)}
    told = None if liquidation is None else str(liquidation)
    return {"type": "oneWay", "position": {**position, "liquidationPx": told}}


def portfolio(
    time_ms: int, wallet: str, points: Iterable[tuple[int, float, float]], period: str = "month"
) -> dict[str, Any]:
    """Return the line of an answer to ``portfolio``; points are time, worth and earned."""
    known = list(points)
    window = {
        "accountValueHistory": [[at, str(worth)] for at, worth, _ in known],
        "pnlHistory": [[at, str(earned)] for at, _, earned in known],
        "vlm": "1.0",
    }
    request = {"type": "portfolio"}
    return {**_answered(time_ms, wallet), "request": request, "answer": [[period, window]]}


def account_flow(time_ms: int, wallet: str, **delta: Any) -> dict[str, Any]:
    """Return the line of an update of a wallet's ledger."""
    return {
        **_answered(time_ms, wallet),
        **{"request": {"type": "userNonFundingLedgerUpdates"}, "time": time_ms},
        **{"hash": f"0x{time_ms:064x}", "delta": delta},
    }


def _answered(time_ms: int, wallet: str) -> dict[str, Any]:
    return {"received_ns": (time_ms + 300) * 1_000_000, "user": wallet}


def quote(time_ms: int, bid: float | None, ask: float | None, coin: str = "BTC") -> dict[str, Any]:
    """Return one recorded best bid and offer."""
    return {
        "received_ns": (time_ms + 200) * 1_000_000,
        "coin": coin,
        "time": time_ms,
        "bbo": [None if px is None else {"px": str(px), "sz": "1.0", "n": 1} for px in (bid, ask)],
    }


def context(
    time_ms: int,
    *,
    rate: float | None = 0.0001,
    oracle: float | None = 100.0,
    open_interest: float | None = 1_000.0,
    premium: float | None = 0.0,
    coin: str = "BTC",
) -> dict[str, Any]:
    """Return one recorded context of a perp; what is None is null, as the venue writes it."""
    says = {"funding": rate, "openInterest": open_interest, "premium": premium, "oraclePx": oracle}
    ctx = {name: None if number is None else str(number) for name, number in says.items()}
    return {
        "received_ns": (time_ms + 250) * 1_000_000,
        "exchange_time_ms": time_ms,
        "coin": coin,
        "ctx": {**ctx, "markPx": ctx["oraclePx"], "impactPxs": None},
    }


def rate(hour: int, funding: float, coin: str = "BTC") -> dict[str, Any]:
    """Return a rate as the venue's history tells it, of the n-th hour after the start."""
    time_ms = START_MS + hour * 3_600_000 + 48
    return {
        **{"received_ns": 1, "request": {"type": "fundingHistory", "coin": coin}},
        **{"coin": coin, "fundingRate": str(funding), "premium": "0.0", "time": time_ms},
    }


def candle(
    start_ms: int,
    *,
    prices: tuple[float, float, float, float],
    volume: float = 1.0,
    count: int = 1,
    coin: str = "BTC",
) -> dict[str, Any]:
    """Return one recorded closed 1-minute candle; ``prices`` are open, high, low, close."""
    o, h, low, c = map(str, prices)
    return {
        "received_ns": (start_ms + 65_000) * 1_000_000,
        **{"t": start_ms, "T": start_ms + 59_999, "s": coin, "i": "1m"},
        **{"o": o, "c": c, "h": h, "l": low, "v": str(volume), "n": count},
    }


def evm_transaction(
    time_ms: int,
    sender: str,
    receiver: str | None,
    *,
    value_wei: int = 0,
    call: str = "0x",
    status: str = "0x1",
    transfers: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return one recorded HyperEVM transaction; the hash follows from the rest."""
    text = f"{time_ms}{sender}{receiver}{value_wei}{call}"
    return {
        "received_ns": (time_ms + 900) * 1_000_000,
        "chain": "evm",
        "hash": f"0x{sum(ord(c) * 257**i for i, c in enumerate(text)) % 2**256:064x}",
        **{"from": sender, "to": receiver, "value": hex(value_wei), "input": call},
        "blockTimestamp": hex(time_ms // 1000),
        "status": status,
        "transfers": list(transfers),
    }


def erc20_transfer(
    contract: str, sender: str, receiver: str, value: int, decimals: int | None = 18
) -> dict[str, Any]:
    """Return one decoded Transfer log, as it stands in a recorded transaction."""
    return {
        "contract": contract,
        **{"from": sender, "to": receiver, "value": str(value), "decimals": decimals},
    }


def observed(stream: str, start_ms: int, end_ms: int, **more: Any) -> dict[str, Any]:
    """Return a ledger line saying that the stream was observed."""
    return {
        "stream": stream,
        "status": "observed",
        "start_ms": start_ms,
        "end_ms": end_ms,
        "cause": None,
        "missed": None,
        **more,
    }


def add_sealed_rows(path: Path, *rows: Mapping[str, Any]) -> None:
    """Add rows to a sealed hour, such as no recorder of today would seal."""
    sealed = parquet.read_table(path)
    names = sealed.schema.names
    more = [{name: row.get(name) for name in names} for row in rows]
    added = pa.concat_tables([sealed, pa.Table.from_pylist(more, sealed.schema)])
    parquet.write_table(added, path)


def write_dataset(folder: Path, **lines_by_file: Iterable[Mapping[str, Any]]) -> Path:
    """Write ``{name}.jsonl`` for each keyword and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in lines_by_file.items():
        text = "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        path = folder / f"{name}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
