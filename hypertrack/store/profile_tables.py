"""Columns of profiles as an Arrow table and back: flat, so that any tool reads them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hypertrack.records import (
    ACCOUNT_NUMBERS,
    ACCOUNT_TEXTS,
    PROFIT_NUMBERS,
    PROFIT_TEXTS,
    SCORE_NAMES,
    SKILL_NUMBERS,
    SKILL_TEXTS,
    STYLE_DIMENSIONS,
    ProfileColumns,
    ReasonColumns,
    Verdicts,
)

TEXT = pa.dictionary(pa.int8(), pa.string())
TEXT_OF_MANY = pa.dictionary(pa.int32(), pa.string())

CATEGORY_TYPE = pa.struct(
    {
        "name": TEXT,
        "confidence": pa.float64(),
        "boost": pa.float64(),
        "is_proven": pa.bool_(),
    }
)

REASON_TYPE = pa.struct(
    {
        "score": TEXT,
        "feature": pa.dictionary(pa.int16(), pa.string()),
        "contribution": pa.float64(),
    }
)

BESIDE: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "skill": (tuple(SKILL_NUMBERS), SKILL_TEXTS),
    "profit": (PROFIT_NUMBERS, PROFIT_TEXTS),
    "account": (ACCOUNT_NUMBERS, ACCOUNT_TEXTS),
}
"""What profiles hold beside scores and features: by field of `ProfileColumns`, the names of numbers
and of texts."""

COLUMN_BY_SCORE = {
    **{name: name for name in SCORE_NAMES},
    **{name: f"style_{name}" for name in STYLE_DIMENSIONS},
}


def schema(features: Sequence[str], live: Iterable[str] = ()) -> pa.Schema:
    """Return the columns of profiles with these features, and what is said of live ones."""
    return pa.schema(
        {
            "wallet": pa.string(),
            "first_seen_ms": pa.int64(),
            "last_seen_ms": pa.int64(),
            "n_candle_matches": pa.int64(),
            **dict.fromkeys(COLUMN_BY_SCORE.values(), pa.float64()),
            "categories": pa.list_(CATEGORY_TYPE),
            "nearest": TEXT,
            "nearest_way": pa.int8(),
            "activity": pa.list_(pa.int32()),
            "reasons": pa.list_(REASON_TYPE),
            **{name: pa.float64() for numbers, _ in BESIDE.values() for name in numbers},
            **{name: TEXT_OF_MANY for _, texts in BESIDE.values() for name in texts},
            **dict.fromkeys(features, pa.float64()),
            **dict.fromkeys(live, pa.int64()),
        }
    )


def to_table(columns: ProfileColumns) -> pa.Table:
    """Return profiles as a table; scores are null without a model."""
    n_wallets, verdicts = len(columns), columns.verdicts
    scores = {
        column: columns.scores.get(name, pa.nulls(n_wallets, pa.float64()))
        for name, column in COLUMN_BY_SCORE.items()
    }
    n_slices = columns.activity.shape[1]
    arrays = {
        "wallet": pa.array(columns.wallets, pa.string()),
        "first_seen_ms": columns.first_seen_ms,
        "last_seen_ms": columns.last_seen_ms,
        "n_candle_matches": columns.n_candle_matches,
        **scores,
        "categories": _lists(verdicts.ends, _category_structs(verdicts)),
        "nearest": _texts(verdicts.nearest, verdicts.names, pa.int8()),
        "nearest_way": verdicts.nearest_way,
        "activity": _lists(
            np.arange(1, n_wallets + 1) * n_slices, pa.array(columns.activity.ravel())
        ),
        "reasons": _reason_lists(columns.reasons, n_wallets),
        **_beside(columns),
        **columns.features,
        **columns.live,
    }
    return pa.table(arrays, schema(tuple(columns.features), columns.live))


def from_table(table: pa.Table, features: Sequence[str]) -> ProfileColumns:
    """Return what `to_table` was given, of the rows in the table."""
    scores = {name: to_numpy(table[column]) for name, column in COLUMN_BY_SCORE.items()}
    has_scores = len(table) > 0 and not np.isnan(scores[SCORE_NAMES[0]]).any()
    return ProfileColumns(
        wallets=to_numpy(table["wallet"]),
        first_seen_ms=to_numpy(table["first_seen_ms"]),
        last_seen_ms=to_numpy(table["last_seen_ms"]),
        n_candle_matches=to_numpy(table["n_candle_matches"]),
        features={name: to_numpy(table[name]) for name in features},
        scores=scores if has_scores else {},
        activity=to_numpy(_flat(table, "activity")[1]).reshape(len(table), -1),
        verdicts=_verdicts(table),
        reasons=_reasons(table) if has_scores else None,
        **{kind: _columns(table, *names) for kind, names in BESIDE.items()},
    )


def _beside(columns: ProfileColumns) -> dict[str, pa.Array]:
    arrays: dict[str, pa.Array] = {}
    for kind, (numbers, texts) in BESIDE.items():
        arrays |= _arrays(getattr(columns, kind), numbers, texts, len(columns))
    return arrays


def _arrays(
    columns: Mapping[str, NDArray[Any]],
    numbers: Iterable[str],
    texts: Iterable[str],
    n_wallets: int,
) -> dict[str, pa.Array]:
    """Return columns of numbers, and of texts that are null where they are empty."""
    if not columns:
        return {name: pa.nulls(n_wallets) for name in (*numbers, *texts)}
    coded = {
        name: pa.array([text or None for text in columns[name].tolist()], pa.string())
        for name in texts
    }
    return {
        **{name: columns[name] for name in numbers},
        **{name: text.dictionary_encode() for name, text in coded.items()},
    }


def _columns(
    table: pa.Table, numbers: Iterable[str], texts: Iterable[str]
) -> dict[str, NDArray[Any]]:
    """Return what `_arrays` was given; nothing where nothing is known of any wallet."""
    names = (*numbers, *texts)
    if all(table[name].null_count == len(table) for name in names):
        return {}
    return {name: to_numpy(table[name]) for name in names}


def _category_structs(verdicts: Verdicts) -> pa.StructArray:
    return pa.StructArray.from_arrays(
        [
            _texts(verdicts.category, verdicts.names, pa.int8()),
            pa.array(verdicts.confidence),
            pa.array(verdicts.boost),
            pa.array(verdicts.is_proven),
        ],
        fields=list(CATEGORY_TYPE),
    )


def _reason_lists(reasons: ReasonColumns | None, n_wallets: int) -> pa.Array:
    if reasons is None:
        return pa.array([[]] * n_wallets, pa.list_(REASON_TYPE))
    structs = pa.StructArray.from_arrays(
        [
            _texts(reasons.score, reasons.scores, pa.int8()),
            _texts(reasons.feature, reasons.features, pa.int16()),
            pa.array(reasons.contribution),
        ],
        fields=list(REASON_TYPE),
    )
    return _lists(reasons.ends, structs)


def _lists(ends: NDArray[np.int64], values: pa.Array) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(np.append(0, ends).astype(np.int32)), values)


def _texts(places: NDArray[Any], names: Sequence[str], code: pa.DataType) -> pa.DictionaryArray:
    """Return the names at some places, null where a place is negative."""
    codes = pa.array(places, code, mask=places < 0)
    return pa.DictionaryArray.from_arrays(codes, pa.array(names, pa.string()))


def to_numpy(column: pa.ChunkedArray | pa.Array) -> NDArray[Any]:
    """Return a column as Arrow's own `to_numpy` does, but without loading pandas for it.

    That would take a third of the time of ``hypertrack wallet``. Null numbers become NaN.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if array.null_count or not pa.types.is_primitive(array.type) or pa.types.is_boolean(array.type):
        is_number = pa.types.is_floating(array.type)
        return np.array(array.to_pylist(), dtype=np.float64 if is_number else object)
    numbers: NDArray[Any] = np.from_dlpack(array)
    return numbers


