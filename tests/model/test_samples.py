from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from fakes import ALICE, BOB, START_MS, trade, write_dataset
from model_fakes import FEATURES, five_cuts, spoilt

from hypertrack.config import Settings, TrainSettings
from hypertrack.errors import NotEnoughDataError
from hypertrack.features.engine import FeatureEngine
from hypertrack.labels.cuts import Cut, walk_forward
from hypertrack.labels.targets import BOT_VOTE
from hypertrack.market.window import Window
from hypertrack.model.inputs import InputScaler
from hypertrack.model.samples import (
    Rows,
    Samples,
    assemble,
    build_samples,
    measure_cuts,
    plan_cuts,
    trained_wallets,
)
from hypertrack.records import DAY_MS, HOUR_MS
from hypertrack.store.dataset import open_dataset

SETTINGS = TrainSettings()
CUTS = walk_forward(Window(0, DAY_MS), SETTINGS)


def assembled(rows: Sequence[Rows], *, force: bool = False) -> Samples:
    return assemble(FEATURES, CUTS, rows, SETTINGS, force=force)


def test_parts_share_no_wallet_where_they_must_not() -> None:
    samples = assembled(five_cuts())

    assert not samples.train.is_held_out.any()
    assert not samples.train.is_validation.any()
    assert samples.validation.is_validation.all()
    assert not samples.validation.is_held_out.any()
    assert len(samples.test) == 120
    assert 0 < samples.test.is_held_out.sum() < 120


def test_validation_is_at_the_last_training_cut_alone() -> None:
    rows = five_cuts()

    samples = assembled(rows)

    expected = rows[3].take(rows[3].is_validation & ~rows[3].is_held_out)
    np.testing.assert_array_equal(samples.validation.features, expected.features)


def test_nothing_of_test_wallets_or_the_test_window_reaches_what_is_fitted() -> None:
    rows = five_cuts()
    told = [spoilt(each, each.is_held_out) for each in rows[:-1]] + [spoilt(rows[-1], True)]

    clean, other = assembled(rows), assembled(told)

    assert clean.thresholds == other.thresholds
    for part in ("train", "validation"):
        a, b = getattr(clean, part), getattr(other, part)
        np.testing.assert_array_equal(a.features, b.features)
        np.testing.assert_array_equal(clean.targets(a), other.targets(b))
    one, two = (InputScaler.fit(FEATURES, each.train.features) for each in (clean, other))
    np.testing.assert_array_equal(one.mean, two.mean)
    np.testing.assert_array_equal(one.std, two.std)


def test_thresholds_and_scaler_see_no_validation_row() -> None:
    rows = five_cuts()
    told = [spoilt(each, each.is_validation) for each in rows]

    clean, other = assembled(rows), assembled(told)

    assert clean.thresholds == other.thresholds
    np.testing.assert_array_equal(clean.train.features, other.train.features)


def test_rows_without_any_outcome_do_not_train() -> None:
    rows = five_cuts()
    rows[0].quantities[:] = np.nan

    samples = assembled(rows)

    assert len(samples.train) == 3 * int((~rows[0].is_held_out & ~rows[0].is_validation).sum())


def test_very_many_wallets_are_tested_by_some_that_are_drawn_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hypertrack.model.samples.MAX_TEST_ROWS", 50)
    rows = five_cuts()

    one, again = assembled(rows), assembled(rows)

    assert (len(one.test), one.n_test_wallets) == (50, 120)
    assert len(set(one.test.wallet_ids.tolist()) & set(rows[-1].wallet_ids.tolist())) == 50
    np.testing.assert_array_equal(one.test.wallet_ids, again.test.wallet_ids)
    assert assembled([*rows[:4], rows[-1].take(np.arange(120) < 50)]).n_test_wallets is None


def test_of_very_many_wallets_some_are_trained_on_and_those_that_the_user_knows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wallets = [f"0x{number:040x}" for number in range(2_000)]
    labels = {wallets[3]: True, wallets[700]: False}
    assert trained_wallets(wallets, labels) is None
    monkeypatch.setattr("hypertrack.model.samples.MAX_TRAINED_WALLETS", 500)

    one, again = trained_wallets(wallets, labels), trained_wallets(wallets, {})

    assert one is not None
    assert again is not None
    assert one[[3, 700]].all()
    assert 440 < again.sum() < 560
    assert set(np.flatnonzero(one != again)) <= {3, 700}


