"""Arrays of a few executions, openings and bets, as the estimate reads them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from fakes import START_MS

from hypertrack.market.price_path import PricePath
from hypertrack.market.window import Window
from hypertrack.records import HOUR_MS, SkillSummary
from hypertrack.skill.bets import Bets, CoinView
from hypertrack.skill.coin_motion import CoinMotion
from hypertrack.skill.estimate import Estimates
from hypertrack.skill.following import Copies
from hypertrack.skill.openings import Openings
from hypertrack.skill.rankings import Candidates

ALWAYS = (np.array([-(2**62)]), np.array([2**62]))
"""Watched without a gap."""

BOUGHT, SOLD = 1, -1


def price_path(
    trades: Sequence[tuple[float, float]], quotes: Sequence[tuple[float, float, float]] = ()
) -> PricePath:
    """Return prices from (seconds, price) and (seconds, bid, ask), after the start."""
    trade_s, price = np.array(trades, dtype=float).reshape(-1, 2).T
    quote_s, bid, ask = np.array(quotes, dtype=float).reshape(-1, 3).T
    mid = (bid + ask) / 2
    return PricePath.of(
        trade_ms=at(trade_s),
        trade_price=price,
        quote_ms=at(quote_s),
        mid_price=mid,
        half_spread_bps=(ask - bid) / 2 / mid * 1e4,
    )


def at(seconds: Any) -> Any:
    """Return times so many seconds after the start, ms."""
    return START_MS + (np.asarray(seconds, dtype=float) * 1000).round().astype(np.int64)


def coin_view(path: PricePath, *, drift_per_s: float = 0.0, variance: float = 4.0) -> CoinView:
    """Return a coin of constant volatility, watched for a day."""
    motion = CoinMotion(drift_per_s, START_MS, np.array([variance]))
    return CoinView(0, path, motion, Window(START_MS, START_MS + 24 * HOUR_MS), ALWAYS)


def openings(*rows: tuple[int, float, int], is_taker: bool = True) -> Openings:
    """Return openings in one coin from (wallet, seconds, direction)."""
    wallet, seconds, direction = np.array(rows, dtype=float).T
    n = len(rows)
    return Openings(
        wallet=wallet.astype(np.int64),
        coin=np.zeros(n, dtype=np.int64),
        time_ms=at(seconds),
        direction=direction.astype(np.int64),
        is_taker=np.full(n, is_taker),
        is_twap=np.zeros(n, dtype=np.bool_),
        price=np.full(n, 100.0),
        notional_usd=np.full(n, 100.0),
        is_known=np.zeros(n, dtype=np.bool_),
        trust=np.ones(n),
    )


def bets(*rows: tuple[int, int, float, float], coin: Sequence[int] | None = None) -> Bets:
    """Return bets from (entity, block, markout in bps, weight), blocks of five minutes."""
    entity, block, markout, weight = np.array(rows, dtype=float).T
    n = len(rows)
    return Bets(
        entity=entity.astype(np.int64),
        coin=np.zeros(n, dtype=np.int64) if coin is None else np.array(coin),
        block=block.astype(np.int64),
        markout_bps=markout,
        weight=weight,
        n_openings=np.ones(n, dtype=np.int64),
        first_ms=START_MS + block.astype(np.int64) * 300_000,
        known_frac=np.zeros(n),
        measures={},
    )


def estimates(edge: list[float], error: list[float], n_bets: int = 16) -> Estimates:
    """Return measured edges of entities 0, 1, …, all tested, whose errors are certain."""
    n = len(edge)
    count = np.full(n, n_bets)
    return Estimates(
        entity=np.arange(n),
        edge_bps=np.array(edge),
        error_bps=np.array(error),
        df=np.full(n, 1e6),
        n_bets=count,
        n_openings=count,
        n_blocks=count,
        n_hours=count,
        is_tested=np.ones(n, dtype=bool),
    )


def steps(*rows: tuple[float, int, float, float], known_before: Any = None) -> dict[str, Any]:
    """Return one wallet's executions in one coin from (seconds, direction, size, price)."""
    seconds, direction, size, price = np.array(rows, dtype=float).T
    n = len(rows)
    return {
        "wallet_id": np.zeros(n, dtype=np.int32),
        "coin_id": np.zeros(n, dtype=np.int32),
        "time_ms": at(seconds),
        "direction": direction.astype(np.int8),
        "is_taker": np.ones(n, dtype=np.bool_),
        "is_twap": np.zeros(n, dtype=np.bool_),
        "size": size,
        "price": price,
        "known_before": np.full(n, np.nan) if known_before is None else np.array(known_before),
    }


def summary(**more: Any) -> SkillSummary:
    """Return what is said of a recording in which nobody can be told from luck."""
    says: dict[str, Any] = {
        "span_hours": 24.0,
        "n_wallets": 3,
        "n_entities": 3,
        "n_tested": 3,
        "n_flagged": 0,
        "max_false_discovery_frac": 0.1,
        "power_edge_bps": 5.0,
        "power": None,
        "placebo_z_sd": None,
        "n_placebo": 0,
        "least_days_needed": None,
        "n_by_verdict": {},
        "delay_s": 5.0,
        "size_usd": 1_000.0,
    }
    return SkillSummary(**says | more)


def candidates(
    entity_of_wallet: Sequence[int], horizon_s: Sequence[float], **scores: Sequence[float]
) -> Candidates:
    """Return candidates with scores by ranking, ``_`` for a blank in its name; all active."""
    return Candidates(
        entity_of_wallet=np.array(entity_of_wallet, dtype=np.int64),
        horizon_ms=(np.array(horizon_s) * 1000).astype(np.int64),
        scores={name.replace("_", " "): np.array(of, dtype=float) for name, of in scores.items()},
        is_active=np.ones(len(horizon_s), dtype=np.bool_),
        summary=summary(),
    )


def copies(
    *rows: tuple[int, float, float, float], nth_round: Sequence[int] | None = None
) -> Copies:
    """Return copied bets from (entity, opened, closed in seconds, gross bps): each costs 1 bps.

    Wallets have the numbers of their entities; there is no drift, and delay changes nothing.
    """
    entity, opened, closed, gross = np.array(rows, dtype=float).reshape(-1, 4).T
    n = len(rows)
    return Copies(
        nth_round=np.zeros(n, dtype=np.int64) if nth_round is None else np.array(nth_round),
        entity=entity.astype(np.int64),
        wallet=entity.astype(np.int64),
        coin=np.zeros(n, dtype=np.int64),
        opened_ms=at(opened),
        closed_ms=at(closed),
        gross_bps=gross,
        drift_bps=np.zeros(n),
        cost_bps=np.ones(n),
        by_delay=np.tile(gross, (5, 1)),
    )
