"""What rules compare that no feature says alone: a wallet's place among the others, and choices."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.categories.quantities import Columns, Floats

STANDING = {
    "value_top_frac": (
        "0..1",
        "Share of the wallets that traded which traded at least as much; 1 of who traded nothing.",
    ),
    "notional_per_day_usd": ("USD/day", "`total_value` an observed day."),
    "round_trip_s": (
        "s",
        "`median_holding_s`, or where positions are unknown `reversal_median_s`.",
    ),
    "twap_taken_share": ("0..1", "`twap_share`, 0 of who took nothing."),
}
"""Columns of `standing`: unit and definition."""


def standing(
    columns: Columns, observed_days: float, others: Floats | None = None
) -> dict[str, Floats]:
    """Return the columns of `STANDING`, from the features of all wallets of a recording.

    Args:
        others: ``total_value`` of everybody, where the columns are of some.
    """
    total, holding = columns["total_value"], columns["median_holding_s"]
    everybody = total if others is None else others
    traded = np.sort(everybody[everybody > 0])
    n_at_least = len(traded) - np.searchsorted(traded, total, side="left")
    return {
        "value_top_frac": np.where(total > 0, n_at_least / max(len(traded), 1), 1.0),
        "notional_per_day_usd": total / observed_days,
        "round_trip_s": np.where(np.isnan(holding), columns["reversal_median_s"], holding),
        "twap_taken_share": np.nan_to_num(columns["twap_share"]),
    }


def chosen_company(skill: Mapping[str, NDArray[Any]]) -> dict[str, Floats]:
    """Return whom wallets follow and act with, as numbers; nothing where skill was not judged."""
    if not skill:
        return {}
    return {
        "followed_count": np.array([bool(text) for text in skill["follows"].tolist()], dtype=float),
        "entity_size": skill["entity_size"].astype(np.float64),
    }
