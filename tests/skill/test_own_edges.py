"""What the past of each wallet lets expect, beside a judging and without one."""

import json
from typing import Any

import numpy as np
import pytest
from backtest_fakes import WALLETS, market
from engine_fakes import OpenEngine

from hypertrack.config import FeeSettings, Settings
from hypertrack.features.engine import FeatureEngine
from hypertrack.market.window import Window
from hypertrack.records import SYSTEM_WALLETS
from hypertrack.skill.judging import judge
from hypertrack.skill.own_edges import OWN_EDGES, own_edges, unknown
from hypertrack.skill.wallet_edges import two_windows


def whole(engine: FeatureEngine) -> Window:
    return Window(engine.start_ms, engine.end_ms)


@pytest.mark.slow  # judges everybody
def test_judging_tells_the_same_of_each_wallet_as_its_window_alone_and_nothing_of_the_venue(
    busy_market: dict[str, list[dict[str, Any]]], open_engine: OpenEngine
) -> None:
    lines, venue = json.dumps(market(n_hours=2, foresight=0.9)), SYSTEM_WALLETS[0]
    skilled = json.loads(lines.replace(WALLETS[0], venue))
    engine = open_engine(trades=[*busy_market["trades"], *skilled], bbo=busy_market["bbo"])
    is_judged = np.array(engine.wallets) != venue

    skill = judge(engine.backend, whole(engine), is_judged, Settings(), with_own_edges=True)

    alone = own_edges(engine.backend, whole(engine), FeeSettings(), engine.n_wallets)
    assert skill.own_edges is not None
    np.testing.assert_array_equal(skill.own_edges, alone)
    np.testing.assert_array_equal(alone[~is_judged], unknown(1))
    assert alone[:, list(OWN_EDGES).index("own_bets")].sum() > 50


def test_columns_are_those_of_the_past_of_two_windows(busy_engine: FeatureEngine) -> None:
    middle_ms = (busy_engine.start_ms + busy_engine.end_ms) // 2
    past, later = Window(busy_engine.start_ms, middle_ms), Window(middle_ms, busy_engine.end_ms)
    asked = busy_engine.backend, past, later, FeeSettings(), busy_engine.n_wallets

    edges = two_windows(*asked)

    found = own_edges(busy_engine.backend, past, FeeSettings(), busy_engine.n_wallets)
    expected = [edges.shrunk_bps, edges.shrunk_sd_bps, edges.past.n_bets, edges.cost_bps]
    np.testing.assert_array_equal(found.T, expected)


def test_nothing_is_expected_of_whoever_nothing_is_known_of() -> None:
    found = dict(zip(OWN_EDGES, unknown(1)[0].tolist(), strict=True))

    assert (found["own_edge_bps"], found["own_bets"]) == (0, 0)
    assert np.isnan([found["own_edge_sd_bps"], found["own_cost_bps"]]).all()
