"""The simulated market keeps the venue's rules and is the same for the same settings."""

from itertools import pairwise

import numpy as np
import pytest

from hypertrack.config import SimulateSettings
from hypertrack.errors import ConfigError
from hypertrack.simulate.market.arrays import Columns, QuoteArrays, TradeArrays
from hypertrack.simulate.market.instruments import build_coins
from hypertrack.simulate.market.market import START_MS, Chunk, Market

SMALL = SimulateSettings(wallets=300, hours=0.5, coins=12, trades_per_second=10)


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(SMALL)


@pytest.fixture(scope="module")
def chunks(market: Market) -> list[Chunk]:
    return list(market.chunks())


@pytest.fixture(scope="module")
def trades(chunks: list[Chunk]) -> TradeArrays:
    return TradeArrays.join([chunk.trades for chunk in chunks])


@pytest.fixture(scope="module")
def quotes(chunks: list[Chunk]) -> QuoteArrays:
    return QuoteArrays.join([chunk.quotes for chunk in chunks])


def same(a: Columns, b: Columns) -> bool:
    return all(
        np.array_equal(x, y) for x, y in zip(vars(a).values(), vars(b).values(), strict=True)
    )


def test_same_seed_gives_the_same_market(market: Market, chunks: list[Chunk]) -> None:
    again = list(Market(SMALL).chunks())

    assert len(again) == len(chunks)
    for one, other in zip(again, chunks, strict=True):
        assert same(one.trades, other.trades)
        assert same(one.quotes, other.quotes)
        assert same(one.evm.transactions, other.evm.transactions)


def test_other_seed_gives_other_wallets_and_trades(trades: TradeArrays) -> None:
    other = Market(SMALL.model_copy(update={"seed": SMALL.seed + 1}))

    first = next(other.chunks()).trades
    assert other.wallets != Market(SMALL).wallets
    assert not np.array_equal(first.price[:100], trades.price[:100])


def test_first_chunk_does_not_depend_on_how_far_one_reads(
    market: Market, chunks: list[Chunk]
) -> None:
    assert same(next(market.chunks()).trades, chunks[0].trades)


def test_chunks_follow_each_other_and_hold_their_own_time(
    market: Market, chunks: list[Chunk]
) -> None:
    assert chunks[0].start_ms == market.start_ms == START_MS
    assert chunks[-1].end_ms == market.end_ms == START_MS + 30 * 60_000
    for before, after in pairwise(chunks):
        assert before.end_ms == after.start_ms
    for chunk in chunks:
        for times in (chunk.trades.time_ms, chunk.quotes.time_ms, chunk.evm.blocks.time_ms):
            assert np.all(np.diff(times) >= 0)
            assert chunk.start_ms <= times[0]
            assert times[-1] < chunk.end_ms


def test_trades_come_at_the_rate_asked_for(market: Market, trades: TradeArrays) -> None:
    seconds = (market.end_ms - market.start_ms) / 1000

    assert len(trades) / seconds == pytest.approx(10, rel=0.35)


def test_trades_are_identified_and_nobody_trades_with_himself(trades: TradeArrays) -> None:
    assert len(np.unique(trades.trade_id)) == len(trades)
    assert trades.trade_id.min() > 0
    assert trades.trade_id.max() < 2**50
    assert not np.any(trades.buyer == trades.seller)


def test_trades_of_an_order_share_block_coin_side_and_taker_and_differ_in_maker(
    trades: TradeArrays,
) -> None:
    taker = np.where(trades.is_buy, trades.buyer, trades.seller)
    maker = np.where(trades.is_buy, trades.seller, trades.buyer)
    shared = np.stack([trades.order, trades.time_ms, trades.coin, trades.is_buy, taker])

    n_orders = len(np.unique(trades.order))
    assert len(np.unique(shared, axis=1)[0]) == n_orders
    assert len(np.unique(np.stack([trades.order, maker]), axis=1)[0]) == len(trades)
    assert n_orders < len(trades)


def test_worse_prices_come_later_in_an_order(trades: TradeArrays) -> None:
    is_next = trades.order[1:] == trades.order[:-1]
    rise = np.diff(trades.price) * np.where(trades.is_buy[1:], 1, -1)

    assert np.all(rise[is_next] >= 0)
    assert np.any(rise[is_next] > 0)


