"""Frames that carry every fill of the venue, as providers of node data send them, one a block.

``{"channel"|"type": "allFills", …, "fills": [[address, fill], …]}``; the fills may stand in
``data``. ``seq`` counts the frames, and ``cursor`` is where to go on after a disconnect, where a
provider has them.
"""

from typing import Any, NamedTuple

from hypertrack.records import JsonError, RawJson, Record, encode_json, json_decoder

ALL_FILLS = "allFills"


class FillsFrame(NamedTuple):
    """The fills of a block."""

    fills: list[RawJson]
    """``[address, fill]`` each, not looked into."""
    seq: int | None
    cursor: str | int | None


class _Part(Record, frozen=True):
    fills: list[RawJson] | None = None
    seq: int | None = None
    cursor: str | int | None = None


class _Envelope(_Part, frozen=True):
    channel: str | None = None
    type: str | None = None
    data: RawJson = RawJson(b"")


_envelope, _part = json_decoder(_Envelope), json_decoder(_Part)


def parse_fills(data: bytes) -> FillsFrame | None:
    """Read a frame; None for one that carries something else: an answer, a pong.

    Raises:
        JsonError: It is torn, or of another shape than it says.
    """
    data.decode()  # what is passed on byte for byte is not looked into by the decoder
    envelope = _envelope.decode(data)
    if ALL_FILLS not in (envelope.channel, envelope.type):
        return None
    inner = _part.decode(envelope.data) if bytes(envelope.data)[:1] == b"{" else _Part()
    fills = inner.fills if envelope.fills is None else envelope.fills
    if fills is None:
        raise JsonError("a frame of fills without fills")
    seq = inner.seq if envelope.seq is None else envelope.seq
    cursor = inner.cursor if envelope.cursor is None else envelope.cursor
    return FillsFrame(fills, seq, cursor)


def fills_request(cursor: str | int | None = None) -> bytes:
    """Return the frame that subscribes, from behind a cursor where there is one."""
    subscription: dict[str, Any] = {"type": ALL_FILLS}
    if cursor is not None:
        subscription["cursor"] = cursor
    return encode_json({"method": "subscribe", "subscription": subscription})
