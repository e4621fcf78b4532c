"""Reasons of scores as one Parquet column: a list a wallet, without a Python object per number."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import pyarrow as pa

from hypertrack.records import Reason, WalletProfile

REASON_TYPE = pa.struct(
    {
        "score": pa.dictionary(pa.int8(), pa.string()),
        "feature": pa.dictionary(pa.int16(), pa.string()),
        "value": pa.float64(),
        "typical": pa.float64(),
        "contribution": pa.float64(),
    }
)


def reasons_column(profiles: Sequence[WalletProfile]) -> pa.Array:
    """Return the reasons of each wallet, those of a score one after the other."""
    found = [
        (score, reason) for p in profiles for score, some in p.reasons.items() for reason in some
    ]
    counts = [sum(map(len, profile.reasons.values())) for profile in profiles]
    columns = {
        "score": [score for score, _ in found],
        **{
            name: [getattr(reason, name) for _, reason in found]
            for name in ("feature", "value", "typical", "contribution")
        },
    }
    struct = pa.StructArray.from_arrays(
        [pa.array(columns[field.name], field.type) for field in REASON_TYPE],
        fields=list(REASON_TYPE),
    )
    return pa.ListArray.from_arrays(pa.array([0, *accumulate(counts)], pa.int32()), struct)


def read_reasons(column: pa.ChunkedArray) -> Iterator[dict[str, tuple[Reason, ...]]]:
    """Yield what `reasons_column` was made from, wallet by wallet."""
    for chunk in column.chunks:
        names = [field.name for field in REASON_TYPE]
        flat = chunk.flatten()
        rows = list(zip(*(flat.field(name).to_pylist() for name in names), strict=True))
        ends = chunk.offsets.to_pylist()
        for start, end in pairwise(ends):
            yield _by_score(rows[start - ends[0] : end - ends[0]])


def _by_score(
    rows: Sequence[tuple[str, str, float | None, float | None, float]],
) -> dict[str, tuple[Reason, ...]]:
    found: dict[str, list[Reason]] = {}
    for score, feature, value, typical, contribution in rows:
        reason = Reason(feature=feature, value=value, typical=typical, contribution=contribution)
        found.setdefault(score, []).append(reason)
    return {score: tuple(some) for score, some in found.items()}
