import random
from functools import partial

import numpy as np
import pytest
from column_fakes import quantities
from profile_fakes import BASE_FEATURES, features, scores

from hypertrack.categories.catalog import CATALOG, ORIGINAL, describe_catalog
from hypertrack.categories.quantities import QUANTITIES
from hypertrack.categories.rules import Rule
from hypertrack.categories.standing import STANDING
from hypertrack.config import CategorySettings
from hypertrack.features.registry import REGISTRY
from hypertrack.records import BINARY_HEADS

CONDITIONS = {
    "Bot": "bot_probability > 0.7",
    "Possible Bot": "bot_probability > 0.5 and not Bot",
    "Scalper": "tx_per_day > 50 and size_entropy < 0.4",
    "Possible Scalper": "tx_per_day > 30 and size_entropy < 0.5 and not Scalper",
    "Active Trader": "tx_per_day >= 1 and tx_per_day <= 50 and burstiness > 0.3",
    "Moderate Trader": "tx_per_day >= 0.5 and tx_per_day <= 30 and not Active Trader",
    "HODLer": "tx_per_day < 0.1 and age_days > 30",
    "Possible HODLer": "tx_per_day < 0.5 and age_days > 60 and not HODLer",
    "Dormant": "tx_count < 5 and age_days > 30",
    "Whale": "tx_count >= 5 and ((max_value > 50000 and total_value > 100000) "
    "or total_value > 500000)",
    "Possible Whale": "tx_count >= 5 and ((max_value > 10000 and total_value > 50000) "
    "or total_value > 200000) and not Whale",
    "Token Collector": "unique_tokens > 10 and erc20_count > 2 * tx_count",
    "Possible Token Collector": "unique_tokens > 5 and erc20_count > 1 * tx_count "
    "and not Token Collector",
    "Arbitrageur": "unique_tokens > 5 and flip_rate > 0.5",
    "Possible Arbitrageur": "unique_tokens > 3 and flip_rate > 0.3 and not Arbitrageur",
    "Volatility Trader": "avg_candle_volatility > 0.02 and tx_count > 5",
    "Possible Volatility Trader": "avg_candle_volatility > 0.01 and not Volatility Trader",
    "Momentum Follower": "positive_momentum_ratio > 0.7 and avg_candle_momentum > 0.001 "
    "and tx_count > 5",
    "Possible Momentum Follower": "positive_momentum_ratio > 0.6 and not Momentum Follower",
    "Contrarian Trader": "positive_momentum_ratio < 0.3 and avg_candle_momentum < -0.001 "
    "and tx_count > 5",
    "Possible Contrarian Trader": "positive_momentum_ratio < 0.4 and not Contrarian Trader",
    "High Volume Trader": "avg_candle_volume > 100 and tx_count > 5",
    "Profitable Trader": "profitability_score > 0.6 and tx_count >= 3",
    "Possibly Profitable Trader": "profitability_score > 0.4 and tx_count >= 3 "
    "and not Profitable Trader",
    "High Risk Trader": "risk_score > 0.6 and tx_count >= 3",
    "Moderate Risk Trader": "risk_score > 0.4 and tx_count >= 3 and not High Risk Trader",
    "Sophisticated Trader": "sophistication_score > 0.6 and tx_count >= 5",
    "Possibly Sophisticated Trader": "sophistication_score > 0.4 and tx_count >= 3 "
    "and not Sophisticated Trader",
    "Influential Trader": "influence_score > 3 and tx_count >= 5",
    "Possibly Influential Trader": "influence_score > 1 and tx_count >= 3 "
    "and not Influential Trader",
}

original = partial(CategorySettings, edition="original")

WITHOUT_GATES = original(min_evidence_tx=0, min_candle_matches=0)


def random_values(rng: random.Random) -> dict[str, float]:
    wallet = features(
        tx_count=float(rng.randint(1, 40)),
        tx_per_day=rng.uniform(0.01, 120),
        age_days=rng.uniform(1, 200),
        size_entropy=rng.random(),
        burstiness=rng.uniform(0, 3),
        max_value=rng.uniform(0, 400_000),
        total_value=rng.uniform(0, 4_000_000),
        unique_tokens=float(rng.randint(1, 30)),
        erc20_count=float(rng.randint(0, 90)),
        flip_rate=rng.random(),
        avg_candle_volatility=rng.uniform(0, 0.04),
        avg_candle_momentum=rng.uniform(-0.008, 0.008),
        positive_momentum_ratio=rng.random(),
        avg_candle_volume=rng.uniform(0, 600),
    )
    said = scores(
        profitability_score=rng.random(),
        risk_score=rng.random(),
        bot_probability=rng.random(),
        sophistication_score=rng.random(),
        influence_score=rng.uniform(0, 60),
    )
    return {name: column.item() for name, column in quantities([(wallet, 7, said)]).items()}


