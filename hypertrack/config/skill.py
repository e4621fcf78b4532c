"""What it takes to tell a wallet from luck, and to call it worth copying."""

from typing import Annotated, Literal

from pydantic import Field

from hypertrack.config.section import Section

Fraction = Annotated[float, Field(gt=0, lt=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


class SkillSettings(Section):
    """Telling skill from luck."""

    max_false_discovery_frac: Fraction = 0.10
    """Of the wallets told from luck, so many may be lucky ones."""
    power_edge_bps: Positive = 5.0
    """The true edge of which the power of the test is told."""
    estimator: Literal["shrinkage", "prior", "persistence", "best"] = "shrinkage"
    """What is expected of a measured edge: adaptive shrinkage towards none, or towards a prior
    learned from features, or the edge as measured; best takes the prior where it was shown to be
    better than none."""


class CopySettings(Section):
    """Whom you would copy, how, and what makes a wallet worth it."""

    delay_s: Annotated[float, Field(ge=0)] = 5.0
    """Seconds after the wallet at which you trade."""
    size_usd: Positive = 1_000.0
    """Notional of each of your trades."""
    taker_bps: Annotated[float, Field(ge=0)] | None = None
    """Your fee on each leg; the schedule in ``[fees]`` by kind of coin where unset."""
    half_spread_bps: Annotated[float, Field(ge=0)] = 2.0
    """Half the spread of a coin whose quotes were not recorded."""
    min_bets: Count = 30
    """As taker: a maker's fills cannot be copied."""
    min_hours: Count = 10
    """Different hours with a bet."""
    min_days: Annotated[float, Field(ge=0)] = 0.0
    """From a wallet's first to its last bet."""
    min_p_positive: Fraction = 0.95
    """Chance that what is left after delay and costs is above 0."""
    max_coin_frac: Fraction = 0.60
    """Of the gain, from one coin."""
    max_bet_frac: Fraction = 0.25
    """Of the gain, from one bet."""
    max_decay_se: Positive = 2.0
    """Standard errors by which the second half may be worse than the first."""
    min_flat_returns: Count = 3
    """Times it was flat again, from which on what it came in with does not matter."""
    min_loser_win_frac: Fraction = 0.70
    """Share of winning exits of a wallet that loses all the same, to be avoided."""
