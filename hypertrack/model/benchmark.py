"""How near scores come to the truth about simulated wallets, and how near anything could come."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.labels.cuts import Window
from hypertrack.labels.equity import equity_outcomes
from hypertrack.labels.markouts import bets, markout_outcomes
from hypertrack.labels.outcomes import QUANTITIES, measure, spread
from hypertrack.labels.targets import TARGETS
from hypertrack.model.metrics import Resamples, interval, ranking
from hypertrack.model.versions import WalletModel
from hypertrack.records import Interval, Record

Array = NDArray[np.float64]

MIN_EXECUTIONS = 10
"""Of a wallet over the whole recording, to be judged."""

N_DRAWS = 50
"""Worlds in which the oracle guesses."""

N_BOOTSTRAP = 500


class Against(Record, frozen=True, kw_only=True):
    """One way to rank wallets, against the truth."""

    name: str
    truth: str
    """What it is to rank by: whether a program runs the wallet, or its true edge."""
    found: Interval | None
    """AUC for the first, rank correlation for the second; with its interval by wallet."""


class MarketTruth(Record, frozen=True, kw_only=True):
    """What was found in one simulated market."""

    seed: int
    hours: float
    n_trades: int
    n_wallets: int
    """Judged: those with at least ten executions."""
    against: tuple[Against, ...]


def compare_scores(
    model: WalletModel, engine: FeatureEngine, truth: Mapping[str, NDArray[np.generic]]
) -> tuple[int, tuple[Against, ...]]:
    """Return how many wallets are judged, and how scores and their limits rank them.

    Limits: for bots the labelling functions themselves, asked about the whole recording, which is
    what the score was trained on; for the edge the oracle (`oracle_edge`), and what the wallets
    really earned.

    Args:
        truth: Columns ``wallet``, ``is_bot``, ``edge_bps``, a row per wallet.
    """
    matrix = engine.matrix()
    row_by_wallet = {str(wallet): row for row, wallet in enumerate(truth["wallet"])}
    has_edge = ~np.isnan(truth["edge_bps"])  # only who opened something is judged
    is_judged = np.array(
        [
            wallet in row_by_wallet and n >= MIN_EXECUTIONS and has_edge[row_by_wallet[wallet]]
            for wallet, n in zip(matrix.wallets, matrix.n_executions.tolist(), strict=True)
        ],
        dtype=np.bool_,
    )
    rows = [row_by_wallet[w] for w, i in zip(matrix.wallets, is_judged, strict=True) if i]
    is_bot = truth["is_bot"][rows].astype(np.float64)
    edge_bps = truth["edge_bps"][rows].astype(np.float64)
    answers = _answers(model, engine, matrix, is_judged)
    limit = oracle_edge(edge_bps, answers.pop("markout error"), np.random.default_rng(0))
    found = [
        Against(
            name=name,
            truth="is_bot" if name in OF_BOTS else "edge_bps",
            found=_ranked(is_bot if name in OF_BOTS else edge_bps, score, name in OF_BOTS),
        )
        for name, score in answers.items()
    ]
    found.append(Against(name="oracle", truth="edge_bps", found=limit))
    return int(is_judged.sum()), tuple(found)


OF_BOTS = ("bot_probability", "tx_per_day", "labelling functions")


def _answers(
    model: WalletModel, engine: FeatureEngine, matrix: FeatureMatrix, chosen: NDArray[np.bool_]
) -> dict[str, Array]:
    """Return what each way to rank says of the chosen wallets."""
    window, n_wallets = Window(engine.start_ms, engine.end_ms), engine.n_wallets
    measured = measure(engine.backend, window, engine.fees, n_wallets).quantities
    own = measured[matrix.wallet_ids[chosen]]
    con = engine.backend
    earned = spread(con.fetch(equity_outcomes(con, window, engine.fees)), n_wallets)
    markouts = spread(con.fetch(markout_outcomes(con, window)), n_wallets)
    wallets = matrix.wallet_ids[chosen]
    scores = model.predict(matrix)[chosen].astype(np.float64)
    return {
        "bot_probability": scores[:, TARGETS.index("bot_probability")],
        "tx_per_day": matrix.column("tx_per_day")[chosen],
        "labelling functions": np.nan_to_num(own[:, QUANTITIES.index("bot_vote")]),
        "profitability_score": scores[:, TARGETS.index("profitability_score")],
        "net return of the whole recording": earned["net_return_bps"][wallets],
        "sophistication_score": scores[:, TARGETS.index("sophistication_score")],
        "markout_5m_bps": matrix.column("markout_5m_bps")[chosen],
        "t-statistic of 5-minute markouts": markouts["markout_t"][wallets],
        "markout error": _markout_errors(engine.backend, window, n_wallets)[
            matrix.wallet_ids[chosen]
        ],
    }


def _markout_errors(con: Any, window: Window, n_wallets: int) -> Array:
    """Return the standard error of each wallet's mean markout, ``[wallets]``; inf without any."""
    found = con.fetch(bets(con, window))
    n, sd = (found[name].astype(np.float64) for name in ("n_bets", "sd_bps"))
    usual = float(np.nanmedian(sd)) if np.isfinite(sd).any() else 1.0
    errors = np.full(n_wallets, np.inf)
    errors[found["wallet_id"]] = np.where(sd > 0, sd, usual) / np.sqrt(n)
    return errors


def oracle_edge(edge_bps: Array, error_bps: Array, rng: np.random.Generator) -> Interval:
    """Return how well the edge could be ranked by who knows everything but the wallets' luck.

    It knows the distribution of true edges and how noisy each wallet's mean markout is, sees that
    mean as luck makes it, and answers with the posterior mean. Exits of positions, which have no
    edge and dilute a real mean markout, are no trouble to it.

    Args:
        edge_bps: True edges, ``[wallets]``.
        error_bps: Standard errors of the mean markouts, ``[wallets]``; inf where nothing is seen.

    Returns:
        The rank correlation with the truth: mean over draws of luck, and 95 % of the draws.
    """
    error = np.maximum(error_bps, 1e-6)[:, None]
    blind = ~np.isfinite(error_bps)
    found = []
    for _ in range(N_DRAWS):
        seen = edge_bps + np.where(blind, 0, error_bps) * rng.standard_normal(len(edge_bps))
        # Far from every edge all densities vanish: relative to the nearest one does not.
        distance = ((seen[:, None] - edge_bps) / np.where(blind[:, None], 1, error)) ** 2
        weight = np.exp(-0.5 * (distance - distance.min(axis=1, keepdims=True)))
        posterior = (weight @ edge_bps) / weight.sum(axis=1)
        posterior[blind] = edge_bps.mean()
        once = Resamples.draw(len(edge_bps), 1, 0)
        found.append(ranking(edge_bps, np.zeros(len(edge_bps)), posterior, once).rank_ic[0])
    low, high = np.quantile(found, [0.025, 0.975])
    return Interval(float(np.mean(found)), float(low), float(high))


def _ranked(truth: Array, score: Array, is_auc: bool) -> Interval | None:
    is_known = np.isfinite(score)
    truth, score = truth[is_known], score[is_known]
    found = ranking(truth, truth, score, Resamples.draw(len(truth), N_BOOTSTRAP, 0))
    return interval(found.auc if is_auc else found.rank_ic)
