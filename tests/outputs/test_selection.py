import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from drawn_wallets import features
from profile_fakes import NOBODY_TOLD_FROM_LUCK, profile_header, profile_set, with_profiles

from hypertrack.config import ReportSettings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.outputs import selection as selection_module
from hypertrack.outputs.ranking import best_evidence, rank
from hypertrack.outputs.selection import Selection, in_order, places_by_evidence, select
from hypertrack.records import Choice, ProfileHeader, replace

WALLETS = profile_set(200)
PROFILES = WALLETS.profiles


def test_everyone_is_shown_most_active_first() -> None:
    selection = select(WALLETS, ReportSettings())

    shown = list(WALLETS.wallets(selection.rows))
    counts = [profile.features["tx_count"] for profile in shown]
    assert len(shown) == 200
    assert counts == sorted(counts, reverse=True)
    assert selection.sentence == "200 wallets, all of them"


def test_whoever_is_left_out_is_counted_by_reason() -> None:
    settings = ReportSettings(min_tx=2, categories_only=True)
    n_enough = sum(p.features["tx_count"] >= 2 for p in PROFILES)
    n_kept = sum(p.features["tx_count"] >= 2 and bool(p.categories) for p in PROFILES)

    selection = select(WALLETS, settings, max_wallets=20)

    assert selection.left_out == (
        (200 - n_enough, "with fewer than 2 transactions"),
        (n_enough - n_kept, "without a category"),
        (n_kept - 20, "less active"),
    )
    assert len(selection.rows) + sum(n for n, _ in selection.left_out) == 200
    assert all(profile.categories for profile in WALLETS.wallets(selection.rows))


def test_wallet_with_just_enough_transactions_is_shown() -> None:
    some = (replace(PROFILES[0], features=features(tx_count=float(n))) for n in (3, 1, 2))

    selection = select(with_profiles(WALLETS, *some), ReportSettings(min_tx=2))

    assert selection.rows.tolist() == [0, 1]  # of 3, 2 and 1


def test_nobody_can_be_selected() -> None:
    selection = select(with_profiles(WALLETS), ReportSettings())

    assert selection.sentence == "0 wallets, all of them"
    np.testing.assert_array_equal(selection.rows, [])


def test_first_by_a_feature_are_the_highest_and_the_rest_is_counted() -> None:
    volumes = sorted((p.features["total_value"] for p in PROFILES), reverse=True)

    selection = select(WALLETS, ReportSettings(), choice=Choice(top=5, by="total_value"))

    shown = [p.features["total_value"] for p in in_order(WALLETS, selection.rows)]
    assert shown == volumes[:5]
    assert selection.left_out == ((195, "below the first 5 by total_value"),)


def test_wallet_without_the_value_is_not_among_the_first() -> None:
    some = (
        replace(PROFILES[n], features=features(tx_count=9.0 - n, total_value=value))
        for n, value in enumerate((math.nan, 2.0, 7.0))
    )

    selection = select(
        with_profiles(WALLETS, *some), ReportSettings(), choice=Choice(top=9, by="total_value")
    )

    assert selection.rows.tolist() == [2, 1]  # of 7 and 2
    assert selection.left_out == ((1, "without total_value"),)


def test_least_chance_of_being_wrong_comes_first() -> None:
    ranked = rank(judged_columns(q=[0.5, 0.01, math.nan, 0.2]), "q")

    assert ranked.tolist() == [1, 3, 0]


def test_verdict_ranks_before_edge_and_who_was_not_judged_is_left_out() -> None:
    profiles = judged_columns(
        verdict=["AVOID", "NOT ENOUGH DATA", "COPY", None, "NOT ENOUGH DATA", "WATCH"],
        edge_bps=[9.0, 1.0, 0.5, math.nan, 3.0, math.nan],
        **without(6, "p_edge_positive", "edge_low_bps", "n_bets"),
    )

    assert rank(profiles, "verdict").tolist() == [2, 5, 4, 1, 0]


