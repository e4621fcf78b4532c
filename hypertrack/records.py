"""The words of the project: frozen records that travel between the rooms.

Market data of any size travels as columns, not as records; these are the lines of the coverage
ledger, the facts about a dataset and a model, and the profile of a wallet. ``Record`` and the
JSON functions below are the only door to msgspec.
"""

import re
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePath
from typing import Any, TypeVar

import msgspec

T = TypeVar("T")

RawJson = msgspec.Raw
"""JSON text that is passed on byte for byte."""

JsonError = msgspec.MsgspecError
"""Raised by `decode_json` for bytes that are not JSON, or not of the type asked for."""


class Record(msgspec.Struct, frozen=True):
    """The base of every record: frozen, compared by value; unknown keys are ignored."""


R = TypeVar("R", bound=Record)


def encode_json(value: object) -> bytes:
    """Return compact JSON; records become objects, enums their values, paths their text."""
    return msgspec.json.encode(value, enc_hook=_path_text)


def _path_text(value: object) -> str:
    if isinstance(value, PurePath):
        return str(value)
    raise TypeError(f"no JSON for {type(value).__name__}")


def decode_json(data: bytes | str, to: type[T] = Any) -> T:  # type: ignore[assignment]
    """Parse JSON into ``to``.

    Raises:
        JsonError: Not JSON, or not of that type.
    """
    return msgspec.json.decode(data, type=to)


def json_decoder(to: type[T]) -> msgspec.json.Decoder[T]:
    """Return a reusable decoder, for hot loops."""
    return msgspec.json.Decoder(to)


def replace(record: R, **changes: Any) -> R:
    """Return the record with some fields changed."""
    return msgspec.structs.replace(record, **changes)


def as_dict(record: Record) -> dict[str, Any]:
    """Return plain dictionaries, lists and numbers, ready for any JSON writer."""
    plain: dict[str, Any] = msgspec.to_builtins(record)
    return plain


def as_tuple(record: Record) -> tuple[Any, ...]:
    """Return the fields of a record in their order."""
    return msgspec.structs.astuple(record)


# --- the market ---------------------------------------------------------------------------------

ZERO_HASH = "0x" + "0" * 64
"""Hash of a trade whose taker is a TWAP slice (protocol, section 2.1)."""

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000

WALLET_PATTERN = re.compile(r"0x[0-9a-f]{40}")


class Side(StrEnum):
    """The taker's side of a trade."""

    BUY = "buy"
    SELL = "sell"


class Feed(StrEnum):
    """One kind of thing that is recorded; also the stem of its file."""

    TRADES = "trades"
    BBO = "bbo"
    L2BOOK = "l2book"
    CANDLES = "candles"
    BLOCKS = "blocks"
    TRANSACTIONS = "transactions"


# --- coverage -----------------------------------------------------------------------------------


class CoverageStatus(StrEnum):
    """What an interval of the coverage ledger says of its stream."""

    OBSERVED = "observed"
    DISCONNECTED = "disconnected"
    GAP = "gap"
    REFUSED = "refused"


class CoverageCause(StrEnum):
    """Why an interval ended or data is missing."""

    START = "start"
    STOP = "stop"
    ERROR = "error"
    CLOSED = "closed"
    SILENCE = "silence"
    OVERFLOW = "overflow"
    UNREADABLE = "unreadable"
    REFUSED = "refused"


class CoverageLine(Record, frozen=True, kw_only=True):
    """One interval of one stream; intervals of a stream do not overlap.

    ``stream`` is ``feed:coin`` (``trades:BTC``) or the feed alone. Times are exchange time; the
    wall clock's stand beside.
    """

    stream: str
    status: CoverageStatus
    start_ms: int
    end_ms: int
    cause: CoverageCause | None = None
    missed: int | None = None
    wall_start_ms: int | None = None
    wall_end_ms: int | None = None


class GapCount(Record, frozen=True, kw_only=True):
    """How often data is known to be missing, for how long, by cause."""

    cause: str
    n_intervals: int
    duration_s: float
    n_missed: int | None
    """Trades known to be missing; None where the ledger could not count them."""


