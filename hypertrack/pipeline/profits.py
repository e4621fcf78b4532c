"""Profit of the wallets that a feature matrix tells of: its features, by the names of profiles."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.records import PROFIT_NUMBERS, FeesSource, FundingSource, PnlSource

if TYPE_CHECKING:
    from hypertrack.features.engine import FeatureEngine, FeatureMatrix

FEATURE_OF = {
    **{name: name for name in PROFIT_NUMBERS if name != "n_coins"},
    "return_bps": "return_on_notional_bps",
    "n_closed_episodes": "closed_episode_count",
    "positions_known_frac": "position_known_share",
}
"""By column of profiles the feature that it shows."""

BEHIND_PROFIT = (
    *FEATURE_OF.values(),
    *("position_exact_share", "fees_reported_share", "funding_oracle_share"),
)
"""Features that `profit_columns` reads."""


def profit_columns(
    engine: "FeatureEngine", matrix: "FeatureMatrix", *, is_part: bool = False
) -> Mapping[str, NDArray[Any]]:
    """Return the columns about profit of a matrix that holds `BEHIND_PROFIT`, a row a wallet.

    Args:
        is_part: The matrix is of some wallets and a window.
    """
    from hypertrack.features.coins import coins_traded

    numbers = {name: matrix.column(feature) for name, feature in FEATURE_OF.items()}
    return {
        **numbers,
        **coins_traded(engine, matrix, is_part=is_part)._asdict(),
        "pnl_source": _pnl_source(numbers, matrix.column("position_exact_share")),
        "fees_source": _fees_source(matrix.column("fees_reported_share")),
        "funding_source": _funding_source(matrix.column("funding_oracle_share")),
    }


def _pnl_source(
    numbers: Mapping[str, NDArray[np.float64]], exact_share: NDArray[np.float64]
) -> NDArray[np.object_]:
    """Return what profit rests on: where one coin is derived, the whole is."""
    is_known, is_booked = (~np.isnan(numbers[name]) for name in ("profit_usd", "realised_pnl_usd"))
    return _first_of(
        (~is_known, PnlSource.AS_IF_FLAT),
        (is_booked, PnlSource.VENUE),
        (exact_share == 1, PnlSource.EXACT),
        otherwise=PnlSource.DERIVED,
    )


def _fees_source(reported_share: NDArray[np.float64]) -> NDArray[np.object_]:
    return _first_of(
        (reported_share == 1, FeesSource.VENUE),
        (reported_share > 0, FeesSource.MIXED),
        otherwise=FeesSource.SCHEDULE,
    )


def _funding_source(oracle_share: NDArray[np.float64]) -> NDArray[np.object_]:
    return _first_of(
        (np.isnan(oracle_share), FundingSource.UNKNOWN),
        (oracle_share == 1, FundingSource.ORACLE),
        (oracle_share > 0, FundingSource.MIXED),
        otherwise=FundingSource.TRADED,
    )


def _first_of(*cases: tuple[NDArray[np.bool_], StrEnum], otherwise: StrEnum) -> NDArray[np.object_]:
    """Return for each wallet the text of the first case that holds."""
    texts = [np.array(text.value, dtype=object) for _, text in cases]
    found: NDArray[np.object_] = np.select(
        [holds for holds, _ in cases], texts, np.array(otherwise.value, dtype=object)
    )
    return found
