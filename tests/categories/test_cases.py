"""The case for a category, and for none: evidence, caveats, what kept a wallet out."""

import dataclasses

import pytest
from classify_fakes import BASE, classify, named, original, verdict_of
from column_fakes import profile_columns
from drawn_wallets import features, scores
from profile_fakes import head, profile_header, profile_set

from hypertrack.categories.cases import caveat, make_profiles
from hypertrack.errors import DatasetError
from hypertrack.records import (
    Interval,
    replace,
)


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
