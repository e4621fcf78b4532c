"""The leaderboard: what every wallet earned, on a path of its own as on the venue's other host."""

import asyncio
from collections.abc import Callable
from typing import Any

from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.kinship import free_text
from hypertrack.simulate.venue.account_desk import AccountDesk
from hypertrack.simulate.venue.account_history import WINDOWS, performance
from hypertrack.simulate.venue.account_states import clearinghouse_state
from hypertrack.simulate.venue.state import VenueState

Json = dict[str, Any]

_NAMED_EVERY = 5
"""Of wallets, every so many has given itself a name, free text like all names."""


class Leaderboard:
    """Makes the rows anew once an hour of exchange time, as they take long.

    Args:
        state: What the venue knows.
        accounts: Values accounts.
        now_ms: Returns exchange time.

    Source:
        Protocol, section 3.1.
    """

    def __init__(self, state: VenueState, accounts: AccountDesk, now_ms: Callable[[], int]):
        self._state = state
        self._accounts = accounts
        self._now_ms = now_ms
        self._hour = -1
        self._rows: list[Json] = []

    async def rows(self) -> Json:
        """Return all who traded, best of all time first."""
        hour = self._now_ms() // HOUR_MS
        if hour != self._hour:
            self._rows, self._hour = await self._made(), hour
        return {"leaderboardRows": self._rows}

    async def _made(self) -> list[Json]:
        rows = []
        for nth, wallet in enumerate(self._state.trades.wallets):
            rows.append(self._row(nth, wallet))
            await asyncio.sleep(0)  # others are answered meanwhile
        rows.sort(key=lambda row: -float(row["windowPerformances"][-1][1]["pnl"]))
        return rows

    def _row(self, nth: int, wallet: str) -> Json:
        values = self._accounts.values(wallet)
        is_named = nth % _NAMED_EVERY == 0
        return {
            "ethAddress": wallet,
            "accountValue": clearinghouse_state(values, "")["marginSummary"]["accountValue"],
            "windowPerformances": [[name, performance(values, name)] for name in WINDOWS],
            "prize": 0,
            "displayName": free_text(nth // _NAMED_EVERY) if is_named else None,
        }
