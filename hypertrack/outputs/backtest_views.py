"""The tear sheet's finished strings and positions; the template only arranges them."""

from collections.abc import Sequence
from dataclasses import dataclass

from hypertrack.clock import utc
from hypertrack.outputs.backtest_charts import (
    Bar,
    BarChart,
    IntervalChart,
    LineChart,
    Series,
    bar_chart,
    interval_chart,
    line_chart,
    sideways_bars,
)
from hypertrack.outputs.backtest_table import Table, table_of
from hypertrack.outputs.backtest_words import (
    COPY_NAME,
    PROFIT_NAME,
    bps,
    sentences,
    with_error,
)
from hypertrack.outputs.views import Stat
from hypertrack.outputs.wording import plural, usd
from hypertrack.records import Answer, Backtest, Followed, RoundFound
from hypertrack.text import duration, printable

ALL_COLUMNS = 1_000
"""A width that has place for every column of the table."""

HIGH, LOW = 300, 210
"""Heights of the drawings; the style sheet knows no others."""

TIMES = 4
"""Labels below a chart over time."""

FIFTHS = ("lowest", "second", "third", "fourth", "highest")


@dataclass(frozen=True)
class Key:
    """What a color stands for."""

    name: str
    role: str


@dataclass(frozen=True)
class ContributionRow:
    """What one wallet brought, and its bar."""

    wallet: str
    bets: str
    a_bet: str
    bar: Bar


@dataclass(frozen=True)
class Contributions:
    """The wallets that brought and cost most, in a drawing 300 wide."""

    rows: tuple[ContributionRow, ...]
    zero: float


@dataclass(frozen=True)
class BacktestView:
    """The whole tear sheet."""

    notice: str | None
    when: str
    headline: str
    says: tuple[str, ...]
    tone: str
    """``good``, ``bad`` or ``open``: what the first sentence comes to."""
    stats: tuple[Stat, ...]
    judged: str
    keys: tuple[Key, ...]
    equity: LineChart
    drawdown: LineChart
    over_profit: IntervalChart
    fifths: BarChart
    rank_ic: LineChart
    delay: LineChart
    turnover: tuple[tuple[str, str], ...]
    contributions: Contributions
    table: Table
    cuts: tuple[tuple[str, ...], ...]
    basis: tuple[tuple[str, str], ...]


def backtest_view(found: Backtest) -> BacktestView:
    """Return the page of a backtest."""
    told = sentences(found)
    judged = found.ranking(found.judged)
    shown = _shown(found)
    return BacktestView(
        notice=None if found.notice is None else printable(found.notice),
        when=f"{utc(found.start_ms)} to {utc(found.end_ms)}",
        headline=told[0],
        says=told[1:],
        tone=_tone(judged),
        stats=tuple(_stats(judged)),
        judged=judged.ranking,
        keys=(*(Key(each.ranking, role) for role, each in shown), Key("random wallets", "random")),
        equity=_equity(found, shown),
        drawdown=_drawdown(found, shown),
        over_profit=_over_profit(found),
        fifths=bar_chart(
            [Series(each.ranking, role, each.quantile_bps) for role, each in shown if each.n_bets],
            FIFTHS,
            height=LOW,
        ),
        rank_ic=_rank_ic(found, shown),
        delay=line_chart(
            [Series(each.ranking, role, each.delay_bps) for role, each in shown if each.n_bets],
            [
                (nth / (len(found.delays_s) - 1), f"{delay:g} s")
                for nth, delay in enumerate(found.delays_s)
            ],
            height=LOW,
            has_marks=True,
        ),
        turnover=tuple((each.ranking, f"{each.turnover_day:.1f}×") for each in found.rankings),
        contributions=_contributions(judged),
        table=table_of(found, ALL_COLUMNS),
        cuts=tuple(map(_cut, found.rounds)),
        basis=tuple(_basis(found)),
    )


def _shown(found: Backtest) -> list[tuple[str, Followed]]:
    """Return the rankings that charts show, each with its role: three are enough to be read."""
    names = {found.judged: "judged", COPY_NAME: "copy", PROFIT_NAME: "profit"}
    return [(role, found.ranking(name)) for name, role in names.items()]


def _tone(judged: Followed) -> str:
    net = judged.net_bps
    if net is None or net.low is None or net.high is None or net.low <= 0 <= net.high:
        return "open"
    return "good" if net.low > 0 else "bad"


def _stats(judged: Followed) -> list[Stat]:
    costs = "bps" if judged.cost_bps is None else f"bps, after {judged.cost_bps:.1f} of costs"
    truth = judged.expected_bps
    expected = "" if truth is None else f"; {bps(truth)} expected by the truth"
    compared = judged.over_profit
    return [
        Stat("net, a bet", with_error(judged.net_bps), costs + expected),
        Stat("without drift", with_error(judged.adjusted_bps), "bps, less the market's own move"),
        Stat(
            "over realised profit",
            with_error(None if compared is None else compared.adjusted_bps),
            "" if compared is None else _answer(compared.answer),
        ),
        Stat("a day, on capital", bps(judged.net_day_bps, 0), "bps, idle slots are cash"),
        Stat("bets", f"{judged.n_bets:,}", f"{judged.n_leaders} of {judged.n_picks} picks traded"),
        Stat("drawdown", f"{judged.max_drawdown_bps:,.0f}", "bps of the capital, at worst"),
    ]


