"""What a model says, and how good it is."""

from collections.abc import Mapping
from typing import Self

from hypertrack.records.base import Record

STYLE_DIMENSIONS = (
    "momentum_1m",
    "momentum_15m",
    "volatility",
    "market_making",
    "directional_bias",
    "holding_horizon",
)

BINARY_HEADS = (
    "profitability_score",
    "risk_score",
    "bot_probability",
    "sophistication_score",
)

HEADS = (*BINARY_HEADS, "influence_score", "trading_style")

HEAD_MEANINGS: Mapping[str, str] = {
    "profitability_score": (
        "probability that prices next move its way by more than its openings cost"
    ),
    "risk_score": "probability that its next drawdown is among the worst fifth of wallets",
    "bot_probability": "probability that timing rules which know bots would call it a bot",
    "sophistication_score": (
        "probability that prices next move its way as far as for the best fifth"
    ),
    "influence_score": "expected share of its coins' traded notional, in percent",
    "trading_style": "expected style, each dimension from −1 to 1",
}
"""What each score is a measurement of, in one line, for report, dashboard and README."""


SCORE_NAMES = (*BINARY_HEADS, "influence_score")
"""Scores that are one number, in the order of the model's targets."""


CONSTANT = "constant"
"""The predictor that always answers the average of the training rows."""


class Scores(Record, frozen=True, kw_only=True):
    """What the network says of one wallet; meanings in `HEAD_MEANINGS`."""

    profitability_score: float
    risk_score: float
    bot_probability: float
    sophistication_score: float
    influence_score: float
    trading_style: tuple[float, float, float, float, float, float]
    """In the order of `STYLE_DIMENSIONS`."""

    @classmethod
    def of(cls, values: Mapping[str, float]) -> Self:
        """Return the scores from a number for each of `SCORE_NAMES` and `STYLE_DIMENSIONS`."""
        a, b, c, d, e, f = (values[name] for name in STYLE_DIMENSIONS)
        own = {name: values[name] for name in SCORE_NAMES}
        return cls(**own, trading_style=(a, b, c, d, e, f))


class Interval(Record, frozen=True):
    """A point estimate with its 95 % bootstrap interval; NaN never, None where undefined."""

    value: float
    low: float
    high: float


class ReliabilityBin(Record, frozen=True, kw_only=True):
    """What came of wallets that were given about the same probability."""

    n: int
    mean_predicted: float
    yes_share: Interval
    """How many of them it was true of."""


class Quality(Record, frozen=True, kw_only=True):
    """How good one predictor of a head is on the held-out rows; intervals by wallet."""

    skill: Interval | None
    """1 - loss / loss of the constant (Brier or MSE), all test rows; None with no test rows."""
    skill_new_wallets: float | None
    """The same over wallets never trained on."""
    auc: Interval | None
    """Chance that a yes is scored above a no; binary heads only."""
    rank_ic: Interval | None
    """Spearman's rank correlation with the quantity behind the target."""
    calibration_error: Interval | None
    """Mean gap between what was said and what came, over ten bins; binary heads only."""
    reliability: tuple[ReliabilityBin, ...] = ()
    """The bins, binary heads only."""


class HeadEvaluation(Quality, frozen=True, kw_only=True):
    """One head on the held-out rows, beside what it has to beat."""

    head: str
    estimator: str = "net"
    """Which predictor answers for it, and is judged here."""
    n_test: int
    masked_frac: float
    """Test rows without a measurable outcome."""
    base_rate: float | None
    """Share of positives, binary heads only."""
    baselines: dict[str, Quality]
    """Every other predictor of the same rows: baselines, and the network where it is not used."""
    has_earned_weight: bool
    reason: str
    """Why it has, or has not, with its numbers: one sentence."""

    @property
    def skill_by_baseline(self) -> dict[str, float]:
        """Return the skill of each baseline that has one, the constant apart: its skill is 0."""
        return {
            name: baseline.skill.value
            for name, baseline in self.baselines.items()
            if baseline.skill is not None and name != CONSTANT
        }

    @property
    def best_baseline(self) -> tuple[str, float] | None:
        """Return the baseline with the highest skill."""
        return max(self.skill_by_baseline.items(), key=lambda baseline: baseline[1], default=None)


class LostWeight(Record, frozen=True, kw_only=True):
    """What live found of a model that says less than the constant does."""

    at_ms: int
    """Wall clock."""
    skill: Interval
    """Of all heads together, over the constant, at any look: all of it lies below 0."""
    n_blocks: int


class ModelSummary(Record, frozen=True, kw_only=True):
    """What a reader of the outputs needs to know about the model behind them."""

    version: str
    created_ms: int
    estimator: str
    is_forced: bool
    """Trained with ``--force`` on less data than the limits ask for."""
    n_train_rows: int
    n_validation_rows: int
    n_test_rows: int
    n_train_wallets: int
    n_by_profit: int = 0
    """Wallets left out of cuts before which not all of the profit was made they were chosen by."""
    heads: tuple[HeadEvaluation, ...]
    lost_weight: LostWeight | None = None
    """Since when no head of it has weight, whatever held-out rows had told."""


class TruthComparison(Record, frozen=True, kw_only=True):
    """Scores against the truth, over all wallets profiled."""

    n_wallets: int
    bot_auc: float | None
    """Of ``bot_probability`` against who really runs the wallet; 0.5 is blind."""
    profitability_ic: float | None
    """Rank correlation of the score with the true edge; 0 is blind."""
    sophistication_ic: float | None
