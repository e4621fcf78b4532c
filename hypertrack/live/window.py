"""The window that wallets are measured over: the batch engine's expressions on its tables."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import Settings
from hypertrack.features.engine import FeatureEngine
from hypertrack.market.engine.sealed_hours import made_of_trades
from hypertrack.records import HOUR_MS, SYSTEM_WALLETS
from hypertrack.store.growing_window import GrowingWindow
from hypertrack.store.reading.opening import open_source

MARGIN_MS = HOUR_MS
"""Kept before the window: its first trades ask for prices of a quarter of an hour before."""

MEMORY_GIB = 0.5
"""Of DuckDB, where the settings say nothing: a window of 3,000,000 trades takes 0.27 GiB; what the
busiest wallets need beyond it to be measured goes to the disk, at no cost that could be seen."""

# System wallets have no profile, and what a wallet trades with itself is no fill of it.
FILLS = """
SELECT any_value(wallet) AS wallet, count(*)::BIGINT AS n_fills,
    count(*) FILTER (time_ms >= coalesce(as_of_ms, 0))::BIGINT AS n_since,
    coalesce(any_value(as_of_ms), min(time_ms)) AS known_ms,
    (any_value(as_of_ms) IS NOT NULL) AS is_known
FROM (
    SELECT buyer_id AS wallet_id, time_ms FROM trades
    WHERE buyer_id <> seller_id AND time_ms >= $start_ms AND time_ms < $end_ms
    UNION ALL
    SELECT seller_id, time_ms FROM trades
    WHERE buyer_id <> seller_id AND time_ms >= $start_ms AND time_ms < $end_ms
) JOIN wallets USING (wallet_id)
LEFT JOIN (SELECT wallet_id, as_of_ms FROM measured JOIN wallets USING (wallet)) USING (wallet_id)
WHERE NOT list_contains($system, wallet)
GROUP BY wallet_id ORDER BY wallet_id
"""

# By name: the numbers of wallets are made anew when most of them have left the window.
MEASURED = "CREATE TEMP TABLE measured (wallet VARCHAR, as_of_ms BIGINT)"
# A table of its own each time: what is deleted from one stays in memory, megabytes an hour.
NOTE_MEASURED = """
CREATE OR REPLACE TEMP TABLE measured AS
WITH now AS (SELECT unnest($wallets) AS wallet)
FROM measured ANTI JOIN now USING (wallet)
UNION ALL SELECT wallet, $as_of_ms::BIGINT FROM now
"""
STILL_MEASURED = """
CREATE OR REPLACE TEMP TABLE measured AS FROM measured SEMI JOIN wallets USING (wallet)
"""


class Fills(NamedTuple):
    """Wallets of the window, ``[wallets]`` each."""

    wallets: NDArray[np.object_]
    n_fills: NDArray[np.int64]
    n_since: NDArray[np.int64]
    """Since it was measured; all of who never was."""
    known_ms: NDArray[np.int64]
    """When it was measured; of who never was, its first fill."""
    is_known: NDArray[np.bool_]


class LiveWindow:
    """The last hours before the watermark.

    Args:
        newest_ms: Time of the newest trade there is.

    Attributes:
        watermark_ms: Exclusive end of what is measured; None before the first trade.
    """

    def __init__(self, settings: Settings, newest_ms: int):
        self._settings = settings
        self._length_ms = round(settings.live.window_h * HOUR_MS)
        self._lateness_ms = round(settings.live.lateness_s * 1_000)
        start_ms = max(newest_ms - self._length_ms - MARGIN_MS, 0) // HOUR_MS * HOUR_MS
        self._hours = GrowingWindow(
            open_source(settings.data, start_ms),
            start_ms,
            made_of_trades,
            memory_limit_gib=settings.features.memory_limit_gib or MEMORY_GIB,
        )
        self._hours.connection.execute(MEASURED)
        self.watermark_ms: int | None = None

    @property
    def start_ms(self) -> int:
        """Return when the window begins."""
        return max((self.watermark_ms or 0) - self._length_ms, self._hours.start_ms + MARGIN_MS)

    @property
    def length_h(self) -> float:
        """Return how long it is, at most as long as the settings say."""
        if self.watermark_ms is None:
            return 0.0
        first = "SELECT min(time_ms) FROM trades"
        ((first_ms,),) = self._hours.connection.execute(first).fetchall()
        return max(self.watermark_ms - max(self.start_ms, int(first_ms)), 0) / HOUR_MS

    def advance(self) -> None:
        """Take what was added to the dataset, and let go of what is too old or too much."""
        self._hours.advance()
        newest_ms = self._hours.newest_ms()
        if newest_ms is None:
            return
        self.watermark_ms = newest_ms - self._lateness_ms
        first_ms = max(self.start_ms, self._first_affordable_ms())
        before_ms = self._hours.start_ms
        self._hours.drop_before((first_ms - MARGIN_MS) // HOUR_MS * HOUR_MS)
        if self._hours.start_ms != before_ms:
            self._hours.connection.execute(STILL_MEASURED)

    def engine(self) -> FeatureEngine:
        """Return what measures the window as it stands."""
        return FeatureEngine(self._hours.dataset(), self._settings.features, self._settings.fees)

    def fills(self) -> Fills:
        """Return who traded in the window, and how much of it since he was measured."""
        at = {
            "start_ms": self.start_ms,
            "end_ms": self.watermark_ms or 0,
            "system": list(SYSTEM_WALLETS),
        }
        found = self._hours.connection.execute(FILLS, at).fetchnumpy()
        return Fills(*(np.asarray(found[name]) for name in found))

    def note_measured(self, wallets: NDArray[np.object_]) -> None:
        """Remember that wallets were measured up to the watermark."""
        now = {"wallets": wallets.tolist(), "as_of_ms": self.watermark_ms}
        self._hours.connection.execute(NOTE_MEASURED, now)

    def forget_measured(self) -> None:
        """Let everybody be due again."""
        self._hours.connection.execute("DELETE FROM measured")

    def close(self) -> None:
        """Free its memory."""
        self._hours.close()

    def _first_affordable_ms(self) -> int:
        """Return when the first hour begins that fits within ``max_trades``, with all behind it.

        The newest one does in any case: a window without trades would measure nobody.
        """
        hours = sorted(self._hours.n_trades_by_hour().items(), reverse=True)
        n_trades, first_ms = 0, 0
        for start_ms, n in hours:
            n_trades += n
            if n_trades > self._settings.live.max_trades and first_ms:
                return first_ms
            first_ms = start_ms
        return 0
