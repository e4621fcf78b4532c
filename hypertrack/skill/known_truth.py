"""What was found beside what is true, on a simulated market: the only reader of the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from hypertrack.market.arrays import Flags, Floats
from hypertrack.records import Record, Verdict
from hypertrack.skill.discovery import q_values
from hypertrack.skill.estimate import Estimates
from hypertrack.skill.fair_oracle import expected_by_truth, oracle_estimates, told_by_truth

LARGE_EDGE_BPS = 5.0
TOP = 20
MANY_BETS = 30
CALIBRATION_BINS = 5


class KnownTruth(Record, frozen=True, kw_only=True):
    """One simulated market. Where a quantity is not defined there it is None.

    An entity stands for one row, by its first wallet.
    """

    world: str
    hours: float
    seed: int
    n_wallets: int
    n_tested: int
    rank_ic: float | None
    """Rank correlation of the expected edge with the true one, of the tested."""
    rank_ic_many: float | None
    """The same, of those with 30 bets."""
    rank_ic_profit: float | None
    """Of the profit of the window instead."""
    rank_ic_prior: float | None
    """Of the expected edge, were the true distribution of edges known, and nothing else."""
    rank_ic_oracle: float | None
    """Of what the fair oracle expects, of the same entities."""
    rank_ic_many_oracle: float | None
    top_edge_bps: float | None
    """Mean true edge of the 20 with the highest expected one."""
    top_edge_profit_bps: float | None
    """Of the 20 with the highest profit."""
    top_edge_oracle_bps: float | None
    top_edge_most_bps: float | None
    """Of the 20 with the highest true one: nobody can choose better."""
    auc_large: float | None
    """Of a true edge above 5 bps."""
    auc_large_oracle: float | None
    n_flagged: int
    n_false: int
    """Flagged with a true edge that is not above 0."""
    n_large: int
    """Tested with a true edge above 5 bps."""
    n_large_flagged: int
    n_flagged_oracle: int
    """By the fair oracle's measurements, by the same rule."""
    n_false_oracle: int
    n_large_flagged_oracle: int
    n_flagged_most: int
    """By the same, were the distribution of the true edges known: no rule finds more of them."""
    n_false_most: int
    n_large_flagged_most: int
    power: float | None
    """As the run itself says it, at 5 bps."""
    placebo_z_sd: float | None
    expected_positive: tuple[float, ...]
    """Sums of the chance that the edge is positive, by fifths of that chance.

    No edge, or one too small to be told from none, counts as not positive there."""
    true_positive: tuple[int, ...]
    n_calibrated: tuple[int, ...]
    n_copy: int
    n_copy_right: int
    """With something left for a copier after 5 s, truly."""
    n_worth_copying: int
    """Of those with 30 bets."""
    n_worth_found: int
    flagged_traps: dict[str, int]
    copied_traps: dict[str, int]
    estimator: str = "shrinkage"
    """As it was asked for."""


def compare(
    columns: Mapping[str, NDArray[Any]],
    wallets: Sequence[str],
    truth: Mapping[str, NDArray[Any]],
    entries: Mapping[str, NDArray[Any]],
    *,
    max_q: float,
    **market: Any,
) -> KnownTruth:
    """Return what was found in a market beside what is true.

    Args:
        columns: Of `Skill`, a row a wallet.
        wallets: Their addresses.
        truth: Columns of the simulation's truth.
        entries: Columns of its true entries, whose wallets are rows of ``truth``.
        max_q: From which on one counts as flagged.
        market: What `KnownTruth` holds of the market itself and of how it was judged: world,
            hours, seed, power, placebo_z_sd and estimator.
    """
    found = _Found(columns, wallets, truth, entries, max_q)
    bins = [_bin(found, low) for low in range(CALIBRATION_BINS)]
    return KnownTruth(
        **market,
        **_counts(found),
        **_ranks(found),
        n_wallets=len(found.edge_bps),
        n_tested=int(found.is_tested.sum()),
        expected_positive=tuple(each[0] for each in bins),
        true_positive=tuple(each[1] for each in bins),
        n_calibrated=tuple(each[2] for each in bins),
        flagged_traps=_trap_counts(found.traps[found.is_flagged]),
        copied_traps=_trap_counts(found.traps[found.is_copied]),
    )


