"""A ledger adds up what chunks of a market tell, worked by hand."""

import numpy as np
import pytest
from terms_fakes import base_terms

from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.arrays import (
    Chunk,
    EvmArrays,
    EvmBlockArrays,
    EvmTransactionArrays,
    FactArrays,
    HourArrays,
    QuoteArrays,
    TradeArrays,
)
from hypertrack.simulate.market.instruments import build_coins
from hypertrack.simulate.market.played_impact import ImpactQuestions, PlayedImpact
from hypertrack.simulate.market.start_positions import PositionArrays
from hypertrack.simulate.market.wallet_ledger import WalletLedger


def test_a_ledger_adds_up_by_hand() -> None:
    """One wallet comes in long 2 BTC, sells 1 as taker at 101 where 100.5 is fair, ends at 110.

    Cash 101; position 2 x 100 before, 1 x 110 after: 11 gained before a fee of 4.5 bps of 101
    and funding of an hour on 2 x 100, at the venue's usual rate. Orders had moved the price by 3
    bps at the sale, and have moved it by 5 at the end.
    """
    coins = build_coins(1, 1.0)
    start = PositionArrays(
        np.array([0], dtype=np.int32),
        np.array([0], dtype=np.int16),
        np.array([2 * 10 ** coins[0].size_decimals]),
        np.array([90.0]),
    )
    ledger = WalletLedger(coins, start, np.array([100.0]), base_terms(2))
    ledger.add(one_sale())

    columns = ledger.columns()

    fee, funding = 101 * 4.5e-4, 200 * 0.0000125
    assert columns["fees_usd"] == pytest.approx([fee, 101 * 1.5e-4])
    assert columns["funding_usd"] == pytest.approx([funding, 0])
    assert columns["profit_usd"] == pytest.approx([11 - fee - funding, 9 - 101 * 1.5e-4])
    assert columns["edge_bps"][0] == 7
    above = np.log(101 / 100.5) * 1e4  # it sold above what is fair
    assert columns["impact_bps"][0] == pytest.approx(3 - 5)
    assert columns["selection_bps"][0] == 0
    assert columns["net_edge_bps"][0] == pytest.approx(7 + (above - 4.5 - 5) + (above - 4.5 - 3))
    assert columns["snr"][0] == 7 / 14
    assert columns["maker_edge_bps"][1] == pytest.approx(-above - 8 - 1.5 + 5)
    assert columns["copy_edge_bps_5s"][0] == 2
    assert columns["n_openings"].tolist() == [1, 0]
    assert np.isnan(columns["edge_bps"][1])


def one_sale() -> Chunk:
    """Return a chunk in which wallet 0 sells a coin to 1 after a full hour."""
    trades = TradeArrays(
        time_ms=np.array([HOUR_MS + 1]),
        coin=np.array([0], dtype=np.int16),
        price=np.array([101.0]),
        size=np.array([1.0]),
        is_buy=np.array([False]),
        trade_id=np.array([1]),
        buyer=np.array([1], dtype=np.int32),
        seller=np.array([0], dtype=np.int32),
        is_zero_hash=np.array([False]),
        order=np.array([1]),
    )
    facts = FactArrays(
        fair_price=np.array([100.5]),
        impact=np.array([0.0003]),
        taker_edge_bps=np.array([7.0]),
        maker_edge_bps=np.array([0.0]),
        selection_bps=np.array([-8.0]),
        taker_horizon_ms=np.array([60_000.0]),
        maker_horizon_ms=np.array([0.0]),
        taker_move_bps=np.array([-14.0]),
        maker_move_bps=np.array([0.0]),
        copy_edge_bps=np.array([[4.0, 2.0, 0.0, -9.0]]),
    )
    return Chunk(
        start_ms=HOUR_MS - 1_000,
        end_ms=HOUR_MS + 1_000,
        trades=trades,
        quotes=QuoteArrays.none(),
        evm=EvmArrays(EvmBlockArrays.none(), EvmTransactionArrays.none()),
        facts=facts,
        end_prices=np.array([110.0]),
        hours=HourArrays(np.array([HOUR_MS]), np.array([[100.0]])),
        impact=np.array([[0.0003], [0.0005]]),
    )


def test_impact_is_read_off_the_quotes_in_force_at_each_time() -> None:
    """Quotes come with 3 bps in the first second of the chunk, and with 5 in the second.

    Asked of before the first change, between the two, and after the market's end.
    """
    chunk = one_sale()
    begin = float(chunk.start_ms)
    impact = PlayedImpact(n_wallets=2, n_totals=2, n_coins=1)
    impact.ask(
        ImpactQuestions(
            time_ms=begin + np.array([0.0, 999.0, 9_000.0]),
            coin=np.zeros(3, dtype=np.int16),
            wallet=np.array([0, 0, 1], dtype=np.int32),
            side=np.array([1, -1, 1]),
            total=np.array([0, 1, 1]),
        )
    )

    impact.play(chunk)

    assert impact.bps() == pytest.approx(np.array([[0.0, 0.0], [-3.0, 5.0]]))
