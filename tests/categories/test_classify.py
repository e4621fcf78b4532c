import dataclasses
from functools import partial

import pytest
from column_fakes import profile_columns
from profile_fakes import (
    features,
    head,
    heads,
    model_of,
    profile_header,
    profile_set,
    scores,
)

from hypertrack.categories.cases import caveat, make_profiles
from hypertrack.config import CategorySettings
from hypertrack.errors import DatasetError
from hypertrack.records import (
    Category,
    HeadEvaluation,
    Interval,
    Scores,
    WalletProfile,
    replace,
)

original = partial(CategorySettings, edition="original")

BASE = original(min_evidence_tx=0)


def classify(
    said: Scores | None = None,
    *,
    unearned: tuple[str, ...] = (),
    settings: CategorySettings = BASE,
    n_candle_matches: int = 1,
    **values: float,
) -> WalletProfile:
    return verdict_of(features(**values), n_candle_matches, said, settings, heads(*unearned))


def verdict_of(
    values: dict[str, float],
    n_candle_matches: int,
    said: Scores | None,
    settings: CategorySettings,
    by_head: dict[str, HeadEvaluation],
) -> WalletProfile:
    columns = profile_columns([(values, n_candle_matches, said)], settings, by_head)
    header = profile_header(summary=model_of(by_head))
    (profile,) = make_profiles(columns, replace(header, thresholds=settings.limits()))
    return profile


def named(verdict: WalletProfile) -> dict[str, Category]:
    return {category.name: category for category in verdict.categories}


HOLDS = [
    # features, category, confidence worked by hand
    ({"tx_per_day": 80, "size_entropy": 0.25}, "Scalper", 0.6),
    ({"tx_per_day": 50, "size_entropy": 0.25}, "Possible Scalper", 0.6),
    ({"tx_per_day": 31, "size_entropy": 0.49}, "Possible Scalper", 0.6),
    ({"tx_per_day": 1, "burstiness": 0.31}, "Active Trader", 0.02),
    ({"tx_per_day": 50, "burstiness": 0.31}, "Active Trader", 1.0),
    ({"tx_per_day": 0.5}, "Moderate Trader", 0.6),
    ({"tx_per_day": 30, "burstiness": 0.3}, "Moderate Trader", 0.6),
    ({"tx_per_day": 0.05, "age_days": 120, "tx_count": 5}, "HODLer", 0.5),
    ({"tx_per_day": 0.0, "age_days": 120, "tx_count": 5}, "HODLer", 1.0),
    ({"tx_per_day": 0.1, "age_days": 61, "tx_count": 5}, "Possible HODLer", 0.6),
    ({"tx_count": 2, "age_days": 45}, "Dormant", 0.3),
    ({"tx_count": 5, "max_value": 100_000, "total_value": 200_000}, "Whale", 0.12),
    ({"tx_count": 5, "max_value": 1, "total_value": 1_000_000}, "Whale", 0.100001),
    ({"tx_count": 5, "max_value": 50_000, "total_value": 100_000}, "Possible Whale", 0.24),
    ({"tx_count": 5, "max_value": 1, "total_value": 500_000}, "Possible Whale", 0.200004),
    ({"unique_tokens": 25, "erc20_count": 9, "tx_count": 4}, "Token Collector", 0.375),
    ({"unique_tokens": 25, "erc20_count": 1, "tx_count": 0}, "Token Collector", 1.0),
    ({"unique_tokens": 25, "erc20_count": 8, "tx_count": 4}, "Possible Token Collector", 0.6),
    ({"unique_tokens": 10, "flip_rate": 0.6}, "Arbitrageur", 0.3),
    ({"unique_tokens": 5, "flip_rate": 0.6}, "Possible Arbitrageur", 0.6),
    ({"avg_candle_volatility": 0.03, "tx_count": 6}, "Volatility Trader", 0.18),
    ({"avg_candle_volatility": 0.03, "tx_count": 5}, "Possible Volatility Trader", 0.6),
    (
        {"positive_momentum_ratio": 0.8, "avg_candle_momentum": 0.005, "tx_count": 6},
        *("Momentum Follower", 0.4),
    ),
    ({"positive_momentum_ratio": 0.8}, "Possible Momentum Follower", 0.6),
    (
        {"positive_momentum_ratio": 0.2, "avg_candle_momentum": -0.005, "tx_count": 6},
        *("Contrarian Trader", 0.4),
    ),
    ({"positive_momentum_ratio": 0.2}, "Possible Contrarian Trader", 0.6),
    ({"avg_candle_volume": 250, "tx_count": 10}, "High Volume Trader", 0.25),
    ({"avg_candle_volume": 900, "tx_count": 90}, "High Volume Trader", 1.0),
]


