"""The words of the project: frozen records that travel between the rooms.

Market data of any size travels as columns, not as records; these are the lines of the coverage
ledger, the facts about a dataset, a recording and a model, and the profile of a wallet.
"""

from hypertrack.records.base import (
    JsonError,
    RawJson,
    Record,
    as_dict,
    as_tuple,
    decode_json,
    encode_json,
    json_decoder,
    replace,
)
from hypertrack.records.coverage import (
    CoverageCause,
    CoverageLine,
    CoverageStatus,
    DataSummary,
    GapCount,
)
from hypertrack.records.market import (
    DAY_MS,
    HOUR_MS,
    MINUTE_MS,
    SYSTEM_WALLETS,
    WALLET_PATTERN,
    ZERO_HASH,
    Feed,
    Side,
)
from hypertrack.records.model import (
    BINARY_HEADS,
    CONSTANT,
    HEAD_MEANINGS,
    HEADS,
    STYLE_DIMENSIONS,
    HeadEvaluation,
    Interval,
    ModelSummary,
    Quality,
    ReliabilityBin,
    Scores,
)
from hypertrack.records.profiles import Category, ProfileSet, Reason, WalletProfile
from hypertrack.records.recording import FeedStatus, RecordingReport, RecordingStatus

__all__ = [
    "BINARY_HEADS",
    "CONSTANT",
    "DAY_MS",
    "HEADS",
    "HEAD_MEANINGS",
    "HOUR_MS",
    "MINUTE_MS",
    "STYLE_DIMENSIONS",
    "SYSTEM_WALLETS",
    "WALLET_PATTERN",
    "ZERO_HASH",
    "Category",
    "CoverageCause",
    "CoverageLine",
    "CoverageStatus",
    "DataSummary",
    "Feed",
    "FeedStatus",
    "GapCount",
    "HeadEvaluation",
    "Interval",
    "JsonError",
    "ModelSummary",
    "ProfileSet",
    "Quality",
    "RawJson",
    "Reason",
    "Record",
    "RecordingReport",
    "RecordingStatus",
    "ReliabilityBin",
    "Scores",
    "Side",
    "WalletProfile",
    "as_dict",
    "as_tuple",
    "decode_json",
    "encode_json",
    "json_decoder",
    "replace",
]
