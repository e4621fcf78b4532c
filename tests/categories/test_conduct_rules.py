"""The edition `hypertrack`: each rule on both sides of each threshold, strengths by hand."""

import math

import pytest
from column_fakes import quantities
from profile_fakes import features, head, scores

from hypertrack.categories.catalog import CATALOG
from hypertrack.categories.classify import classify
from hypertrack.categories.quantities import QUANTITIES
from hypertrack.config import CategorySettings
from hypertrack.records import Scores, Verdicts

SETTINGS = CategorySettings()

NEUTRAL = {
    "execution_count": 300.0,
    "tx_count": 300.0,
    "twap_taken_share": 0.0,
    "twap_share": math.nan,
    "twap_slice_count": 0.0,
    "reversal_15m_share": 0.0,
    "round_trip_s": math.nan,
    "value_top_frac": 1.0,
    "notional_per_day_usd": 0.0,
    "opposite_leg_share": 0.0,
    "moved_execution_count": 300.0,
    "move_block_count": 30.0,
    "move_alignment": 0.0,
    "move_alignment_z": 0.0,
    "volatile_z": 0.0,
    "liquidation_count": 0.0,
    "followed_count": 0.0,
    "entity_size": 1.0,
}


def ask(said: Scores | None = None, **values: float) -> Verdicts:
    wallet = features(**{**NEUTRAL, **values})
    heads = {"bot_probability": head("bot_probability")}
    return classify(quantities([(wallet, 9, said)]), SETTINGS, heads if said else {})


def held(said: Scores | None = None, **values: float) -> dict[str, float]:
    """Return the categories of one wallet and their strengths."""
    found = ask(said, **values)
    names = [found.names[place] for place in found.category.tolist()]
    return dict(zip(names, found.confidence.tolist(), strict=True))


SCALPER = {"tx_per_day": 100.0, "reversal_15m_share": 0.65, "round_trip_s": 225.0}
WHALE = {"value_top_frac": 0.01, "max_value": 100_000.0, "total_value": 400_000.0}
LEGS = {"opposite_leg_share": 0.65, "order_book_participation": 0.2}
MOMENTUM = {"move_alignment": 0.65, "move_alignment_z": 4.0}
VOLATILE = {"volatility_trading_score": 0.825, "volatile_z": 4.0}
BUSY = {"notional_per_day_usd": 4_000_000.0, "value_top_frac": 0.025}
MAKER = {"market_maker_score": 0.75, "age_days": 1.0, "execution_count": 50.0}
TWAP = {"twap_share": 0.75, "twap_slice_count": 5.0}

HOLDS = [
    # strengths: 1 - 50 / 100; (.65 - .3) / .7; (900 - 225) / 900: the smallest
    (SCALPER, "Scalper", 0.5),
    # 1 - 30 / 50; (.25 - .2) / .8; the smaller
    ({**SCALPER, "tx_per_day": 50.0, "reversal_15m_share": 0.25}, "Possible Scalper", 0.0625),
    # place: (.02 - .01) / .02; 1 - 50,000 / 100,000 and 1 - 100,000 / 400,000
    (WHALE, "Whale", 0.5),
    # no minimum of executions: one of a million
    ({"value_top_frac": 0.001, "max_value": 1e6, "tx_count": 1, "total_value": 1e6}, "Whale", 0.9),
    ({**WHALE, "value_top_frac": 0.04}, "Possible Whale", 0.2),
    (LEGS, "Arbitrageur", 0.5),
    ({**LEGS, "opposite_leg_share": 0.2}, "Possible Arbitrageur", 0.0),
    (MOMENTUM, "Momentum Follower", 0.5),  # (.65 - .3) / .7 and 1 - 2 / 4
    ({**MOMENTUM, "move_alignment": 0.3}, "Possible Momentum Follower", 0.15 / 0.85),
    ({"move_alignment": -0.65, "move_alignment_z": -4.0}, "Contrarian Trader", 0.5),
    ({"move_alignment": -0.3, "move_alignment_z": -3.0}, "Possible Contrarian Trader", 0.15 / 0.85),
    (VOLATILE, "Volatility Trader", 0.5),
    ({**VOLATILE, "volatile_z": 1.5}, "Possible Volatility Trader", 0.0),
    (BUSY, "High Volume Trader", 0.5),
    (MAKER, "Market Maker", 0.5),  # (.75 - .5) / .5
    ({**MAKER, "age_days": 0.01, "execution_count": 400.0}, "Market Maker", 0.5),
    (TWAP, "TWAP User", 0.5),
    ({"followed_count": 1.0}, "Copier", 1.0),
    ({"entity_size": 4.0}, "One of a Group", 1.0),
    ({"liquidation_count": 2.0}, "Liquidated", 1.0),
]


