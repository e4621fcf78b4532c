"""What can be recorded: every market of the venue with the volume of its day."""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from hypertrack.errors import VenueError
from hypertrack.feeds.info_client import InfoClient, objects
from hypertrack.records import Record

MAIN_DEX = ""
"""The venue's own perps, which have no prefix."""

UNKNOWN_TYPE = "HTTP 422"
"""The answer of a venue that has no outcome markets at all."""


class Market(Record, frozen=True, kw_only=True):
    """One market, by the name that subscriptions take."""

    coin: str
    day_volume_usd: float
    is_listed: bool = True
    """False for a delisted perp: it is acknowledged, and sends nothing."""
    alias: str | None = None
    """What people call a market whose name is a number: ``HYPE/USDC`` of a spot pair, question and
    side of an outcome."""


class Unlisted(Record, frozen=True, kw_only=True):
    """A list of markets, or an entry of one, that the venue did not give."""

    name: str
    """``dex xyz``, ``spot`` or ``outcomes``; ``perp dexes`` where not even they are known."""
    reason: str


class Universe(Record, frozen=True):
    """All markets that the venue lists, highest volume of the day first."""

    markets: tuple[Market, ...]
    unlisted: tuple[Unlisted, ...] = ()
    """What failed: what is listed is used all the same."""


def fetch_universe(info: InfoClient) -> Universe:
    """Ask for the first dex's perps, every builder's, spot and outcomes.

    One list that cannot be had or understood takes no other with it.

    Raises:
        VenueError: None of them could be had.
    """
    markets: list[Market] = []
    failed: list[tuple[str, Exception]] = []

    def gather(name: str, listed: Callable[[], Iterator[Market]]) -> None:
        try:
            markets.extend(listed())
        except (VenueError, KeyError, TypeError, ValueError) as error:
            failed.append((name, error))

    for dex in _dexes(info, failed):
        if dex == MAIN_DEX and failed:  # nothing answers: say so before asking on
            markets.extend(_perps(info, dex))
        else:
            gather(f"dex {dex}" if dex else "perps", lambda dex=dex: _perps(info, dex))  # type: ignore[misc]
    gather("spot", lambda: _spots(info))
    gather("outcomes", lambda: _outcomes(info))
    unlisted = [
        Unlisted(name=name, reason=_words(error))
        for name, error in failed
        if UNKNOWN_TYPE not in str(error)
    ]
    if not markets:
        what = "; ".join(f"{one.name}: {one.reason}" for one in unlisted)
        raise VenueError(f"the venue's list of markets could not be read: {what or 'it is empty'}")
    by_coin = {market.coin: market for market in reversed(markets)}
    ordered = sorted(by_coin.values(), key=lambda market: (-market.day_volume_usd, market.coin))
    return Universe(tuple(ordered), tuple(unlisted))


def fetch_names(info: InfoClient) -> tuple[str, ...]:
    """Ask for the coins that are listed now, in as few questions as there are kinds of markets.

    A list that cannot be had is left out: it is asked for again.
    """
    names: list[object] = []
    for listed in (info.perp_lists, info.spot_pairs):
        with suppress(VenueError):
            names += [one.get("name") for one in listed() if not one.get("isDelisted", False)]
    with suppress(VenueError, KeyError, TypeError, ValueError):
        names += [market.coin for market in _outcomes(info)]
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str)))


def _dexes(info: InfoClient, failed: list[tuple[str, Exception]]) -> list[str]:
    try:
        return info.perp_dexs()
    except VenueError as error:
        failed.append(("perp dexes", error))
        return [MAIN_DEX]


def _perps(info: InfoClient, dex: str) -> Iterator[Market]:
    for perp, context in info.perp_contexts(dex):
        if isinstance(perp.get("name"), str):
            yield Market(
                coin=perp["name"],
                day_volume_usd=_volume_usd(context),
                is_listed=not perp.get("isDelisted", False),
            )


def _spots(info: InfoClient) -> Iterator[Market]:
    meta, contexts = info.spot_contexts()
    names = {
        token.get("index"): token.get("name")
        for token in meta.get("tokens") or ()
        if isinstance(token, dict)
    }
    for pair in meta["universe"]:
        if isinstance(pair, dict) and isinstance(pair.get("name"), str):
            yield Market(
                coin=pair["name"],
                day_volume_usd=_volume_usd(contexts.get(pair["name"], {})),
                alias=_pair_alias(pair.get("tokens"), names),
            )


def _pair_alias(tokens: object, names: Mapping[Any, Any]) -> str | None:
    if not isinstance(tokens, list) or len(tokens) != 2:
        return None
    base, quote = (names.get(token) or "?" for token in tokens)
    return f"{base}/{quote}"


def _outcomes(info: InfoClient) -> Iterator[Market]:
    """Yield both sides of each outcome; a side is traded as ``#`` with ten times its number.

    Source: protocol, section 5: ``#N`` with N = 10 * outcome + side.
    """
    meta = info.outcomes()
    questions = _questions(meta.get("questions") or [])
    for outcome in objects(meta["outcomes"]):
        number, sides = outcome.get("outcome"), outcome.get("sideSpecs")
        if not isinstance(sides, list) or not sides:
            sides = [{}, {}]
        if not isinstance(number, int) or isinstance(number, bool):
            continue
        asked = questions.get(number)
        words = [word for word in (asked, outcome.get("name")) if isinstance(word, str) and word]
        for side, spec in enumerate(sides):
            name = spec.get("name") if isinstance(spec, dict) else None
            said = [*words, name if isinstance(name, str) else f"side {side}"]
            yield Market(coin=f"#{10 * number + side}", day_volume_usd=0.0, alias=": ".join(said))


def _questions(questions: list[dict[str, Any]]) -> dict[int, str]:
    """Return the question that each outcome is an answer to."""
    by_outcome: dict[int, str] = {}
    for question in objects(questions):
        named = question.get("namedOutcomes")
        numbers = [*(named if isinstance(named, list) else ()), question.get("fallbackOutcome")]
        by_outcome |= {
            number: str(question.get("name", "")) for number in numbers if isinstance(number, int)
        }
    return by_outcome


def _volume_usd(context: Mapping[str, Any]) -> float:
    """Return the volume of the day; 0 where the venue gives none that is a number."""
    try:
        volume_usd = float(context.get("dayNtlVlm") or 0)
    except (TypeError, ValueError):
        return 0.0
    return volume_usd if math.isfinite(volume_usd) else 0.0


def _words(error: Exception) -> str:
    return str(error) if isinstance(error, VenueError) else f"not understood ({error!r})"
