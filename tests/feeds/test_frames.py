"""Every shape that the venue is known to send, and broken variants of them."""

import json
from pathlib import Path

import pytest

from hypertrack.feeds.frames import Acknowledged, Rejected, Unasked, parse_frame
from hypertrack.feeds.rows import Row, Rows, Unreadable, recorded_trade
from hypertrack.records import Feed

TRADE = (
    '{"coin":"BTC","side":"A","px":"84143.0","sz":"0.00036","time":1790232216193,'
    '"hash":"0x7a","tid":1045359869404765,"users":["0x' + "9a" * 20 + '","0x' + "82" * 20 + '"]}'
)
BOOK = (
    '{"coin":"BTC","time":1790232236546,"levels":[[{"px":"84143.0","sz":"10.2","n":36}],'
    '[{"px":"84144.0","sz":"50.6","n":18}]]}'
)
QUOTE = '{"coin":"MATIC","time":1788490065008,"bbo":[null,null]}'
CANDLE = (
    '{"t":1788490020000,"T":1788490079999,"s":"BTC","i":"1m","o":"80640.0","c":"80640.0",'
    '"h":"80641.0","l":"80639.0","v":"2.20493","n":61}'
)
BLOCK = (
    '{"blockTime":1790232216193,"hash":"0xab","height":1060000000,"numTxs":812,"proposer":"0xcd"}'
)
TRANSACTION = (
    '{"action":{"type":"noop"},"block":1060000000,"error":null,"hash":"0xab",'
    '"time":1790232216193,"user":"0xcd"}'
)


def enveloped(channel: str, data: str) -> bytes:
    return f'{{"channel":"{channel}","data":{data}}}'.encode()


def facts(row: Row) -> tuple[str, int, int | str, str]:
    return (row.coin, row.exchange_time_ms, row.row_id, bytes(row.raw).decode())


@pytest.mark.parametrize(
    ("frame", "feed", "expected"),
    [
        (
            enveloped("trades", f"[{TRADE}]"),
            Feed.TRADES,
            ("BTC", 1790232216193, 1045359869404765, TRADE),
        ),
        (
            enveloped("trades", TRADE),
            Feed.TRADES,
            ("BTC", 1790232216193, 1045359869404765, TRADE),
        ),
        (enveloped("bbo", f"[{QUOTE}]"), Feed.BBO, ("MATIC", 1788490065008, 0, QUOTE)),
        (enveloped("l2Book", BOOK), Feed.L2BOOK, ("BTC", 1790232236546, 0, BOOK)),
        (enveloped("bbo", QUOTE), Feed.BBO, ("MATIC", 1788490065008, 0, QUOTE)),
        (enveloped("candle", CANDLE), Feed.CANDLES, ("BTC", 1788490020000, 61, CANDLE)),
        (enveloped("candle", f"[{CANDLE}]"), Feed.CANDLES, ("BTC", 1788490020000, 61, CANDLE)),
        (f"[{BLOCK}]".encode(), Feed.BLOCKS, ("core", 1790232216193, 1060000000, BLOCK)),
        (
            enveloped("explorerBlock", f"[{BLOCK}]"),
            Feed.BLOCKS,
            ("core", 1790232216193, 1060000000, BLOCK),
        ),
        (
            f"[{TRANSACTION}]".encode(),
            Feed.TRANSACTIONS,
            ("core", 1790232216193, "0xab", TRANSACTION),
        ),
    ],
)
def test_row_keeps_the_venues_object_byte_for_byte(
    frame: bytes, feed: Feed, expected: tuple[str, int, int | str, str]
) -> None:
    parsed = parse_frame(frame)

    assert isinstance(parsed, Rows)
    assert (parsed.feed, parsed.flaw) == (feed, None)
    assert [facts(row) for row in parsed.rows] == [expected]


def test_trades_keep_their_order() -> None:
    trades = [TRADE.replace("1045359869404765", str(tid)) for tid in (3, 1, 2)]

    parsed = parse_frame(enveloped("trades", f"[{','.join(trades)}]"))

    assert isinstance(parsed, Rows)
    assert [row.row_id for row in parsed.rows] == [3, 1, 2]


def test_keys_of_the_future_are_kept() -> None:
    sent = TRADE[:-1] + ',"later":{"a":[1, 2.50]}}'

    parsed = parse_frame(enveloped("trades", f"[{sent}]"))

    assert isinstance(parsed, Rows)
    assert bytes(parsed.rows[0].raw).decode() == sent


def test_broken_trade_does_not_take_the_others_with_it() -> None:
    broken = TRADE.replace('"tid":1045359869404765,', "")

    parsed = parse_frame(enveloped("trades", f"[{TRADE},{broken},{TRADE}]"))

    assert isinstance(parsed, Rows)
    assert len(parsed.rows) == 2
    assert parsed.flaw == Unreadable(
        "Object missing required field `tid`", Feed.TRADES, "BTC", n_rows=1
    )


