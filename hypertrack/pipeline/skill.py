"""Skill of the wallets that a feature matrix tells of."""

from typing import TYPE_CHECKING

import numpy as np

from hypertrack.config import Settings
from hypertrack.market.window import Window
from hypertrack.records import SKILL_NUMBERS, SKILL_TEXTS
from hypertrack.skill.expectation import BEST, PRIOR, LearnPrior
from hypertrack.skill.judging import Skill, judge

if TYPE_CHECKING:
    from hypertrack.features.engine import FeatureEngine, FeatureMatrix


def learner(engine: "FeatureEngine", settings: Settings) -> LearnPrior | None:
    """Return who learns a prior of edges; None where the settings ask for none."""
    if settings.skill.estimator not in {BEST, PRIOR}:
        return None
    from hypertrack.model.learned_prior import LearnedPrior  # scikit-learn, for who asks

    return LearnedPrior(engine)


def judge_wallets(
    engine: "FeatureEngine", settings: Settings, matrix: "FeatureMatrix"
) -> Skill | None:
    """Return the skill of a matrix's wallets, a row each in its order, by its whole window.

    The wallets that it follows are addresses; the venue's own wallets are not judged. None where
    nothing was traded: answers about accounts alone, or HyperEVM alone.
    """
    if not matrix.n_executions.any():
        return None
    is_judged = np.zeros(engine.n_wallets, dtype=np.bool_)
    is_judged[matrix.wallet_ids] = True
    window, learn_prior = Window(matrix.start_ms, matrix.end_ms), learner(engine, settings)
    told = is_judged, settings, learn_prior
    found = judge(engine.backend, window, *told, with_own_edges=True)
    address = np.full(engine.n_wallets + 1, "", dtype=object)
    address[matrix.wallet_ids] = matrix.wallets  # the last one stays empty: nobody
    columns = {**found.columns, "follows": address[found.columns["follows_id"]]}
    asked = {name: columns[name][matrix.wallet_ids] for name in (*SKILL_NUMBERS, *SKILL_TEXTS)}
    assert found.own_edges is not None
    return Skill(asked, found.summary, found.own_edges[matrix.wallet_ids])
