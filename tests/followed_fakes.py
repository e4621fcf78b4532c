"""A session of live over a folder, which keeps what it would send."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from clock_fakes import ManualClock
from fakes import ALICE, BOB, CAROL, START_MS, trade

from hypertrack.config import Settings
from hypertrack.live.checkpoint import read_checkpoint
from hypertrack.live.positions import ToldPositions
from hypertrack.live.session import Beginning, LivePlaces, LiveSession
from hypertrack.records import Message, MessageKind
from hypertrack.store.reading.followed import FollowedFolder

AFTER = {"emitted_ms", "delay_ms", "prev", "expires_ms"}
"""What follows from when a signal was written."""

SETTINGS: dict[str, Any] = {
    "follow": {"leaders": [ALICE, BOB], "notional_usd": 500, "to": ["bot"], "makers": True},
    "watchlists": [{"name": "mine", "wallets": [ALICE, BOB, CAROL]}],
    "consensus": {"watchlist": "mine", "n_wallets": 2},
    "alerts": [
        {"name": "any", "on": "action", "to": ["bot"], "where": {"wallet": CAROL}},
        {"name": "gaps", "on": "gap", "to": ["bot"]},
        {"name": "agreed", "on": "consensus", "to": ["bot"]},
        {"name": "new coin", "on": "coin.entered", "to": ["bot"]},
    ],
    "sinks": [{"name": "bot", "kind": "file", "url": "told.jsonl"}],
}


@dataclass
class Kept:
    """Keeps what would be sent."""

    messages: list[Message] = field(default_factory=list)

    def put(self, messages: Iterable[Message], to: Iterable[str]) -> None:
        assert list(to) == ["bot"]
        self.messages += messages

    def texts(self, kind: MessageKind = MessageKind.ALERT) -> list[str]:
        return [message.text for message in self.messages if message.kind is kind]


class Followed:
    """A session over a folder."""

    def __init__(
        self,
        folder: Path,
        name: str = "signals.jsonl",
        told: dict[Any, Decimal] | None = None,
        clock: ManualClock | None = None,
        checkpoint: Path | None = None,
        since_ms: int = 0,
    ):
        source = FollowedFolder(folder, since_ms)
        saved = None if checkpoint is None else read_checkpoint(checkpoint, since_ms)
        self.is_going_on = saved is not None and source.tape.go_on(saved.tape)
        self.folder = folder
        self.file = folder / name
        self.kept = Kept()
        self.clock = clock or ManualClock()
        self.lines: list[bytes] = []
        self.session = LiveSession(
            Settings.model_validate(SETTINGS),
            LivePlaces(source, folder / "profiles.parquet", self.file),
            Beginning(
                since_ms, ToldPositions(told or {}), saved=saved if self.is_going_on else None
            ),
            self.kept,
            self.clock,
            self.lines.append,
        )
        self.session.look()
        self.session.read_history(is_growing=checkpoint is not None)

    def poll(self) -> None:
        self.clock.advance(0.2)
        self.session.look()
        self.session.poll()
        self.session.poll()

    def signals(self) -> list[dict[str, Any]]:
        """Return the signals in the file, without what follows from when they were written."""
        said = [json.loads(line) for line in self.file.read_bytes().splitlines()]
        return [{k: v for k, v in one.items() if k not in AFTER} for one in said]


def row(at_ms: int, buyer: str, seller: str, **changes: Any) -> dict[str, Any]:
    who = {"buyer": buyer, "seller": seller, "taker": buyer}
    return trade(START_MS + at_ms, **(who | {"trade_id": at_ms + 1} | changes))


def append(folder: Path, rows: Sequence[dict[str, Any]]) -> None:
    with (folder / "trades.jsonl").open("ab") as file:
        file.writelines(json.dumps(one).encode() + b"\n" for one in rows)


def observed(start_ms: int, end_ms: int, coin: str = "BTC") -> bytes:
    line = {
        "stream": f"trades:{coin}",
        "status": "observed",
        "start_ms": START_MS + start_ms,
        "end_ms": START_MS + end_ms,
    }
    return json.dumps(line).encode() + b"\n"
