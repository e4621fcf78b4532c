"""The info endpoint: answers, and refusals to the letter."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from exchange_fakes import AT_ONCE, HandSource, VenueClient, block, blocks, coin, info, quote, trade
from fakes import ALICE, BOB, CAROL, START_MS

from hypertrack.config import SimulateSettings
from hypertrack.simulate.venue.server import Exchange, running_exchange

STILL = SimulateSettings(port=0, speed=1, settle_s=60)

COINS = (
    coin("BTC"),
    coin("ETH", size_decimals=4, price_usd=2296.4),
    coin("@107", size_decimals=2, price_usd=41.2),
    coin("PURR/USDC", size_decimals=0, price_usd=0.0671),
    coin("xyz:SP500", size_decimals=3, price_usd=6871.0),
)

HISTORY = [
    quote(START_MS + 10, "84143.0", "84144.0"),
    block(trade(START_MS + 1_000, 1, users=(ALICE, BOB), price="100.0", size="2.0")),
    block(trade(START_MS + 61_000, 2, users=(BOB, ALICE), price="110.0", size="3.0")),
    block(trade(START_MS + 120_000, 3, name="@107", users=(ALICE, BOB), is_buy=False)),
]


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    source = HandSource(HISTORY, coins=COINS, open_ms=START_MS + 125_000)
    with running_exchange(source, STILL) as running:
        yield running


def test_universe_lists_the_perps_by_asset_id(exchange: Exchange) -> None:
    meta = info(exchange.url, type="meta")

    assert [entry["name"] for entry in meta["universe"]] == ["BTC", "ETH"]
    assert meta["universe"][0]["szDecimals"] == 5
    assert meta["collateralToken"] == 0


def test_builders_universe_carries_its_prefix(exchange: Exchange) -> None:
    dexes = info(exchange.url, type="perpDexs")
    meta, contexts = info(exchange.url, type="metaAndAssetCtxs", dex="xyz")

    assert dexes[0] is None
    assert dexes[1]["name"] == "xyz"
    assert [entry["name"] for entry in meta["universe"]] == ["xyz:SP500"]
    assert len(contexts) == 1


def test_all_universes_come_together(exchange: Exchange) -> None:
    names = [
        [entry["name"] for entry in meta["universe"]]
        for meta in info(exchange.url, type="allPerpMetas")
    ]

    assert names == [["BTC", "ETH"], ["xyz:SP500"]]


def test_spot_pairs_name_their_tokens_by_position(exchange: Exchange) -> None:
    meta, contexts = info(exchange.url, type="spotMetaAndAssetCtxs")

    tokens = [[meta["tokens"][at]["name"] for at in pair["tokens"]] for pair in meta["universe"]]
    assert [pair["name"] for pair in meta["universe"]] == ["@107", "PURR/USDC"]
    assert tokens == [["@107", "USDC"], ["PURR", "USDC"]]
    assert [pair["index"] for pair in meta["universe"]] == [107, 0]
    assert [context["coin"] for context in contexts] == ["@107", "PURR/USDC"]


def test_context_tells_prices_and_volume_as_text(exchange: Exchange) -> None:
    _, contexts = info(exchange.url, type="metaAndAssetCtxs")

    assert contexts[0]["midPx"] == "84143.5"
    assert contexts[0]["impactPxs"] == ["84143.0", "84144.0"]
    assert contexts[1]["midPx"] is None
    # 125 s played of a day of a million: what was usual before, and 2·100 + 3·110 since
    assert float(contexts[0]["dayNtlVlm"]) == pytest.approx(1e6 * (1 - 125 / 86_400) + 530)


def test_mids_leave_builders_out_unless_asked_for(exchange: Exchange) -> None:
    assert info(exchange.url, type="allMids") == {"BTC": "84143.5", "@107": "84143.0"}
    assert info(exchange.url, type="allMids", dex="xyz") == {}


def test_book_of_an_unknown_coin_is_null(exchange: Exchange) -> None:
    reply = httpx.post(f"{exchange.url}/info", json={"type": "l2Book", "coin": "NOPE"})

    assert (reply.status_code, reply.text) == (200, "null")
    assert len(info(exchange.url, type="l2Book", coin="BTC")["levels"][0]) == 20


def candles(exchange: Exchange, start_ms: int, end_ms: int | None = None) -> list[dict[str, Any]]:
    req = {"coin": "BTC", "interval": "1m", "startTime": start_ms, "endTime": end_ms}
    found: list[dict[str, Any]] = info(exchange.url, type="candleSnapshot", req=req)
    return found


def test_candles_ascend_and_end_with_the_exchanges_own_time(exchange: Exchange) -> None:
    found = candles(exchange, 0, START_MS * 2)

    assert [(one["t"] - START_MS, one["c"], one["v"]) for one in found] == [
        (0, "100.0", "2.0"),
        (60_000, "110.0", "3.0"),
    ]


def test_candles_asked_for_from_within_a_minute_include_it(exchange: Exchange) -> None:
    assert [one["n"] for one in candles(exchange, START_MS + 90_000)] == [1]
    assert candles(exchange, START_MS + 10, START_MS + 20)[0]["t"] == START_MS
    assert candles(exchange, START_MS + 200_000) == []


def test_only_the_latest_five_thousand_candles_exist() -> None:
    source = HandSource(
        blocks(5_010, step_ms=60_000), open_ms=START_MS + 5_010 * 60_000 + 1, extra_ms=1
    )
    with running_exchange(source, STILL) as exchange:
        found = candles(exchange, 0)

    assert len(found) == 5_000
    assert found[0]["t"] == START_MS + 11 * 60_000


def test_recent_trades_come_newest_first(exchange: Exchange) -> None:
    assert [one["tid"] for one in info(exchange.url, type="recentTrades", coin="BTC")] == [2, 1]


def test_fills_tell_position_direction_and_gain(exchange: Exchange) -> None:
    fills = info(exchange.url, type="userFills", user=ALICE.upper().replace("X", "x"))

    assert [(fill["tid"], fill["dir"], fill["side"]) for fill in fills] == [
        (3, "Buy", "B"),
        (2, "Long > Short", "A"),
        (1, "Open Long", "B"),
    ]
    assert fills[1]["startPosition"] == "2.0"
    assert fills[1]["closedPnl"] == "20.0"
    assert [fill["crossed"] for fill in fills] == [False, False, True]
    assert fills[2]["fee"] == "0.09"  # 200 USD at 4.5 bps


def test_fills_by_time_include_both_ends_oldest_first_or_newest(exchange: Exchange) -> None:
    span = {"startTime": START_MS + 1_000, "endTime": START_MS + 61_000}

    fills = info(exchange.url, type="userFillsByTime", user=ALICE, **span)
    backwards = info(exchange.url, type="userFillsByTime", user=ALICE, **span, reversed=True)

    assert [fill["tid"] for fill in fills] == [1, 2]
    assert backwards == fills[::-1]


def test_at_most_two_thousand_fills_are_answered() -> None:
    source = HandSource(blocks(2_100), open_ms=START_MS + 210_000)
    with running_exchange(source, STILL) as exchange:
        latest = info(exchange.url, type="userFills", user=BOB)
        oldest = info(exchange.url, type="userFillsByTime", user=BOB, startTime=0)

    assert (len(latest), latest[0]["tid"]) == (2_000, 2_100)
    assert (len(oldest), oldest[0]["tid"]) == (2_000, 1)


def test_positions_follow_from_the_fills(exchange: Exchange) -> None:
    state = info(exchange.url, type="clearinghouseState", user=ALICE)
    spot = info(exchange.url, type="spotClearinghouseState", user=ALICE)

    position = state["assetPositions"][0]["position"]
    assert (position["coin"], position["szi"], position["entryPx"]) == ("BTC", "-1.0", "110.0")
    assert state["time"] == START_MS + 125_000
    assert [(one["coin"], one["total"]) for one in spot["balances"]][1:] == [("@107", "0.5")]


def test_portfolio_has_all_windows_with_their_volume(exchange: Exchange) -> None:
    windows = dict(info(exchange.url, type="portfolio", user=ALICE))

    assert list(windows) == [
        *["day", "week", "month", "allTime"],
        *["perpDay", "perpWeek", "perpMonth", "perpAllTime"],
    ]
    assert float(windows["day"]["vlm"]) == pytest.approx(200 + 330 + 0.5 * 84_143)
    assert windows["day"]["accountValueHistory"][0] == [START_MS - 1, "0.0"]
    assert windows["day"]["accountValueHistory"][-1][0] == START_MS + 125_000


def test_role_tells_known_wallets_from_unknown_ones(exchange: Exchange) -> None:
    assert info(exchange.url, type="userRole", user=BOB) == {"role": "user"}
    assert info(exchange.url, type="userRole", user=CAROL) == {"role": "missing"}


def test_funding_is_hourly_and_capped(exchange: Exchange) -> None:
    start = START_MS - 1_000 * 3_600_000

    rates = info(exchange.url, type="fundingHistory", coin="BTC", startTime=start)

    assert len(rates) == 500
    assert all(0 <= rate["time"] - start - nth * 3_600_000 < 100 for nth, rate in enumerate(rates))


def test_leaderboard_ranks_everybody_who_traded_by_all_that_was_gained(exchange: Exchange) -> None:
    rows = httpx.get(f"{exchange.url}/Mainnet/leaderboard").json()["leaderboardRows"]

    told = {row["ethAddress"]: dict(row["windowPerformances"]) for row in rows}
    windows = dict(info(exchange.url, type="portfolio", user=ALICE))
    assert set(told) == {ALICE, BOB}
    assert list(told[ALICE]) == ["day", "week", "month", "allTime"]
    gains = [float(row["windowPerformances"][-1][1]["pnl"]) for row in rows]
    assert gains == sorted(gains, reverse=True)
    assert told[ALICE]["day"]["pnl"] == windows["day"]["pnlHistory"][-1][1]
    assert float(told[ALICE]["day"]["roi"]) == pytest.approx(
        float(told[ALICE]["day"]["pnl"]) / 10_000
    )


def test_context_tells_the_rate_that_the_history_will_tell(exchange: Exchange) -> None:
    _, contexts = info(exchange.url, type="metaAndAssetCtxs")
    source = HandSource(blocks(1), open_ms=START_MS + 3_601_000, extra_ms=3_700_000)

    with running_exchange(source, STILL) as later:
        rate = info(later.url, type="fundingHistory", coin="BTC", startTime=START_MS + 1)[0]

    assert rate["fundingRate"] == contexts[0]["funding"] == "0.0000115625"
    assert rate["premium"] == contexts[0]["premium"]


def test_status_tells_exchange_time(exchange: Exchange) -> None:
    status = info(exchange.url, type="exchangeStatus")

    assert status == {"specialStatuses": None, "time": START_MS + 125_000}


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ('{"type":"nope"}', 422, "Failed to deserialize the JSON body into the target type"),
        ('{"type":"l2Book"}', 422, "Failed to deserialize the JSON body into the target type"),
        ("[]", 422, "Failed to deserialize the JSON body into the target type"),
        ('{"type":', 400, "Failed to parse the request body as JSON"),
        ('{"type":"meta","dex":"nope"}', 500, "null"),
        ('{"type":"fundingHistory","coin":"NOPE","startTime":0}', 500, "null"),
        (f'{{"type":"clearinghouseState","user":"{ALICE}","dex":"nope"}}', 500, "null"),
        (
            '{"type":"userFills","user":"0x12"}',
            *(422, "Failed to deserialize the JSON body into the target type"),
        ),
    ],
)
def test_refusals_are_the_venues_own(exchange: Exchange, body: str, status: int, text: str) -> None:
    headers = {"content-type": "application/json"}

    reply = httpx.post(f"{exchange.url}/info", content=body, headers=headers)

    assert (reply.status_code, reply.text) == (status, text)


def test_body_of_another_type_is_refused(exchange: Exchange) -> None:
    reply = httpx.post(f"{exchange.url}/info", content="{}", headers={"content-type": "text/plain"})

    assert reply.status_code == 415
    assert reply.text == "Expected request with `Content-Type: application/json`"


def test_anything_but_post_is_refused_without_a_body(exchange: Exchange) -> None:
    reply = httpx.get(f"{exchange.url}/info")

    assert (reply.status_code, reply.content) == (405, b"")


def test_answers_know_only_what_has_been_published() -> None:
    source = HandSource(blocks(5, step_ms=60_000))
    with running_exchange(source, AT_ONCE) as exchange, VenueClient(exchange.url) as client:
        before = info(exchange.url, type="recentTrades", coin="BTC")
        client.subscribe("trades", coin="BTC")
        client.trades(last_id=5)
        after = info(exchange.url, type="recentTrades", coin="BTC")

    assert before == []
    assert [one["tid"] for one in after] == [5, 4, 3, 2, 1]
