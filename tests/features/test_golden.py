"""Features of recordings that are kept: whatever is rearranged, they stay what they were.

``tests/data/golden`` holds two simulated recordings (``quoted`` with quotes and candles, ``bare``
with trades alone) and the features that the engine gave for them before positions were known to
it, of the whole recording and at a cut; of a mainnet capture, which is not ours to keep, sums.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hypertrack.config import FeatureSettings, FeeSettings
from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.importing.importer import Importer
from hypertrack.importing.source_files import find_files
from hypertrack.store.columns import read_columns
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.session import open_session

GOLDEN = Path(__file__).parents[1] / "data" / "golden"
CUT_FRAC = 0.7
FACTS = ("n_executions", "n_fills", "n_candle_matches")


def matrix(folder: Path, cut_frac: float | None = None) -> FeatureMatrix:
    with open_dataset(folder) as dataset:
        engine = FeatureEngine(dataset, FeatureSettings(), FeeSettings())
        length_ms = engine.end_ms - engine.start_ms
        until_ms = None if cut_frac is None else engine.start_ms + int(cut_frac * length_ms)
        return engine.matrix(until_ms=until_ms)


def assert_same(found: FeatureMatrix, expected: dict[str, Any]) -> None:
    assert list(found.wallets) == expected.pop("wallet").tolist()
    for name in FACTS:
        np.testing.assert_array_equal(getattr(found, name), expected.pop(name))
    assert len(expected) >= 55
    for name, column in expected.items():
        np.testing.assert_allclose(found.column(name), column, rtol=1e-9, atol=1e-9, err_msg=name)


@pytest.mark.parametrize(("kept", "cut_frac"), [("full", None), ("cut", CUT_FRAC)])
@pytest.mark.parametrize("market", ["quoted", "bare"])
def test_features_of_a_kept_recording_are_what_they_were(
    market: str, kept: str, cut_frac: float | None
) -> None:
    found = matrix(GOLDEN / market, cut_frac)

    assert_same(found, read_columns(GOLDEN / f"{market}_{kept}.parquet"))


def test_features_of_the_mainnet_capture_add_up_to_what_they_did(
    capture: Path, tmp_path: Path
) -> None:
    files, _left_out = find_files([capture])
    with open_session(tmp_path / "data", "rotate") as session:
        for _progress in Importer(session, files).run():
            pass

    found = matrix(tmp_path / "data")

    for name, sums in json.loads((GOLDEN / "mainnet_sums.json").read_text()).items():
        known = found.column(name)[~np.isnan(found.column(name))]
        assert len(known) == sums["n"], name
        assert known.sum() == pytest.approx(sums["sum"], rel=1e-9, abs=1e-9), name
        assert (known**2).sum() == pytest.approx(sums["sum_of_squares"], rel=1e-9), name