def test_where_nobody_has_an_edge_chance_lower_bound_and_bets_rank() -> None:
    profiles = judged_columns(
        verdict=["NOT ENOUGH DATA"] * 6,
        edge_bps=[0.0, 0.0, 0.0, 0.0, 0.004, math.nan],
        p_edge_positive=[0.1, 0.3, 0.1, 0.1, 0.0, math.nan],
        edge_low_bps=[-1.0, -9.0, -1.0, -2.0, -9.0, math.nan],
        n_bets=[30.0, 10.0, 40.0, 90.0, 10.0, 99.0],
    )

    assert rank(profiles, "verdict").tolist() == [4, 1, 2, 0, 3, 5]


def test_places_by_evidence_are_those_on_the_page_and_who_was_not_judged_comes_last() -> None:
    profiles = judged_columns(
        tx_count=[9.0, 8.0, 7.0, 6.0, 5.0],
        verdict=["AVOID", "COPY", None, "WATCH", "COPY"],
        edge_bps=[1.0, 2.0, math.nan, 3.0, 4.0],
        **without(5, "p_edge_positive", "edge_low_bps", "n_bets"),
    )
    on_the_page = Selection(np.array([0, 1, 2, 4]), 5, ((1, "less active"),))

    assert places_by_evidence(profiles, on_the_page).tolist() == [3, 1, 0, 2]


def test_unless_asked_evidence_ranks_and_where_nothing_was_judged_activity() -> None:
    header = profile_header(1)

    assert best_evidence(header) == "tx_count"
    assert best_evidence(judged_header()) == "verdict"


@pytest.mark.parametrize(
    ("by", "error", "says"),
    [
        ("risk_scor", ConfigError, "found 'risk_scor'; did you mean risk_score?"),
        ("verdict", DatasetError, "nothing of skill"),
        ("edge_bps", DatasetError, "no edge_bps"),
    ],
)
def test_what_cannot_rank_is_said(by: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=re.escape(says)):
        select(WALLETS, ReportSettings(), choice=Choice(top=1, by=by))


def test_score_cannot_rank_without_a_model() -> None:
    with pytest.raises(DatasetError, match="no risk_score: train first"):
        rank(profile_set(3, unearned=None), "risk_score")


def test_watchlist_shows_its_wallets_and_names_those_not_seen() -> None:
    known, unknown = PROFILES[7].wallet, tuple(f"0x{n:040x}" for n in range(5))

    selection = select(WALLETS, ReportSettings(), choice=Choice(watchlist=(*unknown, known)))

    assert [p.wallet for p in in_order(WALLETS, selection.rows)] == [known]
    assert selection.not_seen == unknown
    assert selection.sentence == (
        "1 of 200 wallets; left out: 199 not on the watchlist; not seen: "
        f"{unknown[0]}, {unknown[1]}, {unknown[2]} and 2 more"
    )


def test_profiles_in_any_order_are_made_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selection_module, "BATCH_WALLETS", 3)
    rows = np.array([9, 2, 7, 3, 8, 0, 1])

    made = [each.wallet for each in in_order(WALLETS, rows)]

    assert made == [WALLETS.profiles[row].wallet for row in rows]


def judged_header() -> ProfileHeader:
    return replace(profile_header(1), skill=NOBODY_TOLD_FROM_LUCK)


@dataclass(frozen=True)
class Columns:
    """Judged profiles, of which only columns are looked at."""

    columns: Mapping[str, np.ndarray]
    header: ProfileHeader = field(default_factory=judged_header)

    def column(self, name: str) -> np.ndarray:
        return self.columns[name]


def without(n_wallets: int, *names: str) -> dict[str, list[float]]:
    return {name: [math.nan] * n_wallets for name in names}


def judged_columns(**columns: list[Any]) -> Any:
    return Columns({name: np.array(values) for name, values in columns.items()})
