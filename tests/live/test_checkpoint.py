"""The checkpoint of live: taken whole, or not at all."""

from decimal import Decimal
from pathlib import Path

import pytest
from live_fakes import tape_trade

from hypertrack.live.actions import FinderState
from hypertrack.live.checkpoint import LiveState, read_checkpoint, write_checkpoint
from hypertrack.live.desk import DeskState, Gap
from hypertrack.live.gap_book import GapState
from hypertrack.live.positions import Accounts, Awaited, Position
from hypertrack.live.recent_trades import RecentState
from hypertrack.live.rules import LimitState
from hypertrack.records import PositionKnown, Side
from hypertrack.store.reading.open_lines import LinePlace
from hypertrack.store.reading.tape import SkewSeen, TapePlace

STATE = LiveState(
    since_ms=5,
    tape=TapePlace(
        lines=LinePlace(offset=3, known=b"{}\n", sealed="none"),
        waiting=(),
        newest=(),
        n_given=7,
        n_unread=1,
        skew=SkewSeen((-200, -150), 2, 0),
    ),
    n_trades=7,
    finder=FinderState(
        positions={"BTC": {"0xa": Position(known=PositionKnown.FLAT)}},
        pending=[],
        seen=[("BTC", 1, 2)],
        watermark_ms=4,
        n_late=1,
        awaited={"0xa": {"ETH": Awaited(5, [(6, Decimal("0.5"))])}},
        accounts=Accounts({"0xa": {"": 3}}, {"BTC": 4}),
        recent=RecentState([tape_trade(0)], 3),
    ),
    desk=DeskState(
        decimals={"BTC": (3, 1)},
        last_px={"BTC": "84000.5"},
        first_ms=1,
        newest_ms=9,
        gaps={"BTC": [Gap("BTC", 2, 3)]},
        traded={"0xa": {"BTC": 7, "ETH": 9}},
        sides={("BTC", Side.BUY): {"0xa": 8}},
    ),
    gaps=GapState(waiting={}, known={Gap("BTC", 2, 3)}, newest={}),
    limits=[LimitState(rule="a", at_most="1 per 1m", told_ms={(): [3]}, n_held_back={(): 2})],
    verdicts={"0xa": "COPY"},
    paper=None,
)


def test_checkpoint_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "one", STATE)

    assert read_checkpoint(tmp_path / "one", since_ms=5) == STATE


def test_checkpoint_of_another_start_is_none(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "one", STATE)

    assert read_checkpoint(tmp_path / "one", since_ms=6) is None
    assert read_checkpoint(tmp_path / "missing", since_ms=5) is None


@pytest.mark.parametrize(
    ("found", "instead"),
    [(b"live/2", b"live/1"), (b"84000.5", b"84000.6"), (b"\n", b""), (b"COPY", b"")],
    ids=["another edition", "a changed digit", "no head", "cut"],
)
def test_damaged_checkpoint_is_said_and_not_taken(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, found: bytes, instead: bytes
) -> None:
    file = tmp_path / "one"
    write_checkpoint(file, STATE)
    file.write_bytes(file.read_bytes().replace(found, instead, 1))

    assert read_checkpoint(file, since_ms=5) is None
    assert "all is read again from the first start" in caplog.text
