"""The rankings of a backtest as a table: the more columns the wider the place."""

from collections.abc import Callable
from dataclasses import dataclass

from hypertrack.outputs.backtest_words import bps, short_answer, with_error
from hypertrack.records import Backtest, BlockMean, Draws, Followed
from hypertrack.text import with_minus

Table = tuple[tuple[str, ...], list[tuple[str, ...]]]


@dataclass(frozen=True)
class Column:
    """One quantity of a ranking.

    Attributes:
        from_width: Characters that a line must have for it to be shown.
        of_draws: The same of the random draws; a dash where there is none.
    """

    heading: str
    from_width: int
    of: Callable[[Followed], str]
    of_draws: Callable[[Draws], str] = lambda _: "–"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _mean_ic(followed: Followed) -> str:
    told = [ic for ic in followed.rank_ic if ic is not None]
    return with_minus(f"{sum(told) / len(told):+.2f}") if told else "–"


def _middle(mean: BlockMean | None) -> str:
    return bps(None if mean is None else mean.value)


def _over_profit(followed: Followed) -> str:
    if followed.over_profit is None:
        return ""
    return with_error(followed.over_profit.adjusted_bps)


COLUMNS = (
    Column("ranked by", 0, lambda f: f.ranking, lambda d: f"random, {d.n_draws}×"),
    Column("bets", 0, lambda f: f"{f.n_bets:,}", lambda d: f"{d.n_bets:,.0f}"),
    Column(
        "net",
        0,
        lambda f: with_error(f.net_bps),
        lambda d: _middle(d.net_bps),
    ),
    Column(
        "less drift",
        100,
        lambda f: with_error(f.adjusted_bps),
        lambda d: _middle(d.adjusted_bps),
    ),
    Column("over profit", 60, _over_profit, lambda _: ""),
    Column("", 80, short_answer, lambda _: ""),
    Column("cuts", 110, lambda f: str(f.n_rounds)),
    Column("a day", 120, lambda f: bps(f.net_day_bps, 0), lambda d: bps(d.net_day_bps, 0)),
    Column("hits", 120, lambda f: _percent(f.hit_frac)),
    Column("drawdown", 120, lambda f: f"{f.max_drawdown_bps:,.0f}"),
    Column("turnover", 140, lambda f: f"{f.turnover_day:.1f}×"),
    Column("most held", 150, lambda f: f"{f.peak_exposure_frac:.2f}×"),
    Column("cost", 150, lambda f: "–" if f.cost_bps is None else f"{f.cost_bps:.1f}"),
    Column("IC", 130, _mean_ic),
    Column("> random", 160, lambda f: _percent(f.above_random_frac)),
)

EXPECTED = Column("expected", 100, lambda f: bps(f.expected_bps), lambda d: bps(d.expected_bps))
"""By the truth of a simulation, where that was given."""


def table_of(found: Backtest, width: int) -> Table:
    """Return headings and rows, as many columns as a width has place for.

    The last row is the random draws.
    """
    known = COLUMNS if found.truth_delay_s is None else (*COLUMNS[:4], EXPECTED, *COLUMNS[4:])
    shown = [column for column in known if column.from_width <= width]
    rows = [tuple(column.of(each) for column in shown) for each in found.rankings]
    rows.append(tuple(column.of_draws(found.random) for column in shown))
    return tuple(column.heading for column in shown), rows