@pytest.mark.parametrize(("values", "name", "confidence"), HOLDS)
def test_behaviour_category_holds_with_its_confidence(
    values: dict[str, float], name: str, confidence: float
) -> None:
    held = named(classify(**values))

    assert held[name].confidence == pytest.approx(confidence)
    assert held[name].boost == 0.0
    assert held[name].is_proven


DRIVEN = [
    ({"bot_probability": 0.71}, 5, "Bot", 0.71),
    ({"bot_probability": 0.7}, 5, "Possible Bot", 0.7),
    (
        {"profitability_score": 0.7, "sophistication_score": 0.3},
        *(3, "Profitable Trader", 0.58),
    ),
    (
        {"profitability_score": 0.6, "sophistication_score": 0.3},
        *(3, "Possibly Profitable Trader", 0.42),
    ),
    ({"risk_score": 0.7, "sophistication_score": 0.3}, 3, "High Risk Trader", 0.55),
    ({"risk_score": 0.6}, 3, "Moderate Risk Trader", 0.36),
    (
        {"sophistication_score": 0.7, "profitability_score": 0.2, "risk_score": 0.1},
        *(5, "Sophisticated Trader", 0.49),
    ),
    ({"sophistication_score": 0.7}, 4, "Possibly Sophisticated Trader", 0.49),
    ({"influence_score": 10, "sophistication_score": 0.2}, 5, "Influential Trader", 0.2),
    ({"influence_score": 90, "sophistication_score": 0.2}, 5, "Influential Trader", 0.76),
    ({"influence_score": 10, "sophistication_score": 0.2}, 4, "Possibly Influential Trader", 0.3),
]


@pytest.mark.parametrize(("said", "tx_count", "name", "confidence"), DRIVEN)
def test_score_category_holds_with_its_confidence(
    said: dict[str, float], tx_count: int, name: str, confidence: float
) -> None:
    held = named(classify(scores(**said), tx_count=tx_count))

    assert held[name].confidence - held[name].boost == pytest.approx(confidence)


@pytest.mark.parametrize(
    ("values", "strong"),
    [
        ({"tx_per_day": 80, "size_entropy": 0.25}, "Scalper"),
        ({"tx_per_day": 20, "burstiness": 1.0}, "Active Trader"),
        ({"tx_per_day": 0.05, "age_days": 120, "tx_count": 9}, "HODLer"),
        ({"tx_count": 9, "total_value": 600_000}, "Whale"),
        ({"unique_tokens": 25, "erc20_count": 90, "tx_count": 9}, "Token Collector"),
    ],
)
def test_weaker_of_a_pair_is_not_asked_where_the_stronger_holds(
    values: dict[str, float], strong: str
) -> None:
    held = named(classify(**values))

    assert strong in held
    assert not any(name.startswith(("Possible", "Moderate")) for name in held)


def test_score_categories_are_not_asked_without_scores() -> None:
    verdict = classify(None, tx_count=50, tx_per_day=20, burstiness=1.0)

    assert list(named(verdict)) == ["Active Trader"]


def test_market_conditions_are_unknown_without_a_matched_candle() -> None:
    values = {"tx_count": 9, "positive_momentum_ratio": 0.0}

    assert "Possible Contrarian Trader" in named(classify(**values, n_candle_matches=1))
    assert named(classify(**values, n_candle_matches=0)) == {}


def test_without_a_matched_candle_no_market_condition_is_what_kept_a_wallet_out() -> None:
    values = {"tx_count": 9, "positive_momentum_ratio": 0.41}  # 0.4 would be a contrarian
    ten = BASE.model_copy(update={"min_candle_matches": 10})

    asked = classify(**values, n_candle_matches=10, settings=ten).why_none
    unasked = classify(**values, n_candle_matches=9, settings=ten).why_none

    assert asked is not None and asked.startswith("nearest is Possible Contrarian Trader")
    assert unasked is not None and unasked.startswith("nearest is Possible Scalper")


def test_little_evidence_keeps_every_category_but_dormant_away() -> None:
    said = scores(profitability_score=0.9, bot_probability=0.9)
    values = {"tx_count": 4, "tx_per_day": 80, "size_entropy": 0.1, "age_days": 45}

    held = named(classify(said, settings=original(), **values))

    assert list(held) == ["Dormant"]
    assert {"Scalper", "Bot", "Profitable Trader"} <= named(classify(said, **values)).keys()