@pytest.mark.slow  # what a market's wallets did after two cuts is measured
def test_wallets_are_drawn_for_training_and_none_of_the_test_is_left_out(
    market_engine: FeatureEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hypertrack.model.samples.MAX_TRAINED_WALLETS", 100)
    cuts = plan_cuts(market_engine, SETTINGS, force=False)[-2:]
    matrices = [market_engine.matrix(until_ms=cut.at_ms, names=["long_ratio"]) for cut in cuts]

    earlier, test = measure_cuts(market_engine, cuts, matrices, SETTINGS)

    chosen = trained_wallets(market_engine.wallets, {})
    assert chosen is not None
    assert 0 < len(earlier) < 150
    assert chosen[earlier.wallet_ids].all()
    assert len(test) == (matrices[1].n_executions >= SETTINGS.min_train_executions).sum()


def test_too_few_wallets_say_how_much_longer_to_record() -> None:
    rows = [each.take(np.arange(120) < 32) for each in five_cuts()]

    with pytest.raises(NotEnoughDataError) as refusal:
        assembled(rows)

    # a day gave 32 of 50 wallets, and fewer rows still in proportion
    n_rows = sum(int((~r.is_held_out & ~r.is_validation).sum()) for r in rows[:-1])
    minutes = -(-1440 * (200 / n_rows - 1) // 10) * 10
    assert str(refusal.value) == (
        f"training needs 50 wallets with outcomes, found 32: record about {minutes:.0f} more "
        "minutes at this rate, or --force"
    )


def test_force_trains_on_what_there_is_and_says_so() -> None:
    rows = [each.take(np.arange(120) < 32) for each in five_cuts()]

    assert assembled(rows, force=True).is_forced
    assert not assembled(five_cuts(), force=True).is_forced


def test_no_training_row_at_all_is_fatal_even_by_force() -> None:
    nothing = [each.take(np.zeros(120, dtype=bool)) for each in five_cuts()]

    with pytest.raises(NotEnoughDataError, match="no wallet with 10 executions before a cut"):
        assembled(nothing, force=True)


# --- from a dataset ------------------------------------------------------------------------------


@pytest.mark.slow
def test_samples_of_a_market_keep_wallets_and_windows_apart(market_engine: FeatureEngine) -> None:
    settings = Settings()

    samples = build_samples(market_engine, settings.train)

    test_cut = samples.cuts[-1]
    assert all(cut.outcome.end_ms <= test_cut.at_ms for cut in samples.cuts[:-1])
    held_out = set(samples.test.wallet_ids[samples.test.is_held_out].tolist())
    learnt_from = {*samples.train.wallet_ids.tolist(), *samples.validation.wallet_ids.tolist()}
    assert held_out
    assert not held_out & learnt_from
    assert not set(samples.train.wallet_ids.tolist()) & set(samples.validation.wallet_ids.tolist())
    assert len(samples.train) > 200
    assert samples.embargo_ms == 1_800_000


@pytest.mark.slow
def test_sample_has_the_features_of_its_cut(market_engine: FeatureEngine) -> None:
    settings = Settings()
    cut = plan_cuts(market_engine, settings.train, force=False)[0]

    matrix = market_engine.matrix(until_ms=cut.at_ms)

    (rows,) = measure_cuts(market_engine, [cut], [matrix], settings.train)

    place = {wallet_id: i for i, wallet_id in enumerate(matrix.wallet_ids.tolist())}
    chosen = [place[wallet_id] for wallet_id in rows.wallet_ids.tolist()]
    assert (matrix.n_executions[chosen] >= 10).all()
    assert len(chosen) == (matrix.n_executions >= 10).sum()
    shares = matrix.names.index("long_ratio")
    np.testing.assert_allclose(rows.features[:, shares], matrix.values[chosen, shares])


@pytest.mark.slow
def test_user_labels_overrule_the_labelling_functions(market_engine: FeatureEngine) -> None:
    settings = Settings()
    cut = plan_cuts(market_engine, settings.train, force=False)[0]
    matrix = market_engine.matrix(until_ms=cut.at_ms)
    labels = {wallet: i % 2 == 0 for i, wallet in enumerate(matrix.wallets)}

    (rows,) = measure_cuts(market_engine, [cut], [matrix], settings.train, labels)

    address = dict(zip(range(market_engine.n_wallets), known_addresses(market_engine), strict=True))
    expected = [1 if labels[address[i]] else -1 for i in rows.wallet_ids.tolist()]
    assert rows.quantities[:, BOT_VOTE].tolist() == expected


def known_addresses(engine: FeatureEngine) -> list[str]:
    known = engine.dataset.connection.execute("SELECT wallet FROM wallets ORDER BY wallet_id")
    return [wallet for (wallet,) in known.fetchall()]


def test_recording_shorter_than_the_embargo_says_how_long_it_must_be(tmp_path: Path) -> None:
    trades = [
        trade(START_MS + i * HOUR_MS // 30, buyer=ALICE, seller=BOB, taker=ALICE) for i in range(31)
    ]
    settings = Settings()
    with open_dataset(write_dataset(tmp_path, trades=trades)) as dataset:
        engine = FeatureEngine(dataset, settings.features, settings.fees)

        with pytest.raises(NotEnoughDataError, match="more than 150 minutes") as refusal:
            plan_cuts(engine, settings.train, force=False)
        forced: tuple[Cut, ...] = plan_cuts(engine, settings.train, force=True)

    assert "found 60: record about 120 more minutes, or --force" in str(refusal.value)
    assert forced[0].outcome.start_ms - forced[0].at_ms == 6 * 60_000
    assert forced[0].outcome.length_ms == 6 * 60_000