def test_numbers_keep_the_venues_precision(
    market: Market, trades: TradeArrays, quotes: QuoteArrays
) -> None:
    for at, coin in enumerate(market.coins):
        of = trades.take(trades.coin == at)
        book = quotes.take(quotes.coin == at)
        for price in (of.price, book.bid, book.ask):
            assert all(is_allowed(p, coin.max_price_decimals) for p in np.unique(price).tolist())
        sizes = of.size * 10**coin.size_decimals
        assert np.allclose(sizes, np.round(sizes))
        assert of.size.min(initial=1.0) > 0


def is_allowed(price: float, max_decimals: int) -> bool:
    """Tell whether a price has five significant digits at most, or is whole (protocol, 5)."""
    return price == round(price, max_decimals) and (
        price == int(price) or price == float(f"{price:.5g}")
    )


def test_blocks_come_every_70_ms(trades: TradeArrays, quotes: QuoteArrays) -> None:
    blocks = np.unique(np.concatenate([trades.time_ms, quotes.time_ms]))

    gaps = np.diff(blocks)
    assert gaps.min() >= 70 - 18
    assert np.median(gaps) < 150


def test_quotes_are_two_sided_and_new(quotes: QuoteArrays, market: Market) -> None:
    assert np.all(quotes.bid < quotes.ask)
    assert quotes.bid_size.min() > 0
    assert quotes.ask_size.min() > 0
    for at in range(len(market.coins)):
        of = quotes.take(quotes.coin == at)
        assert np.all(np.diff(of.time_ms) > 0)
        rows = np.stack([of.bid, of.ask, of.bid_size, of.ask_size])
        assert np.all(np.any(rows[:, 1:] != rows[:, :-1], axis=0))


def test_takers_pay_the_spread(trades: TradeArrays, quotes: QuoteArrays) -> None:
    of, book = trades.take(trades.coin == 0), quotes.take(quotes.coin == 0)
    row = np.searchsorted(book.time_ms, of.time_ms, side="right") - 1
    known = row >= 0

    buys = known & of.is_buy
    sells = known & ~of.is_buy
    assert np.all(of.price[buys] >= book.ask[row[buys]])
    assert np.all(of.price[sells] <= book.bid[row[sells]])


def test_a_spot_pair_shares_its_perps_price(market: Market, quotes: QuoteArrays) -> None:
    names = [coin.name for coin in market.coins]
    ends = [quotes.bid[quotes.coin == names.index(name)][-1] for name in ("HYPE", "@107")]

    assert ends[1] == pytest.approx(ends[0], rel=2e-3)


def test_evm_blocks_come_every_second_with_transactions_of_wallets(
    market: Market, chunks: list[Chunk]
) -> None:
    blocks = np.concatenate([chunk.evm.blocks.number for chunk in chunks])
    assert np.all(np.diff(blocks) == 1)
    assert len(blocks) == 30 * 60

    rows = [chunk.evm.transactions for chunk in chunks]
    everything = type(rows[0]).join(rows)
    pairs = np.stack([everything.sender, everything.nonce])
    assert len(np.unique(pairs, axis=1)[0]) == len(everything) > 0
    assert everything.receiver.max() < len(market.wallets) + len(market.tokens)
    assert not np.any(everything.receiver == everything.sender)
    assert np.array_equal(everything.token >= 0, everything.amount > 0)


def test_a_market_of_few_wallets_works() -> None:
    for wallets in (1, 2, 20):
        market = Market(SimulateSettings(wallets=wallets, coins=1, hours=0.05))

        assert sum(len(chunk.trades) for chunk in market.chunks()) >= 0


def test_all_coins_of_the_catalogue_trade_on_their_scale() -> None:
    coins = build_coins(197, 45.0)

    assert len({coin.name for coin in coins}) == 197
    assert sum(coin.trade_share for coin in coins) == pytest.approx(1)
    assert {coin.kind for coin in coins} == {"perp", "spot", "hip3"}
    with pytest.raises(ConfigError, match=r"knows 197 coins, found simulate\.coins = 198"):
        build_coins(198, 45.0)
