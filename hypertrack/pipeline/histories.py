"""Histories of the wallets of the best evidence, for the page that shows them."""

from collections import defaultdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hypertrack.config import Settings
from hypertrack.pipeline.places import open_engine, open_past
from hypertrack.records import (
    HOUR_MS,
    CoinHistory,
    Counterparty,
    CurvePoint,
    Histories,
    PastAction,
    ProfileSet,
    WalletHistory,
)

N_POINTS = 240
"""Of a curve: as many as a page can show apart."""

N_ACTIONS = 12
N_COUNTERPARTIES = 6
HOURS = 24

NOBODY = -1
"""Asked for where there is nobody to ask for: a list of values cannot be empty."""

Rows = dict[int, list[dict[str, Any]]]


def histories(
    settings: Settings, profiles: ProfileSet, n_wallets: int, *, until_ms: int | None = None
) -> Histories:
    """Return the histories of the first wallets by evidence, from the dataset of the settings.

    Args:
        until_ms: Read the dataset as it stood at that time; None reads all of it.
    """
    from hypertrack.market import histories as market
    from hypertrack.market.window import Window
    from hypertrack.outputs.ranking import best_evidence, rank

    rows = rank(profiles, best_evidence(profiles.header))[:n_wallets]
    chosen = profiles.column("wallet")[rows]
    opened = open_engine(settings) if until_ms is None else open_past(settings, until_ms)
    with opened as engine:
        ids = {each: i for i, each in enumerate(engine.wallets)}
        by_id = {ids[each]: each for each in chosen.tolist() if each in ids}
        con, window = engine.backend, Window(engine.start_ms, engine.end_ms)
        asked = list(by_id) or [NOBODY]
        curves = _by_wallet(con.rows(market.curves(con, window, engine.fees, asked)))
        coins = _by_wallet(con.rows(market.coins_traded(con, window, engine.fees, asked)))
        actions = _by_wallet(con.rows(market.last_actions(con, window, asked, N_ACTIONS)))
        others = _by_wallet(con.rows(market.counterparties(con, window, asked, N_COUNTERPARTIES)))
        gaps = tuple(market.unobserved(con, window))
        names = engine.wallets
    found = {
        wallet: WalletHistory(
            curve=_curve(curves[i]),
            profit_by_hour=_by_hour(curves[i]),
            coins=tuple(map(_coin, coins[i])),
            actions=tuple(map(_action, actions[i])),
            counterparties=tuple(_counterparty(each, names) for each in others[i]),
        )
        for i, wallet in by_id.items()
    }
    return Histories(by_wallet=found, gaps=gaps, first=_first(len(found)))


def _first(n: int) -> str:
    return f"the {n:,} wallets of the best evidence"


def _by_wallet(rows: list[dict[str, Any]]) -> Rows:
    found: Rows = defaultdict(list)
    for row in rows:
        found[row["wallet_id"]].append(row)
    return found


def _curve(points: list[dict[str, Any]]) -> tuple[CurvePoint, ...]:
    """Return at most `N_POINTS` points: the deepest of each stretch of time, and the last."""
    if not points:
        return ()
    start, end = points[0]["time_ms"], points[-1]["time_ms"]
    step = max(1, -(-(end - start + 1) // (N_POINTS - 1)))
    deepest: dict[int, dict[str, Any]] = {}
    for point in points:
        place = (point["time_ms"] - start) // step
        if place not in deepest or point["drawdown_usd"] > deepest[place]["drawdown_usd"]:
            deepest[place] = point
    shown = [*deepest.values()]
    if shown[-1] is not points[-1]:
        shown.append(points[-1])
    return tuple(
        CurvePoint(each["time_ms"], round(each["profit_usd"], 2), round(each["drawdown_usd"], 2))
        for each in shown
    )


def _by_hour(points: list[dict[str, Any]]) -> tuple[float, ...]:
    """Return what was gained in each hour of the day; a whole minute ends the one before."""
    if not points:
        return ()
    hours: NDArray[np.float64] = np.zeros(HOURS)
    for point in points:
        hours[(point["time_ms"] - 1) // HOUR_MS % HOURS] += point["step_usd"]
    return tuple(hours.round(2).tolist())


def _coin(row: dict[str, Any]) -> CoinHistory:
    return CoinHistory(
        coin=row["coin"],
        volume_usd=row["notional_usd"],
        profit_usd=row["profit_usd"],
        flow_pnl_usd=row["flow_pnl_usd"],
        pnl_source=row["pnl_source"],
        position=row["position"],
        position_usd=row["position_usd"],
    )


def _action(row: dict[str, Any]) -> PastAction:
    return PastAction(
        time_ms=row["time_ms"],
        coin=row["coin"],
        is_buy=row["direction"] > 0,
        is_taker=row["is_taker"],
        size=row["size"],
        price=row["vwap"],
        notional_usd=row["notional_usd"],
    )


def _counterparty(row: dict[str, Any], names: tuple[str, ...]) -> Counterparty:
    return Counterparty(
        wallet=names[row["counterparty_id"]], n_trades=row["n_trades"], share=row["share"]
    )
