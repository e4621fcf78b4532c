"""What the rules of the edition in force are asked about: columns, and which rules can hold."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.categories.catalog import CATALOGS
from hypertrack.categories.quantities import Columns
from hypertrack.categories.standing import chosen_company, standing
from hypertrack.categories.testable import Reach, obstacles
from hypertrack.config import Settings
from hypertrack.features.registry import FEATURES, select
from hypertrack.records import DAY_MS, SCORE_NAMES

if TYPE_CHECKING:
    from hypertrack.features.engine import FeatureMatrix

BEHIND_STANDING = ("median_holding_s", "twap_share")


def rule_features(settings: Settings) -> tuple[str, ...]:
    """Return the features that the rules of the edition in force read beside the base group."""
    if settings.categories.edition == "original":
        return ()
    conduct = (each.name for each in FEATURES if each.group == "conduct")
    return (*BEHIND_STANDING, *conduct)


def rule_columns(
    settings: Settings, matrix: "FeatureMatrix", others: "NDArray[np.float64] | None" = None
) -> Columns:
    """Return what the rules read beside the groups in force, ``[wallets]`` each.

    Apart from them: a model takes those, and nothing else.

    Args:
        matrix: Holds the base group and `rule_features`.
        others: ``total_value`` of everybody, where the matrix is of some.
    """
    names = rule_features(settings)
    if not names:
        return {}
    columns = {name: matrix.column(name) for name in ("total_value", *names)}
    in_force = {each.name for each in select(settings.features.groups)}
    more = {name: columns[name] for name in names if name not in in_force}
    return more | standing(columns, matrix.observed_days, others)


def obstacles_of(
    settings: Settings,
    matrix: "FeatureMatrix",
    more: Columns,
    skill: Mapping[str, NDArray[Any]],
    *,
    has_model: bool,
) -> dict[str, str]:
    """Return by rule of the edition in force why it cannot hold here; the original asks all."""
    if settings.categories.edition == "original":
        return {}
    scores = SCORE_NAMES if has_model else ()
    reach = Reach(
        days=(matrix.end_ms - matrix.start_ms) / DAY_MS,
        has_transfers=bool(matrix.column("erc20_count").any()),
        quantities={*matrix.names, *more, "n_candle_matches", *scores, *chosen_company(skill)},
    )
    rules = CATALOGS[settings.categories.edition]
    return dict(obstacles(rules, settings.categories.limits(), reach))
