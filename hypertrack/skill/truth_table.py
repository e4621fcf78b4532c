"""Known truth of many markets together: means with their errors, beside what was to be reached."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev

from hypertrack.skill.expectation import SHRINKAGE
from hypertrack.skill.known_truth import KnownTruth


@dataclass(frozen=True)
class Measure:
    """One line: its name, and its number in some markets with its standard error."""

    name: str
    of: Callable[[Sequence[KnownTruth]], "tuple[float, float | None] | None"]


def mean_of(name: str) -> Callable[[Sequence[KnownTruth]], tuple[float, float | None] | None]:
    """Return the mean over markets of one of their numbers, where it is defined."""

    def measure(markets: Sequence[KnownTruth]) -> tuple[float, float | None] | None:
        values = [getattr(m, name) for m in markets if getattr(m, name) is not None]
        return _mean(values)

    return measure


def ratio_of(part: str, whole: str) -> Callable[[Sequence[KnownTruth]], tuple[float, float] | None]:
    """Return a share pooled over markets; its error counts markets, which are independent."""

    def measure(markets: Sequence[KnownTruth]) -> tuple[float, float] | None:
        parts = [getattr(m, part) for m in markets]
        wholes = [getattr(m, whole) for m in markets]
        total = sum(wholes)
        if not total:
            return None
        share = sum(parts) / total
        residuals = [(p - share * w) ** 2 for p, w in zip(parts, wholes, strict=True)]
        n = len(markets)
        spread = (sum(residuals) * n / (n - 1)) ** 0.5 if n > 1 else (total * share) ** 0.5
        return share, spread / total

    return measure


def gain_over_profit(markets: Sequence[KnownTruth]) -> tuple[float, float | None] | None:
    """Return the mean difference of the true edges of both top 20s."""
    pairs = [
        m.top_edge_bps - m.top_edge_profit_bps
        for m in markets
        if m.top_edge_bps is not None and m.top_edge_profit_bps is not None
    ]
    return _mean(pairs)


def share_with_any_flag(markets: Sequence[KnownTruth]) -> tuple[float, float | None] | None:
    """Return the share of markets in which anybody was told from luck."""
    return _mean([float(m.n_flagged > 0) for m in markets])


def calibration_error(
    side: float,
) -> Callable[[Sequence[KnownTruth]], tuple[float, float | None] | None]:
    """Return by how much the chance of a positive edge was off one way, over fifths of it.

    Its error is the jackknife's: what it changes to leave out one market.

    Args:
        side: 1 for what was claimed and is not there, -1 for what is there and was not claimed.
    """

    def measure(markets: Sequence[KnownTruth]) -> tuple[float, float | None] | None:
        whole, n = _off(markets, side), len(markets)
        rest = [_off([*markets[:nth], *markets[nth + 1 :]], side) for nth in range(n)]
        known = [each for each in rest if each is not None]
        if whole is None or len(known) < max(n, 2):
            return None if whole is None else (whole, None)
        return whole, (n - 1) * stdev(known) / n**0.5

    return measure


def _off(markets: Sequence[KnownTruth], side: float) -> float | None:
    sums = [map(sum, zip(*(getattr(m, n) for m in markets), strict=True)) for n in _BINS]
    off = total = 0.0
    for expected, true, n in zip(*sums, strict=True):
        off += max(side * (expected - true), 0.0)
        total += n
    return off / total if total else None


_BINS = ("expected_positive", "true_positive", "n_calibrated")


MEASURES = (
    Measure("entities tested", mean_of("n_tested")),
    Measure("IC with the true edge, 10 bets or more", mean_of("rank_ic")),
    Measure("IC, 30 bets or more", mean_of("rank_ic_many")),
    Measure("IC of the window's profit", mean_of("rank_ic_profit")),
    Measure("IC, the true distribution of edges known", mean_of("rank_ic_prior")),
    Measure("IC of the fair oracle, 10 bets or more", mean_of("rank_ic_oracle")),
    Measure("IC of the fair oracle, 30 bets or more", mean_of("rank_ic_many_oracle")),
    Measure("true edge of the top 20, bps", mean_of("top_edge_bps")),
    Measure("… of the top 20 by profit, bps", mean_of("top_edge_profit_bps")),
    Measure("… of the top 20 by the fair oracle, bps", mean_of("top_edge_oracle_bps")),
    Measure("… of the top 20 by the truth itself, bps", mean_of("top_edge_most_bps")),
    Measure("top 20 over top 20 by profit, bps", gain_over_profit),
    Measure("AUC of an edge above 5 bps", mean_of("auc_large")),
    Measure("AUC of the fair oracle", mean_of("auc_large_oracle")),
    Measure("P(edge > 0): claimed too much", calibration_error(1.0)),
    Measure("P(edge > 0): claimed too little", calibration_error(-1.0)),
    Measure("entities told from luck", mean_of("n_flagged")),
    Measure("false discovery rate, pooled", ratio_of("n_false", "n_flagged")),
    Measure("markets in which anybody is", share_with_any_flag),
    Measure("recall of edges above 5 bps", ratio_of("n_large_flagged", "n_large")),
    Measure("… of the fair oracle, tested alike", ratio_of("n_large_flagged_oracle", "n_large")),
    Measure("… of it, the distribution known", ratio_of("n_large_flagged_most", "n_large")),
    Measure("false discovery rate of that", ratio_of("n_false_most", "n_flagged_most")),
    Measure("power at 5 bps, as told", mean_of("power")),
    Measure("sd of the placebo's z", mean_of("placebo_z_sd")),
    Measure("wallets called COPY", mean_of("n_copy")),
    Measure("COPY: precision", ratio_of("n_copy_right", "n_copy")),
    Measure("COPY: recall", ratio_of("n_worth_found", "n_worth_copying")),
)


def columns_of(found: Sequence[KnownTruth]) -> dict[str, list[KnownTruth]]:
    """Return the markets of each world, length and estimator, by what heads their column."""
    kinds: dict[str, list[KnownTruth]] = {}
    for known in sorted(
        found, key=lambda each: (each.world, each.hours, each.estimator, each.seed)
    ):
        by = "" if known.estimator == SHRINKAGE else f", {known.estimator}"
        kinds.setdefault(f"{known.world}, {known.hours:g} h{by}", []).append(known)
    return kinds


def rows_of(columns: Mapping[str, Sequence[KnownTruth]]) -> list[tuple[str, ...]]:
    """Return the lines of the table as text: means ± standard errors over each kind's markets.

    The error of what one market alone can tell is a question mark.
    """
    counts = ("markets", *(str(len(markets)) for markets in columns.values()))
    lines = [
        (measure.name, *(_cell(measure.of(markets)) for markets in columns.values()))
        for measure in MEASURES
    ]
    return [counts, *lines]


def markdown_table(found: Sequence[KnownTruth]) -> str:
    """Return the whole table in Markdown."""
    columns = columns_of(found)
    lines = [("", *columns), ("---",) * (len(columns) + 1), *rows_of(columns)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cell(found: tuple[float, float | None] | None) -> str:
    if found is None:
        return "–"
    value, error = found
    digits = 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f} ± {'?' if error is None else f'{error:.{digits}f}'}"


def _mean(values: Sequence[float]) -> tuple[float, float | None] | None:
    if not values:
        return None
    error = stdev(values) / len(values) ** 0.5 if len(values) > 1 else None
    return mean(values), error
