"""From a feature matrix to the columns of profiles, some wallets at a time."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.categories.classify import classify
from hypertrack.categories.standing import chosen_company
from hypertrack.config import CategorySettings
from hypertrack.records import SCORE_NAMES, STYLE_DIMENSIONS, ProfileColumns, Verdicts

if TYPE_CHECKING:
    from hypertrack.features.engine import FeatureMatrix
    from hypertrack.model.versions import WalletModel
    from hypertrack.records import ModelSummary

BATCH_ROWS = 8_192
"""Wallets at a time: some 10 MB of columns, and one row group of the file."""

PER_WALLET = (
    "wallet_ids",
    "values",
    "n_executions",
    "n_fills",
    "n_candle_matches",
    "first_seen_ms",
    "last_seen_ms",
)
"""What a matrix holds of each wallet, beside its address."""


@dataclass(frozen=True)
class RuleColumns:
    """What the rules are asked about, beside the features that a model takes.

    Attributes:
        columns: By name, ``[wallets]`` each, in the order of the matrix.
        untestable: Rules that cannot hold here, which are not asked.
    """

    thresholds: CategorySettings
    columns: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    untestable: Collection[str] = ()


def profile_batches(
    matrix: "FeatureMatrix",
    slices: NDArray[np.integer[Any]],
    model: "WalletModel | None",
    asking: RuleColumns,
    beside: Mapping[str, Mapping[str, NDArray[Any]]] | None = None,
) -> Iterator[ProfileColumns]:
    """Yield the columns of all wallets, the most active first; of nobody one empty batch.

    Args:
        slices: Executions in equal slices of the recording, ``[wallets, slices]``.
        asking: Thresholds of the rules, and what they read beside the matrix.
        model: Gives scores and their reasons; None is the rules alone.
        beside: Columns about ``skill``, ``profit`` and ``account``, ``[wallets]`` each; what is not
            there stays empty.
    """
    # Scored in the order of the matrix: the last digit can depend on who is in a batch.
    scores = None if model is None else model.predict(matrix).astype(np.float64)
    heads = {} if model is None else {head.head: head for head in model.summary.heads}
    order = _most_active_first(matrix)
    for start in range(0, max(len(order), 1), BATCH_ROWS):
        rows = order[start : start + BATCH_ROWS]
        part = _rows_of(matrix, rows)
        features = dict(zip(part.names, part.values.T.copy(), strict=True))
        features |= {name: column[rows] for name, column in asking.columns.items()}
        said = {} if scores is None else _by_name(scores[rows])
        matches = {"n_candle_matches": part.n_candle_matches.astype(np.float64)}
        here = {
            kind: {name: column[rows] for name, column in columns.items()}
            for kind, columns in (beside or {}).items()
        }
        asked = {**features, **matches, **said, **chosen_company(here.get("skill", {}))}
        yield ProfileColumns(
            wallets=np.array(part.wallets, dtype=object),
            first_seen_ms=part.first_seen_ms,
            last_seen_ms=part.last_seen_ms,
            n_candle_matches=part.n_candle_matches,
            features=features,
            scores=said,
            activity=slices[rows].astype(np.int32, copy=False),
            verdicts=classify(asked, asking.thresholds, heads, asking.untestable),
            reasons=None if model is None else model.explain(part),
            **here,
        )


def same_categories(
    profiles: ProfileColumns,
    matrix: "FeatureMatrix",
    asking: RuleColumns,
    model: "ModelSummary",
    scores: NDArray[np.float32],
) -> dict[str, bool]:
    """Return by wallet whether another model would give it the categories that it has.

    Args:
        profiles: Of all wallets of the matrix, in any order.
        model: The other one.
        scores: What it says, ``[wallets, targets]``, in the order of the matrix.
    """
    row_by_wallet = {wallet: row for row, wallet in enumerate(matrix.wallets)}
    rows = np.array([row_by_wallet[wallet] for wallet in profiles.wallets.tolist()], dtype=np.intp)
    asked = {
        **profiles.features,
        "n_candle_matches": profiles.n_candle_matches.astype(np.float64),
        **_by_name(scores[rows].astype(np.float64)),
        **chosen_company(profiles.skill),
    }
    heads = {head.head: head for head in model.heads}
    other = classify(asked, asking.thresholds, heads, asking.untestable)
    return {
        wallet: _held(profiles.verdicts, row) == _held(other, row)
        for row, wallet in enumerate(profiles.wallets.tolist())
    }


def _held(verdicts: Verdicts, row: int) -> frozenset[int]:
    start = int(verdicts.ends[row - 1]) if row else 0
    return frozenset(verdicts.category[start : int(verdicts.ends[row])].tolist())


def _most_active_first(matrix: "FeatureMatrix") -> NDArray[np.intp]:
    """Return the rows by number of transactions, then by address: the order of every output."""
    addresses = np.array(matrix.wallets, dtype=np.bytes_)
    return np.lexsort((addresses, -matrix.column("tx_count")))


def _rows_of(matrix: "FeatureMatrix", rows: NDArray[np.intp]) -> "FeatureMatrix":
    columns = {name: getattr(matrix, name)[rows] for name in PER_WALLET}
    return replace(matrix, wallets=tuple(matrix.wallets[row] for row in rows.tolist()), **columns)


def _by_name(scores: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    """Return scores by name, which stand in the order of the model's targets."""
    return dict(zip((*SCORE_NAMES, *STYLE_DIMENSIONS), scores.T.copy(), strict=True))
