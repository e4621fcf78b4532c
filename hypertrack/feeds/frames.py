"""WebSocket frames: what the venue says on a socket (protocol, sections 1.3 to 1.5)."""

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from hypertrack.feeds.rows import (
    Rows,
    Unreadable,
    coin_in,
    read_bbo,
    read_book,
    read_candles,
    read_explorer,
    read_sound_bbo,
    read_sound_book,
    read_sound_trades,
    read_trades,
)
from hypertrack.feeds.subscriptions import CORE
from hypertrack.records import Feed, JsonError, RawJson, Record, json_decoder

GREETING = b"Websocket connection established."
"""Sent first by older servers; not JSON and no error."""


class Acknowledged(NamedTuple):
    """The venue's answer to a subscription, or its word that there was one already."""

    echo: Mapping[str, Any]


class Rejected(NamedTuple):
    """An error frame; ``echo`` is the subscription it names, where it names one."""

    text: str
    echo: Mapping[str, Any] | None


class Unasked(NamedTuple):
    """A frame that carries nothing to record: a pong, a greeting, an empty list."""

    channel: str


Frame = Rows | Acknowledged | Rejected | Unasked | Unreadable


class _Envelope(Record, frozen=True):
    channel: str
    data: RawJson = RawJson(b"null")


class _Answer(Record, frozen=True):
    subscription: dict[str, Any]
    method: str = "subscribe"


_envelope = json_decoder(_Envelope)
_answer = json_decoder(_Answer)
_text = json_decoder(str)
_object = json_decoder(dict[str, Any])


def parse_frame(data: bytes) -> Frame:
    """Read one text frame; whatever it is, nothing is raised."""
    try:
        if not data.isascii():
            data.decode()  # what is passed on byte for byte is not looked into by the decoder
        sound = _parse_sound(data)
        if sound is not None:
            return sound
        if data[:1] == b"[":
            return _parse_explorer(data)
        envelope = _envelope.decode(data)
        parse = _PARSERS.get(envelope.channel)
        return _unknown(envelope.channel, data) if parse is None else parse(envelope.data)
    except (JsonError, UnicodeDecodeError, RecursionError) as error:
        if data.strip() == GREETING:
            return Unasked("greeting")
        return _blame(data, str(error))


_CHANNEL_END = b'","data":'
_SOUND: Mapping[bytes, Callable[[bytes], Rows | None]] = {
    b'{"channel":"trades': read_sound_trades,
    b'{"channel":"bbo': read_sound_bbo,
    b'{"channel":"l2Book': read_sound_book,
}


def _parse_sound(data: bytes) -> Rows | None:
    """Read a frame that is spelled as the venue does and has nothing wrong; None for others.

    Its envelope need not be decoded: what stands between this beginning and the last brace is one
    JSON value, or is refused by whoever reads it.
    """
    end = data.find(_CHANNEL_END, 0, 32)
    read = _SOUND.get(data[:end])
    if read is None or not data.endswith(b"}"):
        return None
    return read(data[end + len(_CHANNEL_END) : -1])


def _unknown(channel: str, data: bytes) -> Unreadable:
    """Keep a frame of a channel not asked for; one that names a coin may have been one of ours."""
    coin = coin_in(data)
    n_rows = 0 if coin is None else None
    return Unreadable(f"unknown channel {channel[:40]}", coin=coin, n_rows=n_rows)


def _parse_explorer(data: bytes | RawJson) -> Frame:
    return read_explorer(data) or Unasked("explorer")


def _parse_answer(data: RawJson) -> Frame:
    answer = _answer.decode(data)
    if answer.method == "unsubscribe":
        return Unasked("unsubscribed")
    return Acknowledged(answer.subscription)


def _parse_error(data: RawJson) -> Frame:
    text = _text.decode(data)
    echo = _echo_in(text)
    if text.startswith("Already unsubscribed"):
        return Unasked("unsubscribed")
    if echo is not None and text.startswith("Already subscribed"):
        return Acknowledged(echo)
    return Rejected(text, echo)


def _echo_in(text: str) -> Mapping[str, Any] | None:
    """Return the subscription that an error's text quotes after its words, if it does."""
    try:
        quoted = _object.decode(text[text.index("{") :])
    except (ValueError, JsonError):
        return None
    echo = quoted.get("subscription", quoted)
    return echo if isinstance(echo, dict) else None


def _parse_pong(_: RawJson) -> Frame:
    return Unasked("pong")


_PARSERS: Mapping[str, Callable[[RawJson], Frame]] = {
    "trades": read_trades,
    "bbo": read_bbo,
    "l2Book": read_book,
    "candle": read_candles,
    "explorerBlock": _parse_explorer,
    "explorerTxs": _parse_explorer,
    "subscriptionResponse": _parse_answer,
    "error": _parse_error,
    "pong": _parse_pong,
}

_FEEDS = {
    b"trades": Feed.TRADES,
    b"bbo": Feed.BBO,
    b"l2Book": Feed.L2BOOK,
    b"candle": Feed.CANDLES,
    b"explorerBlock": Feed.BLOCKS,
    b"explorerTxs": Feed.TRANSACTIONS,
}
_CHANNEL = re.compile(rb'"channel"\s*:\s*"(\w+)"')


def _blame(data: bytes, reason: str) -> Unreadable:
    """Say which feed and coin broken bytes still name."""
    channel = _CHANNEL.search(data)
    feed = _FEEDS.get(channel[1]) if channel else None
    if feed in (Feed.BLOCKS, Feed.TRANSACTIONS):
        return Unreadable(reason, feed, CORE)
    return Unreadable(reason, feed, coin_in(data) if feed else None)
