"""Every fill of the venue beside its public trades: a real socket, real files, one dataset."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from archive_fakes import block, both_fills, fill
from exchange_fakes import AT_ONCE, HandSource, blocks
from fakes import ALICE, BOB, START_MS
from recorder_fakes import coverage_of, lines, record_until, settings_for, trade_ids
from socket_fakes import socket_server

from hypertrack.errors import ConfigError
from hypertrack.recording.fill_sources import require_source
from hypertrack.records import HOUR_MS, FollowedFills, RecordingReport, RecordingStatus
from hypertrack.simulate.venue.server import running_exchange
from hypertrack.store.dataset import open_dataset

Frames = list[list[dict[str, Any] | str]]
"""Of each connection in turn; the last one stays open."""

SOURCE = HandSource(blocks(100))
"""Trades 1 to 100 of BTC, one each 100 ms."""


def frame(seq: int | None, *events: list[Any]) -> dict[str, Any]:
    numbered = {} if seq is None else {"seq": seq}
    return {"channel": "allFills", **numbered, "fills": list(events)}


def fills(trade_id: int, **more: Any) -> list[list[Any]]:
    """Return both fills of a trade of the tape."""
    told = {"price": "84143.0", "size": "0.5", "time_ms": START_MS + trade_id * 100}
    return both_fills(trade_id=trade_id, **(told | more))


def record(
    folder: Path,
    frames: Frames,
    n_fills: int,
    source: HandSource = SOURCE,
    *,
    silence_s: float = 15.0,
) -> tuple[RecordingReport, list[Any]]:
    """Record the tape and the frames of a provider; return what the provider was asked, too."""
    asked: list[Any] = []
    waiting = list(frames)

    async def provider(socket: web.WebSocketResponse) -> None:
        asked.append(json.loads((await socket.receive()).data))
        mine = waiting.pop(0) if waiting else []
        for one in mine:
            await socket.send_str(one if isinstance(one, str) else json.dumps(one))
        if not waiting or silence_s < 1:
            await socket.receive()  # until the recorder closes it

    with running_exchange(source, AT_ONCE) as exchange, socket_server(provider) as url:
        settings = settings_for(exchange.url, fills=url, paced_silence_s=silence_s)
        report = record_until(is_followed(n_fills, source.end_ms), folder, settings)
    return report, asked


def has_ended(status: RecordingStatus, end_ms: int = SOURCE.end_ms) -> bool:
    return (status.exchange_time_ms or 0) >= end_ms


def is_followed(n_fills: int, end_ms: int) -> Callable[[RecordingStatus], bool]:
    def is_enough(status: RecordingStatus) -> bool:
        followed = status.followed
        return has_ended(status, end_ms) and followed is not None and followed.n_fills >= n_fills

    return is_enough


def test_two_fills_are_one_trade_and_one_that_the_tape_has_is_written_once(tmp_path: Path) -> None:
    events = [fills(nth) for nth in (40, 41)]
    lacking = fills(500, time_ms=START_MS + 4_200)  # the tape never says it
    other = both_fills(trade_id=7, coin="xyz:CL", time_ms=START_MS + 4_300)

    report, _ = record(
        tmp_path, [[frame(nth, *each) for nth, each in enumerate([*events, lacking, other])]], 8
    )

    ids = sorted(trade_ids(tmp_path))
    assert ids == sorted([*range(1, 101), 500, 7])
    told = [(line["user"], line["tid"], line["side"]) for line in lines(tmp_path, "fills")]
    assert told[:2] == [(BOB, 40, "A"), (ALICE, 40, "B")]
    assert len(told) == 8
    followed = report.status.followed
    assert isinstance(followed, FollowedFills)
    assert (followed.n_fills, followed.n_gaps) == (8, 0)
    with open_dataset(tmp_path) as dataset:
        found = dataset.connection.execute("SELECT count(*) FROM imported_fills WHERE has_trade")
        assert found.fetchall() == [(8,)]
        assert dataset.summary().n_duplicate_trades == 0


def test_report_says_what_either_source_lacks(tmp_path: Path) -> None:
    minutes = HandSource(blocks(300, step_ms=1_000))
    told = [
        frame(nth, *fills(nth, time_ms=START_MS + nth * 1_000))
        for nth in range(1, 301)
        if nth != 50
    ]
    unheard = frame(60, *fills(900, time_ms=START_MS + 60_500))
    told.insert(59, unheard)  # behind that of 60, with its number

    report, _ = record(tmp_path, [told], 600, source=minutes)

    # 1 to 239 but for 50: of the last minute nothing is said
    followed = report.status.followed
    assert followed is not None
    assert (followed.n_both, followed.n_only_on_tape, followed.n_only_in_fills) == (238, 1, 1)
    assert len(trade_ids(tmp_path)) == 301


def test_coins_that_no_socket_brings_are_observed_as_long_as_the_fills_are(tmp_path: Path) -> None:
    others = [
        frame(nth, *both_fills(trade_id=nth, coin="SOL", time_ms=START_MS + nth * 1_000))
        for nth in (1, 2, 3)
    ]

    record(tmp_path, [others], 6)

    (observed,) = coverage_of(tmp_path, "fills")
    assert (observed[0], observed[2]) == ("observed", START_MS + 3_000)
    assert coverage_of(tmp_path, "trades:SOL")[0][0] == "observed"


def test_jump_of_the_number_is_a_gap_between_its_blocks(tmp_path: Path) -> None:
    frames = [frame(seq, *fills(nth)) for seq, nth in ((10, 40), (11, 41), (13, 60), (14, 61))]

    report, _ = record(tmp_path, [frames], 8)

    gaps = [line for line in coverage_of(tmp_path, "fills") if line[0] == "gap"]
    assert gaps == [("gap", START_MS + 4_100, START_MS + 6_000, "hole", None)]
    assert report.status.followed and report.status.followed.n_gaps == 1


def test_connection_that_goes_on_with_the_next_number_lost_nothing(tmp_path: Path) -> None:
    first = [frame(10, *fills(40)), frame(11, *fills(41))]
    second = [frame(12, *fills(42)), frame(13, *fills(43))]

    report, asked = record(tmp_path, [first, second], 8)

    assert [request["subscription"].get("cursor") for request in asked] == [None, 11]
    (lost,) = [line for line in coverage_of(tmp_path, "fills") if line[0] == "disconnected"]
    assert (lost[1], lost[4]) == (START_MS + 4_100, 0)
    assert report.status.followed and report.status.followed.n_gaps == 0


@pytest.mark.parametrize("seq", [None, 40])
def test_connection_that_goes_on_elsewhere_leaves_a_gap(seq: int | None, tmp_path: Path) -> None:
    first = [frame(None if seq is None else 10, *fills(40))]
    second = [frame(seq, *fills(60)), frame(seq and seq + 1, *fills(61))]

    record(tmp_path, [first, second], 6)

    (lost,) = [line for line in coverage_of(tmp_path, "fills") if line[0] == "disconnected"]
    assert (lost[1], lost[2], lost[4]) == (START_MS + 4_000, START_MS + 6_000, None)


@pytest.mark.slow  # two recordings
@pytest.mark.parametrize(
    ("seq", "place", "missed"), [(12, 11, 0), (14, 11, None), (None, None, None)]
)
def test_session_that_is_continued_asks_the_provider_from_where_it_ended(
    seq: int | None, place: int | None, missed: int | None, tmp_path: Path
) -> None:
    asked: list[Any] = []
    sessions = [
        [frame(seq and 10, *fills(40)), frame(seq and 11, *fills(41))],
        [frame(seq, *fills(90)), frame(seq and seq + 1, *fills(91))],
    ]

    async def provider(socket: web.WebSocketResponse) -> None:
        asked.append(json.loads((await socket.receive()).data))
        for one in sessions[len(asked) - 1]:
            await socket.send_str(json.dumps(one))
        await socket.receive()  # until the recorder closes it

    with socket_server(provider) as url:
        for mode in ("rotate", "append"):
            with running_exchange(SOURCE, AT_ONCE) as exchange:
                settings = settings_for(exchange.url, fills=url)
                enough = is_followed(4, SOURCE.end_ms)
                record_until(enough, tmp_path, settings, mode=mode)  # type: ignore[arg-type]

    assert [request["subscription"].get("cursor") for request in asked] == [None, place]
    (lost,) = [line for line in coverage_of(tmp_path, "fills") if line[0] == "disconnected"]
    assert (lost[1], lost[2], lost[4]) == (START_MS + 4_100, START_MS + 9_000, missed)


def test_provider_that_falls_silent_is_asked_again(tmp_path: Path) -> None:
    first = [frame(10, *fills(40)), frame(11, *fills(41))]
    frames: Frames = [first, [frame(12, *fills(42)), frame(13, *fills(43))]]

    _, asked = record(tmp_path, frames, 8, silence_s=0.2)

    assert [request["subscription"].get("cursor") for request in asked[:2]] == [None, 11]
    observed, lost, *_ = coverage_of(tmp_path, "fills")
    assert observed[:4] == ("observed", START_MS + 4_000, START_MS + 4_100, "silence")
    assert (lost[0], lost[3], lost[4]) == ("disconnected", "silence", 0)


def test_what_is_broken_is_kept_apart_and_missing_from_the_ledger(tmp_path: Path) -> None:
    bad = fill(ALICE, trade_id=41, price="1e300", time_ms=START_MS + 4_100)
    torn = json.dumps(frame(3, *fills(42)))[:-30]
    frames: Frames = [[frame(1, *fills(40)), frame(2, bad, *fills(41)), torn, frame(4, *fills(43))]]

    report, _ = record(tmp_path, frames, 6)

    assert len(lines(tmp_path, "quarantine")) == 2
    assert len(lines(tmp_path, "fills")) == 6
    gaps = [line[1:4] for line in coverage_of(tmp_path, "fills") if line[0] == "gap"]
    assert gaps == [
        (START_MS + 4_000, START_MS + 4_100, "hole"),
        (START_MS + 4_100, START_MS + 4_300, "hole"),
    ]
    assert report.status.followed and report.status.followed.n_quarantined == 2


class Node:
    """The files that a node of one's own writes, an hour each."""

    def __init__(self, folder: Path):
        self.folder = folder / "node_fills_by_block" / "hourly"
        self.number = 0

    def write(self, time_ms: int, *events: list[Any], is_whole: bool = True) -> None:
        hour = (time_ms - START_MS) // HOUR_MS + 8
        path = self.folder / "20260105" / str(hour)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.number += 1
        text = json.dumps(block(events, time_ms, self.number))
        with path.open("a") as file:
            file.write(text + "\n" if is_whole else text[:50])


