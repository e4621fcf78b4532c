"""A small market by hand, and what following a leader in it on paper writes."""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from clock_fakes import ManualClock
from fakes import ALICE, BOB, START_MS, observed, trade

from hypertrack.config import Settings
from hypertrack.live.checkpoint import LiveState
from hypertrack.live.paper_log import read_state
from hypertrack.live.paper_state import PaperState
from hypertrack.live.positions import ToldPositions
from hypertrack.live.session import Beginning, LivePlaces, LiveSession
from hypertrack.records import FollowStep, decode_json
from hypertrack.store.reading.followed import FollowedFolder

NOBODY = ("0x" + "1" * 40, "0x" + "2" * 40)


class NoOutlet:
    """Takes messages, and keeps none."""

    def put(self, *_: object) -> None:
        pass


def book(
    at_ms: int,
    bids: Sequence[tuple[str, str]],
    asks: Sequence[tuple[str, str]],
    coin: str = "BTC",
) -> dict[str, Any]:
    """Return a recorded book, the best level of each side first."""
    sides = [[{"px": px, "sz": sz, "n": 1} for px, sz in side] for side in (bids, asks)]
    return {
        "received_ns": (START_MS + at_ms + 200) * 1_000_000,
        "coin": coin,
        "time": START_MS + at_ms,
        "levels": sides,
    }


def took(at_ms: int, size: float, price: float, **changes: Any) -> dict[str, Any]:
    """Return a trade in which Alice takes: buys where the size is above 0, sells below."""
    buyer, seller = (ALICE, BOB) if size > 0 else (BOB, ALICE)
    who: dict[str, Any] = {"buyer": buyer, "seller": seller, "taker": ALICE}
    facts = {"price": price, "size": abs(size), "trade_id": at_ms + 1}
    return trade(START_MS + at_ms, **(who | facts | changes))


def tick(at_ms: int, price: float = 100.0, coin: str = "ETH") -> dict[str, Any]:
    """Return a trade of nobody's interest: it moves the watermark."""
    buyer, seller = NOBODY
    facts = {"price": price, "coin": coin, "trade_id": at_ms + 1}
    return trade(START_MS + at_ms, buyer=buyer, seller=seller, taker=buyer, **facts)


def acts(at_ms: int, size: float, price: float = 100.0, **changes: Any) -> list[dict[str, Any]]:
    """Return what Alice took, and trades of others by which it is told, and then followed."""
    return [took(at_ms, size, price, **changes), tick(at_ms + 2_500), tick(at_ms + 8_000)]


def write_lines(folder: Path, name: str, lines: Sequence[Mapping[str, Any]]) -> None:
    """Add lines to a file of the dataset."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.jsonl").open("ab") as file:
        file.writelines(json.dumps(line).encode() + b"\n" for line in lines)


class PaperRun:
    """A session over a folder that follows Alice on paper, from the start of the market on."""

    def __init__(
        self,
        folder: Path,
        told: Mapping[tuple[str, str], str] | None = None,
        name: str = "follow.jsonl",
        since_ms: int = START_MS,
        *,
        saved: LiveState | None = None,
        alerts: Sequence[Mapping[str, Any]] = (),
        paper_since_ms: int = 0,
        **follow: Any,
    ):
        source = FollowedFolder(folder, since_ms)
        assert saved is None or source.tape.go_on(saved.tape)
        settings = {"leaders": [ALICE], "capital_usd": 10_000, "notional_usd": 1_000}
        self.log = folder / name
        known = {(ALICE, "BTC"): "0", (ALICE, "ETH"): "0"} if told is None else told
        self.session = LiveSession(
            Settings.model_validate(
                {
                    "data": folder,
                    "follow": settings | follow,
                    "alerts": alerts,
                    "sinks": [{"name": "phone", "kind": "file", "url": str(folder / "told")}],
                }
            ),
            LivePlaces(source, folder / "profiles.parquet", folder / f"s.{name}", self.log),
            Beginning(
                since_ms,
                ToldPositions({key: Decimal(size) for key, size in known.items()}),
                paper_since_ms,
                saved,
            ),
            NoOutlet(),
            ManualClock(),
            lambda _: None,
        )

    def read(self) -> "PaperRun":
        """Take all that is there."""
        self.session.look()
        self.session.read_history()
        self.session.settle_paper()
        return self

    def poll(self) -> None:
        """Take what was added."""
        self.session.look()
        self.session.poll()

    @property
    def steps(self) -> list[FollowStep]:
        """Return the steps of the log."""
        return [decode_json(line, FollowStep) for line in self.log.read_bytes().splitlines()]

    @property
    def state(self) -> PaperState:
        """Return what the log gives."""
        state = read_state(self.log)
        assert state is not None
        return state


def observed_trades(*spans: tuple[int, int], coin: str = "BTC") -> list[dict[str, Any]]:
    """Return ledger lines that trades of a coin were seen in these spans, ms since the start."""
    return [observed(f"trades:{coin}", START_MS + a, START_MS + b) for a, b in spans]
