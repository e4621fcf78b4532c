"""What became of wallets that two models scored while they traded, by the labels' definitions."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from hypertrack.labels.outcomes import QUANTITIES, Edges, measure
from hypertrack.live.chain import NO_LINE
from hypertrack.market.observation import watched_wallets
from hypertrack.market.window import Window
from hypertrack.records import Challenge, OutcomeRow, ScoreRow
from hypertrack.skill.wallet_edges import two_windows

if TYPE_CHECKING:
    from hypertrack.features.engine import FeatureEngine

GAP, FEW = "gap in its coins", "too few executions"
"""Why a row tells nothing, for either model."""


def settle(
    engine: "FeatureEngine", challenge: Challenge, rows: Iterable[ScoreRow]
) -> Iterator[OutcomeRow]:
    """Yield the outcomes of rows whose window is over, window by window, not linked yet.

    Args:
        engine: Over the whole dataset.
        rows: Without an outcome yet.
    """
    waiting: dict[tuple[int, int], list[ScoreRow]] = defaultdict(list)
    for row in rows:
        window = challenge.outcome_window(row.scored_ms)
        if window[1] <= _watched_until_ms(engine):
            waiting[window].append(row)
    id_of = {wallet: wallet_id for wallet_id, wallet in enumerate(engine.wallets)}
    for window, own in sorted(waiting.items()):
        yield from _settled(engine, challenge, window, own, id_of)


def _watched_until_ms(engine: "FeatureEngine") -> int:
    """Return until when the dataset says of the tape what was observed of it."""
    asked = "SELECT max(end_ms) FROM coverage WHERE feed = 'trades'"
    ((until_ms,),) = engine.dataset.connection.execute(asked).fetchall()
    return engine.end_ms if until_ms is None else min(int(until_ms), engine.end_ms)


def _settled(
    engine: "FeatureEngine",
    challenge: Challenge,
    window: tuple[int, int],
    rows: list[ScoreRow],
    id_of: Mapping[str, int],
) -> Iterator[OutcomeRow]:
    con, during = engine.backend, Window(*window)
    before = Window(min(row.window[0] for row in rows), max(row.window[1] for row in rows))
    watched = {row["wallet_id"]: row for row in con.rows(watched_wallets(con, before, during))}
    edges = two_windows(con, before, during, engine.fees, engine.n_wallets)
    told_edges = Edges(edges.later.edge_bps, edges.cost_bps)
    quantities = measure(con, during, engine.fees, engine.n_wallets, told_edges).quantities
    for row in rows:
        own = id_of.get(row.wallet, -1)
        found: Mapping[str, Any] = watched.get(own, {"n_executions": 0, "observed_frac": 0.0})
        told = quantities[own] if own >= 0 else np.full(len(QUANTITIES), np.nan)
        yield OutcomeRow(
            id=row.id,
            seq=0,
            prev=NO_LINE,
            wallet=row.wallet,
            window=window,
            observed_frac=float(found["observed_frac"]),
            n_executions=int(found["n_executions"]),
            quantities={
                name: value
                for name, value in zip(QUANTITIES, told.tolist(), strict=True)
                if np.isfinite(value)
            },
            masked=_mask(challenge, found),
        )


def _mask(challenge: Challenge, found: Mapping[str, Any]) -> str | None:
    if found["observed_frac"] < 1:
        return GAP
    return FEW if found["n_executions"] < challenge.min_executions else None