@pytest.mark.parametrize(("values", "name", "strength"), HOLDS)
def test_rule_holds_as_far_as_its_nearest_threshold_is_exceeded(
    values: dict[str, float], name: str, strength: float
) -> None:
    found = held(**values)

    assert found[name] == pytest.approx(strength)
    assert f"Possible {name}" not in found


FAILS = [
    ({**SCALPER, "execution_count": 29.0}, "Scalper"),
    ({**SCALPER, "twap_taken_share": 0.5}, "Scalper"),
    ({**SCALPER, "round_trip_s": math.nan}, "Scalper"),  # it never came back
    ({**WHALE, "value_top_frac": 0.051}, "Whale"),
    ({**LEGS, "order_book_participation": 0.65}, "Arbitrageur"),
    ({**LEGS, "execution_count": 19.0}, "Arbitrageur"),
    ({**LEGS, "opposite_leg_share": math.nan}, "Arbitrageur"),
    ({**MOMENTUM, "move_block_count": 4.0}, "Momentum Follower"),
    ({**MOMENTUM, "move_alignment_z": 1.4}, "Momentum Follower"),
    ({"positive_momentum_ratio": 0.9, "avg_candle_momentum": 0.01}, "Momentum Follower"),
    ({**VOLATILE, "volatility_trading_score": 0.58}, "Volatility Trader"),
    ({"avg_candle_volatility": 0.05}, "Volatility Trader"),
    ({"avg_candle_volume": 9_000.0}, "High Volume Trader"),  # of its coins, not its own
    ({**BUSY, "value_top_frac": 0.06}, "High Volume Trader"),
    ({**MAKER, "age_days": 0.08}, "Market Maker"),
    ({**TWAP, "twap_slice_count": 4.0}, "TWAP User"),
]


@pytest.mark.parametrize(("values", "name"), FAILS)
def test_rule_does_not_hold_on_the_other_side(values: dict[str, float], name: str) -> None:
    assert held(**values).keys().isdisjoint({name, f"Possible {name}"})


def test_no_head_raises_a_strength() -> None:
    sure = scores(sophistication_score=1.0, risk_score=1.0, profitability_score=1.0)

    assert held(sure, **SCALPER)["Scalper"] == held(**SCALPER)["Scalper"]


def test_strength_of_a_score_is_its_share_of_the_way_to_certainty() -> None:
    found = held(scores(bot_probability=0.85))

    assert found["Bot"] == pytest.approx((0.85 - 0.7) / 0.3)


def test_rules_that_cannot_hold_are_neither_asked_nor_the_nearest() -> None:
    wallet = features(**{**NEUTRAL, "age_days": 29.9, "tx_per_day": 0.05, "tx_count": 9.0})
    columns = quantities([(wallet, 9, None)])

    asked = classify(columns, SETTINGS, {})
    told = classify(columns, SETTINGS, {}, {"HODLer", "Possible HODLer", "Dormant"})

    assert asked.names[asked.nearest[0]] == "HODLer"
    assert told.names[told.nearest[0]] not in {"HODLer", "Possible HODLer", "Dormant"}


def test_rule_whose_quantity_nobody_measured_is_not_asked() -> None:
    wallet = {name: value for name, value in NEUTRAL.items() if name != "entity_size"}
    columns = quantities([(features(**wallet), 9, None)])

    found = classify(columns, SETTINGS, {})

    assert len(found.category) == 0


def test_every_quantity_of_a_rule_has_words() -> None:
    asked = {bound.quantity for rule in CATALOG for bound in rule.bounds}

    assert asked <= QUANTITIES.keys()
