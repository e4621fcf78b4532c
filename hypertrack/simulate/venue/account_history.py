"""What wallets were worth and earned over time: the portfolio, and lines of the leaderboard."""

from typing import Any

import numpy as np

from hypertrack.records import DAY_MS, HOUR_MS
from hypertrack.simulate.market.arrays import Ints
from hypertrack.simulate.venue.account_values import SPOT, AccountValues, place_of
from hypertrack.simulate.venue.numbers import residual, rounded

Json = dict[str, Any]

WINDOWS = {
    "day": (DAY_MS, 2 * HOUR_MS),
    "week": (7 * DAY_MS, 12 * HOUR_MS),
    "month": (30 * DAY_MS, DAY_MS),
    "allTime": (2**50, 7 * DAY_MS),
}
"""Length of each window, and the time between its points."""


def portfolio(values: AccountValues) -> list[list[Any]]:
    """Return the wallet's history by window: of everything, and of perps alone."""
    perps = _perps(values)
    parts = (("{}", [*perps, SPOT]), ("perp{}", perps))
    return [
        [name if form == "{}" else f"perp{name[0].upper()}{name[1:]}", _window(values, name, of)]
        for form, of in parts
        for name in WINDOWS
    ]


def performance(values: AccountValues, name: str) -> Json:
    """Return what an account earned in a window, as the leaderboard tells it."""
    places = [*_perps(values), SPOT]
    times = _times(values, name)[[0, -1]]
    worth, brought = values.worth_usd(times, places), values.brought_usd(times, places)
    pnl = float(np.diff(worth - brought)[0])
    used = float(worth[0]) + max(float(np.diff(brought)[0]), 0.0)
    return {
        "pnl": rounded(pnl, 6),
        "roi": rounded(pnl / used if used > 0 else 0.0, 10),
        "vlm": residual(values.volume_usd(values.now_ms - WINDOWS[name][0], places)),
    }


def _perps(values: AccountValues) -> list[str]:
    """Return the places where perps are held: the venue's own dex and the builders'."""
    return sorted({"", *(place_of(coin) for coin in values.account.coins)} - {SPOT})


def _window(values: AccountValues, name: str, places: list[str]) -> Json:
    times = _times(values, name)
    if not len(times):
        return {"accountValueHistory": [], "pnlHistory": [], "vlm": "0.0"}
    worth = values.worth_usd(times, places)
    earned = worth - values.brought_usd(times, places)
    pnl = earned - earned[0]
    volume = values.volume_usd(values.now_ms - WINDOWS[name][0], places)
    rows = list(zip(times.tolist(), worth.tolist(), pnl.tolist(), strict=True))
    return {
        "accountValueHistory": [[at, residual(round(usd, 6))] for at, usd, _ in rows],
        "pnlHistory": [[at, rounded(usd, 6)] for at, _, usd in rows],
        "vlm": residual(volume),
    }


def _times(values: AccountValues, name: str) -> Ints:
    """Return a window's points: its beginning, full hours, and now; none without a past."""
    first = values.first_ms
    if first is None:
        return np.empty(0, dtype=np.int64)
    span, step = WINDOWS[name]
    start = max(values.now_ms - span, first - 1)
    full = np.arange(start // step * step + step, values.now_ms, step, dtype=np.int64)
    return np.unique(np.concatenate([[start], full, [values.now_ms]]).astype(np.int64))
