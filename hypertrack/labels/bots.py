"""Who looks like a program: labelling functions that vote bot, human, or abstain.

None of them is right alone. The majority of the votes is the label; a tie, or no vote, is none.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
from ibis import Table, Value
from numpy.typing import NDArray

from hypertrack.labels.rhythm import rhythm
from hypertrack.market.window import Window
from hypertrack.records import DAY_MS, HOUR_MS, LabellingReport

BOT, HUMAN, ABSTAIN = 1, -1, 0


@dataclass(frozen=True)
class LabellingFunction:
    """One reason to call a wallet a bot, or a human."""

    name: str
    says: str
    vote: int
    """What it votes where it holds; it abstains elsewhere."""
    holds: Callable[[Table, Window], Value]
    """Over the columns of `rhythm`."""


LABELLING_FUNCTIONS = (
    LabellingFunction(
        "fast",
        "median gap under 5 s over at least 100 executions",
        BOT,
        lambda w, _window: (w.n_executions >= 100) & (w.median_gap_s < 5),
    ),
    LabellingFunction(
        "sleepless",
        "active in at least 20 different hours of one UTC day",
        BOT,
        lambda w, _window: w.max_hours_a_day >= 20,
    ),
    LabellingFunction(
        "timer",
        "at least 40 % of 20 or more gaps on one timer value of at least a second",
        BOT,
        lambda w, _window: (w.n_executions > 20) & (w.timer_share >= 0.40),
    ),
    LabellingFunction(
        "quote_reaction",
        "of 20 or more taker executions, 30 % more within 250 ms after a quote change than the "
        "share of time that lies so close after one",
        BOT,
        lambda w, _window: (w.n_quoted_takes >= 20) & (w.reaction_share >= 0.30),
    ),
    LabellingFunction(
        "many_quotes",
        "at least 80 % maker over at least 20 executions, and filled as maker in at least 3 coins "
        "in its median minute",
        BOT,
        lambda w, _window: (
            (w.n_executions >= 20) & (w.maker_share >= 0.80) & (w.typical_coins_a_minute >= 3)
        ),
    ),
    LabellingFunction(
        "restful",
        "fewer than 30 executions a day (or in all, where less than a day is observed), a pause "
        "of at least 6 hours (a quarter of a shorter window), and burstiness above 1",
        HUMAN,
        lambda w, window: (
            (w.n_executions < 30 * max(window.length_ms / DAY_MS, 1.0))
            & (w.longest_pause_s >= min(6 * HOUR_MS, window.length_ms / 4) / 1_000)
            & (w.burstiness > 1)
        ),
    ),
)


def bot_votes(con: Any, window: Window) -> Table:
    """Return wallet_id and a vote per labelling function, by its name."""
    measured = rhythm(con, window)
    return measured.select(
        "wallet_id",
        **{
            each.name: ibis.ifelse(
                each.holds(measured, window).fill_null(False), each.vote, ABSTAIN
            )
            for each in LABELLING_FUNCTIONS
        },
    )


def majority(votes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of the votes cast, from -1 (human) to 1 (bot); NaN where none was.

    Args:
        votes: ``[rows, functions]``; NaN rows did not trade.
    """
    cast = np.nan_to_num(votes, nan=ABSTAIN)
    n_votes = np.count_nonzero(cast != ABSTAIN, axis=1)
    return np.where(n_votes > 0, cast.sum(axis=1) / np.maximum(n_votes, 1), np.nan)


def report_labelling(votes: NDArray[np.float64]) -> tuple[LabellingReport, ...]:
    """Return coverage, agreement and conflict of each labelling function.

    Args:
        votes: ``[rows, functions]``; NaN counts as no vote.
    """
    cast = np.nan_to_num(votes)
    return tuple(_report(number, cast) for number in range(len(LABELLING_FUNCTIONS)))


def _report(number: int, votes: NDArray[np.float64]) -> LabellingReport:
    function = LABELLING_FUNCTIONS[number]
    own, others = votes[:, number], np.delete(votes, number, axis=1)
    is_cast = own != ABSTAIN
    is_shared = is_cast & (others != ABSTAIN).any(axis=1)
    same = (others == own[:, None]).any(axis=1)[is_shared]
    opposite = (others == -own[:, None]).any(axis=1)[is_shared]
    return LabellingReport(
        name=function.name,
        says=function.says,
        vote="bot" if function.vote == BOT else "human",
        coverage=float(is_cast.mean()) if len(is_cast) else 0.0,
        agreement=float(same.mean()) if len(same) else None,
        conflict=float(opposite.mean()) if len(opposite) else None,
    )
