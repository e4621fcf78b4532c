"""The numbers that a page shows of a wallet: in words, with their unit, and how each is written."""

from collections.abc import Callable
from dataclasses import dataclass
from math import nan

from hypertrack.outputs.wording import (
    HEAD_NAMES,
    STYLE_LABELS,
    amount,
    bps,
    capitalized,
    percent,
    signed,
    usd,
)
from hypertrack.records import (
    DAY_MS,
    HEAD_MEANINGS,
    SCORE_NAMES,
    SKILL_NUMBERS,
    STYLE_DIMENSIONS,
    ProfileHeader,
    WalletProfile,
)
from hypertrack.text import duration, with_minus

Read = Callable[[WalletProfile], float]
Write = Callable[[float], str]


@dataclass(frozen=True)
class Measure:
    """One number of each wallet.

    Attributes:
        name: As the profiles name it; shown in tooltips and exports.
        words: As people read it, with its unit.
        group: The part of the tear sheet that it belongs to.
        read: NaN where it is not known.
    """

    name: str
    words: str
    group: str
    meaning: str
    read: Read
    write: Write


def measures(header: ProfileHeader) -> tuple[Measure, ...]:
    """Return the numbers that wallets are sorted, filtered and ranked by."""
    end_ms = header.data.end_ms
    return (
        *(_skill(name, *row) for name, row in SKILL_WORDS.items()),
        *(_skill(name, *row, group="Delays") for name, row in DELAY_WORDS.items()),
        *(_skill(name, *row, group="Roles") for name, row in ROLE_WORDS.items()),
        _skill("entity_id", "Entity", count, group="Names"),  # it says who: no rank, no mark
        *(_profit(name, *row) for name, row in PROFIT_WORDS.items()),
        *(_account(name, *row) for name, row in ACCOUNT_WORDS.items()),
        *(_feature(name, header, *row) for name, row in FEATURE_WORDS.items()),
        Measure(
            "last_seen_before_end_s",
            "Last seen before end",
            "Activity",
            "time from the last execution to the end of the recording",
            lambda wallet: max(0.0, (end_ms - wallet.last_seen_ms) / 1000),
            seconds,
        ),
        *(_score(name) for name in (SCORE_NAMES if header.model is not None else ())),
        *(_style(i) for i in (range(len(STYLE_DIMENSIONS)) if header.model is not None else ())),
    )


def count(value: float) -> str:
    """Return ``1,204``."""
    return f"{value:,.0f}"


def chance(value: float) -> str:
    """Return a probability in two digits."""
    return f"{value:.2f}"


def influence(value: float) -> str:
    """Return ``0.35 %``."""
    return f"{value:.2f} %"


def seconds(value: float) -> str:
    """Return ``0.34 s``, ``11 s`` or ``21.8 min``: a bot's pauses are no zeros."""
    return amount(value, "s")


def ratio(value: float) -> str:
    """Return two digits that count."""
    return with_minus(amount(value, "ratio"))


SKILL_WORDS: dict[str, tuple[str, Write]] = {
    "edge_bps": ("Edge, bps a bet", bps),
    "edge_low_bps": ("Edge, low end", bps),
    "edge_high_bps": ("Edge, high end", bps),
    "copy_edge_bps": ("Left for a copier, bps", bps),
    "copy_edge_low_bps": ("Left for a copier, low end", bps),
    "copy_edge_high_bps": ("Left for a copier, high end", bps),
    "n_bets": ("Bets", count),
    "n_blocks": ("Blocks of time with a bet", count),
    "n_openings": ("Openings", count),
    "q": ("False discovery rate q", chance),
    "p_edge_positive": ("Chance of an edge", chance),
    "p_copy_positive": ("Chance for a copier", chance),
    "markout_bps": ("Markout as measured, bps", bps),
    "markout_error_bps": ("Its standard error, bps", bps),
    "horizon_s": ("Judged after", seconds),
    "cost_bps": ("A copier's costs, bps", bps),
    "half_life_s": ("Half-life of the move", seconds),
    "capacity_usd": ("Capacity of a trade", usd),
    "book_frac": ("Size priced by recorded books", percent),
    "bets_needed": ("Bets needed", count),
    "days_needed": ("Further days needed", ratio),
    "entity_size": ("Wallets of its entity", count),
}
"""By name, the words and how it is written; `SKILL_NUMBERS` says what it is."""


