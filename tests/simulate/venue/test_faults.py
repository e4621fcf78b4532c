"""Faults on demand: what each does to a client, and exactly how much it loses."""

import json
import threading

import httpx
import pytest
import websocket
from exchange_fakes import (
    AT_ONCE,
    CLOSED,
    HandSource,
    VenueClient,
    block,
    blocks,
    channel_of,
    ids_of,
    info,
    trade,
)
from fakes import START_MS

from hypertrack.config import SimulateSettings
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import running_exchange

HUNDRED = HandSource(blocks(100))


def read_to_the_end(client: VenueClient) -> tuple[list[int], str]:
    """Return the ids of all trades received, and how the stream ended."""
    found: list[int] = []
    while True:
        text = client.text()
        if not text.startswith(("{", "[")):
            return found, text
        found += ids_of(json.loads(text))


def reconnect(url: str) -> VenueClient:
    """Return a client once the exchange lets one in."""
    for _ in range(500):
        try:
            return VenueClient(url)
        except (websocket.WebSocketException, ConnectionError):
            threading.Event().wait(0.01)
    raise AssertionError("the exchange refused every connection")


@pytest.mark.parametrize(
    ("missed", "replayed_from", "lost"),
    [(20, 31, set()), (30, 41, set()), (45, 56, set(range(41, 56)))],
)
def test_client_that_was_dropped_loses_what_the_replay_does_not_cover(
    missed: int, replayed_from: int, lost: set[int]
) -> None:
    faults = Faults(break_after_frames=40, miss_trades=missed)
    with (
        running_exchange(HUNDRED, AT_ONCE, faults) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")
        before, end = read_to_the_end(client)
        with reconnect(exchange.url) as again:
            again.subscribe("trades", coin="BTC")
            after = again.trades(last_id=100)

    assert (before, end) == (list(range(1, 41)), CLOSED)
    assert after == list(range(replayed_from, 101))
    assert set(range(1, 101)) - {*before, *after} == lost


def test_clean_close_tells_code_and_reason() -> None:
    faults = Faults(
        break_after_frames=5, break_by="close", close_code=1000, close_reason="Inactive"
    )
    with (
        running_exchange(HUNDRED, AT_ONCE, faults) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")

        received, end = read_to_the_end(client)

    assert (received, end) == ([1, 2, 3, 4, 5], "close 1000 Inactive")


def test_stalled_socket_stays_open_and_says_nothing_not_even_pong() -> None:
    faults = Faults(break_after_frames=5, break_by="stall")
    with (
        running_exchange(HUNDRED, AT_ONCE, faults) as exchange,
        VenueClient(exchange.url) as client,
        VenueClient(exchange.url) as other,
    ):
        client.subscribe("trades", coin="BTC")
        assert client.trades(last_id=5) == [1, 2, 3, 4, 5]
        assert exchange.finished.wait(5)

        client.send({"method": "ping"})
        client.socket.settimeout(0.2)

        with pytest.raises(websocket.WebSocketTimeoutException):
            client.text()
        with VenueClient(exchange.url) as newcomer:
            newcomer.send({"method": "ping"})
            assert newcomer.frame() == {"channel": "pong"}
        assert other.socket.connected


def test_new_sockets_are_refused_for_some_exchange_time() -> None:
    faults = Faults(break_after_frames=5, refuse_s=2.0)
    settings = SimulateSettings(port=0, speed=10, settle_s=0.05)
    source = HandSource(blocks(100), extra_ms=5_000)
    with (
        running_exchange(source, settings, faults) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")
        _, end = read_to_the_end(client)
        broken_ms = exchange.time_ms

        with pytest.raises((websocket.WebSocketException, ConnectionError)):
            VenueClient(exchange.url)
        with reconnect(exchange.url) as again:
            again.send({"method": "ping"})
            assert again.frame() == {"channel": "pong"}
            refused_ms = exchange.time_ms - broken_ms

    assert end == CLOSED
    assert refused_ms >= 1_900


def test_every_third_frame_comes_twice() -> None:
    faults = Faults(duplicate_every=3)
    with (
        running_exchange(HandSource(blocks(7)), AT_ONCE, faults) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")

        assert client.trades(last_id=7) == [1, 2, 3, 3, 4, 5, 6, 6, 7]


def test_every_fourth_frame_is_cut_in_half() -> None:
    faults = Faults(truncate_every=4)
    with (
        running_exchange(HandSource(blocks(5)), AT_ONCE, faults) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")
        texts = [client.text() for _ in range(2 + 5)][2:]

    with pytest.raises(json.JSONDecodeError):
        json.loads(texts[3])
    assert [ids_of(json.loads(text)) for text in texts[:3] + texts[4:]] == [[1], [2], [3], [5]]


def test_greeting_is_no_json() -> None:
    faults = Faults(has_greeting=True)
    with (
        running_exchange(HUNDRED, AT_ONCE, faults) as exchange,
        VenueClient(exchange.url) as client,
    ):
        assert client.text() == "Websocket connection established."


def test_unknown_keys_are_in_every_object() -> None:
    faults = Faults(has_unknown_keys=True)
    with (
        running_exchange(HandSource(blocks(1)), AT_ONCE, faults) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")
        frame = client.frames(lambda frame: ids_of(frame) == [1])[-1]

    extra = {"addedLater": {"v": [1, None]}}
    assert frame == {
        "channel": "trades",
        "data": [{**trade(START_MS + 100, 1), **extra}],
        **extra,
    }


def test_explorer_frames_may_come_in_an_envelope() -> None:
    faults = Faults(has_enveloped_explorer=True)
    source = HandSource([block(trade(START_MS + 70, 1))], extra_ms=2_000)
    with (
        running_exchange(source, AT_ONCE, faults) as exchange,
        VenueClient(exchange.url, "/explorer/ws") as client,
    ):
        client.subscribe("explorerBlock")
        client.frame()

        frame = client.frame()

    assert frame["channel"] == "explorerBlock"
    assert frame["data"][0]["blockTime"] > START_MS


def test_skewed_clock_is_told_but_not_lived_by() -> None:
    faults = Faults(clock_skew_ms=-30_000)
    with (
        running_exchange(HandSource(blocks(1)), AT_ONCE, faults) as exchange,
        VenueClient(exchange.url) as client,
    ):
        told = info(exchange.url, type="exchangeStatus")["time"]
        client.subscribe("trades", coin="BTC")

        assert told == START_MS - 30_000
        assert client.trades(last_id=1) == [1]


def test_faults_are_armed_and_ended_over_http() -> None:
    with (
        running_exchange(HUNDRED, AT_ONCE) as exchange,
        VenueClient(exchange.url) as client,
    ):
        armed = httpx.post(f"{exchange.url}/control", json={"break_after_frames": 3}).json()
        client.subscribe("trades", coin="BTC")
        received, end = read_to_the_end(client)
        ended = httpx.post(f"{exchange.url}/control", json={}).json()
        status = httpx.get(f"{exchange.url}/control").json()

    assert armed["faults"]["break_after_frames"] == 3
    assert (received, end) == ([1, 2, 3], CLOSED)
    assert ended["faults"]["break_after_frames"] is None
    assert (status["breaks"], status["connections"]) == (1, 0)


def test_unknown_fault_is_refused() -> None:
    with running_exchange(HUNDRED, AT_ONCE) as exchange:
        reply = httpx.post(f"{exchange.url}/control", json={"brek_after_frames": 3})

    assert reply.status_code == 422
    assert "brek_after_frames" in reply.text


def test_time_goes_on_while_the_client_is_away() -> None:
    faults = Faults(break_after_frames=1)
    settings = SimulateSettings(port=0, speed=100, settle_s=0.05)
    with (
        running_exchange(HUNDRED, settings, faults) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")
        received, _ = read_to_the_end(client)

        assert exchange.finished.wait(5)
        assert received == [1]
        assert exchange.sent.n_trades == 100


def test_frames_of_all_channels_count_towards_the_break() -> None:
    faults = Faults(break_after_frames=4)
    with (
        running_exchange(HandSource(blocks(20, step_ms=1_000)), AT_ONCE, faults) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")
        client.subscribe("candle", coin="BTC", interval="1m")
        frames = []
        while (text := client.text()) != CLOSED:
            frames.append(json.loads(text))

    live = [frame for frame in frames if channel_of(frame) != "subscriptionResponse"]
    assert [channel_of(frame) for frame in live] == [
        *["trades"],  # the replay, which is not counted
        *["trades", "candle", "trades", "candle"],
    ]


def test_recent_trades_may_trail_the_sockets() -> None:
    with running_exchange(HUNDRED, AT_ONCE, Faults(recent_trades_lag_ms=1_000)) as exchange:
        with VenueClient(exchange.url) as client:
            client.subscribe("trades", coin="BTC")
            client.trades(100)
        assert exchange.finished.wait(5)
        answer = info(exchange.url, type="recentTrades", coin="BTC")

    assert [one["tid"] for one in answer] == list(range(90, 60, -1))  # a trade each 100 ms


def test_recent_trades_may_come_from_a_cache() -> None:
    with running_exchange(HUNDRED, AT_ONCE, Faults(has_cached_recent_trades=True)) as exchange:
        before = info(exchange.url, type="recentTrades", coin="BTC")
        with VenueClient(exchange.url) as client:
            client.subscribe("trades", coin="BTC")
            client.trades(100)
        after = info(exchange.url, type="recentTrades", coin="BTC")

    assert before == after == []


def test_starving_coin_is_sent_again_to_who_subscribes_again() -> None:
    with (
        running_exchange(HUNDRED, AT_ONCE, Faults(starve="BTC")) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")
        client.subscribe("candle", coin="BTC", interval="1m")
        counted = client.frames(
            lambda frame: channel_of(frame) == "candle" and frame["data"]["n"] == 100
        )
        client.unsubscribe("trades", coin="BTC")
        client.subscribe("trades", coin="BTC")
        replayed = client.trades(100)

    assert [trade_id for frame in counted for trade_id in ids_of(frame)] == []
    assert replayed == list(range(71, 101))


def test_muted_coin_is_not_answered() -> None:
    with (
        running_exchange(HUNDRED, AT_ONCE, Faults(mute="BTC")) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")
        client.subscribe("trades", coin="ETH")
        answer = client.frame()

    assert answer["data"]["subscription"]["coin"] == "ETH"


def test_clock_that_jumps_dates_some_trades_ahead() -> None:
    faults = Faults(clock_jump_every=10, clock_jump_frames=2)
    with (
        running_exchange(HUNDRED, AT_ONCE, faults) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")
        frames = client.frames(lambda frame: 20 in ids_of(frame))
        sent = {trade_id: time_ms for time_ms, _, trade_id in exchange.sent.trades()}

    times = {one["tid"]: one["time"] for f in frames if ids_of(f) for one in f["data"]}
    ahead = [tid for tid, time_ms in times.items() if time_ms > START_MS + tid * 100]
    assert ahead == [8, 9, 18, 19]
    assert times[8] == sent[8] == START_MS + 800 + 30_000


def test_late_trades_come_after_newer_ones() -> None:
    faults = Faults(late_every=10, late_ms=300)
    with (
        running_exchange(HUNDRED, AT_ONCE, faults) as exchange,
        VenueClient(exchange.url) as client,
    ):
        client.subscribe("trades", coin="BTC")
        client.subscribe("l2Book", coin="BTC")  # something that the exchange paces
        order = client.trades(21)

    assert sorted(order) == [*range(1, 20), 21]  # 20 is still on its way
    assert order.index(10) > order.index(12)


@pytest.mark.parametrize(("snapshot", "counts"), [("right", [100]), ("old", [50]), ("empty", [])])
def test_candle_snapshot_may_be_empty_or_older(snapshot: str, counts: list[int]) -> None:
    faults = Faults(candle_snapshot=snapshot)
    with running_exchange(HUNDRED, AT_ONCE, faults) as exchange:
        with VenueClient(exchange.url) as client:
            client.subscribe("trades", coin="BTC")
            client.trades(100)
        span = {"coin": "BTC", "interval": "1m", "startTime": START_MS}
        answer = info(exchange.url, type="candleSnapshot", req=span)

    assert [candle["n"] for candle in answer] == counts