def test_not_a_number_holds_nothing() -> None:
    nan = float("nan")

    verdict = classify(tx_per_day=nan, size_entropy=nan, positive_momentum_ratio=nan)

    assert verdict.categories == ()


def test_earned_heads_raise_confidence_by_a_share_of_their_mean() -> None:
    said = scores(sophistication_score=0.6, risk_score=0.2)

    scalper = named(classify(said, tx_per_day=80, size_entropy=0.25))["Scalper"]

    assert scalper.boost == pytest.approx(0.15 * 0.4)
    assert scalper.confidence == pytest.approx(0.66)


def test_head_without_earned_weight_takes_no_part_in_a_boost() -> None:
    said = scores(sophistication_score=0.6, risk_score=0.2)
    values = {"tx_per_day": 80, "size_entropy": 0.25}

    one = named(classify(said, unearned=("risk_score",), **values))["Scalper"]
    none = named(classify(said, unearned=("risk_score", "sophistication_score"), **values))

    assert one.boost == pytest.approx(0.15 * 0.6)
    assert none["Scalper"].boost == 0.0


def test_mean_score_of_a_tenth_adds_nothing() -> None:
    said = scores(sophistication_score=0.1, risk_score=0.1)

    scalper = named(classify(said, tx_per_day=80, size_entropy=0.25))["Scalper"]

    assert scalper.boost == 0.0


def test_boost_stops_at_certainty() -> None:
    said = scores(bot_probability=0.95, sophistication_score=1.0)

    bot = named(classify(said, tx_count=5))["Bot"]

    assert (bot.confidence, bot.boost) == (1.0, pytest.approx(0.05))


@pytest.mark.parametrize(
    ("values", "name", "mapped"),
    [
        ({"avg_candle_volatility": 0.03}, "Volatility Trader", 0.9),  # (1 + 0.8) / 2
        (
            {"positive_momentum_ratio": 0.8, "avg_candle_momentum": 0.005},
            *("Momentum Follower", 0.2),  # (1 - 0.6) / 2
        ),
        (
            {"positive_momentum_ratio": 0.2, "avg_candle_momentum": -0.005},
            *("Contrarian Trader", 0.8),  # (1 + 0.6) / 2
        ),
    ],
)
def test_style_dimension_is_mapped_to_a_share(
    values: dict[str, float], name: str, mapped: float
) -> None:
    said = scores(trading_style=(-0.6, 0.0, 0.8, 0.0, 0.0, 0.0))

    held = named(classify(said, unearned=("profitability_score",), tx_count=6, **values))

    assert held[name].boost == pytest.approx(0.15 * mapped)


def test_unproven_categories_come_last_with_the_reason() -> None:
    said = scores(bot_probability=0.99, risk_score=0.7)

    verdict = classify(said, unearned=("bot_probability",), tx_count=9, tx_per_day=2, burstiness=1)

    assert [category.name for category in verdict.categories] == [
        "High Risk Trader",
        "Active Trader",
        "Bot",
    ]
    bot = verdict.categories[-1]
    assert not bot.is_proven
    assert bot.caveat == "bot probability: skill −0.02, 95 % CI [−0.05, 0.01]"


def test_unearned_head_adds_nothing_to_the_confidence_of_a_proven_category() -> None:
    said = scores(profitability_score=0.7, sophistication_score=0.9)

    held = named(classify(said, unearned=("sophistication_score",), tx_count=9))

    assert held["Profitable Trader"].confidence == pytest.approx(0.49)
    assert held["Sophisticated Trader"].confidence == pytest.approx(0.9 * 0.6 + 0.7 * 0.3)


def test_head_that_was_not_evaluated_is_unproven() -> None:
    verdict = verdict_of(features(tx_count=9), 1, scores(bot_probability=0.9), original(), {})

    assert verdict.categories[0].caveat == "bot probability: not evaluated on held-out rows"


def test_caveat_names_the_new_wallets_where_they_decided() -> None:
    evaluation = head("risk_score", earned=False, skill=Interval(0.02, 0.01, 0.03))

    assert caveat("risk_score", {"risk_score": evaluation}) == (
        "risk: skill 0.02, 95 % CI [0.01, 0.03], on new wallets −0.01"
    )


def test_evidence_carries_the_numbers_and_the_thresholds() -> None:
    scalper = named(classify(tx_per_day=1_080, size_entropy=0.25))["Scalper"]

    assert scalper.evidence == (
        "1,080.0 transactions a day (above 50) in sizes of entropy 0.25 (below 0.4)"
    )


