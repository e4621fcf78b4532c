"""REST: the markets, missed candles, and a venue that is busy."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from clock_fakes import ManualClock
from exchange_fakes import AT_ONCE, HandSource, block, blocks, coin, trade
from fakes import START_MS

from hypertrack.errors import VenueError
from hypertrack.feeds.info_client import InfoClient
from hypertrack.feeds.universe import Market, fetch_universe
from hypertrack.records import MINUTE_MS
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import Exchange, running_exchange
from hypertrack.simulate.venue.source import Event
from hypertrack.simulate.venue.venue_rules import VenueRules

HISTORY = HandSource(
    blocks(300, step_ms=1_000),
    coins=(coin("BTC"), coin("xyz:CL"), coin("@107")),
    open_ms=START_MS + 299_500,
)


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    with running_exchange(HISTORY, AT_ONCE) as running:
        yield running


def test_universe_holds_perps_builders_perps_and_spot(exchange: Exchange) -> None:
    with closing(InfoClient(f"{exchange.url}/info")) as info:
        universe = fetch_universe(info)

    coins = [market.coin for market in universe.markets]
    assert {"BTC", "xyz:CL", "@107"} <= set(coins)
    volumes = [market.day_volume_usd for market in universe.markets]
    assert volumes == sorted(volumes, reverse=True)
    spot = next(market for market in universe.markets if market.coin == "@107")
    assert spot.alias is not None
    assert spot.alias.endswith("/USDC")


def test_candles_of_a_span_are_those_that_start_in_it(exchange: Exchange) -> None:
    with closing(InfoClient(f"{exchange.url}/info")) as info:
        rows = info.candles("BTC", START_MS + MINUTE_MS, START_MS + 2 * MINUTE_MS)

    assert [(row.exchange_time_ms, row.row_id) for row in rows] == [
        (START_MS + MINUTE_MS, 60),
        (START_MS + 2 * MINUTE_MS, 60),
    ]


def test_trades_of_another_coin_in_an_answer_are_left_out() -> None:
    """They would be stored under the coin that was asked for, and said to be its gap's end."""
    stray = block(trade(START_MS + 60, 9, name="ETH"))
    mixed = Event(stray.time_ms, "trades", "BTC", stray.data)
    source = HandSource([*blocks(2), mixed], open_ms=START_MS + 500)
    with (
        running_exchange(source, AT_ONCE) as exchange,
        closing(InfoClient(f"{exchange.url}/info")) as info,
    ):
        rows = info.recent_trades("BTC")

    assert [(row.coin, row.row_id) for row in rows] == [("BTC", 2), ("BTC", 1)]


def test_questions_wait_for_the_weight_limit() -> None:
    clock, rules = ManualClock(), VenueRules(info_weight_per_minute=None)
    with (
        running_exchange(HISTORY, AT_ONCE, rules=rules) as exchange,
        closing(InfoClient(f"{exchange.url}/info", clock)) as info,
    ):
        for _ in range(61):  # 20 each, 1,200 a minute
            info.perp_dexs()

    assert clock.now_s == 60


def test_busy_venue_is_asked_again_after_a_pause() -> None:
    clock = ManualClock()
    with running_exchange(HISTORY, AT_ONCE) as exchange:
        exchange.arm(Faults(http_failures=3, http_status=429))
        with closing(InfoClient(f"{exchange.url}/info", clock)) as info:
            dexs = info.perp_dexs()

    assert dexs == ["", "xyz"]
    assert len(clock.waits_s) == 3
    assert all(0 <= wait <= 0.5 * 2**n for n, wait in enumerate(clock.waits_s, start=1))


def test_venue_that_stays_broken_is_a_venue_error() -> None:
    with running_exchange(HISTORY, AT_ONCE) as exchange:
        exchange.arm(Faults(http_failures=100, http_status=500))
        with (
            closing(InfoClient(f"{exchange.url}/info", ManualClock())) as info,
            pytest.raises(VenueError, match=r"did not answer \(HTTP 500"),
        ):
            info.perp_dexs()


def test_venue_that_is_not_there_is_a_venue_error() -> None:
    with (
        closing(InfoClient("http://127.0.0.1:9/info", ManualClock())) as info,
        pytest.raises(VenueError, match=r"http://127\.0\.0\.1:9 did not answer"),
    ):
        info.perp_dexs()


def test_nothing_is_asked_any_more_when_stopping(exchange: Exchange) -> None:
    stop = threading.Event()
    stop.set()
    with (
        closing(InfoClient(f"{exchange.url}/info", ManualClock(), stop)) as info,
        pytest.raises(VenueError, match="stopping"),
    ):
        info.perp_dexs()


class _HandInfo(InfoClient):
    """Answers by hand, with what the simulated venue does not have."""

    def __init__(self) -> None:
        """Open no connection."""

    def perp_dexs(self) -> list[str]:
        return [""]

    def outcomes(self) -> dict[str, object]:
        return {"outcomes": []}

    def perp_contexts(self, _dex: str) -> list[tuple[dict[str, object], dict[str, object]]]:
        return [
            ({"name": "MATIC", "isDelisted": True}, {"dayNtlVlm": "0.0"}),
            ({"name": "BTC"}, {"dayNtlVlm": "4490636699.3287734985"}),
        ]

    def spot_contexts(self) -> tuple[dict[str, object], dict[str, dict[str, object]]]:
        universe = [{"name": "@7", "tokens": [5, 0]}]
        return {"universe": universe, "tokens": [{"index": 0, "name": "USDC"}]}, {}


def test_delisted_perps_and_spot_without_a_context_are_known() -> None:
    assert fetch_universe(_HandInfo()).markets == (
        Market(coin="BTC", day_volume_usd=4490636699.3287735),
        Market(coin="@7", day_volume_usd=0.0, alias="?/USDC"),
        Market(coin="MATIC", day_volume_usd=0.0, is_listed=False),
    )
