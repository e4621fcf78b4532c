"""The model against the truth of simulated markets, on the terminal."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import mean, stdev
from typing import TYPE_CHECKING

from hypertrack.cli.session import Session
from hypertrack.cli.tables import plain_table

if TYPE_CHECKING:
    from hypertrack.pipeline.benchmark import MarketTruth

MEASURES = {
    "is_bot": "AUC of being a program",
    "large_edge": "AUC of a true edge above 5 bps",
    "edge_of_best_bps": "true edge of the best 20, bps",
    "edge_bps": "rank correlation with the true edge",
    "net_edge": "AUC of a true edge above the wallet's own costs",
}


def show_truth(session: Session, markets: "Iterable[MarketTruth]") -> None:
    """Print a column for each size; several markets of one size as mean ± standard deviation."""
    by_size: dict[tuple[float, int], list[MarketTruth]] = defaultdict(list)
    for market in markets:
        by_size[market.hours, market.n_trades].append(market)
    columns = list(by_size.values())
    headings = ("", *(f"{hours:g} h, {n:,} trades" for hours, n in by_size))
    for truth, meaning in MEASURES.items():
        names = [a.name for a in columns[0][0].against if a.truth == truth]
        rows = [(name, *(_cell(name, truth, column) for column in columns)) for name in names]
        session.out.print(f"[bold]{meaning}[/]")
        session.out.print(plain_table(headings, rows))
        session.out.print()
    judged = ", ".join(f"{mean(m.n_wallets for m in column):,.0f}" for column in columns)
    session.out.print(f"wallets judged, those with ten executions: {judged}")


def _cell(name: str, truth: str, markets: "Sequence[MarketTruth]") -> str:
    asked = [a for m in markets for a in m.against if (a.name, a.truth) == (name, truth)]
    found = [a.found for a in asked if a.found is not None]
    if not found:
        return "–"
    if len(found) == 1:
        only = found[0]
        return f"{only.value:.2f} [{only.low:.2f}, {only.high:.2f}]"
    return f"{mean(f.value for f in found):.2f} ± {stdev(f.value for f in found):.2f}"
