"""From quantities to targets: what the heads of the network are asked to predict."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hypertrack.labels.outcomes import QUANTITIES
from hypertrack.records import BINARY_HEADS, STYLE_DIMENSIONS, Record

TARGETS = (*BINARY_HEADS, "influence_score", *STYLE_DIMENSIONS)
"""One for each of `QUANTITIES`, in the same order."""

HEAD_COLUMNS: Mapping[str, slice] = {
    **{head: slice(i, i + 1) for i, head in enumerate((*BINARY_HEADS, "influence_score"))},
    "trading_style": slice(TARGETS.index(STYLE_DIMENSIONS[0]), len(TARGETS)),
}
"""The columns of each head."""

WORST_FRAC = BEST_FRAC = 0.2
"""Risk asks for the worst fifth of wallets, sophistication for the best."""

NET_RETURN, DRAWDOWN, BOT_VOTE, MARKOUT_T, INFLUENCE = (
    QUANTITIES.index(name)
    for name in ("net_return_bps", "drawdown_frac", "bot_vote", "markout_t", "influence_pct")
)


class Thresholds(Record, frozen=True, kw_only=True):
    """Where a quantity becomes a yes; None where training had no row to tell."""

    profit_hurdle_bps: float
    worst_drawdown_frac: float | None
    best_markout_t: float | None


def fit_thresholds(quantities: NDArray[np.float64], profit_hurdle_bps: float) -> Thresholds:
    """Return the thresholds of the worst and the best fifth of training rows.

    Args:
        quantities: Of training rows alone, ``[rows, quantities]``.
        profit_hurdle_bps: Set by the user, not fitted.
    """
    return Thresholds(
        profit_hurdle_bps=profit_hurdle_bps,
        worst_drawdown_frac=_quantile(quantities[:, DRAWDOWN], 1 - WORST_FRAC),
        best_markout_t=_quantile(quantities[:, MARKOUT_T], 1 - BEST_FRAC),
    )


def make_targets(quantities: NDArray[np.float64], thresholds: Thresholds) -> NDArray[np.float64]:
    """Return what to predict, ``[rows, targets]``; NaN where the outcome was not measured.

    Yes is 1, no is 0. Influence is log1p of percent. A bot is a wallet that most of the votes
    call one; a tie is not measured.
    """
    targets = quantities.copy()
    targets[:, NET_RETURN] = _is(quantities[:, NET_RETURN] >= thresholds.profit_hurdle_bps)
    targets[:, DRAWDOWN] = _is(quantities[:, DRAWDOWN] > _known(thresholds.worst_drawdown_frac))
    targets[:, MARKOUT_T] = _is(quantities[:, MARKOUT_T] > _known(thresholds.best_markout_t))
    targets[:, BOT_VOTE] = _is(quantities[:, BOT_VOTE] > 0)
    targets[:, INFLUENCE] = np.log1p(quantities[:, INFLUENCE])
    targets[np.isnan(quantities)] = np.nan
    targets[quantities[:, BOT_VOTE] == 0, BOT_VOTE] = np.nan
    for threshold, column in (
        (thresholds.worst_drawdown_frac, DRAWDOWN),
        (thresholds.best_markout_t, MARKOUT_T),
    ):
        if threshold is None:
            targets[:, column] = np.nan
    return targets


def _quantile(values: NDArray[np.float64], frac: float) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.quantile(known, frac)) if len(known) else None


def _is(holds: NDArray[np.bool_]) -> NDArray[np.float64]:
    return holds.astype(np.float64)


def _known(threshold: float | None) -> float:
    return np.inf if threshold is None else threshold
