"""Categories beside the truth."""

import numpy as np
import pytest
from profile_fakes import MadeSet, made_set, profile_header

from hypertrack.categories.category_truth import measure_categories, whole_name, wilson
from hypertrack.records import Category, CategoryTruth, WalletProfile, replace


def profile(number: int, *categories: str) -> WalletProfile:
    return WalletProfile(
        wallet=f"0x{number:040x}",
        first_seen_ms=0,
        last_seen_ms=1,
        features={},
        scores=None,
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
        profile(1, "Bot", "Possibly Profitable Trader"),
        profile(2, "Possible Bot", "One of a Group"),
        profile(3, "Possible Scalper", "Copier"),
        profile(4),
        profile(99, "Bot"),  # not in the truth: left out
    )


TRUTH = {
    "wallet": np.array([f"0x{number:040x}" for number in (1, 2, 3, 4)]),
    "kind": np.array(["informed", "scalper_bot", "retail", "informed"]),
    "owner": np.array(["a", "b", "b", "c"]),
    "follows": np.array(["", "", "0xa", ""]),
    "is_bot": np.array([True, False, True, False]),
    "edge_bps": np.array([9.0, 5.0, 0.0, -4.0]),
    "net_edge_bps": np.array([4.0, -5.0, np.nan, -9.0]),
}


def measured(profiles: MadeSet) -> dict[str, CategoryTruth]:
    return {each.category: each for each in measure_categories(profiles, TRUTH)}


def test_category_counts_its_possible_half(profiles: MadeSet) -> None:
    found = measured(profiles)

    assert (found["Bot"].n_assigned, found["Bot"].precision, found["Bot"].recall) == (2, 0.5, 0.5)
    assert (found["Scalper"].precision, found["Scalper"].recall) == (0, 0)
    assert found["Scalper"].base_rate == 0.25
    assert (found["Profitable Trader"].precision, found["Profitable Trader"].recall) == (1, 1)
    assert (found["One of a Group"].precision, found["One of a Group"].recall) == (1, 0.5)
    assert (found["Copier"].precision, found["Copier"].recall) == (1, 1)
    assert found["TWAP User"].precision is None
    assert found["TWAP User"].recall is None


def test_what_the_recording_cannot_answer_is_not_measured(profiles: MadeSet) -> None:
    header = replace(profiles.header, not_testable={"HODLer": "too short"})

    found = measured(made_set(header, *profiles.profiles))

    assert "HODLer" not in found
    assert "Dormant" in found


def test_interval_of_a_share_is_wilsons() -> None:
    # 8 of 10, z 1.96: middle (0.8 + 0.19208) / 1.38416, half 1.96 sqrt(.016 + .009604) / 1.38416.
    assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 0) == (None, None)
    assert wilson(0, 5)[0] == 0.0


@pytest.mark.parametrize(
    ("low", "base_rate", "is_at_chance"),
    [(0.2, 0.19, False), (0.2, 0.2, True), (0.1, 0.4, True), (None, 0.1, False)],
)
def test_at_chance_is_an_interval_that_does_not_lie_above_it(
    low: float | None, base_rate: float, is_at_chance: bool
) -> None:
    found = CategoryTruth(
        category="Bot",
        n_assigned=9,
        n_true=9,
        precision=low,
        precision_low=low,
        precision_high=low,
        recall=0.5,
        base_rate=base_rate,
    )

    assert found.is_at_chance == is_at_chance


def test_halves_belong_to_one_category() -> None:
    assert whole_name("Possible Whale") == whole_name("Whale") == "Whale"
    assert whole_name("Possibly Profitable Trader") == "Profitable Trader"
