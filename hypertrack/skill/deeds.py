"""What entities did in a window, counted some wallets at a time, and how long they usually hold."""

import numpy as np

from hypertrack.market.arrays import Floats, Ints
from hypertrack.skill.horizons import usual_holding_ms
from hypertrack.skill.openings import Lots, Openings


class Deeds:
    """Counts of the openings and the exits of every entity, ``[entities]`` each.

    Attributes:
        n_openings: No doubtful ones; ``n_known`` of them with a position that was known before.
        first_ms: When the first of them was, NaN of none; ``last_ms`` the last.
        n_exits: Closed lots; ``n_won`` of them with a gain, ``n_flat`` with nothing left.
        held_ms: Median holding time of the lots, NaN of none.
    """

    def __init__(self, n_entities: int):
        self.n_openings, self.n_known, self.n_exits, self.n_won, self.n_flat = np.zeros(
            (5, n_entities), dtype=np.int64
        )
        self.first_ms, self.last_ms, self.held_ms = np.full((3, n_entities), np.nan)

    def add_openings(self, openings: Openings, entity: Ints) -> None:
        """Add openings, of which ``entity`` tells whose each is."""
        sure = np.flatnonzero(openings.are_sure)
        whose, time_ms = entity[sure], openings.time_ms[sure].astype(np.float64)
        self.n_openings += self._counted(whose)
        self.n_known += self._counted(whose[openings.is_known[sure]])
        np.fmin.at(self.first_ms, whose, time_ms)
        np.fmax.at(self.last_ms, whose, time_ms)

    def add_lots(self, lots: Lots, entity_of_wallet: Ints) -> None:
        """Add closed lots: all that those who closed them ever closed in the window."""
        entity = entity_of_wallet[lots.wallet]
        self.n_exits += self._counted(entity)
        self.n_won += self._counted(entity[lots.gain_usd > 0])
        self.n_flat += self._counted(entity[lots.is_flat])
        held, n_lots = usual_holding_ms(lots, entity_of_wallet, len(self.n_exits))
        self.held_ms[n_lots > 0] = held[n_lots > 0]

    @property
    def known_frac(self) -> Floats:
        """Return the share of the openings of each whose position was known, 0 of none."""
        return self.n_known / np.maximum(self.n_openings, 1)

    @property
    def win_frac(self) -> Floats:
        """Return the share of the exits of each with a gain, 0 of none."""
        return self.n_won / np.maximum(self.n_exits, 1)

    def _counted(self, entity: Ints) -> Ints:
        return np.bincount(entity, minlength=len(self.n_exits))
