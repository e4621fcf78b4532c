import math
from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, fill_of, quote, trade

from hypertrack.config import FeeSettings

NO_FEES = FeeSettings(
    perp_taker_bps=0, perp_maker_bps=0, spot_taker_bps=0, spot_maker_bps=0, hip3_multiplier=1
)

# Buys 3 at 100, sells 1 at 110; BTC ends at 120. Sells 2 ETH at 50; ETH ends at 40.
TRADES = [
    trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=3),
    trade(START_MS + 1, buyer=BOB, seller=ALICE, taker=BOB, price=110, size=1),
    trade(START_MS + 2, buyer=BOB, seller=ALICE, taker=ALICE, price=50, size=2, coin="ETH"),
]
QUOTES = [quote(START_MS + 2, 119, 121), quote(START_MS + 2, 39, 41, coin="ETH")]


def test_net_notional_is_bought_less_sold(features_of: Any) -> None:
    features = features_of("net_notional_usd", trades=TRADES)

    assert features[ALICE]["net_notional_usd"] == pytest.approx(300 - 110 - 100)
    assert features[BOB]["net_notional_usd"] == pytest.approx(-90)


def test_fees_follow_role_and_notional(features_of: Any) -> None:
    fees = FeeSettings(perp_taker_bps=5, perp_maker_bps=1)

    features = features_of("fees_usd", fees=fees, trades=TRADES)

    # Alice takes 300 and 100, makes 110.
    assert features[ALICE]["fees_usd"] == pytest.approx((400 * 5 + 110 * 1) * 1e-4)


def test_flow_pnl_is_cash_flow_and_what_is_held(features_of: Any) -> None:
    features = features_of("flow_pnl_usd", fees=NO_FEES, trades=TRADES, bbo=QUOTES)

    # Cash -300 + 110 + 100; holds 2 BTC at 120 and -2 ETH at 40.
    assert features[ALICE]["flow_pnl_usd"] == pytest.approx(-90 + 240 - 80)
    assert features[BOB]["flow_pnl_usd"] == pytest.approx(-70)


def test_flow_pnl_pays_fees(features_of: Any) -> None:
    fees = NO_FEES.model_copy(update={"perp_taker_bps": 5.0})

    alice = features_of("flow_pnl_usd", fees=fees, trades=TRADES, bbo=QUOTES)[ALICE]

    assert alice["flow_pnl_usd"] == pytest.approx(70 - 0.2)


def test_positions_are_valued_before_the_cut(features_of: Any) -> None:
    features = features_of(
        "flow_pnl_usd", fees=NO_FEES, until_ms=START_MS + 1, trades=TRADES, bbo=QUOTES
    )

    assert features[ALICE]["flow_pnl_usd"] == 0  # 3 BTC at the last trade's 100


def test_drawdown_is_of_the_whole_wallet_minute_by_minute(features_of: Any) -> None:
    bought = trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=2)
    fell = trade(START_MS + 100_000, buyer=CAROL, seller=BOB, taker=BOB, price=90)
    sold = trade(START_MS + 300_000, buyer=BOB, seller=ALICE, taker=ALICE, price=130, size=2)
    fills = [
        fill_of(bought, ALICE, startPosition="0.0", closedPnl="0.0", fee="0.0"),
        fill_of(sold, ALICE, startPosition="2.0", closedPnl="60.0", fee="0.0"),
    ]

    found = features_of(
        "max_drawdown_usd", "under_water_share", trades=[bought, fell, sold], fills=fills
    )

    # 20 below what it began with, from the second minute until it is sold in the fifth
    assert found[ALICE]["max_drawdown_usd"] == pytest.approx(20)
    assert found[ALICE]["under_water_share"] == pytest.approx(180 / 300, abs=1e-4)
    assert math.isnan(found[CAROL]["max_drawdown_usd"])