@pytest.mark.slow  # a second without a line ends a block, and so does the end
def test_files_of_a_node_are_read_as_they_grow(tmp_path: Path) -> None:
    node, data = Node(tmp_path), tmp_path / "data"
    node.write(START_MS + 50, *both_fills(trade_id=900, coin="SOL", time_ms=START_MS + 50))
    steps = [
        lambda: node.write(START_MS + 4_000, *fills(40)),
        lambda: node.write(
            START_MS + HOUR_MS,
            *both_fills(trade_id=901, coin="SOL", time_ms=START_MS + HOUR_MS),
        ),
    ]

    def is_enough(status: RecordingStatus) -> bool:
        n_fills = status.followed.n_fills if status.followed else 0
        if has_ended(status) and steps and n_fills == 2 * (2 - len(steps)):
            steps.pop(0)()
        return n_fills == 4

    with running_exchange(SOURCE, AT_ONCE) as exchange:
        record_until(is_enough, data, settings_for(exchange.url, fills=str(node.folder)))

    assert [line["tid"] for line in lines(data, "fills")] == [40, 40, 901, 901]
    assert 900 not in trade_ids(data)  # of before
    gaps = [line for line in coverage_of(data, "fills") if line[0] == "gap"]
    assert gaps == [("gap", START_MS + 4_000, START_MS + HOUR_MS, "hole", None)]


