"""What can be recorded: every market of the venue with the volume of its day."""

from collections.abc import Iterator, Mapping
from typing import Any

from hypertrack.errors import VenueError
from hypertrack.feeds.info_client import InfoClient
from hypertrack.records import Record


class Market(Record, frozen=True, kw_only=True):
    """One market, by the name that subscriptions take."""

    coin: str
    day_volume_usd: float
    is_listed: bool = True
    """False for a delisted perp: it is acknowledged, and sends nothing."""
    alias: str | None = None
    """What people call a spot market whose name is a number, such as ``HYPE/USDC``."""


class Universe(Record, frozen=True):
    """All markets, highest volume of the day first."""

    markets: tuple[Market, ...]


def fetch_universe(info: InfoClient) -> Universe:
    """Ask for the first dex's perps, every builder's, and spot.

    Raises:
        VenueError: Unreachable, or an answer that cannot be understood.
    """
    try:
        markets = [*_perps(info), *_spots(info)]
    except (KeyError, TypeError, ValueError) as error:
        raise VenueError(f"the venue's list of markets could not be read: {error!r}") from error
    return Universe(tuple(sorted(markets, key=lambda m: (-m.day_volume_usd, m.coin))))


def _perps(info: InfoClient) -> Iterator[Market]:
    for dex in info.perp_dexs():
        for perp, context in info.perp_contexts(dex):
            yield Market(
                coin=perp["name"],
                day_volume_usd=_volume_usd(context),
                is_listed=not perp.get("isDelisted", False),
            )


def _spots(info: InfoClient) -> Iterator[Market]:
    meta, contexts = info.spot_contexts()
    names = {token["index"]: token["name"] for token in meta["tokens"]}
    for pair in meta["universe"]:
        base, quote = (names.get(token, "?") for token in pair["tokens"])
        yield Market(
            coin=pair["name"],
            day_volume_usd=_volume_usd(contexts.get(pair["name"], {})),
            alias=f"{base}/{quote}",
        )


def _volume_usd(context: Mapping[str, Any]) -> float:
    return float(context.get("dayNtlVlm") or 0)
