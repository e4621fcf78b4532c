"""What the rules of the edition in force are asked about: columns, and which rules can hold."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from hypertrack.categories.catalog import CATALOGS
from hypertrack.categories.quantities import Columns
from hypertrack.categories.standing import chosen_company, standing
from hypertrack.categories.testable import Reach, obstacles
from hypertrack.config import Settings
from hypertrack.features.registry import FEATURES, select
from hypertrack.records import DAY_MS, SCORE_NAMES

if TYPE_CHECKING:
    from hypertrack.features.engine import FeatureEngine, FeatureMatrix

BEHIND_STANDING = ("total_value", "median_holding_s", "twap_share")


def measured(engine: "FeatureEngine", settings: Settings) -> "tuple[FeatureMatrix, Columns]":
    """Return the features of the groups in force, and what else the rules ask for.

    The latter apart: a model takes the former, and nothing beside them.
    """
    if settings.categories.edition == "original":
        return engine.matrix(), {}
    groups = tuple(each.name for each in select(settings.features.groups))
    conduct = [each.name for each in FEATURES if each.group == "conduct"]
    names = tuple(dict.fromkeys((*groups, *BEHIND_STANDING, *conduct)))
    both = engine.matrix(names=names)
    columns = {name: both.column(name) for name in names}
    matrix = replace(both, names=groups, values=both.values[:, : len(groups)].copy())
    more = {name: columns[name] for name in names[len(groups) :]}
    return matrix, more | standing(columns, both.observed_days)


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
