"""The order of wallets by what profiles say of them, the best first."""

import difflib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hypertrack.errors import ConfigError, DatasetError
from hypertrack.records import (
    ACCOUNT_NUMBERS,
    PROFIT_NUMBERS,
    SCORE_NAMES,
    SKILL_NUMBERS,
    ProfileHeader,
    ProfileSet,
    Verdict,
)

BY_VERDICT = "verdict"

VERDICT_ORDER = (Verdict.COPY, Verdict.WATCH, Verdict.NOT_ENOUGH_DATA, Verdict.AVOID)

EVIDENCE = ("edge_bps", "p_edge_positive", "edge_low_bps", "n_bets")
"""What ranks wallets of one verdict; each where those before it are equal."""

LOWEST_FIRST = {"q", "false_sign", "max_drawdown_usd"}
"""Chances of being wrong, and what was lost; of everything else more comes first."""

NO_MARKET = (
    "no trade of the market is recorded in {place}, at most fills of single wallets: record beside "
    "them with `hypertrack record --append`, or `hypertrack import --append` archives; what the "
    "venue said of the wallets asked about stands in accounts/report.json"
)
"""What profiles and skill need, and how to come by it."""


def best_evidence(header: ProfileHeader) -> str:
    """Return what wallets are ranked by unless asked: the verdict, without one the activity."""
    return "tx_count" if header.skill is None else BY_VERDICT


def rank(profiles: ProfileSet, by: str) -> NDArray[np.intp]:
    """Return the rows that have a value, the best first; of equal ones the more active.

    Args:
        by: ``verdict``, a score, a number about skill, profit or account, or a feature.

    Raises:
        ConfigError: There is nothing of that name.
        DatasetError: These profiles have no value of it.
    """
    if by == BY_VERDICT:
        return rank_by_verdict(profiles)
    require_value(profiles.header, by)
    values = profiles.column(by)
    order = np.argsort(values if by in LOWEST_FIRST else -values, kind="stable")  # NaN is last
    return order[: int(np.count_nonzero(~np.isnan(values)))]


def unjudged(header: ProfileHeader) -> DatasetError:
    """Return what is to be said of profiles in which nobody was judged."""
    if not header.data.n_trades:
        return DatasetError(NO_MARKET.format(place=header.data.path))
    return DatasetError("these profiles tell nothing of skill: run `hypertrack classify`")


def rank_by_verdict(profiles: ProfileSet) -> NDArray[np.intp]:
    """Return the rows of judged wallets, the best evidence first.

    By verdict; within one by the edge to be expected, then by the chance of it, its lower bound and
    the bets behind them: where nobody stands out edges are all but nothing, and still in order.
    """
    if profiles.header.skill is None:
        raise unjudged(profiles.header)
    names, which = np.unique(profiles.column("verdict").astype(str), return_inverse=True)
    places = {each.value: place for place, each in enumerate(VERDICT_ORDER)}
    place = np.array([places.get(name, len(places)) for name in names.tolist()])[which]
    told = [np.nan_to_num(profiles.column(name), nan=-np.inf) for name in EVIDENCE]
    order = np.lexsort((*(-each for each in reversed(told)), place))
    return order[place[order] < len(places)]


def require_value(header: ProfileHeader, by: str) -> None:
    """Raise where profiles cannot be ranked by this.

    Raises:
        ConfigError: There is nothing of that name.
        DatasetError: These profiles have no value of it.
    """
    require_name(by, header.units)
    if by in SCORE_NAMES and header.model is None:
        raise DatasetError(f"these profiles have no {by}: train first, or rank by another --by")
    if by in SKILL_NUMBERS and header.skill is None:
        raise DatasetError(f"these profiles have no {by}: run `hypertrack classify`")


def require_name(by: str, features: Iterable[str]) -> None:
    """Raise where nothing is called so.

    Raises:
        ConfigError: Names the nearest that there is.
    """
    beside = (*SKILL_NUMBERS, *PROFIT_NUMBERS, *ACCOUNT_NUMBERS)
    known = (BY_VERDICT, *SCORE_NAMES, *beside, *features)
    if by not in known:
        near = difflib.get_close_matches(by, known, n=1, cutoff=0.4)
        meant = f"; did you mean {near[0]}?" if near else ""
        raise ConfigError(
            "--by takes verdict, a score, a number about skill, profit or account, or a feature; "
            f"found {by!r}{meant}"
        )
