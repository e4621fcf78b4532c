"""Who looks like a program: labelling functions that vote bot, human, or abstain.

None of them is right alone. The majority of the votes is the label; a tie, or no vote, is none.
"""

import numpy as np
from ibis import Table
from numpy.typing import NDArray

from hypertrack.labels.rhythm import rhythm
from hypertrack.market.engine.kept_tables import Tables
from hypertrack.market.program_signs import ABSTAIN, BOT, HUMAN, SIGNS, LabellingFunction, vote
from hypertrack.market.window import Window
from hypertrack.records import LabellingReport

LABELLING_FUNCTIONS = (
    *SIGNS,
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
)
"""The last of them read quotes, too."""


def bot_votes(con: Tables, window: Window) -> Table:
    """Return wallet_id and a vote per labelling function, by its name."""
    measured = rhythm(con, window)
    return measured.select(
        "wallet_id", **{each.name: vote(each, measured) for each in LABELLING_FUNCTIONS}
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
