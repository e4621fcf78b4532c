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

OVER_COST, DRAWDOWN, BOT_VOTE, EDGE, INFLUENCE = (
    QUANTITIES.index(name)
    for name in ("edge_over_cost_bps", "drawdown_frac", "bot_vote", "edge_bps", "influence_pct")
)

EDGE_HEADS = ("profitability_score", "sophistication_score")
"""Heads about what is mostly luck: their rows weigh as much as is known of them."""


class Thresholds(Record, frozen=True, kw_only=True):
    """Where a quantity becomes a yes; None where training had no row to tell."""

    profit_hurdle_bps: float
    worst_drawdown_frac: float | None
    best_edge_bps: float | None


def fit_thresholds(quantities: NDArray[np.float64], profit_hurdle_bps: float) -> Thresholds:
    """Return the thresholds of the worst and the best fifth of training rows.

    Args:
        quantities: Of training rows alone, ``[rows, quantities]``.
        profit_hurdle_bps: Set by the user, not fitted.
    """
    return Thresholds(
        profit_hurdle_bps=profit_hurdle_bps,
        worst_drawdown_frac=_quantile(quantities[:, DRAWDOWN], 1 - WORST_FRAC),
        best_edge_bps=_quantile(quantities[:, EDGE], 1 - BEST_FRAC),
    )


def make_targets(quantities: NDArray[np.float64], thresholds: Thresholds) -> NDArray[np.float64]:
    """Return what to predict, ``[rows, targets]``; NaN where the outcome was not measured.

    Yes is 1, no is 0. Influence is log1p of percent. A bot is a wallet that most of the votes
    call one; a tie is not measured.
    """
    targets = quantities.copy()
    targets[:, OVER_COST] = _is(quantities[:, OVER_COST] > thresholds.profit_hurdle_bps)
    targets[:, DRAWDOWN] = _is(quantities[:, DRAWDOWN] > _known(thresholds.worst_drawdown_frac))
    targets[:, EDGE] = _is(quantities[:, EDGE] > _known(thresholds.best_edge_bps))
    targets[:, BOT_VOTE] = _is(quantities[:, BOT_VOTE] > 0)
    targets[:, INFLUENCE] = np.log1p(quantities[:, INFLUENCE])
    targets[np.isnan(quantities)] = np.nan
    targets[quantities[:, BOT_VOTE] == 0, BOT_VOTE] = np.nan
    for threshold, column in (
        (thresholds.worst_drawdown_frac, DRAWDOWN),
        (thresholds.best_edge_bps, EDGE),
    ):
        if threshold is None:
            targets[:, column] = np.nan
    return targets


def edge_variance(edge_bps: NDArray[np.float64], error_bps: NDArray[np.float64]) -> float:
    """Return the variance of true edges, bps², that measured ones show beyond their errors.

    Args:
        edge_bps: As measured, ``[rows]``; NaN is left out.
        error_bps: Standard error of each.

    Source:
        DerSimonian and Laird 1986, worked by hand in tests/labels/test_targets.py.
    """
    is_known = np.isfinite(edge_bps) & np.isfinite(error_bps)
    edge, weight = edge_bps[is_known], error_bps[is_known] ** -2.0
    if len(edge) < 2:
        return 0.0
    total = weight.sum()
    spread = (weight * (edge - (weight @ edge) / total) ** 2).sum() - (len(edge) - 1)
    shared = total - (weight**2).sum() / total
    return max(float(spread / shared), 0.0) if shared > 0 else 0.0  # one row has all the weight


def target_weights(
    error_bps: NDArray[np.float64], edge_variance_bps2: float
) -> NDArray[np.float64]:
    """Return what each row counts for each target, ``[rows, targets]``: 1, but for edges.

    There 1 / (error² + variance of true edges), 1 on average: a row of few openings tells of luck.
    """
    weights = np.ones((len(error_bps), len(TARGETS)))
    known = np.isfinite(error_bps)
    own = 1 / (error_bps[known] ** 2 + edge_variance_bps2)
    for head in EDGE_HEADS:
        weights[known, HEAD_COLUMNS[head].start] = own / own.mean() if len(own) else own
    return weights


def _quantile(values: NDArray[np.float64], frac: float) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.quantile(known, frac)) if len(known) else None


def _is(holds: NDArray[np.bool_]) -> NDArray[np.float64]:
    return holds.astype(np.float64)


def _known(threshold: float | None) -> float:
    return np.inf if threshold is None else threshold