def _ranks(found: "_Found") -> dict[str, Any]:
    """Return how well the expected edge ranks the tested, beside profit and the oracle."""
    edge, expected, tested = found.edge_bps, found.expected_bps, found.is_tested
    many, oracle = tested & (found.n_bets >= MANY_BETS), found.oracle_bps
    prior = np.full(len(edge), np.nan)
    prior[tested] = expected_by_truth(
        found.measured_bps[tested], found.error_bps[tested], edge[tested]
    )
    return {
        "rank_ic": _rank_ic(edge, expected, tested),
        "rank_ic_many": _rank_ic(edge, expected, many),
        "rank_ic_profit": _rank_ic(edge, found.cash_usd, tested),
        "rank_ic_prior": _rank_ic(edge, prior, tested),
        "rank_ic_oracle": _rank_ic(edge, oracle, tested),
        "rank_ic_many_oracle": _rank_ic(edge, oracle, many),
        "top_edge_bps": _top(edge, expected, tested),
        "top_edge_profit_bps": _top(edge, found.cash_usd, tested),
        "top_edge_oracle_bps": _top(edge, oracle, tested),
        "top_edge_most_bps": _top(edge, edge, tested),
        "auc_large": _auc(edge > LARGE_EDGE_BPS, expected, tested),
        "auc_large_oracle": _auc(edge > LARGE_EDGE_BPS, oracle, tested),
    }


def _counts(found: "_Found") -> dict[str, Any]:
    """Return how many were flagged and called worth copying, and how many rightly."""
    flagged, copied, is_left = found.is_flagged, found.is_copied, found.copy_edge_bps > 0
    large = found.is_large
    worth = found.is_tested & (found.n_bets >= MANY_BETS) & is_left
    return {
        "n_large": int(large.sum()),
        **_told(found, flagged, ""),
        **_told(found, found.is_told_by_oracle, "_oracle"),
        **_told(found, found.is_told_at_most, "_most"),
        "n_copy": int(copied.sum()),
        "n_copy_right": int((copied & is_left).sum()),
        "n_worth_copying": int(worth.sum()),
        "n_worth_found": int((worth & copied).sum()),
    }


def _told(found: "_Found", is_told: Flags, by: str) -> dict[str, int]:
    """Return how many were told from luck, how many falsely, and how many with a large edge."""
    return {
        f"n_flagged{by}": int(is_told.sum()),
        f"n_false{by}": int((is_told & (found.edge_bps <= 0)).sum()),
        f"n_large_flagged{by}": int((is_told & found.is_large).sum()),
    }