def test_catalog_holds_the_30_categories_in_order() -> None:
    assert [rule.name for rule in ORIGINAL] == list(CONDITIONS)


@pytest.mark.parametrize("name", CONDITIONS)
def test_condition_reads_as_specified(name: str) -> None:
    rows = {row.name: row for row in describe_catalog(WITHOUT_GATES)}

    assert rows[name].condition == CONDITIONS[name]


def test_condition_names_the_gates_in_force() -> None:
    rows = {row.name: row for row in describe_catalog(original(min_evidence_tx=8))}

    assert rows["Scalper"].condition == ("tx_per_day > 50 and size_entropy < 0.4 and tx_count >= 8")
    assert rows["Possible Volatility Trader"].condition == (
        "avg_candle_volatility > 0.01 and tx_count >= 8 and n_candle_matches >= 1 "
        "and not Volatility Trader"
    )
    assert rows["Dormant"].condition == "tx_count < 5 and age_days > 30"


def test_condition_carries_a_changed_threshold() -> None:
    settings = original(min_evidence_tx=0, whale_min_max_value_usd=75_000)

    rows = {row.name: row for row in describe_catalog(settings)}

    assert "max_value > 75000 and" in rows["Whale"].condition


def test_row_names_the_heads_that_decide_and_that_boost() -> None:
    rows = {row.name: row for row in describe_catalog(original())}

    assert (rows["Bot"].driven_by, rows["Bot"].boosted_by) == (
        "bot_probability",
        "sophistication_score",
    )
    assert rows["Contrarian Trader"].boosted_by == "profitability_score, style -momentum_1m"
    assert rows["Moderate Trader"].driven_by == rows["Moderate Trader"].boosted_by == ""


@pytest.mark.parametrize("rule", ORIGINAL, ids=lambda rule: rule.name)
def test_printed_formula_is_the_one_computed(rule: Rule) -> None:
    rng = random.Random(3)

    for _ in range(40):
        values = random_values(rng)
        expected = eval(rule.formula, {"min": min, "abs": abs}, dict(values))
        columns = {name: np.array([value]) for name, value in values.items()}
        assert rule.confidence is not None
        assert rule.confidence(columns) == pytest.approx(expected)


@pytest.mark.parametrize("rule", ORIGINAL, ids=lambda rule: rule.name)
def test_evidence_can_be_written_from_what_the_rule_reads(rule: Rule) -> None:
    values = random_values(random.Random(5))

    sentence = rule.evidence.format_map({**CategorySettings().limits(), **values})

    assert "{" not in sentence


def test_every_threshold_is_used_and_described() -> None:
    bounds = {bound for rule in (*ORIGINAL, *CATALOG) for bound in rule.bounds}

    assert {bound.threshold for bound in bounds} == set(CategorySettings().limits())
    assert all(field.description for field in CategorySettings.model_fields.values())
    assert {bound.quantity for bound in bounds} <= QUANTITIES.keys()


def test_rules_read_features_that_exist() -> None:
    from_scores = {*BINARY_HEADS, "influence_score", "n_candle_matches"}
    base = {name for name, feature in REGISTRY.items() if feature.group == "base"}
    asked = {
        name: {bound.quantity for rule in rules for bound in rule.bounds}
        for name, rules in (("original", ORIGINAL), ("hypertrack", CATALOG))
    }

    assert asked["original"] - from_scores <= base
    assert asked["hypertrack"] - from_scores <= {
        *REGISTRY,
        *STANDING,
        "followed_count",
        "entity_size",
    }
    assert base == set(BASE_FEATURES)


def test_pairs_are_the_fourteen_specified() -> None:
    names = [rule.name for rule in ORIGINAL]

    pairs = [
        (names.index(rule.unless) + 1, i)
        for i, rule in enumerate(ORIGINAL, 1)
        if rule.unless is not None
    ]

    assert pairs == [
        *[(1, 2), (3, 4), (5, 6), (7, 8), (10, 11), (12, 13), (14, 15)],
        *[(16, 17), (18, 19), (20, 21), (23, 24), (25, 26), (27, 28), (29, 30)],
    ]