DELAY_WORDS: dict[str, tuple[str, Write]] = {
    "copy_edge_bps_0s": ("Copied at once, bps", bps),
    "copy_edge_bps_1s": ("Copied 1 s later, bps", bps),
    "copy_edge_bps_5s": ("Copied 5 s later, bps", bps),
    "copy_edge_bps_30s": ("Copied 30 s later, bps", bps),
    "copy_edge_bps_300s": ("Copied 5 min later, bps", bps),
}
"""The same of what is left by how late a copier follows."""


ROLE_WORDS: dict[str, tuple[str, Write]] = {
    "n_maker_openings": ("Openings as maker", count),
    **{
        f"{role}_{name}_bps": (f"As {role}, {words}, bps", bps)
        for role in ("taker", "maker")
        for name, words in (
            ("paid", "paid beyond the mid"),
            ("after_5s", "5 s later"),
            ("after_30s", "30 s later"),
            ("after_300s", "5 min later"),
            ("after_1800s", "30 min later"),
            ("gain", "gained on its price in 5 min"),
            ("gain_low", "the same, low end"),
            ("gain_high", "the same, high end"),
        )
    },
}
"""What followed its openings by the side that it took in them."""


def _skill(name: str, words: str, write: Write, group: str = "Skill") -> Measure:
    def read(wallet: WalletProfile) -> float:
        return nan if wallet.skill is None else wallet.skill.numbers[name]

    return Measure(name, words, group, SKILL_NUMBERS[name], read, write)


PROFIT_WORDS: dict[str, tuple[str, str, Write]] = {
    "profit_usd": ("Profit", "after fees and funding, marked to market", usd),
    "return_bps": ("Return on volume, bps", "profit over the notional traded", bps),
    "max_drawdown_usd": ("Deepest drawdown", "below the highest point before", usd),
    "realised_pnl_usd": ("Realised", "booked by the venue on what was closed, before fees", usd),
    "flow_pnl_usd": ("Cash flow", "of the trades seen, as if flat before: not profit", usd),
    "fees_usd": ("Fees", "paid, or by the schedule where no fill tells", usd),
    "funding_usd": ("Funding", "received less paid", usd),
    "win_rate": (
        "Winning positions",
        "share of closed positions that gained, before fees",
        percent,
    ),
    "profit_factor": (
        "Profit factor",
        "gains over losses of closed positions, before fees",
        chance,
    ),
    "n_closed_episodes": ("Closed positions", "from flat to flat", count),
    "median_holding_s": ("Median holding", "of closed positions", seconds),
    "positions_known_frac": ("Positions known", "share of notional", percent),
}
"""By name, the words, what it is and how it is written."""


def _profit(name: str, words: str, meaning: str, write: Write) -> Measure:
    def read(wallet: WalletProfile) -> float:
        return nan if wallet.profit is None else getattr(wallet.profit, name)

    return Measure(name, words, "Profit", meaning, read, write)


ACCOUNT_WORDS: dict[str, tuple[str, str, Write]] = {
    "equity_usd": ("Equity", "of perps, on all dexes asked about", usd),
    "leverage": ("Leverage", "notional of the open positions over equity", ratio),
    "liquidation_distance_frac": (
        "Liquidation away",
        "smallest move of a price that liquidates a position",
        percent,
    ),
    "account_return_frac": (
        "Return on capital",
        "of its last month, flows taken out (Modified Dietz)",
        lambda share: with_minus(percent(share)),
    ),
    "net_flow_usd": ("Brought in", "less what was taken out, in the recording", usd),
}
"""By name, the words, what it is and how it is written; all of it as the venue said."""


