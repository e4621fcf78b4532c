"""Which coins are recorded: a selection, checked against what the venue has."""

import difflib
import re

from hypertrack.errors import ConfigError
from hypertrack.feeds.universe import Market, Universe

TOP = re.compile(r"top:(\d+)")
CCXT = re.compile(r"(?P<base>[^/:]+)/(?P<quote>[^/:]+)(:(?P<settle>[^/:]+))?")
"""A library's spelling: ``BTC/USDC:USDC`` is the perp, ``HYPE/USDC`` the spot pair."""

LIST_BY_SIGN = {"@": "spot", "#": "outcomes"}
N_NEAREST = 3


def select_coins(selection: str, universe: Universe) -> tuple[str, ...]:
    """Return the selected coins, highest day volume first.

    An unknown coin would end the whole socket without a word (protocol, section 1.6), so it is an
    error before anything is subscribed.

    Args:
        selection: ``all`` listed markets, ``top:N`` of them by day volume, or names.

    Raises:
        ConfigError: Names the coins that are unknown and the nearest known ones.
    """
    listed = [market.coin for market in universe.markets if market.is_listed]
    if selection.strip() == "all":
        return tuple(listed)
    if top := TOP.fullmatch(selection.strip()):
        if int(top[1]) < 1:
            raise ConfigError(f"--coins {selection}: N of top:N must be at least 1")
        return tuple(listed[: int(top[1])])
    names = {name.strip() for name in selection.split(",") if name.strip()}
    if not names:
        raise ConfigError("--coins is empty: give all, top:N, or names such as BTC,ETH")
    known = {market.coin for market in universe.markets}
    unknown = sorted(names - known)
    if unknown:
        raise ConfigError("; ".join(_hint(name, universe) for name in unknown))
    return tuple(market.coin for market in universe.markets if market.coin in names)


def _hint(name: str, universe: Universe) -> str:
    near = _nearest(name, universe)
    hint = "did you mean " + ", ".join(near) + "?" if near else "`--coins all` takes every coin"
    for one in universe.unlisted:
        if one.name in {_list_of(name), "perp dexes"}:
            return f"{name} is not known: its list ({one.name}) could not be had: {one.reason}"
    return f"the venue has no coin {name}: {hint}"


def _list_of(name: str) -> str:
    """Return which of the venue's lists would hold a name."""
    if name[:1] in LIST_BY_SIGN:
        return LIST_BY_SIGN[name[:1]]
    dex, colon, _ = name.partition(":")
    return f"dex {dex}" if colon else "perps"


def _nearest(name: str, universe: Universe) -> list[str]:
    """Return coins whose name, bare name or alias is closest, any case."""
    shown_by_name: dict[str, str] = {}
    for market in universe.markets:
        for spelling in _spellings(market):
            shown_by_name.setdefault(spelling.lower(), _shown(market))
    wanted = name.lower()
    if ccxt := CCXT.fullmatch(name):
        # Perps have no pair in their name, spot pairs no settlement.
        wanted = (ccxt["base"] if ccxt["settle"] else f"{ccxt['base']}/{ccxt['quote']}").lower()
    exact = [shown_by_name[wanted]] if wanted in shown_by_name else []
    close = difflib.get_close_matches(wanted, shown_by_name, n=N_NEAREST, cutoff=0.5)
    return list(dict.fromkeys([*exact, *(shown_by_name[key] for key in close)]))[:N_NEAREST]


def _spellings(market: Market) -> list[str]:
    bare = market.coin.partition(":")[2]
    return [spelling for spelling in (market.coin, bare, market.alias) if spelling]


def _shown(market: Market) -> str:
    if market.alias is None or market.alias == market.coin:
        return market.coin
    return f"{market.coin} ({market.alias})"
