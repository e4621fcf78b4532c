"""What following the best wallets would have brought, by what they are ranked by."""

from enum import StrEnum

from hypertrack.records.base import Record


class Answer(StrEnum):
    """Whether a ranking is better than another."""

    BEATS = "beats"
    DOES_NOT_BEAT = "does not beat"
    CANNOT_TELL = "cannot tell"
    FOLLOWED_NOBODY = "followed nobody"


class BlockMean(Record, frozen=True, kw_only=True):
    """A mean over bets with what is known of it from blocks of time; None of too few blocks."""

    value: float
    low: float | None
    """95 % interval."""
    high: float | None
    error: float | None


class Contribution(Record, frozen=True, kw_only=True):
    """What one wallet brought."""

    wallet: str
    n_bets: int
    net_bps: float
    """A bet."""
    total_bps: float
    """Of the capital."""


class Comparison(Record, frozen=True, kw_only=True):
    """A ranking beside ranking by realised profit, in the rounds that both rank in."""

    answer: Answer
    adjusted_bps: BlockMean | None
    """A bet, after costs and without the drift of the market: what is judged."""
    net_bps: BlockMean | None
    """With the drift."""
    expected_bps: float | None
    """By the truth, where that is known."""
    recordings_needed: int | None
    """As telling as this one, to tell `RESOLUTION_BPS` apart."""


class Followed(Record, frozen=True, kw_only=True):
    """One ranking and what following its best would have brought; bps of the notional of a bet.

    Where a quantity is not defined it is None.
    """

    ranking: str
    n_rounds: int
    """In which it ranks anybody; a model ranks only after the data it was trained on."""
    n_picks: int
    """Slots with somebody to follow; the others stayed cash."""
    n_leaders: int
    """Of those, who opened something."""
    n_bets: int
    n_unseen: int
    """Bets whose end or price the recording does not show, left out."""
    net_bps: BlockMean | None
    adjusted_bps: BlockMean | None
    """The same without the drift of the market."""
    cost_bps: float | None
    net_day_bps: float
    """Of the capital, a day."""
    adjusted_day_bps: float
    hit_frac: float | None
    max_drawdown_bps: float
    """Of the capital."""
    turnover_day: float
    """Times the capital, in and out, a day."""
    peak_exposure_frac: float
    """Of the capital, held at once."""
    rank_ic: tuple[float | None, ...]
    """By round: rank correlation of the score with what a bet then gained, before costs."""
    quantile_bps: tuple[float | None, ...]
    """Adjusted gain of a bet after costs by fifths of the score, the lowest first."""
    delay_bps: tuple[float | None, ...]
    """The same by delay (`Backtest.delays_s`), of the followed."""
    over_profit: Comparison | None
    """None for the ranking by profit itself."""
    above_random_frac: float | None
    """Of the random draws it earned more than, a bet."""
    expected_bps: float | None
    """By the truth of a simulation, after costs and the delay nearest to the follower's."""
    equity_bps: tuple[float, ...]
    """Of the capital, at `Backtest.times_ms`."""
    equity_error_bps: tuple[float, ...]
    contributions: tuple[Contribution, ...]
    """The largest, the best first."""


class Draws(Record, frozen=True, kw_only=True):
    """What following random active wallets would have brought: median, and 5 to 95 % of draws."""

    n_draws: int
    n_bets: float
    net_bps: BlockMean | None
    adjusted_bps: BlockMean | None
    net_day_bps: float
    expected_bps: float | None
    equity_low_bps: tuple[float, ...]
    equity_bps: tuple[float, ...]
    equity_high_bps: tuple[float, ...]


class RoundFound(Record, frozen=True, kw_only=True):
    """One cut, and what was known there."""

    cut_ms: int
    until_ms: int
    """Followed from the cut until then."""
    n_active: int
    """Wallets, those that act as one together, that had opened anything."""
    n_tested: int
    """With bets enough."""
    n_flagged: int
    """Told from luck."""
    n_copy: int


class Backtest(Record, frozen=True, kw_only=True):
    """What following would have brought, and whether one can tell it from luck."""

    start_ms: int
    end_ms: int
    notice: str | None
    top: int
    delay_s: float
    size_usd: float
    days_followed: float
    block_s: float
    """Length of the blocks of time behind the intervals."""
    judged: str
    """The ranking that the first sentence is about, whatever the others did."""
    rounds: tuple[RoundFound, ...]
    rankings: tuple[Followed, ...]
    random: Draws
    delays_s: tuple[float, ...]
    times_ms: tuple[int, ...]
    n_by_profit: int = 0
    """Wallets left out of some of the rounds: they were chosen by a profit made after the cut."""
    truth_delay_s: float | None
    """Of the follower whose gain the truth tells."""

    def ranking(self, name: str) -> Followed:
        """Return what one ranking brought."""
        return next(each for each in self.rankings if each.ranking == name)


RESOLUTION_BPS = 2.0
"""A bet: a smaller difference between rankings is none worth telling."""
