import numpy as np
from profile_fakes import features, profile_set, with_profiles

from hypertrack.config import ReportSettings
from hypertrack.outputs.selection import select
from hypertrack.records import replace

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
