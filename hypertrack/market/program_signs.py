"""What in how a wallet trades tells a program from a person: signs that hold, or do not.

None of them is right alone.

That sizes repeat is none: on the venue a tenth of the wallets trades one size in 60 to 84 % of its
executions. Nor is it that a wallet pauses for hours, as most do there, or that it does not: of the
simulated wallets that take in 20 hours of a day half are people.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

import ibis
from ibis import Table, Value

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


SIGNS = (
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
"""Those that are read off executions alone."""


def vote(function: LabellingFunction, measured: Table) -> Value:
    """Return what a function votes on each row of `rhythm`."""
    return ibis.ifelse(function.holds(measured).fill_null(False), function.vote, ABSTAIN)


def lean(functions: Sequence[LabellingFunction], measured: Table) -> Value:
    """Return how far the votes lean, from -1 (human) to 1 (bot); 0 where none was cast.

    Their sum over one more than their number, so that one vote leans less than many that agree.
    """
    votes = [vote(each, measured) for each in functions]
    return reduce(add, votes) / (reduce(add, (each.abs() for each in votes)) + 1)
