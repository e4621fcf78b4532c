from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, trade

from hypertrack.features.export import write_features
from hypertrack.store.columns import read_columns

TRADES = [
    trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE),
    trade(START_MS + 1, buyer=ALICE, seller=CAROL, taker=ALICE),
]


@pytest.mark.parametrize("name", ["features.parquet", "features.csv"])
def test_a_row_per_wallet_with_the_wallet_first(
    open_engine: Any, tmp_path: Path, name: str
) -> None:
    matrix = open_engine(trades=TRADES).matrix(names=["tx_count", "unique_addresses", "twap_share"])

    write_features(matrix, tmp_path / name)

    columns = read_columns(tmp_path / name)
    assert list(columns) == [
        "wallet",
        "tx_count",
        "unique_addresses",
        "address_diversity",
        "twap_share",
    ]
    assert columns["wallet"].tolist() == [ALICE, BOB, CAROL]
    assert columns["address_diversity"].tolist() == [2, 1, 1]
    np.testing.assert_array_equal(columns["twap_share"], [0, np.nan, np.nan])
