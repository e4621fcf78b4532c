"""Which coins, which streams, over which sockets, and what has no room."""

from collections import Counter

import pytest

from hypertrack.config import Settings
from hypertrack.errors import ConfigError
from hypertrack.feeds.universe import Market, Universe
from hypertrack.recording.coin_selection import select_coins
from hypertrack.recording.plan import RecordingPlan, plan_recording
from hypertrack.records import Feed

MARKETS = (
    Market(coin="BTC", day_volume_usd=900.0),
    Market(coin="xyz:SP500", day_volume_usd=800.0),
    Market(coin="ETH", day_volume_usd=700.0),
    Market(coin="@107", day_volume_usd=600.0, alias="HYPE/USDC"),
    Market(coin="kPEPE", day_volume_usd=500.0),
    Market(coin="MATIC", day_volume_usd=0.0, is_listed=False),
)
UNIVERSE = Universe(MARKETS)


def planned(universe: Universe = UNIVERSE, **record: object) -> RecordingPlan:
    return plan_recording(Settings.model_validate({"record": record}), universe)


def many(n_coins: int) -> Universe:
    return Universe(tuple(Market(coin=f"C{n}", day_volume_usd=1e6 - n) for n in range(n_coins)))


def test_top_coins_are_those_of_most_volume_of_any_kind() -> None:
    assert select_coins("top:4", UNIVERSE) == ("BTC", "xyz:SP500", "ETH", "@107")


def test_all_leaves_out_delisted_ones() -> None:
    assert select_coins("all", UNIVERSE) == ("BTC", "xyz:SP500", "ETH", "@107", "kPEPE")


def test_names_are_taken_once_and_by_volume() -> None:
    assert select_coins("kPEPE, BTC,BTC,MATIC", UNIVERSE) == ("BTC", "kPEPE", "MATIC")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("btc", "BTC"),
        ("SP500", "xyz:SP500"),
        ("XYZ:SP500", "xyz:SP500"),
        ("PEPE", "kPEPE"),
        ("HYPE/USDC", "@107 (HYPE/USDC)"),
    ],
)
def test_unknown_coin_is_an_error_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(ConfigError) as caught:
        select_coins(f"BTC,{name}", UNIVERSE)

    assert str(caught.value).startswith(f"the venue has no coin {name}: did you mean {nearest}")


def test_unknown_coin_that_is_near_to_none_says_how_to_take_all() -> None:
    with pytest.raises(ConfigError, match="`--coins all` takes every coin"):
        select_coins("QQQQQQQQ", UNIVERSE)


@pytest.mark.parametrize("selection", ["top:0", " , ", ""])
def test_selection_of_nothing_is_an_error(selection: str) -> None:
    with pytest.raises(ConfigError, match="--coins"):
        select_coins(selection, UNIVERSE)


def test_few_streams_share_a_socket_and_the_explorer_has_its_own() -> None:
    plan = planned()

    market, explorer = plan.sockets
    assert market.url == "wss://api.hyperliquid.xyz/ws"
    assert len(market.subscriptions) == 5 * 5
    assert explorer.url == "wss://rpc.hyperliquid.xyz/ws"
    assert [s.feed for s in explorer.subscriptions] == [Feed.BLOCKS, Feed.TRANSACTIONS]
    assert plan.evm_feeds == (Feed.BLOCKS, Feed.TRANSACTIONS)
    assert plan.left_out == ()


def test_streams_of_a_coin_share_a_socket() -> None:
    plan = planned(many(120), coins="all", feeds=("trades", "bbo", "candles"))

    sockets_by_coin: dict[str, set[int]] = {}
    for i, socket in enumerate(plan.sockets):
        for subscription in socket.subscriptions:
            sockets_by_coin.setdefault(subscription.coin, set()).add(i)
    assert len(plan.sockets) == 4
    assert all(len(sockets) == 1 for sockets in sockets_by_coin.values())
    assert [len(socket.subscriptions) for socket in plan.sockets] == [90] * 4


def test_where_not_all_fits_trades_come_first_then_candles_quotes_books() -> None:
    plan = planned(many(400), coins="all")

    n_by_feed = Counter(s.feed for socket in plan.sockets for s in socket.subscriptions)
    assert n_by_feed == {
        Feed.TRADES: 400,
        Feed.CANDLES: 400,
        Feed.BBO: 198,  # 1,000 less 2 of the explorer
        Feed.BLOCKS: 1,
        Feed.TRANSACTIONS: 1,
    }
    assert plan.n_subscriptions == 1_000
    assert len(plan.sockets) == 10
    assert [(left.feed, len(left.coins)) for left in plan.left_out] == [
        (Feed.BBO, 202),
        (Feed.L2BOOK, 400),
        (Feed.CONTEXTS, 400),
    ]
    assert plan.left_out[0].coins[0] == "C198"
    assert plan.left_out[0].reason == (
        "the venue takes 998 subscriptions of market data from one address"
    )


def test_outcomes_are_not_asked_for_contexts_that_they_may_not_have() -> None:
    markets = [Market(coin=coin, day_volume_usd=1.0) for coin in ("BTC", "#118440", "@107")]
    plan = planned(Universe(tuple(markets)), coins="all", feeds=("trades", "contexts"))

    subscribed = {(s.feed, s.coin) for s in plan.sockets[0].subscriptions}
    assert {coin for feed, coin in subscribed if feed is Feed.CONTEXTS} == {"BTC", "@107"}
    assert (Feed.TRADES, "#118440") in subscribed


def test_limits_are_settings() -> None:
    plan = planned(many(100), coins="all", feeds=("trades",), max_sockets=2, max_subscriptions=50)

    assert len(plan.sockets) == 1
    assert plan.n_subscriptions == 50


def test_blocks_alone_need_no_coins() -> None:
    plan = planned(feeds=("blocks",))

    assert [socket.url for socket in plan.sockets] == ["wss://rpc.hyperliquid.xyz/ws"]
    assert plan.coins == ()


def test_no_feed_is_an_error() -> None:
    with pytest.raises(ConfigError, match="no feed is left"):
        planned(feeds=())


def test_plan_names_the_planned_coins_whose_names_are_numbers() -> None:
    outcome = Market(coin="#10", day_volume_usd=1.0, alias="Rain on Monday?: Yes")
    universe = Universe((*MARKETS, outcome))

    assert planned(universe, coins="BTC,#10").aliases == {"#10": "Rain on Monday?: Yes"}
    assert set(planned(universe, coins="all").aliases) == {"#10", "@107"}


def test_rows_show_the_plan_without_secrets() -> None:
    settings = Settings.model_validate(
        {
            "venue": {"evm_rpc_url": "https://node.example/v2/KEY"},
            "record": {
                **{"feeds": ("trades", "blocks"), "coins": "all"},
                "fills": "wss://user:secret@provider.example/v1/KEY?key=KEY",
            },
        }
    )

    rows = plan_recording(settings, many(8)).rows()

    assert [(row.source, row.feed, row.n_streams, row.coins) for row in rows] == [
        (
            "socket 1 wss://api.hyperliquid.xyz",
            Feed.TRADES,
            8,
            "C0, C1, C2, C3, C4, C5 and 2 more",
        ),
        ("socket 2 wss://rpc.hyperliquid.xyz", Feed.BLOCKS, 1, "core"),
        ("EVM https://node.example", Feed.BLOCKS, 1, "–"),
        ("fills wss://provider.example", Feed.TRADES, 1, "all"),
    ]
