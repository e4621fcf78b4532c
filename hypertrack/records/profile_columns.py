"""Profiles as they are kept: columns over wallets, without an object for each of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # every command loads the records, few need numpy
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Verdicts:
    """What the rules say of wallets; the categories of a wallet stand one after the other.

    Attributes:
        names: Of all rules; ``category`` and ``nearest`` are places in it.
        ends: Where the categories of each wallet end, ``[wallets]``; they begin where those of the
            wallet before it end.
        category: Proven ones first, then by confidence, then in the catalog's order,
            ``[holdings]``.
        boost: The part of the confidence that the network added, ``[holdings]``.
        nearest: The rule that a wallet without a category came closest to, ``[wallets]``; -1 for
            a wallet with one, or of which no rule could be asked.
        nearest_way: Which of the ways to hold that rule, ``[wallets]``.
    """

    names: tuple[str, ...]
    ends: "NDArray[np.int64]"
    category: "NDArray[np.int8]"
    confidence: "NDArray[np.float64]"
    boost: "NDArray[np.float64]"
    is_proven: "NDArray[np.bool_]"
    nearest: "NDArray[np.int8]"
    nearest_way: "NDArray[np.int8]"


@dataclass(frozen=True)
class ReasonColumns:
    """What moved the scores of wallets, those of a wallet and of a score one after the other.

    Attributes:
        ends: Where the reasons of each wallet end, ``[wallets]``.
        scores: Names of the scores; ``score`` holds places in it, ``[reasons]``.
        features: Names of the features; ``feature`` holds places in it, ``[reasons]``.
        contribution: What the feature adds to the score, in the score's unit, ``[reasons]``.
    """

    ends: "NDArray[np.int64]"
    scores: tuple[str, ...]
    score: "NDArray[np.int8]"
    features: tuple[str, ...]
    feature: "NDArray[np.int16]"
    contribution: "NDArray[np.float64]"


@dataclass(frozen=True)
class ProfileColumns:
    """Some wallets of a classification, all that is kept of them.

    Attributes:
        wallets: Addresses, ``[wallets]``.
        n_candle_matches: Executions with a candle, ``[wallets]``.
        features: By name, in the order of the matrix, ``[wallets]`` each; NaN where undefined.
        scores: By name, dimensions of style too, ``[wallets]`` each; empty without a model.
        activity: Executions in equal slices of the recording, ``[wallets, slices]``.
        reasons: None without a model.
        skill: By the names of `SKILL_NUMBERS` and `SKILL_TEXTS`, ``[wallets]`` each; empty where
            skill was not judged.
        profit: By the names of `PROFIT_NUMBERS` and `PROFIT_TEXTS`, ``[wallets]`` each; empty
            where it was not measured.
        account: By the names of `ACCOUNT_NUMBERS` and `ACCOUNT_TEXTS`, ``[wallets]`` each; empty
            where nobody was asked about.
        live: By name, ``[wallets]`` each: what is said of profiles that are measured in turn, each
            at its own time; empty of those that were measured together.
    """

    wallets: "NDArray[Any]"
    first_seen_ms: "NDArray[np.int64]"
    last_seen_ms: "NDArray[np.int64]"
    n_candle_matches: "NDArray[np.int64]"
    features: "Mapping[str, NDArray[np.float64]]"
    scores: "Mapping[str, NDArray[np.float64]]"
    activity: "NDArray[np.int32]"
    verdicts: Verdicts
    reasons: ReasonColumns | None
    skill: "Mapping[str, NDArray[Any]]" = field(default_factory=dict)
    profit: "Mapping[str, NDArray[Any]]" = field(default_factory=dict)
    account: "Mapping[str, NDArray[Any]]" = field(default_factory=dict)
    live: "Mapping[str, NDArray[Any]]" = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.wallets)
