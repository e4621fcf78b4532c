"""What stands beside a live comparison: drift, and what held-out rows had said."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hypertrack.model.drift import counts_of_digits, counts_of_values, indices
from hypertrack.records import Card, Drift, ScoreRow


def beside(
    rows: Sequence[ScoreRow],
    champion: Card | None,
    challenger: Card | None,
    weight_by_head: Mapping[str, float],
) -> dict[str, Any]:
    """Return what stands beside the difference, by the names of the comparison's fields.

    Drift is that of rows whose outcome counts: models are trained on such, and on no others.

    Args:
        rows: Those that count.
        champion: Its card; None where it cannot be read.
        challenger: As the other.
    """
    return {
        "drift": None if champion is None else drift(rows, champion),
        "offline_difference": (
            None
            if champion is None or challenger is None
            else offline_difference(champion, challenger, weight_by_head)
        ),
    }


def drift(rows: Sequence[ScoreRow], card: Card) -> tuple[Drift, ...] | None:
    """Return how far rows lie from a model's training, the largest first; None of too few."""
    bins = dict(zip(card.feature_names, card.feature_bins, strict=False))
    counted = counts_of_digits((row.features for row in rows), tuple(bins.values()))
    features = indices(bins, dict(zip(bins, counted, strict=True)))
    said = {
        name: np.array([row.scores["champion"].get(name, np.nan) for row in rows])
        for name in card.score_bins
    }
    scores = indices(
        card.score_bins,
        {name: counts_of_values(said[name], one) for name, one in card.score_bins.items()},
    )
    found = [
        Drift(name=name, is_score=is_score, stability_index=value)
        for is_score, known in ((False, features), (True, scores))
        for name, value in known.items()
    ]
    return tuple(sorted(found, key=lambda one: -one.stability_index)) or None


def offline_difference(
    champion: Card, challenger: Card, weight_by_head: Mapping[str, float]
) -> float | None:
    """Return skill of the challenger less that of the champion, each on its own held-out rows.

    Heads that both were measured by are weighed; None where there is none.
    """
    own, other = (
        {head.head: head.skill.value for head in card.summary.heads if head.skill is not None}
        for card in (champion, challenger)
    )
    weights = {head: weight_by_head[head] for head in own.keys() & other.keys()}
    total = sum(weights.values())
    if not total:
        return None
    return sum(weight * (other[head] - own[head]) for head, weight in weights.items()) / total
