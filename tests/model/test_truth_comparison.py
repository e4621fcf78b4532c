import numpy as np
import pytest
from profile_fakes import MadeSet, made_set, profile_header

from hypertrack.model.truth_comparison import compare_with_truth
from hypertrack.records import Category, Scores, WalletProfile, replace


def profile(number: int, score: float, *categories: str) -> WalletProfile:
    return WalletProfile(
        wallet=f"0x{number:040x}",
        first_seen_ms=0,
        last_seen_ms=1,
        features={},
        scores=Scores(
            profitability_score=score,
            risk_score=0,
            bot_probability=score,
            sophistication_score=1 - score,
            influence_score=0,
            trading_style=(0, 0, 0, 0, 0, 0),
        ),
        categories=tuple(
            Category(name=name, group="g", confidence=1, evidence="e") for name in categories
        ),
        why_none=None,
        activity=(),
    )


@pytest.fixture
def profiles() -> MadeSet:
    return made_set(
        profile_header(),
        profile(1, 0.9, "Bot", "Possibly Profitable Trader"),
        profile(2, 0.8, "Possible Bot"),
        profile(3, 0.3, "Possible Scalper"),
        profile(4, 0.2),
        profile(99, 0.0, "Bot"),  # not in the truth: left out
    )


TRUTH = {
    "wallet": np.array([f"0x{number:040x}" for number in (1, 2, 3, 4)]),
    "kind": np.array(["informed", "scalper_bot", "retail", "informed"]),
    "is_bot": np.array([True, False, True, False]),
    "edge_bps": np.array([9.0, 5.0, 0.0, -4.0]),
}


def test_scores_are_ranked_against_the_truth(profiles: MadeSet) -> None:
    found = compare_with_truth(profiles, TRUTH)

    assert found.n_wallets == 4
    assert found.bot_auc == 0.75  # of the four (bot, human) pairs, only (3, 2) stands wrong
    assert found.profitability_ic == pytest.approx(1)
    assert found.sophistication_ic == pytest.approx(-1)


def test_category_counts_its_possible_half(profiles: MadeSet) -> None:
    found = {c.category: c for c in compare_with_truth(profiles, TRUTH).categories}

    assert (found["Bot"].n_assigned, found["Bot"].precision, found["Bot"].recall) == (2, 0.5, 0.5)
    assert (found["Scalper"].precision, found["Scalper"].recall) == (0, 0)
    assert (found["Profitable Trader"].precision, found["Profitable Trader"].recall) == (1, 0.5)
    assert found["Whale"].precision is None
    assert found["Whale"].recall is None


def test_without_scores_only_categories_are_judged(profiles: MadeSet) -> None:
    bare = made_set(profiles.header, *(replace(each, scores=None) for each in profiles.profiles))

    found = compare_with_truth(bare, TRUTH)

    assert found.bot_auc is None
    assert found.categories[0].n_assigned == 2
