import numpy as np
from profile_fakes import profile_set, with_profiles

from hypertrack.config import ReportSettings
from hypertrack.outputs.selection import select

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


def test_wallet_with_exactly_as_many_transactions_as_asked_for_is_shown() -> None:
    once = next(p for p in PROFILES if p.features["tx_count"] == 1)

    shown = select((once,), ReportSettings(min_tx=1))
    hidden = select((once,), ReportSettings(min_tx=2))

    assert (shown.profiles, shown.left_out) == ((once,), ())
    assert hidden.left_out == ((1, "with fewer than 2 transactions"),)


def test_nobody_can_be_selected() -> None:
    selection = select(with_profiles(WALLETS), ReportSettings())

    assert selection.sentence == "0 wallets, all of them"
    np.testing.assert_array_equal(selection.rows, [])
