"""The tape of a folder that is being written, sealed and torn meanwhile."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from fakes import ALICE, BOB, START_MS, trade

from hypertrack.records import Feed, Side, TapeTrade, decode_binary, encode_binary
from hypertrack.store.compaction.commit_journal import put_in_force
from hypertrack.store.compaction.sealed_hours import prepare_sealing
from hypertrack.store.reading.tape import Tape, TapePlace, newest_trade_ms

HOUR_MS = 3_600_000


def row(at_ms: int, **changes: Any) -> dict[str, Any]:
    facts = {"buyer": ALICE, "seller": BOB, "taker": ALICE, "trade_id": at_ms + 1}
    return trade(START_MS + at_ms, **(facts | changes))


def append(folder: Path, *rows: dict[str, Any] | bytes) -> None:
    folder.mkdir(exist_ok=True)
    with (folder / "trades.jsonl").open("ab") as file:
        for one in rows:
            file.write(one if isinstance(one, bytes) else json.dumps(one).encode() + b"\n")


def times(trades: Iterable[TapeTrade]) -> list[int]:
    return [one.time_ms - START_MS for one in trades]


def history(tape: Tape) -> list[int]:
    return times(one for batch in tape.history() for one in batch)


def drained(tape: Tape) -> list[int]:
    """Poll until nothing more comes."""
    return times(tape.poll()) + times(tape.poll())


def seal(folder: Path) -> None:
    put_in_force(folder, prepare_sealing(folder, Feed.TRADES))


def test_trade_has_the_projects_own_words(tmp_path: Path) -> None:
    append(tmp_path, row(5, price=84.5, size=0.25, is_twap=True))

    ((found,),) = Tape(tmp_path).history()

    assert (found.coin, found.side, found.price, found.size) == ("BTC", Side.BUY, "84.5", "0.25")
    assert (found.buyer, found.seller, found.taker) == (ALICE, BOB, ALICE)
    assert found.is_twap


def test_what_is_added_comes_once_and_in_order(tmp_path: Path) -> None:
    append(tmp_path, row(0), row(1))
    tape = Tape(tmp_path)
    assert history(tape) == [0, 1]
    assert tape.poll() == []

    append(tmp_path, row(2), row(3))
    assert drained(tape) == [2, 3]

    append(tmp_path, row(4))
    assert drained(tape) == [4]
    assert drained(tape) == []


def test_line_is_read_when_it_is_whole_however_it_is_cut(tmp_path: Path) -> None:
    lines = b"".join(json.dumps(row(at)).encode() + b"\n" for at in range(3))
    append(tmp_path, b"")
    tape = Tape(tmp_path)
    assert history(tape) == []
    found: list[int] = []
    for at in range(len(lines)):
        append(tmp_path, lines[at : at + 1])
        found += times(tape.poll())

    assert found + drained(tape) == [0, 1, 2]


def test_trades_of_one_moment_come_in_one_order_however_they_are_read(tmp_path: Path) -> None:
    received = {"received_ns": (START_MS + 900) * 1_000_000}
    rows = [row(3) | received, row(1) | received | {"coin": "ETH"}, row(2) | received]
    append(tmp_path / "a", *rows)
    append(tmp_path / "b", b"")
    tape = Tape(tmp_path / "b")
    assert history(tape) == []
    append(tmp_path / "b", rows[0])
    first = times(tape.poll())
    append(tmp_path / "b", *rows[1:])

    assert first + drained(tape) == history(Tape(tmp_path / "a")) == [2, 3, 1]


def test_sealed_and_open_hours_are_one_tape_in_order_of_receipt(tmp_path: Path) -> None:
    late = row(10) | {"received_ns": (START_MS + HOUR_MS + 350) * 1_000_000}
    rows = [row(0), row(1), row(HOUR_MS), late, row(HOUR_MS + 100), row(2 * HOUR_MS)]
    append(tmp_path, *rows)
    before = history(Tape(tmp_path))
    seal(tmp_path)

    assert history(Tape(tmp_path)) == before
    assert history(Tape(tmp_path, START_MS + HOUR_MS)) == [HOUR_MS, HOUR_MS + 100, 2 * HOUR_MS]


def test_open_line_that_came_late_stands_where_it_was_received(tmp_path: Path) -> None:
    append(tmp_path, row(0), row(2 * HOUR_MS))
    seal(tmp_path)
    append(tmp_path, row(HOUR_MS))  # as an import adds it

    assert history(Tape(tmp_path)) == [0, HOUR_MS, 2 * HOUR_MS]


@pytest.mark.parametrize("n_read", [0, 1, 3, 5])
def test_sealing_meanwhile_neither_loses_nor_repeats_a_trade(tmp_path: Path, n_read: int) -> None:
    rows = [row(at) for at in (0, 1, HOUR_MS, HOUR_MS + 1, 2 * HOUR_MS)]
    append(tmp_path, *rows[:n_read])
    tape = Tape(tmp_path)
    found = history(tape)
    append(tmp_path, *rows[n_read:])
    prepared = prepare_sealing(tmp_path, Feed.TRADES)
    append(tmp_path, row(7), row(2 * HOUR_MS + 1))  # late and new, while it was prepared
    put_in_force(tmp_path, prepared)
    append(tmp_path, row(2 * HOUR_MS + 2))
    found += drained(tape)
    seal(tmp_path)  # the late one joins its hour
    append(tmp_path, row(2 * HOUR_MS + 3))

    assert found + drained(tape) == [
        *(0, 1, HOUR_MS, HOUR_MS + 1, 2 * HOUR_MS),
        *(7, 2 * HOUR_MS + 1, 2 * HOUR_MS + 2, 2 * HOUR_MS + 3),
    ]


def test_folder_whose_open_file_comes_later_is_followed(tmp_path: Path) -> None:
    tape = Tape(tmp_path)
    assert history(tape) == []
    assert tape.poll() == []

    append(tmp_path, row(0))

    assert drained(tape) == [0]


def test_lines_that_no_reader_takes_are_counted(tmp_path: Path) -> None:
    wrong = [
        row(1) | {"px": "nan"},
        row(2) | {"sz": "0"},
        row(3) | {"users": ["0x1", BOB]},
        row(4) | {"side": "C"},
        row(5) | {"time": START_MS // 1_000},
        row(6) | {"time": START_MS + 365 * 24 * HOUR_MS},
    ]
    deep = json.dumps(row(7))[:-1].encode() + b',"x":' + b"[" * 9_999 + b"]" * 9_999 + b"}\n"
    broken = (b"{torn\n", b"\xff\n", deep)
    append(tmp_path, *[row(-at) for at in range(20, 0, -1)], *wrong, *broken, row(9))

    tape = Tape(tmp_path)

    assert history(tape) == [*range(-20, 0), 9]
    assert tape.n_unread == len(wrong) + len(broken)


def test_newest_trade_is_one_that_a_reader_takes(tmp_path: Path) -> None:
    assert newest_trade_ms(tmp_path) == -1
    ahead = row(365 * 24 * HOUR_MS) | {"received_ns": (START_MS + 20) * 1_000_000}
    append(tmp_path, *[row(at) for at in range(20)], ahead, b"{torn\n", b"\xff\n", b"[" * 9_999)

    assert newest_trade_ms(tmp_path) == START_MS + 19


def test_clock_of_receipt_that_lags_costs_the_first_trades_alone(tmp_path: Path) -> None:
    lagging = [row(at) | {"received_ns": (START_MS + at - 300_000) * 1_000_000} for at in range(30)]
    append(tmp_path, *lagging)

    found = history(Tape(tmp_path))

    assert found == list(range(9, 30))  # from ten rows on a skew is believed


def test_file_is_not_kept_open(tmp_path: Path) -> None:
    append(tmp_path, row(0))
    before = len(list(Path("/proc/self/fd").iterdir()))
    tape = Tape(tmp_path)
    history(tape)

    tape.close()

    assert len(list(Path("/proc/self/fd").iterdir())) == before


def gone_on(folder: Path, tape: Tape) -> tuple[bool, list[int]]:
    """Begin where a tape is now, as after a restart; return whether it can, and what it reads."""
    again = Tape(folder)
    can = again.go_on(decode_binary(encode_binary(tape.place()), TapePlace))
    batches = again.history(is_growing=True)
    return can, times(one for batch in batches for one in batch) + drained(again)


def test_tape_goes_on_behind_what_was_given_out(tmp_path: Path) -> None:
    append(tmp_path, row(0), row(1))
    tape = Tape(tmp_path)
    assert history(tape) == [0, 1]
    append(tmp_path, row(2), row(3))
    assert times(tape.poll()) == [2]  # the newest moment waits

    append(tmp_path, row(4), b"torn\n", row(5))

    assert gone_on(tmp_path, tape) == (True, [3, 4, 5])


def test_tape_goes_on_where_lines_were_sealed_meanwhile(tmp_path: Path) -> None:
    append(tmp_path, row(0), row(1_000))
    tape = Tape(tmp_path)
    assert history(tape) == [0, 1_000]
    append(tmp_path, row(2_000), row(HOUR_MS), row(2 * HOUR_MS))
    seal(tmp_path)
    append(tmp_path, row(2 * HOUR_MS + 1))

    assert gone_on(tmp_path, tape) == (True, [2_000, HOUR_MS, 2 * HOUR_MS, 2 * HOUR_MS + 1])


def test_frame_that_was_read_in_part_when_it_was_sealed_is_gone_on_with(tmp_path: Path) -> None:
    frame = [row(0, trade_id=nth, size=nth + 1.0) for nth in range(3)]
    append(tmp_path, *frame[:2])
    tape = Tape(tmp_path)
    assert history(tape) == [0, 0]
    append(tmp_path, frame[2], row(2 * HOUR_MS))
    seal(tmp_path)

    assert gone_on(tmp_path, tape) == (True, [0, 2 * HOUR_MS])


@pytest.mark.parametrize("is_sealed", [False, True])
def test_tape_whose_past_is_another_now_is_not_gone_on_with(
    tmp_path: Path, *, is_sealed: bool
) -> None:
    append(tmp_path, row(0), row(1))
    tape = Tape(tmp_path)
    assert history(tape) == [0, 1]
    (tmp_path / "trades.jsonl").unlink()
    append(tmp_path, row(1), row(2 * HOUR_MS))
    if is_sealed:
        seal(tmp_path)

    assert gone_on(tmp_path, tape) == (False, [1, 2 * HOUR_MS])