@pytest.mark.parametrize("time_ms", [0, -1, 9_999_999_999_999, '"soon"', 1.5])
def test_time_that_cannot_be_meant_is_unreadable(time_ms: object) -> None:
    sent = TRADE.replace("1790232216193", str(time_ms))

    parsed = parse_frame(enveloped("trades", f"[{sent}]"))

    assert isinstance(parsed, Rows)
    assert parsed.rows == []
    assert parsed.flaw is not None
    assert parsed.flaw.coin == "BTC"


@pytest.mark.parametrize(
    ("data", "feed", "coin"),
    [
        (b'{"channel":"trades","data":[{"coin":"xyz:CL","si', Feed.TRADES, "xyz:CL"),
        (b'{"channel":"candle","data":{"t":1788490020000,"s":"BTC","i"', Feed.CANDLES, "BTC"),
        (b'{"channel":"explorerTxs","data":[{"action":', Feed.TRANSACTIONS, "core"),
        (b'{"channel":"l2Book","da', Feed.L2BOOK, None),
        (b'{"channel":"bbo","data":"\xff\xfe"}', Feed.BBO, None),
        (b"not JSON at all", None, None),
        (b'{"data":1}', None, None),
        (b"", None, None),
        (b"null", None, None),
    ],
)
def test_broken_frame_is_blamed_on_what_it_still_names(
    data: bytes, feed: Feed | None, coin: str | None
) -> None:
    parsed = parse_frame(data)

    assert isinstance(parsed, Unreadable | Rows)
    flaw = parsed.flaw if isinstance(parsed, Rows) else parsed
    assert flaw is not None
    assert (flaw.feed, flaw.coin) == (feed, coin)
    assert flaw.reason


@pytest.mark.parametrize(
    "data",
    [
        b'{"channel":"pong"}',
        b"[]",
        b"Websocket connection established.",
        b'{"channel":"explorerTxs","data":[]}',
    ],
)
def test_frame_without_rows_is_no_error(data: bytes) -> None:
    assert isinstance(parse_frame(data), Unasked)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            b'{"channel":"allMids","data":{"mids":{}}}',
            Unreadable("unknown channel allMids", n_rows=0),
        ),
        (
            b'{"channel":"news","data":{"coin":"BTC"}}',
            Unreadable("unknown channel news", coin="BTC"),
        ),
    ],
)
def test_frame_of_an_unknown_channel_is_unreadable(data: bytes, expected: Unreadable) -> None:
    assert parse_frame(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 100_000,
        b'{"channel":"trades","data":' + b"[" * 100_000,
        enveloped("trades", f"[{TRADE}]").replace(b"0x7a", b"0x\xff"),
    ],
    ids=["deep list", "deep data", "not text"],
)
def test_what_no_decoder_can_take_is_unreadable(data: bytes) -> None:
    assert isinstance(parse_frame(data), Unreadable)


def test_acknowledgement_carries_the_normalised_subscription() -> None:
    echo = '{"type":"l2Book","coin":"BTC","nSigFigs":null,"mantissa":null,"fast":true}'

    parsed = parse_frame(
        enveloped("subscriptionResponse", f'{{"method":"subscribe","subscription":{echo}}}')
    )

    assert parsed == Acknowledged(json.loads(echo))


def test_already_subscribed_is_an_acknowledgement() -> None:
    text = 'Already subscribed: {"type":"trades","coin":"SOL"}'

    parsed = parse_frame(enveloped("error", json.dumps(text)))

    assert parsed == Acknowledged({"type": "trades", "coin": "SOL"})


@pytest.mark.parametrize(
    ("text", "echo"),
    [
        (
            "Error parsing JSON into valid websocket request: "
            '{"method": "subscribe", "subscription": {"type": "noSuchType", "coin": "BTC"}}',
            {"type": "noSuchType", "coin": "BTC"},
        ),
        ('Invalid subscription {"type":"bbo","coin":"X"}', {"type": "bbo", "coin": "X"}),
        ("Cannot subscribe to more than 1000 channels.", None),
        ("Error parsing JSON into valid websocket request: {hello", None),
    ],
)
def test_error_names_the_subscription_that_it_quotes(
    text: str, echo: dict[str, str] | None
) -> None:
    assert parse_frame(enveloped("error", json.dumps(text))) == Rejected(text, echo)


def test_price_in_digits_of_another_script_is_unreadable() -> None:
    """Python would read it, and every reader of what was stored would leave it out."""
    parsed = parse_frame(enveloped("trades", f"[{TRADE.replace('84143.0', '٨٤١٤٣')},{TRADE}]"))

    assert isinstance(parsed, Rows)
    assert (len(parsed.rows), parsed.flaw is not None) == (1, True)