def _account(name: str, words: str, meaning: str, write: Write) -> Measure:
    def read(wallet: WalletProfile) -> float:
        return nan if wallet.account is None else getattr(wallet.account, name)

    return Measure(name, words, "Account", f"venue: {meaning}", read, write)


FEATURE_WORDS: dict[str, tuple[str, str, str]] = {
    "tx_count": ("Transactions", "Activity", "executions: fills of one coin, time and side"),
    "tx_per_day": ("Transactions a day", "Activity", "over the observed time"),
    "age_days": ("Seen for", "Activity", "from the first to the last execution"),
    "total_value": ("Volume", "Activity", "notional traded"),
    "avg_value": ("Mean transaction", "Activity", "notional"),
    "max_value": ("Largest transaction", "Activity", "notional"),
    "unique_tokens": ("Coins", "Activity", "traded"),
    "unique_addresses": ("Counterparties", "Activity", "wallets it traded with"),
    "top_counterparty_share": ("Largest counterparty", "Activity", "share of its volume"),
    "median_gap_s": ("Median pause", "Behaviour", "between executions"),
    "order_book_participation": ("Traded as maker", "Behaviour", "share of volume"),
    "long_ratio": ("Bought", "Behaviour", "share of executions"),
    "flip_rate": ("Changes of side", "Behaviour", "share of consecutive executions of a coin"),
    "burstiness": ("Burstiness", "Behaviour", "spread of the pauses over their mean"),
    "hour_entropy": ("Spread over the day", "Behaviour", "0 one hour, 1 all alike"),
    "size_entropy": ("Spread of sizes", "Behaviour", "0 one size, 1 all alike"),
    "night_share": ("At night", "Behaviour", "share of executions, UTC"),
    "twap_share": ("By the venue's TWAP", "Behaviour", "share of volume"),
    "markout_5s_bps": ("5 s later", "Markouts", "move in its favour after an execution"),
    "markout_30s_bps": ("30 s later", "Markouts", "move in its favour after an execution"),
    "markout_5m_bps": ("5 min later", "Markouts", "move in its favour after an execution"),
    "markout_30m_bps": ("30 min later", "Markouts", "move in its favour after an execution"),
}
"""By name, the words, the group and what it is."""

SHARES = {"top_counterparty_share"}
"""Beside those whose unit is 0..1: written in percent."""

NOT_SHARES = {"hour_entropy", "size_entropy"}


def _feature(name: str, header: ProfileHeader, words: str, group: str, meaning: str) -> Measure:
    definition = header.definitions.get(name)
    return Measure(
        name,
        words,
        group,
        meaning if definition is None else f"{capitalized(meaning)}. {definition}",
        lambda wallet: wallet.features.get(name, nan),
        _written(name, header.units.get(name, "")),
    )


def _written(name: str, unit: str) -> Write:
    if name == "age_days":
        return lambda days: duration(days * DAY_MS / 1000)
    if name in SHARES or (unit == "0..1" and name not in NOT_SHARES):
        return lambda share: with_minus(percent(share))
    by_suffix: dict[str, Write] = {"usd": usd, "bps": bps, "s": seconds, "count": count}
    by_unit: dict[str, Write] = {"USD": usd, "count": count}
    return by_suffix.get(name.rpartition("_")[2]) or by_unit.get(unit, ratio)


def _score(name: str) -> Measure:
    return Measure(
        name,
        HEAD_NAMES[name],
        "Scores",
        HEAD_MEANINGS[name],
        lambda wallet: nan if wallet.scores is None else getattr(wallet.scores, name),
        influence if name == "influence_score" else chance,
    )


def _style(place: int) -> Measure:
    def read(wallet: WalletProfile) -> float:
        return nan if wallet.scores is None else wallet.scores.trading_style[place]

    name, words = f"style_{STYLE_DIMENSIONS[place]}", STYLE_LABELS[place]
    return Measure(name, words, "Style", HEAD_MEANINGS["trading_style"], read, signed)
