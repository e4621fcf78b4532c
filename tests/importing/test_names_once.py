"""An object that names something twice says two things: no way in takes one of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from archive_fakes import block, both_fills, fill, frame, node_trade
from fakes import ALICE, BOB, START_MS, fill_of, trade
from import_fakes import imported

from hypertrack.simulate.venue.captured_frames import CapturedFrames

GOOD = trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB, trade_id=7)
SENT = {name: value for name, value in GOOD.items() if name != "received_ns"}


def saying_twice(line: object, name: str = "px", value: str = '"2.0"') -> str:
    """Return a line whose last object that has this name says a thing of it before as well."""
    before, named, behind = json.dumps(line).rpartition(f'"{name}": ')
    assert named
    return f"{before}{named}{value}, {named}{behind}"


def write(path: Path, *lines: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("".join(text + "\n" for text in texts))
    return path


@pytest.mark.parametrize(
    ("line", "good"),
    [
        (saying_twice(block([*both_fills(), fill(ALICE, trade_id=8)])), None),
        (saying_twice(fill(ALICE, trade_id=8)), both_fills()),
        (saying_twice(node_trade()), [node_trade(size="3.0")]),
        (saying_twice(frame("trades", [SENT, {**SENT, "tid": 8}])), None),
        (saying_twice(frame("bbo", [SENT]), "channel"), [frame("trades", [SENT])]),
    ],
)
def test_line_of_an_archive_or_capture_loses_only_what_is_said_twice(
    tmp_path: Path, line: str, good: list[Any] | None
) -> None:
    source = write(tmp_path / "lines", *(good or ()), line)

    report = imported(tmp_path / "data", source)

    assert report.counts["quarantined"] == 1
    assert "stands twice in one object" in str(report.first_flaw)
    assert report.counts.get("trades", 0) == 1


def test_lists_that_stand_twice_in_a_block_or_answer_are_not_half_read(tmp_path: Path) -> None:
    whole = block(both_fills(trade_id=9), START_MS + 70, 1_001)
    twice = saying_twice(block(both_fills()), "events", "[]")
    answer = saying_twice({"user": ALICE, "fills": [fill()[1]]}, "fills", "[]")

    blocks = imported(tmp_path / "one", write(tmp_path / "b", whole, twice))
    answers = imported(
        tmp_path / "two", write(tmp_path / "a", answer, {"user": BOB, "fills": [fill()[1]]})
    )

    assert blocks.counts == {"trades": 1, "fills": 2, "quarantined": 1}
    assert answers.counts == {"fills": 1, "quarantined": 1}


def test_line_of_a_dataset_that_says_a_thing_twice_is_not_copied(tmp_path: Path) -> None:
    fills = [fill_of(GOOD, ALICE), saying_twice(fill_of(GOOD, BOB))]
    write(tmp_path / "old" / "trades.jsonl", GOOD, saying_twice({**GOOD, "tid": 8}))
    write(tmp_path / "old" / "fills.jsonl", *fills)

    report = imported(tmp_path / "data", tmp_path / "old")

    assert report.counts == {"trades": 1, "fills": 1, "quarantined": 2}


def test_replay_skips_what_says_a_thing_twice_and_plays_the_rest(tmp_path: Path) -> None:
    capture = write(
        tmp_path / "c",
        saying_twice(frame("trades", [SENT, {**SENT, "tid": 8}])),
        saying_twice(frame("bbo", {**SENT, "bbo": [{"px": "1.0", "sz": "1.0"}, None]})),
        saying_twice(frame("trades", [SENT]), "data", "[]"),
    )

    played = list(CapturedFrames(capture))

    assert [None if one is None else json.loads(bytes(one.data)) for one in played] == [
        None,
        [SENT],
        None,
        None,
    ]


@pytest.mark.parametrize("name", ["block_time", "block_number", "events"])
def test_quiet_block_that_says_something_twice_is_set_aside(tmp_path: Path, name: str) -> None:
    quiet = json.dumps(block([], START_MS + 70, 1_001), separators=(",", ":"))
    before, named, behind = quiet.partition(f'"{name}":')
    value = {"block_number": "7", "events": "[]"}.get(name, '"2020-01-01T00:00:00.000000000"')
    twice = f"{before}{named}{value},{named}{behind}"
    whole = block(both_fills(trade_id=9))

    report = imported(tmp_path / "data", write(tmp_path / "b", whole, quiet, twice))

    assert report.counts["quarantined"] == 1
    assert report.counts["trades"] == 1