def test_recorded_line_is_read_back_as_the_trade_it_was() -> None:
    line = f'{{"received_ns":17,{TRADE[1:]}'.encode()

    trade = recorded_trade(line)

    assert trade is not None
    assert trade[:3] == ("BTC", 1790232216193, 1045359869404765)
    assert recorded_trade(line[:-9]) is None


def test_every_frame_of_the_real_capture_is_read(capture: Path) -> None:
    n_rows = dict.fromkeys((Feed.TRADES, Feed.L2BOOK), 0)
    for line in map(json.loads, capture.read_text().splitlines()):
        frame = {"channel": line["channel"], "data": line["data"]}
        parsed = parse_frame(json.dumps(frame, separators=(",", ":")).encode())
        assert isinstance(parsed, Rows)
        assert parsed.flaw is None
        n_rows[parsed.feed] += len(parsed.rows)

    assert n_rows == {Feed.TRADES: 1_869, Feed.L2BOOK: 285}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"px": "0.0"}, "price or size 0 out of range"),
        ({"px": "-1"}, "price or size -1 out of range"),
        ({"px": "1e300"}, "price or size 1e+300 out of range"),
        ({"px": ""}, "'' is no number"),
        ({"px": "nan"}, "price or size nan out of range"),
        ({"sz": "0"}, "price or size 0 out of range"),
        ({"side": "X"}, "Invalid enum value 'X'"),
        ({"tid": -1}, "trade id -1 out of range"),
        ({"tid": 2**63}, "trade id 9223372036854775808 out of range"),
        ({"time": 1_790_232_216}, "time 1790232216 out of range"),
        ({"time": 1_790_232_216_193_000}, "time 1790232216193000 out of range"),
        ({"users": []}, "Expected `array` of length 2"),
        ({"users": ["0x9a", "0x" + "82" * 20]}, "no wallet: '0x9a'"),
        ({"coin": ""}, "no coin is named"),
    ],
)
def test_trade_beyond_the_bounds_is_unreadable_and_its_neighbour_is_kept(
    change: dict[str, object], reason: str
) -> None:
    broken = json.dumps(json.loads(TRADE) | change)

    parsed = parse_frame(enveloped("trades", f"[{broken},{TRADE}]"))

    assert isinstance(parsed, Rows)
    assert [row.row_id for row in parsed.rows] == [1045359869404765]
    assert parsed.flaw is not None
    assert parsed.flaw.reason.startswith(reason)


@pytest.mark.parametrize(
    ("channel", "sent"),
    [
        ("bbo", QUOTE.replace("[null,null]", '[{"px":"0","sz":"1.0","n":1},null]')),
        ("bbo", QUOTE.replace("[null,null]", "[]")),
        ("l2Book", BOOK.replace("84143.0", "1e300")),
        ("l2Book", '{"coin":"BTC","time":1790232236546,"levels":[null,null]}'),
        ("candle", CANDLE.replace("80641.0", "-1")),
        ("candle", CANDLE.replace('"n":61', '"n":-1')),
        ("candle", CANDLE.replace('"v":"2.20493",', "")),
    ],
)
def test_quote_book_or_candle_beyond_the_bounds_is_unreadable(channel: str, sent: str) -> None:
    parsed = parse_frame(enveloped(channel, sent))

    assert isinstance(parsed, Rows)
    assert parsed.rows == []
    assert parsed.flaw is not None
    assert parsed.flaw.n_rows == 1


def test_book_level_needs_no_count_of_orders() -> None:
    parsed = parse_frame(enveloped("l2Book", BOOK.replace(',"n":36', "")))

    assert isinstance(parsed, Rows)
    assert parsed.flaw is None


def test_trades_with_the_id_zero_are_told_apart_by_all_they_say() -> None:
    dust = TRADE.replace("1045359869404765", "0")
    other = dust.replace("0.00036", "0.00037")

    parsed = parse_frame(enveloped("trades", f"[{dust},{other},{dust}]"))

    assert isinstance(parsed, Rows)
    first, second, third = (row.row_id for row in parsed.rows)
    assert first == third != second
    stored = recorded_trade(b'{"received_ns":7,' + dust.encode()[1:])
    assert stored is not None
    assert stored.row_id == first


def test_broken_first_block_does_not_take_the_others_with_it() -> None:
    broken = BLOCK.replace("1790232216193", "1790232216193000000")

    parsed = parse_frame(f"[{broken},{BLOCK}]".encode())

    assert isinstance(parsed, Rows)
    assert (parsed.feed, len(parsed.rows)) == (Feed.BLOCKS, 1)