def test_wallet_without_category_says_what_kept_it_out() -> None:
    verdict = classify(tx_count=9, total_value=190_000, max_value=4_000)

    assert verdict.why_none == (
        "nearest is Possible Whale: total traded $190,000 (needs more than $200,000)"
    )


def test_wallet_with_one_trade_says_that_one_is_too_few() -> None:
    verdict = classify(settings=original(), tx_count=1, tx_per_day=24.0)

    assert verdict.why_none == "nearest is Moderate Trader: transactions 1 (needs at least 5)"


def test_reason_is_never_a_market_condition_of_a_wallet_whose_candles_are_unknown() -> None:
    """Nine executions with a candle are too few here, though only just."""
    settings = original(min_candle_matches=10)
    values = {"tx_count": 9, "avg_candle_volatility": 0.0099}

    seen = classify(settings=settings, n_candle_matches=10, **values).why_none
    unseen = classify(settings=settings, n_candle_matches=9, **values).why_none

    assert seen is not None and seen.startswith("nearest is Possible Volatility Trader")
    assert unseen is not None and "Volatility" not in unseen


def test_reason_never_prints_two_equal_numbers() -> None:
    verdict = classify(tx_count=9, unique_tokens=6, flip_rate=0.2999)

    assert verdict.why_none == (
        "nearest is Possible Arbitrageur: direction changes 0.2999 (needs more than 0.3)"
    )


def test_reason_is_never_a_score_that_earned_no_weight() -> None:
    said = scores(bot_probability=0.499)

    believed = classify(said, tx_count=9).why_none
    unearned = classify(said, unearned=("bot_probability",), tx_count=9).why_none

    assert believed is not None and believed.startswith("nearest is Possible Bot")
    assert unearned is not None and "Bot" not in unearned


def test_varied_wallets_hold_a_category_or_say_why_not() -> None:
    profiles = profile_set(300).profiles

    assert all((p.why_none is None) == bool(p.categories) for p in profiles)
    assert any(p.categories for p in profiles) and any(p.why_none for p in profiles)
    assert all(0 <= c.confidence <= 1 for p in profiles for c in p.categories)


def test_wallets_of_one_set_do_not_touch_each_other() -> None:
    """Alone, in a set, and in a set the other way round: a wallet's verdict is its own."""
    busy = (features(tx_count=9.0, tx_per_day=80.0, size_entropy=0.25), 1, None)
    idle = (features(tx_count=1.0), 0, None)
    rising = (features(tx_count=9.0, positive_momentum_ratio=0.8), 1, None)

    alone = [verdict_of(*each, BASE, {}) for each in (busy, idle, rising)]
    header = replace(profile_header(), thresholds=BASE.model_dump())
    together = list(make_profiles(profile_columns([busy, idle, rising], BASE, {}), header))
    turned = list(make_profiles(profile_columns([rising, idle, busy], BASE, {}), header))

    assert [c.name for c in together[0].categories] == ["Scalper"]
    for own, one, other in zip(alone, together, reversed(turned), strict=True):
        assert own.categories == one.categories == other.categories
        assert own.why_none == one.why_none == other.why_none


def test_nobody_can_be_asked() -> None:
    assert list(make_profiles(profile_columns([], BASE, {}), profile_header())) == []


def test_positions_that_are_unknown_are_said_to_be() -> None:
    nan = float("nan")

    unknown = classify(median_holding_s=nan, closed_episode_count=nan, flow_pnl_usd=-3.0)
    known = classify(median_holding_s=nan, closed_episode_count=0.0, flow_pnl_usd=nan)
    measured = classify(median_holding_s=9.5, closed_episode_count=2.0)

    assert unknown.remarks == {
        "flow_pnl_usd": "of the trades seen, as if flat before",
        "median_holding_s": "position unknown",
        "closed_episode_count": "position unknown",
    }
    assert known.remarks == {}  # no episode closed, so there is no median; no trade, so no flow
    assert measured.remarks == {}


def test_rule_of_another_version_is_refused() -> None:
    columns = profile_columns([(features(tx_count=9.0), 1, None)], BASE, {})
    foreign = dataclasses.replace(columns.verdicts, names=("Astrologer",))

    with pytest.raises(DatasetError, match="no rule is called Astrologer"):
        list(make_profiles(dataclasses.replace(columns, verdicts=foreign), profile_header()))
