"""What a world's truth looks like, in a few rows: how many wallets are skilled, and by how much."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.records import Record

MIN_OPENINGS = 10
"""A wallet's own mean over fewer is not counted as an edge that a copier has."""


class WorldRow(Record, frozen=True, kw_only=True):
    """Some of a world's wallets; NaN of what none of them has."""

    name: str
    n_wallets: int
    n_openings: int
    edge_bps: tuple[float, float, float]
    """The 10th, 50th and 90th percentile of the edge of openings, before costs."""
    snr: float
    """Median of the signal-to-noise ratio of one opening."""
    net_edge_bps: float
    """Median after both fees and the distance of prices paid from fair ones."""
    copy_edge_bps_5s: float
    """Median for a copier five seconds late, after all costs."""
    n_copyable: int
    """Of these wallets, whose copier earns something, over at least `MIN_OPENINGS` openings."""


def summarize_world(truth: Mapping[str, NDArray[Any]]) -> tuple[WorldRow, ...]:
    """Return a row for the skilled, for those whose edge is negative, and for all others.

    Args:
        truth: As `Market.truth`; wallets that opened nothing are left out.
    """
    kind, opened = truth["kind"].astype(str), truth["n_openings"] > 0
    skilled, losing = kind == "informed", kind == "negative_edge"
    groups = {
        "skilled": skilled & opened,
        "negative edge": losing & opened,
        "others": ~skilled & ~losing & opened,
    }
    return tuple(_row(name, truth, rows) for name, rows in groups.items())


def _row(name: str, truth: Mapping[str, NDArray[Any]], rows: NDArray[np.bool_]) -> WorldRow:
    of = {key: values[rows] for key, values in truth.items()}
    late = of["copy_edge_bps_5s"].astype(np.float64)
    low, middle, high = (_percentile(of["edge_bps"], percent) for percent in (10, 50, 90))
    return WorldRow(
        name=name,
        n_wallets=int(rows.sum()),
        n_openings=int(of["n_openings"].sum()),
        edge_bps=(low, middle, high),
        snr=_percentile(of["snr"], 50),
        net_edge_bps=_percentile(of["net_edge_bps"], 50),
        copy_edge_bps_5s=_percentile(late, 50),
        n_copyable=int(((late > 0) & (of["n_openings"] >= MIN_OPENINGS)).sum()),
    )


def _percentile(values: NDArray[Any], percent: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.percentile(known, percent)) if len(known) else float("nan")
