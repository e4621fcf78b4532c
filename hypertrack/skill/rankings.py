"""Rankings: by what one could choose whom to follow, knowing what was known at a cut."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.market.arrays import Flags, Floats, Ints
from hypertrack.records import SkillSummary, Verdict
from hypertrack.skill.following import Followable
from hypertrack.skill.judging import Skill

Columns = Mapping[str, NDArray[Any]]

COPY_ONLY, EXPECTED, PROFIT = "COPY only", "expected edge", "realised profit"


def _ratio(above: Floats, below: Floats) -> Floats:
    found = np.full(len(above), np.nan)
    np.divide(above, below, out=found, where=below > 0)
    return found


def _copy_only(of: Columns) -> Floats:
    is_copy = of["verdict"].astype(str) == Verdict.COPY.value
    return np.where(is_copy, of["copy_edge_bps"], np.nan)


RANKINGS: Mapping[str, Callable[[Columns], Floats]] = {
    COPY_ONLY: _copy_only,
    EXPECTED: lambda of: of["edge_bps"],
    "expected edge / sd": lambda of: _ratio(of["edge_bps"], of["edge_sd_bps"]),
    "markout t": lambda of: _ratio(of["markout_bps"], of["markout_error_bps"]),
    PROFIT: lambda of: np.where(of["n_openings"] > 0, of["cash_usd"], np.nan),
}
"""By name, from the columns of `Skill` to scores: the higher the sooner followed, NaN never."""


@dataclass(frozen=True)
class Candidates(Followable):
    """Who could be followed from a cut on, as known then; numbers of entities are of that cut.

    Attributes:
        scores: By ranking, ``[entities]``; NaN where it ranks somebody not at all.
        is_active: Whether it opened anything before the cut, ``[entities]``.
    """

    scores: Mapping[str, Floats]
    is_active: Flags
    summary: SkillSummary

    @property
    def n_entities(self) -> int:
        """Return how many there are."""
        return len(self.horizon_ms)

    def best(self, ranking: str, top: int) -> Ints:
        """Return the entities that a ranking would follow, the best first; of equals the first."""
        score = self.scores[ranking]
        order = np.argsort(-score, kind="stable")  # NaN comes last
        return order[: min(top, int((~np.isnan(score)).sum()))]


def candidates(skill: Skill, scores_of_wallets: Mapping[str, Floats]) -> Candidates:
    """Return the candidates of a cut.

    Args:
        skill: Of the time before it.
        scores_of_wallets: Further rankings, ``[wallets]``, NaN for none; an entity has the mean of
            its wallets'.
    """
    entity = np.nan_to_num(skill.columns["entity_id"], nan=-1).astype(np.int64)
    n_entities = int(entity.max(initial=-1)) + 1
    first = np.zeros(n_entities, dtype=np.int64)
    judged = np.flatnonzero(entity >= 0)[::-1]
    first[entity[judged]] = judged  # reversed: the first wallet is written last
    of = {name: column[first] for name, column in skill.columns.items()}
    return Candidates(
        entity_of_wallet=entity,
        horizon_ms=(of["horizon_s"].astype(np.float64) * 1000).round().astype(np.int64),
        scores={
            **{name: score(of).astype(np.float64) for name, score in RANKINGS.items()},
            **{
                name: _mean_of_wallets(scores, entity, n_entities)
                for name, scores in scores_of_wallets.items()
            },
        },
        is_active=of["n_openings"] > 0,
        summary=skill.summary,
    )


def _mean_of_wallets(scores: Floats, entity: Ints, n_entities: int) -> Floats:
    is_told = (entity >= 0) & ~np.isnan(scores)
    count = np.bincount(entity[is_told], minlength=n_entities)
    total = np.bincount(entity[is_told], scores[is_told], n_entities)
    mean = np.full(n_entities, np.nan)
    np.divide(total, count, out=mean, where=count > 0)
    return mean
