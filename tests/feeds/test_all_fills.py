"""Frames of all fills, in the shapes that providers use."""

import json

import pytest

from hypertrack.feeds.all_fills import fills_request, parse_fills
from hypertrack.records import JsonError

EVENT = ["0xab", {"coin": "BTC", "px": "1.50"}]


@pytest.mark.parametrize(
    ("frame", "seq", "cursor"),
    [
        ({"channel": "allFills", "fills": [EVENT]}, None, None),
        ({"type": "allFills", "seq": 7, "fills": [EVENT]}, 7, None),
        ({"channel": "allFills", "data": {"fills": [EVENT], "cursor": "a:9"}}, None, "a:9"),
        ({"type": "allFills", "cursor": 12, "seq": 3, "block": 5, "fills": [EVENT]}, 3, 12),
    ],
)
def test_fills_stand_beside_their_number_or_in_data(
    frame: object, seq: int | None, cursor: str | int | None
) -> None:
    found = parse_fills(json.dumps(frame, separators=(",", ":")).encode())

    assert found is not None
    assert [bytes(event) for event in found.fills] == [b'["0xab",{"coin":"BTC","px":"1.50"}]']
    assert (found.seq, found.cursor) == (seq, cursor)


@pytest.mark.parametrize(
    "frame", [b'{"channel":"pong"}', b'{"channel":"subscriptionResponse","data":{"fills":1}}']
)
def test_other_frames_carry_no_fills(frame: bytes) -> None:
    assert parse_fills(frame) is None


@pytest.mark.parametrize(
    "frame",
    [
        b'{"channel":"allFills","fills":[["0xab"',
        b'{"channel":"allFills"}',
        b'{"type":"allFills","fills":7}',
        b'{"type":"allFills","seq":"?","fills":[]}',
    ],
)
def test_broken_frame_is_an_error(frame: bytes) -> None:
    with pytest.raises(JsonError):
        parse_fills(frame)


def test_request_goes_on_from_where_it_was() -> None:
    assert json.loads(fills_request()) == {
        "method": "subscribe",
        "subscription": {"type": "allFills"},
    }
    assert json.loads(fills_request("a:9"))["subscription"] == {"type": "allFills", "cursor": "a:9"}
