"""The venue's limits, and what it does to clients that say or read nothing."""

import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from exchange_fakes import AT_ONCE, CLOSED, HandSource, VenueClient, blocks, channel_of, coin
from fakes import BOB, START_MS

from hypertrack.clock import SystemClock
from hypertrack.config import SimulateSettings
from hypertrack.simulate.venue.connections import MinuteBudget
from hypertrack.simulate.venue.pace import ExchangeClock
from hypertrack.simulate.venue.server import Exchange, running_exchange
from hypertrack.simulate.venue.venue_rules import VenueRules

STILL = SimulateSettings(port=0, speed=1, settle_s=60)
QUIET = HandSource([])
LONG = HandSource(blocks(20_000, step_ms=10))
"""About 7 MB: more than sockets buffer."""


def subscribe_candles(client: VenueClient, n_coins: int) -> None:
    for nth in range(n_coins):
        client.subscribe("candle", coin=f"C{nth}", interval="1m")


def test_subscription_beyond_the_thousandth_is_refused() -> None:
    source = HandSource([], coins=tuple(coin(f"C{nth}") for nth in range(1_001)))
    with running_exchange(source, STILL) as exchange, VenueClient(exchange.url) as client:
        subscribe_candles(client, 1_001)

        frames = [client.frame() for _ in range(1_001)]

    assert {channel_of(frame) for frame in frames[:1_000]} == {"subscriptionResponse"}
    assert frames[-1] == {
        "channel": "error",
        "data": "Cannot subscribe to more than 1000 channels.",
    }


def test_limits_hold_over_all_sockets_of_an_address() -> None:
    rules = VenueRules(max_subscriptions=3)
    source = HandSource([], coins=tuple(coin(f"C{nth}") for nth in range(4)))
    with (
        running_exchange(source, STILL, rules=rules) as exchange,
        VenueClient(exchange.url) as first,
        VenueClient(exchange.url) as second,
    ):
        subscribe_candles(first, 2)
        first.frame(), first.frame()
        subscribe_candles(second, 2)

        assert channel_of(second.frame()) == "subscriptionResponse"
        assert second.data("error") == "Cannot subscribe to more than 3 channels."


def test_messages_beyond_the_limit_of_a_minute_are_refused() -> None:
    with running_exchange(QUIET, STILL) as exchange, VenueClient(exchange.url) as client:
        for _ in range(2_001):
            client.send('{"method":"ping"}')

        frames = [client.frame() for _ in range(2_001)]

    assert frames[1_999] == {"channel": "pong"}
    assert frames[2_000]["data"] == "Cannot send more than 2000 messages per minute."


def test_sixteenth_socket_is_closed_with_the_reason() -> None:
    with running_exchange(QUIET, STILL) as exchange:
        clients = [VenueClient(exchange.url) for _ in range(16)]

        clients[15].send({"method": "ping"})
        clients[14].send({"method": "ping"})

        assert clients[15].text() == "close 1008 Cannot open more than 15 connections."
        assert clients[14].frame() == {"channel": "pong"}
        for client in clients:
            client.socket.shutdown()


def test_place_of_a_closed_socket_is_free_again() -> None:
    rules = VenueRules(max_connections=1)
    with running_exchange(QUIET, STILL, rules=rules) as exchange:
        first = VenueClient(exchange.url)
        first.socket.close()

        with VenueClient(exchange.url) as second:
            second.send({"method": "ping"})

            assert second.frame() == {"channel": "pong"}


def test_hundred_and_first_pending_post_is_refused() -> None:
    rules = VenueRules(post_wall_s=0.5)
    with (
        running_exchange(QUIET, STILL, rules=rules) as exchange,
        VenueClient(exchange.url) as client,
    ):
        request = {"type": "info", "payload": {"type": "exchangeStatus"}}
        for nth in range(1, 102):
            client.send({"method": "post", "id": nth, "request": request})

        frames = [client.frame() for _ in range(101)]

    assert frames[0]["data"] == "too many pending post requests id=101"
    assert {channel_of(frame) for frame in frames[1:]} == {"post"}


def test_sixteenth_wallet_is_refused() -> None:
    with running_exchange(QUIET, STILL) as exchange, VenueClient(exchange.url) as client:
        for nth in range(16):
            client.subscribe("userFills", user=f"0x{nth:040x}")

        assert client.data("error") == "Cannot track more than 15 total users."


def test_socket_that_is_sent_nothing_is_dropped_without_a_close_frame() -> None:
    rules = VenueRules(idle_wall_s=0.2)
    with (
        running_exchange(QUIET, STILL, rules=rules) as exchange,
        VenueClient(exchange.url) as client,
    ):
        begun = time.monotonic()

        assert client.text() == CLOSED
        assert time.monotonic() - begun >= 0.15


def test_what_the_client_sends_does_not_keep_it_alive_but_pongs_do() -> None:
    rules = VenueRules(idle_wall_s=0.3)
    with (
        running_exchange(QUIET, STILL, rules=rules) as exchange,
        VenueClient(exchange.url) as client,
    ):
        until = time.monotonic() + 0.6
        while time.monotonic() < until:
            client.send({"method": "ping"})
            assert client.frame() == {"channel": "pong"}
            threading.Event().wait(0.05)

        assert client.text() == CLOSED


