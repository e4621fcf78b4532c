from dataclasses import replace

import numpy as np
import pytest
from drawn_wallets import BASE_FEATURES
from model_fakes import make_matrix
from profile_fakes import ORIGINAL, model, profile_header

from hypertrack.categories.cases import make_profiles
from hypertrack.features.engine import FeatureMatrix
from hypertrack.labels.targets import TARGETS
from hypertrack.pipeline import profile_batches as module
from hypertrack.pipeline.profile_batches import RuleColumns, profile_batches, same_categories
from hypertrack.records import ProfileColumns, as_dict

SLICES = np.arange(60).reshape(20, 3)


def matrix(counts: list[int]) -> FeatureMatrix:
    """Return wallets of made-up behaviour with these numbers of transactions."""
    values = np.random.default_rng(5).lognormal(0, 2, (len(counts), len(BASE_FEATURES)))
    values[:, 0] = counts
    made = make_matrix(values, BASE_FEATURES)
    places = np.arange(len(counts))
    return replace(
        made, n_candle_matches=places, first_seen_ms=places * 10, last_seen_ms=places * 100
    )


def classified(matrix: FeatureMatrix) -> list[ProfileColumns]:
    slices = SLICES[: len(matrix.wallets)]
    return list(profile_batches(matrix, slices, None, RuleColumns(ORIGINAL)))


COUNTS = [3, 40, 40, 1, 7, 40, 900, 5, 12, 2] * 2


@pytest.mark.parametrize("batch_rows", [1, 7, 20, 8_192])
def test_most_active_come_first_and_ties_by_address(
    batch_rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BATCH_ROWS", batch_rows)

    batches = classified(matrix(COUNTS))

    # Addresses count up with the place: 900 stands at 6 and 16, 40 at 1, 2, 5, 11, 12, 15.
    order = [6, 16, 1, 2, 5, 11, 12, 15, 8, 18, 4, 14, 7, 17, 0, 10, 9, 19, 3, 13]
    wallets = [wallet for batch in batches for wallet in batch.wallets]
    assert wallets == [f"0x{place:040x}" for place in order]
    assert all(len(batch) <= batch_rows for batch in batches)


def test_batch_holds_of_each_wallet_what_the_matrix_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "BATCH_ROWS", 7)
    source = matrix(COUNTS)

    batches = classified(source)

    for batch in batches:
        rows = [int(wallet, 16) for wallet in batch.wallets]
        for name in BASE_FEATURES:
            np.testing.assert_array_equal(batch.features[name], source.column(name)[rows])
        assert batch.n_candle_matches.tolist() == rows
        assert batch.first_seen_ms.tolist() == [10 * row for row in rows]
        assert batch.last_seen_ms.tolist() == [100 * row for row in rows]
        assert batch.activity.tolist() == SLICES[rows].tolist()


def test_batches_do_not_change_what_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    header = profile_header()
    (whole,) = classified(matrix(COUNTS))
    monkeypatch.setattr(module, "BATCH_ROWS", 3)

    parts = classified(matrix(COUNTS))

    said = [as_dict(profile) for part in parts for profile in make_profiles(part, header)]
    assert said == [as_dict(profile) for profile in make_profiles(whole, header)]
    assert any(profile["categories"] for profile in said)


def test_nobody_is_one_empty_batch() -> None:
    (batch,) = classified(matrix([]))

    assert len(batch) == 0
    assert tuple(batch.features) == BASE_FEATURES


def test_other_model_agrees_but_where_its_scores_give_another_category() -> None:
    source = matrix(COUNTS)
    (profiles,) = classified(source)
    scores = np.zeros((len(COUNTS), len(TARGETS)), dtype=np.float32)
    scores[4, TARGETS.index("bot_probability")] = 0.99

    found = same_categories(profiles, source, RuleColumns(ORIGINAL), model(), scores)

    assert [wallet for wallet, is_same in found.items() if not is_same] == [source.wallets[4]]
    assert found.keys() == set(source.wallets)
