"""Wallet profiles in one Parquet file: flat columns for any tool, and the whole record back."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from hypertrack.errors import DatasetError
from hypertrack.records import (
    BINARY_HEADS,
    STYLE_DIMENSIONS,
    Category,
    JsonError,
    ProfileSet,
    Scores,
    WalletProfile,
    as_dict,
    decode_json,
    encode_json,
)
from hypertrack.store.columns import read_table, write_table
from hypertrack.store.reason_columns import read_reasons, reasons_column

SET_KEY = b"hypertrack.profile_set"
"""Parquet metadata: everything of the set but its profiles, as JSON."""

FEATURES_KEY = b"hypertrack.features"
"""Parquet metadata: the names of the feature columns, as JSON."""

SCORE_NAMES = (*BINARY_HEADS, "influence_score")
STYLE_COLUMNS = tuple(f"style_{name}" for name in STYLE_DIMENSIONS)

CATEGORY_TYPE = pa.struct(
    {
        "name": pa.string(),
        "group": pa.string(),
        "confidence": pa.float64(),
        "evidence": pa.string(),
        "boost": pa.float64(),
        "is_proven": pa.bool_(),
        "caveat": pa.string(),
    }
)


def write_profiles(path: Path, profiles: ProfileSet) -> None:
    """Write a row per wallet; an existing file is replaced in one step.

    Columns: wallet, first_seen_ms, last_seen_ms, the scores and ``style_*`` (null without a
    model), categories, why_none, activity, reasons of the scores, and each feature.
    """
    rows = profiles.profiles
    names = list(dict.fromkeys(name for row in rows for name in row.features))
    columns: dict[str, pa.Array] = {
        "wallet": pa.array([row.wallet for row in rows], pa.string()),
        "first_seen_ms": pa.array([row.first_seen_ms for row in rows], pa.int64()),
        "last_seen_ms": pa.array([row.last_seen_ms for row in rows], pa.int64()),
        **_score_columns([row.scores for row in rows]),
        "categories": pa.array(
            [[as_dict(each) for each in row.categories] for row in rows], pa.list_(CATEGORY_TYPE)
        ),
        "why_none": pa.array([row.why_none for row in rows], pa.string()),
        "activity": pa.array([row.activity for row in rows], pa.list_(pa.int32())),
        "reasons": reasons_column(rows),
    }
    for name in names:
        columns[name] = pa.array([row.features.get(name) for row in rows], pa.float64())
    header = encode_json(_with_profiles(profiles, ()))
    metadata = {SET_KEY: header, FEATURES_KEY: encode_json(names)}
    write_table(path, pa.table(columns).replace_schema_metadata(metadata))


def read_profiles(path: Path) -> ProfileSet:
    """Return what `write_profiles` wrote.

    Raises:
        DatasetError: No such file, or not one of profiles.
    """
    table = read_table(path)
    metadata = table.schema.metadata or {}
    try:
        header = decode_json(metadata[SET_KEY], ProfileSet)
        names = decode_json(metadata[FEATURES_KEY], list[str])
        return _with_profiles(header, tuple(_profiles(table, names)))
    except (KeyError, JsonError) as error:
        raise DatasetError(f"{path} holds no profiles: run `hypertrack classify`") from error


def _with_profiles(profiles: ProfileSet, rows: tuple[WalletProfile, ...]) -> ProfileSet:
    fields = {name: getattr(profiles, name) for name in ProfileSet.__struct_fields__}
    return ProfileSet(**fields | {"profiles": rows})


def _score_columns(scores: Sequence[Scores | None]) -> dict[str, pa.Array]:
    columns = {
        name: pa.array(
            [None if row is None else getattr(row, name) for row in scores], pa.float64()
        )
        for name in SCORE_NAMES
    }
    for index, name in enumerate(STYLE_COLUMNS):
        style = [None if row is None else row.trading_style[index] for row in scores]
        columns[name] = pa.array(style, pa.float64())
    return columns


def _profiles(table: pa.Table, names: Sequence[str]) -> Iterator[WalletProfile]:
    features = [table[name].to_pylist() for name in names]
    rows = table.drop_columns([*names, "reasons"]).to_pylist()
    reasons = read_reasons(table["reasons"])
    for row, why, *values in zip(rows, reasons, *features, strict=True):
        pairs = zip(names, values, strict=True)
        yield WalletProfile(
            wallet=row["wallet"],
            first_seen_ms=row["first_seen_ms"],
            last_seen_ms=row["last_seen_ms"],
            features={name: value for name, value in pairs if value is not None},
            scores=_scores(row),
            categories=tuple(Category(**each) for each in row["categories"]),
            why_none=row["why_none"],
            activity=tuple(row["activity"]),
            reasons=why,
        )


def _scores(row: dict[str, Any]) -> Scores | None:
    if row[SCORE_NAMES[0]] is None:
        return None
    style = tuple(row[name] for name in STYLE_COLUMNS)
    return Scores(**{name: row[name] for name in SCORE_NAMES}, trading_style=style)