def test_idle_socket_may_be_closed_as_inactive() -> None:
    rules = VenueRules(idle_wall_s=0.1, idle_close="inactive")
    with (
        running_exchange(QUIET, STILL, rules=rules) as exchange,
        VenueClient(exchange.url) as client,
    ):
        assert client.text() == "close 1000 Inactive"


def test_requests_beyond_the_weight_of_a_minute_are_answered_with_429() -> None:
    rules = VenueRules(info_weight_per_minute=45)
    with running_exchange(QUIET, STILL, rules=rules) as exchange:
        statuses = [
            httpx.post(f"{exchange.url}/info", json={"type": "meta"}).status_code for _ in range(3)
        ]

        light = httpx.post(f"{exchange.url}/info", json={"type": "allMids"})

    assert statuses == [200, 200, 429]
    assert light.status_code == 200


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"type": "clearinghouseState"}, 2),
        ({"type": "userRole"}, 60),
        ({"type": "portfolio"}, 20),
        ({"type": "userFills"}, 20 + 100 // 20),
        ({"type": "userFillsByTime", "startTime": 0, "endTime": START_MS + 5_000}, 20 + 50 // 20),
        ({"type": "userNonFundingLedgerUpdates", "startTime": 0}, 20),
        ({"type": "vaultDetails", "vaultAddress": BOB}, 20),
        ({"type": "subAccounts2"}, 20),
    ],
    ids=lambda value: value["type"] if isinstance(value, dict) else str(value),
)
def test_questions_about_wallets_cost_what_the_venue_charges(
    spender: Exchange, request_: dict[str, object], expected: int
) -> None:
    """BOB has 100 fills, the first 50 of them within five seconds."""
    before = spender.spending["total"]

    httpx.post(f"{spender.url}/info", json={"user": BOB, **request_}).raise_for_status()

    assert spender.spending["total"] - before == expected


@pytest.fixture(scope="module")
def spender() -> Iterator[Exchange]:
    source = HandSource(blocks(100), open_ms=START_MS + 11_000)
    with running_exchange(source, STILL) as exchange:
        yield exchange


def test_the_most_weight_of_a_minute_can_be_read_of_the_server() -> None:
    rules = VenueRules(info_weight_per_minute=60)
    ask = {"type": "portfolio", "user": BOB}
    with running_exchange(QUIET, STILL, rules=rules) as exchange:
        statuses = [httpx.post(f"{exchange.url}/info", json=ask).status_code for _ in range(4)]
        told = httpx.get(f"{exchange.url}/control").json()["weight"]

    assert statuses == [200, 200, 200, 429]
    assert told == {"total": 60, "most_in_a_minute": 60, "refused": 1}


def test_a_minute_of_weight_can_be_made_shorter() -> None:
    budget = MinuteBudget(minute_s=0.5)

    spent = [budget.spend(40, 60, now_s) for now_s in (10.0, 10.4, 10.5, 10.6)]

    assert spent == [True, False, True, False]
    assert (budget.total, budget.most, budget.n_refused) == (80, 40, 2)


def test_evm_requests_are_limited_where_that_is_asked_for() -> None:
    rules = VenueRules(evm_requests_per_minute=3)
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    with running_exchange(QUIET, STILL, rules=rules) as exchange:
        batch = httpx.post(f"{exchange.url}/evm", json=[call] * 3)
        one_more = httpx.post(f"{exchange.url}/evm", json=call)

    assert (batch.status_code, one_more.status_code) == (200, 429)


@pytest.mark.slow
def test_clock_waits_for_a_slow_reader_and_loses_nothing() -> None:
    rules = VenueRules(max_backlog_bytes=10_000)
    with (
        running_exchange(LONG, AT_ONCE, rules=rules) as exchange,
        VenueClient(exchange.url, receive_buffer=32_768) as client,
    ):
        client.subscribe("trades", coin="BTC")
        stuck_ms = settled(lambda: exchange.time_ms)

        assert START_MS < stuck_ms < LONG.end_ms
        assert client.trades(last_id=20_000) == list(range(1, 20_001))


@pytest.mark.slow
def test_client_that_never_reads_is_dropped_and_others_go_on() -> None:
    rules = VenueRules(max_backlog_bytes=10_000, slow_reader_wall_s=1.0)
    with (
        running_exchange(LONG, AT_ONCE, rules=rules) as exchange,
        VenueClient(exchange.url) as reader,
        VenueClient(exchange.url, receive_buffer=32_768) as sleeper,
    ):
        reader.subscribe("trades", coin="BTC")
        sleeper.subscribe("trades", coin="BTC")

        received = reader.trades(last_id=20_000)

        assert received == list(range(1, 20_001))
        assert httpx.get(f"{exchange.url}/control").json()["connections"] == 1


def settled(value: Callable[[], int]) -> int:
    """Return a value once it has moved and then stands still."""
    first = last = value()
    while last == first or last != value():
        last = value()
        threading.Event().wait(0.1)
    return last


class HandClock(SystemClock):
    """A clock that shows what it is told."""

    now_s = 100.0

    def monotonic_s(self) -> float:
        return self.now_s


@pytest.mark.parametrize(
    ("passed_s", "expected_ms"), [(0.01, 4_000), (0.05, 20_000), (9.0, 20_000)]
)
def test_exchange_time_follows_the_wall_and_never_races(passed_s: float, expected_ms: int) -> None:
    wall = HandClock()
    clock = ExchangeClock(START_MS, 400.0, wall)
    clock.start()

    wall.now_s += passed_s

    assert clock.turn() - START_MS == expected_ms
