"""Profit of wallets, by the names of profiles, with what each number rests on."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, fill_of, trade, write_dataset

from hypertrack.config import FeatureSettings, FeeSettings
from hypertrack.features.coins import coins_traded
from hypertrack.features.engine import FeatureEngine
from hypertrack.features.registry import select
from hypertrack.pipeline.profile_matrix import measure
from hypertrack.records import PROFIT_NUMBERS, PROFIT_TEXTS
from hypertrack.store.dataset import open_dataset

DAVE, FRANK = "0x" + "d" * 40, "0x" + "f" * 40

# BTC ends at 120, ETH at 50. Fills tell all of Alice, and of Bob all but ETH; Carol's second one
# tells where she stood before her first; Frank's two tell no profit; of Dave nothing is told.
BOUGHT = trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=100, size=2)
SOLD = trade(START_MS + 60_000, buyer=CAROL, seller=ALICE, taker=ALICE, price=110, size=2)
AGAIN = trade(START_MS + 90_000, buyer=CAROL, seller=DAVE, taker=DAVE, price=120)
OTHER = trade(START_MS + 95_000, buyer=DAVE, seller=BOB, taker=DAVE, price=50, size=9, coin="ETH")
LAST = trade(START_MS + 96_000, buyer=FRANK, seller=DAVE, taker=FRANK, price=120)
FILLS = [
    fill_of(BOUGHT, ALICE, closedPnl="0.0", fee="0.2"),
    fill_of(SOLD, ALICE, startPosition="2.0", closedPnl="20.0", fee="-0.1"),
    fill_of(BOUGHT, BOB, closedPnl="0.0", fee="0.04"),
    fill_of(AGAIN, CAROL, startPosition="5.0", fee="0.01"),
    {key: value for key, value in fill_of(LAST, FRANK, fee="0.06").items() if key != "closedPnl"},
]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FeatureEngine]:
    trades = [BOUGHT, SOLD, AGAIN, OTHER, LAST]
    folder = write_dataset(tmp_path_factory.mktemp("market"), trades=trades, fills=FILLS)
    fees = FeeSettings(perp_taker_bps=5, perp_maker_bps=1)
    with open_dataset(folder) as dataset:
        yield FeatureEngine(dataset, FeatureSettings(groups=("base",)), fees)


@pytest.fixture(scope="module")
def facts(engine: FeatureEngine) -> dict[str, dict[str, Any]]:
    """What is known of profit, by wallet and column."""
    found = measure(engine)
    matrix, columns = found.matrix, found.profit
    assert (matrix.names, found.account) == (tuple(each.name for each in select(("base",))), {})
    assert set(columns) == {*PROFIT_NUMBERS, *PROFIT_TEXTS}
    return {
        wallet: {name: column[row] for name, column in columns.items()}
        for row, wallet in enumerate(matrix.wallets)
    }


def test_every_profit_says_what_it_rests_on(facts: Any) -> None:
    assert {wallet: own["pnl_source"] for wallet, own in facts.items()} == {
        ALICE: "venue",
        BOB: "as_if_flat",
        CAROL: "derived",
        DAVE: "as_if_flat",
        FRANK: "exact",
    }


def test_profit_is_there_where_positions_are_known_and_only_there(facts: Any) -> None:
    assert facts[ALICE]["profit_usd"] == pytest.approx(2 * 10 - 0.1)
    assert facts[ALICE]["return_bps"] == pytest.approx(19.9 / 420 * 1e4)
    # comes in with 3 worth 100 each, buys 2 at 110 and 1 at 120, ends with 6 at 120
    fees_usd = 220e-4 + 0.01
    assert facts[CAROL]["profit_usd"] == pytest.approx(720 - 300 - 220 - 120 - fees_usd)
    assert np.isnan([facts[BOB]["profit_usd"], facts[DAVE]["profit_usd"]]).all()
    assert facts[BOB]["positions_known_frac"] == pytest.approx(200 / 650)
    # sells 1 at 120 as taker, buys 9 at 50 as taker, sells 1 at 120 as maker; all of it is held
    assert facts[DAVE]["flow_pnl_usd"] == pytest.approx(-(120 + 450) * 5e-4 - 120 * 1e-4)


def test_fees_say_whether_they_were_paid(facts: Any) -> None:
    sources = {wallet: own["fees_source"] for wallet, own in facts.items()}
    assert sources == {
        ALICE: "venue",
        BOB: "mixed",
        CAROL: "schedule",  # of one of two trades alone
        DAVE: "schedule",
        FRANK: "schedule",  # a fill that tells no profit is not whole
    }
    assert facts[ALICE]["fees_usd"] == pytest.approx(0.1)
    assert facts[BOB]["fees_usd"] == pytest.approx(0.04 + 450 * 1e-4)


def test_coins_are_named_by_notional_and_counted(facts: Any) -> None:
    assert (facts[BOB]["coins"], facts[BOB]["n_coins"]) == ("ETH, BTC", 2)  # 450 and 200 USD
    assert (facts[ALICE]["coins"], facts[ALICE]["n_coins"]) == ("BTC", 1)


def test_only_the_largest_coins_are_named(tmp_path: Any) -> None:
    trades = [
        trade(START_MS + n, buyer=ALICE, seller=BOB, taker=ALICE, size=n, coin=f"C{n}")
        for n in (2, 5, 3, 4)
    ]
    with open_dataset(write_dataset(tmp_path, trades=trades)) as dataset:
        engine = FeatureEngine(dataset, FeatureSettings(), FeeSettings())
        found = coins_traded(engine, engine.matrix(names=("tx_count",)))

    assert found.coins.tolist() == ["C5, C4, C3"] * 2
    assert found.n_coins.tolist() == [4, 4]
