"""The venue's leaderboard: every account with a past, by what it earned.

Source: protocol, section 3.1; it is served beside the API, in one piece of some 30 MB.
"""

from typing import Any

import httpx

from hypertrack.config import VenueSettings
from hypertrack.errors import VenueError
from hypertrack.feeds.endpoints import host_of
from hypertrack.feeds.network import proxy_for, tls_context
from hypertrack.records import JsonError, Record, are_wallets, decode_json

MAINNET = "https://stats-data.hyperliquid.xyz/Mainnet/leaderboard"
TESTNET = "https://stats-data.hyperliquid-testnet.xyz/Testnet/leaderboard"

PATH = "/Mainnet/leaderboard"
"""Below another venue's base URL."""

WINDOWS = ("day", "week", "month", "allTime")

MAX_BYTES = 256 << 20
TIMEOUT_S = 60.0


class _Row(Record, frozen=True, rename="camel"):
    eth_address: str
    window_performances: list[tuple[str, dict[str, Any]]]


class _Board(Record, frozen=True, rename="camel"):
    leaderboard_rows: list[_Row]


def leaderboard_url(venue: VenueSettings) -> str:
    """Return where the leaderboard is."""
    if venue.url is not None:
        return venue.url + PATH
    return MAINNET if venue.network == "mainnet" else TESTNET


def best_of_leaderboard(url: str, n: int, window: str) -> list[str]:
    """Return the wallets that earned most in a window, in lower case, most first.

    Args:
        window: One of `WINDOWS`.

    Raises:
        VenueError: It cannot be had, or read.
    """
    try:
        board = decode_json(_fetched(url), _Board)
    except JsonError as error:
        raise VenueError(f"the leaderboard of {host_of(url)} could not be read: {error}") from error
    earned = [
        (_earned(dict(row.window_performances).get(window, {})), row.eth_address.lower())
        for row in board.leaderboard_rows
        if are_wallets(row.eth_address)
    ]
    return [wallet for _, wallet in sorted(earned, key=lambda one: (-one[0], one[1]))[:n]]


def _earned(performance: dict[str, Any]) -> float:
    try:
        return float(performance.get("pnl", 0))
    except (TypeError, ValueError):
        return 0.0


def _fetched(url: str) -> bytes:
    proxy = proxy_for(url)
    pieces, n_bytes = [], 0
    try:
        with (
            httpx.Client(
                timeout=TIMEOUT_S,
                proxy=None if proxy is None else httpx.Proxy(proxy.url, auth=proxy.credentials),
                verify=url.startswith("https") and tls_context(),
                trust_env=False,
            ) as client,
            client.stream("GET", url) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise VenueError(
                    f"{host_of(url)} has no leaderboard (HTTP {answer.status_code}): choose "
                    "wallets with --top, --file or by address"
                )
            for piece in answer.iter_bytes():
                pieces.append(piece)
                n_bytes += len(piece)
                if n_bytes > MAX_BYTES:
                    raise VenueError(f"the leaderboard of {host_of(url)} has no end: {n_bytes:,} B")
    except httpx.HTTPError as error:
        words = str(error) or type(error).__name__
        raise VenueError(f"{host_of(url)} gave no leaderboard ({words}): try again") from error
    return b"".join(pieces)
