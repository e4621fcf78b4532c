"""How near scores come to the truth about simulated wallets, and how near anything could come."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.labels.cuts import Window
from hypertrack.labels.equity import equity_outcomes
from hypertrack.labels.markouts import bets, markout_outcomes
from hypertrack.labels.outcomes import QUANTITIES, measure, spread
from hypertrack.labels.targets import TARGETS
from hypertrack.model.metrics import Resamples, interval, mean_of_best, ranking
from hypertrack.model.versions import WalletModel
from hypertrack.records import Interval, Record
from hypertrack.skill.known_truth import LARGE_EDGE_BPS, TOP

Array = NDArray[np.float64]

MIN_EXECUTIONS = 10
"""Of a wallet over the whole recording, to be judged."""

N_DRAWS = 50
"""Worlds in which the oracle guesses."""

N_BOOTSTRAP = 500


IS_BOT, HAS_LARGE_EDGE, EDGE_OF_BEST, EDGE_RANK, HAS_NET_EDGE = TRUTHS = (
    "is_bot",
    "large_edge",
    "edge_of_best_bps",
    "edge_bps",
    "net_edge",
)
"""What a way to rank wallets is held against: AUC of being run by a program, AUC of a true edge
above `LARGE_EDGE_BPS`, the mean true edge of its best `TOP`, rank correlation with the edge, AUC of
an edge that is worth more than the wallet's own costs."""


class Against(Record, frozen=True, kw_only=True):
    """One way to rank wallets, against the truth."""

    name: str
    truth: str
    """One of `TRUTHS`."""
    found: Interval | None
    """With its interval by wallet; of the oracle, by luck."""


class MarketTruth(Record, frozen=True, kw_only=True):
    """What was found in one simulated market."""

    seed: int
    hours: float
    n_trades: int
    n_wallets: int
    """Judged: those with at least ten executions."""
    against: tuple[Against, ...]


@dataclass(frozen=True)
class Edges:
    """True edges of openings before and after the wallet's own costs, ``[wallets]``."""

    gross_bps: Array
    net_bps: Array

    def take(self, chosen: NDArray[np.bool_]) -> Self:
        """Return those of some wallets."""
        return type(self)(self.gross_bps[chosen], self.net_bps[chosen])


def compare_scores(
    model: WalletModel,
    engine: FeatureEngine,
    matrix: FeatureMatrix,
    expected_bps: Array,
    truth: Mapping[str, NDArray[np.generic]],
) -> tuple[int, tuple[Against, ...]]:
    """Return how many wallets are judged, and how scores and their limits rank them.

    Limits: for bots the labelling functions themselves, asked about the whole recording, which is
    what the score was trained on; for the edge what is expected of it by shrinkage alone, the
    oracle (`oracle_edge`), and what the wallets really earned.

    Args:
        matrix: What the model reads, over the whole recording.
        expected_bps: Edge that is expected of each of its wallets; NaN of one that was not tested.
        truth: Columns ``wallet``, ``is_bot``, ``edge_bps``, ``net_edge_bps``, a row per wallet.
    """
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
    edges = Edges(*(truth[name][rows].astype(np.float64) for name in ("edge_bps", "net_edge_bps")))
    answers = _answers(model, engine, matrix, is_judged)
    limits = oracle_edge(edges, answers.pop("markout error"), np.random.default_rng(0))
    answers["expected edge (shrinkage)"] = np.nan_to_num(expected_bps[is_judged])  # untested: none
    found = {
        name: {IS_BOT: _of_bots(is_bot, score)} if name in OF_BOTS else _of_edges(edges, score)
        for name, score in answers.items()
    }
    found["oracle"] = limits
    return int(is_judged.sum()), tuple(
        Against(name=name, truth=of, found=each)
        for name, by_truth in found.items()
        for of, each in by_truth.items()
    )


OF_BOTS = ("bot_probability", "tx_per_day", "labelling functions")


def _answers(
    model: WalletModel, engine: FeatureEngine, matrix: FeatureMatrix, chosen: NDArray[np.bool_]
) -> dict[str, Array]:
    """Return what each way to rank says of the chosen wallets."""
    window, n_wallets = Window(engine.start_ms, engine.end_ms), engine.n_wallets
    measured = measure(engine.backend, window, engine.fees, n_wallets).quantities
    own = measured[matrix.wallet_ids[chosen]]
    con = engine.backend
    earned = spread(equity_outcomes(con, window, engine.fees), n_wallets)
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


def oracle_edge(
    edges: Edges, error_bps: Array, rng: np.random.Generator
) -> dict[str, Interval | None]:
    """Return how well the edge could be ranked by who knows everything but the wallets' luck.

    It knows the distribution of true edges and how noisy each wallet's mean markout is, sees that
    mean as luck makes it, and answers with the posterior mean. Exits of positions, which have no
    edge and dilute a real mean markout, are no trouble to it.

    Args:
        edges: True ones, of which it knows how they are spread before costs.
        error_bps: Standard errors of the mean markouts, ``[wallets]``; inf where nothing is seen.

    Returns:
        By truth: mean over draws of luck, and 95 % of the draws.
    """
    edge_bps = edges.gross_bps
    error = np.maximum(error_bps, 1e-6)[:, None]
    blind = ~np.isfinite(error_bps)
    drawn = []
    for _ in range(N_DRAWS):
        seen = edge_bps + np.where(blind, 0, error_bps) * rng.standard_normal(len(edge_bps))
        # Far from every edge all densities vanish: relative to the nearest one does not.
        distance = ((seen[:, None] - edge_bps) / np.where(blind[:, None], 1, error)) ** 2
        weight = np.exp(-0.5 * (distance - distance.min(axis=1, keepdims=True)))
        posterior = (weight @ edge_bps) / weight.sum(axis=1)
        posterior[blind] = edge_bps.mean()
        once = Resamples.draw(len(edge_bps), 0, 0)
        drawn.append({name: draws[0] for name, draws in _edge_measures(edges, posterior, once)})
    return {
        name: interval(np.array([np.mean(values), *values]))
        for name in drawn[0]
        if (values := [each[name] for each in drawn])
    }


def _of_bots(is_bot: Array, score: Array) -> Interval | None:
    resamples = Resamples.draw(len(is_bot), N_BOOTSTRAP, 0)
    return interval(ranking(is_bot, is_bot, score, resamples).auc)


def _of_edges(edges: Edges, score: Array) -> dict[str, Interval | None]:
    known = edges.take(np.isfinite(score))
    resamples = Resamples.draw(len(known.gross_bps), N_BOOTSTRAP, 0)
    measured = _edge_measures(known, score[np.isfinite(score)], resamples)
    return {name: interval(draws) for name, draws in measured}


def _edge_measures(edges: Edges, score: Array, resamples: Resamples) -> Iterator[tuple[str, Array]]:
    """Yield each truth about edges with how near the score comes to it, ``[1 + resamples]``."""
    gross_bps = edges.gross_bps
    ranked = ranking(gross_bps, (gross_bps > LARGE_EDGE_BPS).astype(np.float64), score, resamples)
    yield HAS_LARGE_EDGE, ranked.auc
    yield EDGE_OF_BEST, mean_of_best(gross_bps, score, TOP, resamples)
    yield EDGE_RANK, ranked.rank_ic
    is_worth_it = (edges.net_bps > 0).astype(np.float64)
    yield HAS_NET_EDGE, ranking(edges.net_bps, is_worth_it, score, resamples).auc
