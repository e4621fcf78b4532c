"""Places among the others."""

import numpy as np
import pytest

from hypertrack.categories.standing import chosen_company, standing


def test_place_is_the_share_of_traders_that_traded_as_much() -> None:
    columns = {
        "total_value": np.array([50.0, 0.0, 200.0, 100.0, 100.0]),
        "median_holding_s": np.array([1.0, np.nan, 3.0, np.nan, 5.0]),
        "reversal_median_s": np.array([9.0, 9.0, 9.0, 4.0, 9.0]),
        "twap_share": np.array([0.5, np.nan, 1.0, 0.0, np.nan]),
    }

    found = standing(columns, observed_days=0.5)

    assert found["value_top_frac"].tolist() == [1.0, 1.0, 0.25, 0.75, 0.75]
    assert found["notional_per_day_usd"].tolist() == [100.0, 0.0, 400.0, 200.0, 200.0]
    assert found["round_trip_s"].tolist() == [1.0, 9.0, 3.0, 4.0, 5.0]
    assert found["twap_taken_share"].tolist() == [0.5, 0.0, 1.0, 0.0, 0.0]


def test_nobody_has_no_place() -> None:
    nobody = dict.fromkeys(
        ("total_value", "median_holding_s", "reversal_median_s", "twap_share"), np.empty(0)
    )

    assert all(len(column) == 0 for column in standing(nobody, 1.0).values())


def test_company_is_whom_one_follows_and_acts_with() -> None:
    skill = {"follows": np.array(["0xa", "", None], dtype=object), "entity_size": [1.0, 3.0, 1.0]}

    found = chosen_company({name: np.asarray(column) for name, column in skill.items()})

    assert found["followed_count"].tolist() == [1.0, 0.0, 0.0]
    assert found["entity_size"] == pytest.approx([1.0, 3.0, 1.0])
    assert chosen_company({}) == {}
