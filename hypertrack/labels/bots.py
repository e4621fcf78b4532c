"""Who looks like a program: labelling functions that vote bot, human, or abstain.

None of them is right alone. The majority of the votes is the label; a tie, or no vote, is none.

That sizes repeat is no evidence: on the venue a tenth of the wallets trades one size in 60 to 84 %
of its executions. Nor is it that a wallet pauses for hours, as most do there, or that it does not:
of the simulated wallets that take in 20 hours of a day half are people.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import ibis
import numpy as np
from ibis import Table, Value
from numpy.typing import NDArray

from hypertrack.labels.rhythm import rhythm
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.window import Window
from hypertrack.records import LabellingReport

BOT, HUMAN, ABSTAIN = 1, -1, 0


@dataclass(frozen=True)
class LabellingFunction:
    """One reason to call a wallet a bot, or a human."""

    name: str
    says: str
    vote: int
    """What it votes where it holds; it abstains elsewhere."""
    holds: Callable[[Table], Value]
    """Over the columns of `rhythm`."""


LABELLING_FUNCTIONS = (
    LabellingFunction(
        "fast",
        "median gap under 5 s over at least 100 executions",
        BOT,
        lambda w: (w.n_executions >= 100) & (w.median_gap_s < 5),
    ),
    LabellingFunction(
        "timer",
        "at least 40 % of 20 or more gaps on one timer value of at least a second",
        BOT,
        lambda w: (w.n_executions > 20) & (w.timer_share >= 0.40),
    ),
    LabellingFunction(
        "steady",
        "over at least 5 pairs of gaps between takes, half within a factor of 2 of one another",
        BOT,
        lambda w: (w.n_paces >= 5) & (w.unsteadiness <= math.log(2)),
    ),
    LabellingFunction(
        "clockwork",
        "over at least 5 pairs of gaps between takes, half within a factor of 1.5 of one another",
        BOT,
        lambda w: (w.n_paces >= 5) & (w.unsteadiness <= math.log(1.5)),
    ),
    LabellingFunction(
        "uneven",
        "over at least 5 pairs of gaps between takes, half a factor of 4 or more apart",
        HUMAN,
        lambda w: (w.n_paces >= 5) & (w.unsteadiness >= math.log(4)),
    ),
    LabellingFunction(
        "quote_reaction",
        "of 20 or more taker executions, 10 % more within 250 ms after a quote change than the "
        "share of time that lies so close after one",
        BOT,
        lambda w: (w.n_quoted_takes >= 20) & (w.reaction_share >= 0.10),
    ),
    LabellingFunction(
        "no_reaction",
        "of 10 or more taker executions, no more within 250 ms after a quote change than by chance",
        HUMAN,
        lambda w: (w.n_quoted_takes >= 10) & (w.reaction_share <= 0),
    ),
    LabellingFunction(
        "even_sizes",
        "of 5 or more taker executions, notionals mostly within a factor of 1.5 of the usual one",
        BOT,
        lambda w: (w.n_takes >= 5) & (w.size_spread <= math.log(1.5)),
    ),
    LabellingFunction(
        "varied_sizes",
        "of 5 or more taker executions, notionals often beyond a factor of 2.7 of the usual one",
        HUMAN,
        lambda w: (w.n_takes >= 5) & (w.size_spread >= math.log(2.7)),
    ),
    LabellingFunction(
        "odd_sizes",
        "of 5 or more taker executions, at most 8 % of a round size",
        BOT,
        lambda w: (w.n_takes >= 5) & (w.round_share <= 0.08),
    ),
    LabellingFunction(
        "round_sizes",
        "of 5 or more taker executions, at least 30 % of a round size",
        HUMAN,
        lambda w: (w.n_takes >= 5) & (w.round_share >= 0.30),
    ),
    LabellingFunction(
        "many_quotes",
        "at least 80 % maker over at least 20 executions, and filled as maker in at least 3 coins "
        "in its median minute",
        BOT,
        lambda w: (
            (w.n_executions >= 20) & (w.maker_share >= 0.80) & (w.typical_coins_a_minute >= 3)
        ),
    ),
)


def bot_votes(con: Tables, window: Window) -> Table:
    """Return wallet_id and a vote per labelling function, by its name."""
    measured = rhythm(con, window)
    return measured.select(
        "wallet_id",
        **{
            each.name: ibis.ifelse(each.holds(measured).fill_null(False), each.vote, ABSTAIN)
            for each in LABELLING_FUNCTIONS
        },
    )


def majority(votes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far the votes lean, from -1 (human) to 1 (bot); NaN where none was cast.

    Their sum over one more than their number, so that one vote leans less than many that agree.

    Args:
        votes: ``[rows, functions]``; NaN rows did not trade.
    """
    cast = np.nan_to_num(votes, nan=ABSTAIN)
    n_votes = np.count_nonzero(cast != ABSTAIN, axis=1)
    return np.where(n_votes > 0, cast.sum(axis=1) / (n_votes + 1), np.nan)


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