class _Found:
    """Columns of one row an entity, true and found ones side by side."""

    def __init__(
        self,
        columns: Mapping[str, NDArray[Any]],
        wallets: Sequence[str],
        truth: Mapping[str, NDArray[Any]],
        entries: Mapping[str, NDArray[Any]],
        max_q: float,
    ):
        row_of = {str(wallet): row for row, wallet in enumerate(truth["wallet"])}
        place = np.array([row_of.get(wallet, -1) for wallet in wallets], dtype=np.int64)
        entity = np.nan_to_num(columns["entity_id"].astype(np.float64), nan=-1.0)
        first = np.unique(entity, return_index=True)[1]
        rows = first[(entity[first] >= 0) & (place[first] >= 0)]
        true = place[rows]
        # A wallet that never opened anything has no edge to be found, and none is there.
        self.edge_bps = np.nan_to_num(truth["edge_bps"].astype(np.float64))[true]
        self.copy_edge_bps = truth["copy_edge_bps_5s"].astype(np.float64)[true]
        self.traps = truth["traps"].astype(str)[true]
        self.expected_bps = columns["edge_bps"][rows].astype(np.float64)
        self.measured_bps = columns["markout_bps"][rows].astype(np.float64)
        self.error_bps = columns["markout_error_bps"][rows].astype(np.float64)
        self.p_positive = columns["p_edge_positive"][rows].astype(np.float64)
        self.cash_usd = columns["cash_usd"][rows].astype(np.float64)
        self.n_bets = columns["n_bets"][rows].astype(np.float64)
        self.is_tested: Flags = ~np.isnan(self.expected_bps)
        self.is_flagged: Flags = columns["q"][rows].astype(np.float64) <= max_q
        self.is_copied: Flags = columns["verdict"][rows].astype(str) == Verdict.COPY.value
        nth = np.full(int(entity.max(initial=-1)) + 1, -1, dtype=np.int64)
        nth[entity[rows].astype(np.int64)] = np.arange(len(rows))
        row_of_true = np.full(len(truth["wallet"]), -1, dtype=np.int64)
        has_row = (entity >= 0) & (place >= 0)
        row_of_true[place[has_row]] = nth[entity[has_row].astype(np.int64)]
        self.is_large: Flags = self.is_tested & (self.edge_bps > LARGE_EDGE_BPS)
        self._ask_oracle(oracle_estimates(entries, row_of_true, len(rows)), max_q)

    def _ask_oracle(self, measured: Estimates, max_q: float) -> None:
        """Note what the fair oracle expects of each; who never entered has no edge."""
        is_known = np.isfinite(measured.error_bps) & (measured.error_bps > 0)
        entity, among = measured.entity[is_known], self.edge_bps[self.is_tested]
        edge, error = measured.edge_bps[is_known], measured.error_bps[is_known]
        self.oracle_bps = np.zeros(len(self.edge_bps))
        self.oracle_bps[entity] = expected_by_truth(edge, error, among)
        is_asked = self.is_tested[measured.entity]
        tested = replace(measured, is_tested=measured.is_tested & is_asked)
        self.is_told_by_oracle: Flags = np.zeros(len(self.edge_bps), dtype=np.bool_)
        self.is_told_by_oracle[measured.entity] = q_values(tested) <= max_q
        is_asked = self.is_tested[entity]
        told = told_by_truth(edge[is_asked], error[is_asked], among, max_q)
        self.is_told_at_most: Flags = np.zeros(len(self.edge_bps), dtype=np.bool_)
        self.is_told_at_most[entity[is_asked]] = told


def _bin(found: _Found, number: int) -> tuple[float, int, int]:
    low, high = number / CALIBRATION_BINS, (number + 1) / CALIBRATION_BINS
    last = number == CALIBRATION_BINS - 1
    rows = (found.p_positive >= low) & ((found.p_positive < high) | last)
    return (
        float(found.p_positive[rows].sum()),
        int((found.edge_bps[rows] > 0).sum()),
        int(rows.sum()),
    )


def _rank_ic(edge: Floats, score: Floats, rows: Flags) -> float | None:
    a, b = rankdata(edge[rows]), rankdata(score[rows])
    if len(a) < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def _top(edge: Floats, score: Floats, rows: Flags) -> float | None:
    if rows.sum() < TOP:
        return None
    best = np.argsort(-score[rows], kind="stable")[:TOP]
    return float(edge[rows][best].mean())


def _auc(is_true: Flags, score: Floats, rows: Flags) -> float | None:
    n_true = int(is_true[rows].sum())
    n_false = int(rows.sum()) - n_true
    if not n_true or not n_false:
        return None
    ranks = rankdata(score[rows])[is_true[rows]]
    return float((ranks.sum() - n_true * (n_true + 1) / 2) / (n_true * n_false))


def _trap_counts(traps: NDArray[Any]) -> dict[str, int]:
    names = [name for text in traps.tolist() for name in text.split(",") if name]
    return {name: names.count(name) for name in sorted(set(names))}