def _flat(table: pa.Table, name: str) -> tuple[NDArray[np.int64], pa.Array]:
    """Return where the list of each row ends, and what is in all of them."""
    lists = table[name].combine_chunks()
    counts = to_numpy(lists.value_lengths()).astype(np.int64)
    return counts.cumsum(), lists.flatten()


def _verdicts(table: pa.Table) -> Verdicts:
    ends, held = _flat(table, "categories")
    nearest = table["nearest"].combine_chunks()
    category = held.field("name")
    names = tuple(
        dict.fromkeys((*category.dictionary.to_pylist(), *nearest.dictionary.to_pylist()))
    )
    return Verdicts(
        names=names,
        ends=ends,
        category=_places(category, names).astype(np.int8),
        confidence=to_numpy(held.field("confidence")),
        boost=to_numpy(held.field("boost")),
        is_proven=to_numpy(held.field("is_proven")).astype(np.bool_),
        nearest=_places(nearest, names).astype(np.int8),
        nearest_way=to_numpy(table["nearest_way"]),
    )


def _reasons(table: pa.Table) -> ReasonColumns:
    ends, found = _flat(table, "reasons")
    score, feature = found.field("score"), found.field("feature")
    scores = tuple(score.dictionary.to_pylist())
    features = tuple(feature.dictionary.to_pylist())
    return ReasonColumns(
        ends=ends,
        scores=scores,
        score=_places(score, scores).astype(np.int8),
        features=features,
        feature=_places(feature, features).astype(np.int16),
        contribution=to_numpy(found.field("contribution")),
    )


def _places(texts: pa.DictionaryArray, names: Sequence[str]) -> NDArray[np.int64]:
    """Return the place of each text among the names; -1 for null."""
    places = [*map(names.index, texts.dictionary.to_pylist()), -1]
    last = len(places) - 1
    codes = [last if code is None else code for code in texts.indices.to_pylist()]
    return np.array(places)[np.array(codes, dtype=np.int64)]
