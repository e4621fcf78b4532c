"""The weight that a recorder spends on REST: out of the budget of all processes of this machine."""

import logging
import threading
from typing import Protocol

from hypertrack.clock import Clock
from hypertrack.config import state_folder
from hypertrack.errors import ConfigError
from hypertrack.feeds.budget import RateBudget
from hypertrack.feeds.shared_budget import SharedBudget, venue_budget

log = logging.getLogger(__name__)

MAX_WEIGHT_PER_MINUTE = 1_200
"""Of an address (protocol, section 4)."""


class Weights(Protocol):
    """What may be spent on questions."""

    def spend(self, units: int, stop: threading.Event) -> bool:
        """Wait until the units fit, then spend them; return False where ``stop`` came first."""

    def note(self, units: int = 1) -> None:
        """Count units that are spent whatever the budget says."""


class RestBudget:
    """The shared budget; where its file cannot be kept, one of this process alone.

    A recording is worth more than the manners of a neighbour: it goes on without the file.
    """

    def __init__(self, shared: SharedBudget, own: RateBudget):
        self._shared, self._own = shared, own
        self._is_shared = True

    def spend(self, units: int, stop: threading.Event) -> bool:
        """Wait until the units fit, then spend them; return False where ``stop`` came first."""
        if self._is_shared:
            try:
                return self._shared.spend(units, stop)
            except (ConfigError, OSError) as error:
                self._give_up(error)
        return self._own.spend(units, stop)

    def note(self, units: int = 1) -> None:
        """Count units that are spent whatever the budget says."""
        if self._is_shared:
            try:
                self._shared.note(units)
            except (ConfigError, OSError) as error:
                self._give_up(error)
        self._own.note(units)

    def _give_up(self, error: Exception) -> None:
        log.warning("REST questions are counted for this process alone: %s", error)
        self._is_shared = False


def rest_budget(url: str, clock: Clock) -> RestBudget:
    """Return what a recorder may spend at an address: all that the others leave."""
    shared = venue_budget(url, state_folder(), lambda: MAX_WEIGHT_PER_MINUTE, clock)
    return RestBudget(shared, RateBudget(MAX_WEIGHT_PER_MINUTE, clock))
