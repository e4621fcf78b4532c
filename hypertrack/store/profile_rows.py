"""Columns of profiles taken apart and put together by wallet."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hypertrack.records import ProfileColumns, ReasonColumns, Verdicts

Rows = NDArray[np.intp]

Lists = TypeVar("Lists", Verdicts, ReasonColumns)
"""Columns in which each wallet has a list."""

FLAT = ("wallets", "first_seen_ms", "last_seen_ms", "n_candle_matches", "activity")
NAMED = ("features", "scores", "skill", "profit", "account", "live")
PER_WALLET = ("nearest", "nearest_way")
HOLDINGS = ("category", "confidence", "boost", "is_proven")
REASONS = ("score", "feature", "contribution")


def taken(columns: ProfileColumns, rows: Rows) -> ProfileColumns:
    """Return some wallets, in the order of ``rows``."""
    more: dict[str, Any] = {name: getattr(columns, name)[rows] for name in FLAT}
    for name in NAMED:
        more[name] = {key: values[rows] for key, values in getattr(columns, name).items()}
    more["verdicts"] = _taken(columns.verdicts, rows, HOLDINGS, PER_WALLET)
    if columns.reasons is not None:
        more["reasons"] = _taken(columns.reasons, rows, REASONS)
    return replace(columns, **more)


def joined(first: ProfileColumns, second: ProfileColumns) -> ProfileColumns:
    """Return the wallets of both, which know the same columns, rules and scores."""
    more: dict[str, Any] = {name: _both(first, second, name) for name in FLAT}
    for name in NAMED:
        others = getattr(second, name)
        more[name] = {
            key: np.concatenate([values, others[key]])
            for key, values in getattr(first, name).items()
        }
    more["verdicts"] = _joined(first.verdicts, second.verdicts, (*HOLDINGS, *PER_WALLET))
    if first.reasons is not None and second.reasons is not None:
        more["reasons"] = _joined(first.reasons, second.reasons, REASONS)
    return replace(first, **more)


def _taken(lists: Lists, rows: Rows, within: Sequence[str], each: Sequence[str] = ()) -> Lists:
    """Return the lists of some wallets, and what there is one of for each."""
    ends, places = _places(lists.ends, rows)
    more: dict[str, Any] = {name: getattr(lists, name)[places] for name in within}
    more |= {name: getattr(lists, name)[rows] for name in each}
    return replace(lists, ends=ends, **more)


def _joined(first: Lists, second: Lists, names: Sequence[str]) -> Lists:
    more: dict[str, Any] = {name: _both(first, second, name) for name in names}
    behind = first.ends[-1] if len(first.ends) else 0
    return replace(first, ends=np.concatenate([first.ends, second.ends + behind]), **more)


def _places(ends: NDArray[np.int64], rows: Rows) -> tuple[NDArray[np.int64], Rows]:
    """Return where the lists of some rows end, and the places of what is in them."""
    starts = np.concatenate([[0], ends[:-1]]).astype(np.int64)
    counts = (ends - starts)[rows]
    new_ends = np.cumsum(counts)
    within = np.arange(new_ends[-1] if len(new_ends) else 0) - np.repeat(new_ends - counts, counts)
    return new_ends, np.repeat(starts[rows], counts) + within


def _both(first: Any, second: Any, name: str) -> NDArray[Any]:
    return np.concatenate([getattr(first, name), getattr(second, name)])
