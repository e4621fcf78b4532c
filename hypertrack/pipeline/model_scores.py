"""Scores of the model in use at a cut, where it has seen nothing that came later."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import Settings
from hypertrack.features.engine import FeatureEngine
from hypertrack.features.registry import select
from hypertrack.labels.targets import TARGETS
from hypertrack.model import MODEL_NAME
from hypertrack.skill.own_edges import OWN_EDGES

RANKING = ("profitability_score", "sophistication_score")
"""Scores that rank by skill."""


class ModelScores:
    """Scores of the model in use, at cuts after all that it was trained on."""

    def __init__(self, engine: FeatureEngine, settings: Settings):
        """Load the model of the working folder, where there is one.

        Raises:
            ModelError: It is torn, or not ours.
            ConfigError: It reads features that there are no more.
        """
        self.engine = engine
        self.model = None
        if (settings.out / MODEL_NAME).is_file():
            from hypertrack.model.versions import load_champion  # torch, for who has a model

            self.model = load_champion(settings.out)
            select(engine.settings.groups, self._features)  # refused before the work

    def __call__(self, cut_ms: int) -> Mapping[str, NDArray[np.float64]]:
        """Return scores by ranking, ``[wallets]``; nothing where the model saw later data."""
        if self.model is None or cut_ms < self._learnt_until_ms:
            return {}
        from hypertrack.model.inputs import as_read

        matrix = self.engine.matrix(until_ms=cut_ms, names=self._features)
        predicted = self.model.predict(as_read(self.engine, matrix))
        found = {}
        for head in RANKING:
            column = np.full(self.engine.n_wallets, np.nan)
            column[matrix.wallet_ids] = predicted[:, TARGETS.index(head)]
            found[f"model: {head.removesuffix('_score')}"] = column
        return found

    @property
    def _features(self) -> tuple[str, ...]:
        assert self.model is not None
        return tuple(name for name in self.model.scaler.names if name not in OWN_EDGES)

    @property
    def _learnt_until_ms(self) -> int:
        """Until when outcomes were that it was fitted to; test rows taught it nothing."""
        assert self.model is not None
        cuts = self.model.card.details.cuts
        return max((cut.outcome_end_ms for cut in cuts if not cut.is_test), default=0)