@pytest.mark.slow  # two recordings
def test_session_that_is_continued_reads_on_where_it_ended(tmp_path: Path) -> None:
    node, data = Node(tmp_path), tmp_path / "data"
    node.write(START_MS, *both_fills(trade_id=900, coin="SOL", time_ms=START_MS))

    def record_on(n_fills: int, *ids: int, mode: Any = "rotate") -> None:
        waiting = list(ids)

        def is_enough(status: RecordingStatus) -> bool:
            while has_ended(status) and waiting:
                node.write(START_MS + waiting[0] * 100, *fills(waiting.pop(0)))
            return status.followed is not None and status.followed.n_fills == n_fills

        with running_exchange(SOURCE, AT_ONCE) as exchange:
            settings = settings_for(exchange.url, fills=str(node.folder))
            record_until(is_enough, data, settings, mode=mode)

    record_on(4, 40, 41)
    node.write(START_MS + 4_200, *fills(42))  # while nobody recorded
    record_on(2, mode="append")

    assert [line["tid"] for line in lines(data, "fills")] == [40, 40, 41, 41, 42, 42]
    missing = [line for line in coverage_of(data, "fills") if line[0] != "observed"]
    assert [(line[0], line[4]) for line in missing] == [("disconnected", 0)]


@pytest.mark.parametrize("source", ["https://user:secret@provider/x", "/no/such/folder", "s3://b"])
def test_source_that_cannot_be_followed_is_an_error_without_its_secret(source: str) -> None:
    with pytest.raises(ConfigError, match="--fills takes ws") as caught:
        require_source(source)

    assert "secret" not in str(caught.value)