def _answer(answer: Answer) -> str:
    return f"bps a bet: {answer.value}"


def _equity(found: Backtest, shown: Sequence[tuple[str, Followed]]) -> LineChart:
    random = found.random
    named = {each.ranking for _, each in shown}
    series = [
        Series(
            "random wallets",
            "random",
            (0.0, *random.equity_bps),
            (0.0, *random.equity_low_bps),
            (0.0, *random.equity_high_bps),
        )
    ]
    series += [
        Series(each.ranking, "other", (0.0, *each.equity_bps))
        for each in found.rankings
        if each.ranking not in named and each.n_rounds == len(found.rounds)
    ]
    for role, each in reversed(shown):  # the judged one lies on top
        values = (0.0, *each.equity_bps)
        error = (0.0, *each.equity_error_bps)
        band = role == "judged"
        series.append(
            Series(
                each.ranking,
                role,
                values,
                tuple(v - 2 * e for v, e in zip(values, error, strict=True)) if band else (),
                tuple(v + 2 * e for v, e in zip(values, error, strict=True)) if band else (),
            )
        )
    return line_chart(series, _times(found), height=HIGH)


def _drawdown(found: Backtest, shown: Sequence[tuple[str, Followed]]) -> LineChart:
    series = []
    for role, each in reversed(shown):
        best, below = 0.0, [0.0]
        for value in each.equity_bps:
            best = max(best, value)
            below.append(value - best)
        series.append(Series(each.ranking, role, below))
    return line_chart(series, _times(found), height=LOW)


def _times(found: Backtest) -> list[tuple[float, str]]:
    start_ms, end_ms = found.rounds[0].cut_ms, found.rounds[-1].until_ms
    shares = [nth / (TIMES - 1) for nth in range(TIMES)]
    return [(s, _short(round(start_ms + s * (end_ms - start_ms)))) for s in shares]


def _short(time_ms: int) -> str:
    """Return a time without its year and seconds."""
    return utc(time_ms)[5:16].replace("T", " ")


def _over_profit(found: Backtest) -> IntervalChart:
    named = {each.ranking: role for role, each in _shown(found)}
    rows = []
    for each in found.rankings:
        if each.over_profit is None or each.over_profit.adjusted_bps is None:
            continue
        mean = each.over_profit.adjusted_bps
        role = named.get(each.ranking, "other")
        rows.append((each.ranking, role, mean.value, mean.low, mean.high, with_error(mean)))
    return interval_chart(rows)


def _rank_ic(found: Backtest, shown: Sequence[tuple[str, Followed]]) -> LineChart:
    n = len(found.rounds)
    labels = [(nth / max(n - 1, 1), _short(each.cut_ms)) for nth, each in enumerate(found.rounds)]
    series = [
        Series(each.ranking, role, each.rank_ic)
        for role, each in shown
        if any(ic is not None for ic in each.rank_ic)
    ]
    return line_chart(series, labels, height=LOW, has_marks=True)


def _contributions(judged: Followed) -> Contributions:
    rows = [(each.wallet, each.total_bps, bps(each.total_bps)) for each in judged.contributions]
    bars, zero = sideways_bars(rows, start=4, end=296)
    return Contributions(
        rows=tuple(
            ContributionRow(
                wallet=each.wallet,
                bets=f"{each.n_bets:,}",
                a_bet=bps(each.net_bps),
                bar=bar,
            )
            for each, bar in zip(judged.contributions, bars, strict=True)
        ),
        zero=zero,
    )


def _cut(each: RoundFound) -> tuple[str, ...]:
    length = duration((each.until_ms - each.cut_ms) / 1000)
    counts = (each.n_active, each.n_tested, each.n_flagged, each.n_copy)
    return (utc(each.cut_ms), length, *(f"{count:,}" for count in counts))


def _basis(found: Backtest) -> list[tuple[str, str]]:
    n_unseen = sum(each.n_unseen for each in found.rankings if each.ranking == found.judged)
    return [
        ("Slots", f"{found.top}, each with {usd(found.size_usd)} a bet; an idle one is cash"),
        ("A copied bet", f"{found.delay_s:g} s after the wallet, in and out, at the mid then"),
        ("Held", "for the wallet's usual holding time, or until it is flat or turns round"),
        ("Costs", "taker fee, half the recorded spread and the depth takers paid, both legs"),
        ("Capital", "all slots' sizes; bets in several coins at once can exceed it"),
        ("Chosen by", "what happened before each cut, and nothing after it"),
        ("Judged", f"the ranking by {found.judged}, named before any result was seen"),
        ("Intervals", f"95 %, from blocks of {duration(found.block_s)}"),
        ("Left out", f"{plural(n_unseen, 'bet')} without a price or with a gap before its end"),
    ]
