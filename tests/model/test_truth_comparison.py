import numpy as np
import pytest
from profile_fakes import MadeSet, made_set, profile_header

from hypertrack.model.truth_comparison import compare_with_truth
from hypertrack.records import Scores, WalletProfile, replace


def profile(number: int, score: float) -> WalletProfile:
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
        categories=(),
        why_none=None,
        activity=(),
    )


@pytest.fixture
def profiles() -> MadeSet:
    return made_set(
        profile_header(),
        profile(1, 0.9),
        profile(2, 0.8),
        profile(3, 0.3),
        profile(4, 0.2),
        profile(99, 0.0),  # not in the truth: left out
    )


TRUTH = {
    "wallet": np.array([f"0x{number:040x}" for number in (1, 2, 3, 4)]),
    "is_bot": np.array([True, False, True, False]),
    "edge_bps": np.array([9.0, 5.0, 0.0, -4.0]),
}


def test_scores_are_ranked_against_the_truth(profiles: MadeSet) -> None:
    found = compare_with_truth(profiles, TRUTH)

    assert found.n_wallets == 4
    assert found.bot_auc == 0.75  # of the four (bot, human) pairs, only (3, 2) stands wrong
    assert found.profitability_ic == pytest.approx(1)
    assert found.sophistication_ic == pytest.approx(-1)


def test_without_scores_nothing_is_ranked(profiles: MadeSet) -> None:
    bare = made_set(profiles.header, *(replace(each, scores=None) for each in profiles.profiles))

    found = compare_with_truth(bare, TRUTH)

    assert found.n_wallets == 4
    assert found.bot_auc is None
    assert found.profitability_ic is None
