"""How the outputs put numbers into words: the same number reads the same in each of them."""

from collections.abc import Mapping
from math import isfinite

from hypertrack.clock import utc
from hypertrack.records import DAY_MS, Category, DataSummary, GapCount, HeadEvaluation, Interval
from hypertrack.text import duration, printable, with_minus

HEAD_NAMES = {
    "profitability_score": "Profitability",
    "risk_score": "Risk",
    "bot_probability": "Bot probability",
    "sophistication_score": "Sophistication",
    "influence_score": "Influence",
    "trading_style": "Trading style",
}

STYLE_LABELS = (
    "Momentum 1m",
    "Momentum 15m",
    "Volatility",
    "Market making",
    "Long / short",
    "Horizon",
)
"""In the order of `STYLE_DIMENSIONS`."""

SKILL_MEANING = (
    "Skill is how much smaller a score's error is than that of always answering the average: "
    "0 is worthless, 1 is perfect, below 0 is harmful."
)


USD_SIZES = ((1e9, "B", 2, 2), (1e6, "M", 2, 1), (1e3, "k", 1, 0))
"""Size, suffix, digits after the point, and those of an amount one size smaller."""


def usd(value: float) -> str:
    """Return a short amount: ``$950``, ``$61.3k``, ``$1.24M``, ``−$3.10B``."""
    text = f"{abs(value):,.0f}"
    for size, suffix, digits, below in USD_SIZES:
        # As it would be written one size smaller: $999,960 is $1.00M, and never $1,000.0k.
        if round(abs(value) / (size / 1e3), below) >= 1e3:
            text = f"{abs(value) / size:,.{digits}f}{suffix}"
            break
    return f"−${text}" if value < 0 and text != "0" else f"${text}"


UNWRITTEN = ("count", "ratio", "0..1", "-1..1", "")
"""Units that a number goes without."""

BPS_DIGITS = 2
"""Less is nothing to anybody, and an expected edge that was drawn to nothing is less."""


def amount(value: float | None, unit: str) -> str:
    """Return a feature's value in its unit: ``0.22 s``, ``$61.3k``, ``12 bps``; ``none``."""
    if value is None:
        return "none"
    if unit == "USD":
        return usd(value)
    if unit == "kUSD/min":
        return f"{usd(value * 1_000)}/min"
    if unit == "s" and value >= 60:
        return duration(value)
    if unit == "bps":
        value = round(value, BPS_DIGITS) + 0.0
    text = f"{value:,.0f}" if unit == "count" or abs(value) >= 100 else f"{value:.2g}"
    number = with_minus(f"{float(text):g}" if "e" in text else text)
    if unit in UNWRITTEN:
        return number
    return f"{number} {'a day' if unit == '1/day' else unit}"


def feature_name(name: str, remarks: Mapping[str, str]) -> str:
    """Return ``flow_pnl_usd (of the trades seen, as if flat before)``; most need no remark."""
    return f"{name} ({remarks[name]})" if name in remarks else name


def percent(share: float) -> str:
    """Return ``98.0 %``."""
    return f"{share * 100:.1f} %"


def signed(value: float) -> str:
    """Return two digits and a sign: ``+0.21``, ``−0.02``; nothing is ``−0.00``."""
    return with_minus(f"{round(value, 2) + 0.0:+.2f}")


def bps(value: float) -> str:
    """Return basis points with one digit and a sign: ``+4.1``, ``−0.3``; ``–`` where unknown."""
    return with_minus(f"{round(value, 1) + 0.0:+.1f}") if isfinite(value) else "–"


NO_EDGE_TOLD = "no edge told"
"""Instead of an interval without width: everything was shrunk to nothing, which says that nobody
stood out, and not that an edge of 0 is known so well."""

COSTS_ALONE = "costs alone"
"""The same of what is left for a copier: no edge, of which the costs were taken."""


def bps_interval(
    value: float, low: float, high: float, *, no_width: str = NO_EDGE_TOLD, unit: str = ""
) -> str:
    """Return ``+4.1 [−0.3, +8.5]``; ``–`` where unknown."""
    if not isfinite(value):
        return "–"
    ends = bps(low), bps(high)
    if ends[0] == ends[1]:
        return f"{bps(value)}{unit}, {no_width}"
    return f"{bps(value)} [{', '.join(ends)}]{unit}"


def interval(skill: Interval) -> str:
    """Return ``+0.21, 95 % CI [+0.15, +0.27]``."""
    return f"{signed(skill.value)}, 95 % CI [{signed(skill.low)}, {signed(skill.high)}]"


def span(data: DataSummary) -> str:
    """Return when the data begins and ends, and how long that is."""
    length = duration((data.end_ms - data.start_ms) / 1000)
    return f"{utc(data.start_ms)} to {utc(data.end_ms)} ({length})"


def coverage(data: DataSummary) -> str:
    """Return how much of the span was observed, or that nobody wrote it down."""
    if not data.has_ledger:
        return "unknown: the dataset has no coverage ledger"
    observed = duration(data.observed_days * DAY_MS / 1000)
    return f"{percent(data.observed_frac)} of the span observed ({observed})"


def gaps(data: DataSummary) -> str:
    """Return the known gaps by cause."""
    if not data.gaps:
        return "none known" if data.has_ledger else "unknown"
    return "; ".join(map(_gap, data.gaps))


def _gap(gap: GapCount) -> str:
    missed = "" if gap.n_missed is None else f", {gap.n_missed:,} trades missed"
    return f"{gap.n_intervals:,} by {printable(gap.cause)} ({duration(gap.duration_s)}{missed})"


def left_out(data: DataSummary) -> str:
    """Return the lines of the recording that take no part."""
    counts = (
        (data.n_self_trades, "self-trade"),
        (data.n_duplicate_trades, "duplicate"),
        (data.n_torn_lines, "torn line"),
        (data.n_quarantined, "unreadable frame"),
    )
    return ", ".join(plural(n, what) for n, what in counts if n) or "nothing"


def plural(count: int, noun: str) -> str:
    """Return ``1 torn line``, ``1,204 torn lines``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def quality(head: HeadEvaluation) -> str:
    """Return in a sentence how good a head is on rows it never saw."""
    if head.skill is None:
        return f"unproven: {head.reason}"
    verdict = "has earned weight" if head.has_earned_weight else "unproven"
    parts = [f"{verdict}: skill {interval(head.skill)} on {head.n_test:,} held-out rows"]
    if head.skill_new_wallets is not None:
        parts.append(f"{signed(head.skill_new_wallets)} on wallets never seen")
    if head.best_baseline is not None:
        baseline, skill = head.best_baseline
        parts.append(f"best baseline {baseline} {signed(skill)}")
    return ", ".join(parts)


def doubt(category: Category) -> str | None:
    """Return in a word why a category is not to be believed."""
    if not category.is_proven:
        return "unproven"
    return "at chance" if category.caveat else None


def capitalized(text: str) -> str:
    """Return the text with a capital first letter."""
    return text[:1].upper() + text[1:]