class DataSummary(Record, frozen=True, kw_only=True):
    """What a dataset holds and what it is known to lack."""

    path: str
    start_ms: int
    end_ms: int
    observed_days: float
    observed_frac: float
    """Observed time of the trades streams over the span from first to last trade."""
    n_trades: int
    n_wallets: int
    n_coins: int
    n_self_trades: int
    n_duplicate_trades: int
    n_torn_lines: int
    n_quarantined: int
    notional_usd: float
    n_rows_by_feed: dict[str, int]
    gaps: tuple[GapCount, ...]
    has_ledger: bool


# --- the model ----------------------------------------------------------------------------------

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
        "probability that the wallet's next trades return at least 5 bps of notional after fees"
    ),
    "risk_score": "probability that its next drawdown is among the worst fifth of wallets",
    "bot_probability": "probability that timing rules which know bots would call it a bot",
    "sophistication_score": (
        "probability that prices next move its way, 5 minutes on, as for the best fifth"
    ),
    "influence_score": "expected share of its coins' traded notional, in percent",
    "trading_style": "expected style, each dimension from -1 to 1",
}
"""What each score is a measurement of, in one line, for report, dashboard and README."""


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
    rivals: dict[str, Quality]
    """Every other predictor of the same rows: baselines, and the network where it is not used."""
    has_earned_weight: bool
    reason: str
    """Why it has, or has not, with its numbers: one sentence."""

    @property
    def skill_by_rival(self) -> dict[str, float]:
        """Return the skill of each rival that has one; the constant is what skill starts from."""
        return {
            name: rival.skill.value
            for name, rival in self.rivals.items()
            if rival.skill is not None and name != CONSTANT
        }

    @property
    def best_rival(self) -> tuple[str, float] | None:
        """Return the rival with the highest skill."""
        return max(self.skill_by_rival.items(), key=lambda rival: rival[1], default=None)


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
    heads: tuple[HeadEvaluation, ...]


# --- wallet profiles ----------------------------------------------------------------------------


class Category(Record, frozen=True, kw_only=True):
    """One category a wallet holds, and the whole case for it."""

    name: str
    group: str
    confidence: float
    evidence: str
    """The numbers that made the rule hold, as a sentence."""
    boost: float = 0.0
    """The part of the confidence that the network added."""
    is_proven: bool = True
    """False where a head without earned weight drives the category."""
    caveat: str | None = None
    """Why it is unproven."""


class Reason(Record, frozen=True, kw_only=True, gc=False):
    """One feature that moved a score, compared with the typical wallet of training."""

    feature: str
    value: float | None
    """Of the wallet, in the feature's own unit; None where it has none."""
    typical: float | None
    """Of the typical wallet, over a window as long."""
    contribution: float
    """What that adds to the score, in the score's own unit."""


class WalletProfile(Record, frozen=True, kw_only=True):
    """Everything the outputs say of one wallet."""

    wallet: str
    first_seen_ms: int
    last_seen_ms: int
    features: dict[str, float]
    scores: Scores | None
    categories: tuple[Category, ...]
    why_none: str | None
    """For a wallet without a category: the nearest rule and the number that kept it out."""
    activity: tuple[int, ...]
    """Executions in equal slices of the recording, for a sparkline."""
    reasons: dict[str, tuple[Reason, ...]] = {}
    """By score, the strongest first; of style for the dimension that is least like the typical
    wallet's. Empty without a model."""


class ProfileSet(Record, frozen=True, kw_only=True):
    """All profiles of one classification, with what they rest on."""

    generated_ms: int
    data: DataSummary
    model: ModelSummary | None
    """None for rules-only profiles."""
    profiles: tuple[WalletProfile, ...]
    notice: str | None = None
    """Shown at the top of every output, such as that the data was simulated."""
    typical: Scores | None = None
    """Of the typical wallet, from which reasons lead to a wallet's own."""
    units: dict[str, str] = {}
    """Of the features."""
    fingerprint: str = ""
    """Of the data, the settings and the model: another one means these profiles are stale."""

    def n_wallets_by_category(self) -> dict[str, int]:
        """Return how many wallets hold each category, most frequent first."""
        names = (category.name for p in self.profiles for category in p.categories)
        return dict(Counter(names).most_common())
