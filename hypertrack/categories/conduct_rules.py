"""The rules of the edition `hypertrack` that mean what their names say: which way, against what.

Source: measured on captures of the venue and on simulated truth, where the original's rules of the
same names were at chance.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypedDict

from hypertrack.categories.rules import (
    Bound,
    Group,
    Rule,
    above,
    at_least,
    at_most,
    below,
)


class _Bounds(TypedDict, total=False):
    """What the halves of a pair differ in."""

    needs: tuple[Bound, ...]
    any_of: tuple[tuple[Bound, ...], ...]


_ROUND_TRIP = (
    "{tx_per_day:,.1f} transactions a day, {reversal_15m_share:.0%} of its executions within 15 "
    "minutes of an opposite one, {round_trip_s:,.0f} s to the way back"
)
_WHALE = (
    "largest execution ${max_value:,.0f}, ${total_value:,.0f} in all: among the "
    "{value_top_frac:.1%} of wallets that traded most"
)
_LEGS = (
    "{opposite_leg_share:.0%} of its takes with an opposite one in another coin within 2 s, "
    "{order_book_participation:.0%} as maker"
)
_MOVE = (
    "{move_alignment:+.2f} of its notional with the last 5 minutes' move, {move_alignment_z:+.1f} "
    "errors over {move_block_count:,.0f} blocks"
)
_VOLATILE = (
    "{volatility_trading_score:.0%} of its executions in volatile minutes, {volatile_z:+.1f} "
    "errors above the others in its coins"
)


def _executions(threshold: str, *more: Bound) -> tuple[Bound, ...]:
    """Return the gate of a rule that brings its own measure of enough evidence."""
    return (at_least("execution_count", threshold), *more)


def _pair(rule: Rule, prefix: str, bounds: Callable[[str], _Bounds]) -> tuple[Rule, Rule]:
    """Return a rule and its weaker half, which differ in thresholds alone."""
    weaker = replace(
        rule, name=f"Possible {rule.name}", unless=rule.name, **bounds(f"possible_{prefix}")
    )
    return replace(rule, **bounds(prefix)), weaker


def _scalper(prefix: str) -> _Bounds:
    return {
        "needs": (
            above("tx_per_day", f"{prefix}_min_tx_per_day"),
            at_least("reversal_15m_share", f"{prefix}_min_reversal_share"),
            below("round_trip_s", f"{prefix}_max_round_trip_s"),
        )
    }


def _whale(prefix: str) -> _Bounds:
    return {
        "needs": (at_most("value_top_frac", f"{prefix}_max_top_frac"),),
        "any_of": (
            (
                above("max_value", f"{prefix}_min_max_value_usd"),
                above("total_value", f"{prefix}_min_total_value_usd"),
            ),
            (above("total_value", f"{prefix}_sole_total_value_usd"),),
            (above("max_value", f"{prefix}_lone_execution_usd"),),
        ),
    }


def _arbitrageur(prefix: str) -> _Bounds:
    return {"needs": (at_least("opposite_leg_share", f"{prefix}_min_opposite_leg_share"),)}


def _volatility(prefix: str) -> _Bounds:
    return {
        "needs": (
            above("volatility_trading_score", f"{prefix}_min_share"),
            at_least("volatile_z", f"{prefix}_min_z"),
        )
    }


def _momentum(prefix: str) -> _Bounds:
    return {
        "needs": (
            above("move_alignment", f"{prefix}_min_alignment"),
            at_least("move_alignment_z", f"{prefix}_min_z"),
        )
    }


def _contrarian(prefix: str) -> _Bounds:
    return {
        "needs": (
            below("move_alignment", f"{prefix}_max_alignment"),
            at_most("move_alignment_z", f"{prefix}_max_z"),
        )
    }


_MOVED = (
    at_least("moved_execution_count", "trend_min_executions"),
    at_least("move_block_count", "trend_min_blocks"),
)

MET = "rule met"
"""Nothing is exceeded: it is so, or it is not."""

CONDUCT_RULES: tuple[Rule, ...] = (
    *_pair(
        Rule(
            name="Scalper",
            group=Group.FREQUENCY,
            asks="Does it trade very often, in and out of the same coin within minutes?",
            gates=_executions(
                "scalper_min_executions", below("twap_taken_share", "scalper_max_twap_share")
            ),
            evidence=_ROUND_TRIP,
            needs=(),
        ),
        "scalper",
        _scalper,
    ),
    *_pair(
        Rule(
            name="Whale",
            group=Group.VALUE,
            asks="Does it move very large amounts, for this recording too?",
            gates=(),
            evidence=_WHALE,
            needs=(),
        ),
        "whale",
        _whale,
    ),
    *_pair(
        Rule(
            name="Arbitrageur",
            group=Group.TOKENS,
            asks="Does it take one coin and the opposite of another in one moment?",
            gates=_executions(
                "arbitrageur_min_executions",
                below("order_book_participation", "arbitrageur_max_maker_share"),
            ),
            evidence=_LEGS,
            needs=(),
        ),
        "arbitrageur",
        _arbitrageur,
    ),
    *_pair(
        Rule(
            name="Volatility Trader",
            group=Group.MARKET,
            asks="Does it trade in volatile minutes, more than others do?",
            gates=_executions("volatility_min_executions"),
            evidence=_VOLATILE,
            needs=(),
        ),
        "volatility",
        _volatility,
    ),
    *_pair(
        Rule(
            name="Momentum Follower",
            group=Group.MARKET,
            asks="Does it trade the way the price has just moved?",
            gates=_MOVED,
            evidence=_MOVE,
            needs=(),
        ),
        "momentum",
        _momentum,
    ),
    *_pair(
        Rule(
            name="Contrarian Trader",
            group=Group.MARKET,
            asks="Does it trade against the way the price has just moved?",
            gates=_MOVED,
            evidence=_MOVE,
            needs=(),
        ),
        "contrarian",
        _contrarian,
    ),
    Rule(
        name="High Volume Trader",
        group=Group.VALUE,
        asks="Does it trade large amounts day by day?",
        needs=(
            above("notional_per_day_usd", "high_volume_min_usd_per_day"),
            at_most("value_top_frac", "high_volume_max_top_frac"),
        ),
        evidence="${notional_per_day_usd:,.0f} an observed day "
        "(above ${high_volume_min_usd_per_day:,.0f}): among the {value_top_frac:.1%} of wallets "
        "that traded most",
    ),
    Rule(
        name="Market Maker",
        group=Group.ROLE,
        asks="Does it rest on both sides and let others come?",
        gates=_executions("market_maker_min_executions"),
        needs=(above("market_maker_score", "market_maker_min_score"),),
        any_of=(
            (at_least("age_days", "market_maker_min_age_days"),),
            (at_least("execution_count", "market_maker_many_executions"),),
        ),
        evidence="{order_book_participation:.0%} as maker, market maker score "
        "{market_maker_score:.2f} (above {market_maker_min_score:g}) over {execution_count:,.0f} "
        "executions",
    ),
    Rule(
        name="TWAP User",
        group=Group.ROLE,
        asks="Does it let the venue slice its orders?",
        gates=(at_least("twap_slice_count", "twap_user_min_slices"),),
        needs=(above("twap_share", "twap_user_min_share"),),
        evidence="{twap_share:.0%} of what it took from TWAP orders (above "
        "{twap_user_min_share:.0%}), {twap_slice_count:,.0f} slices",
    ),
    Rule(
        name="Copier",
        group=Group.ROLE,
        asks="Do its openings follow another wallet's at a stable lag?",
        gates=(),
        needs=(at_least("followed_count", "copier_min_followed"),),
        confidence=lambda _: 1.0,
        formula=MET,
        evidence="its openings follow those of {follows} at a stable lag",
    ),
    Rule(
        name="One of a Group",
        group=Group.ROLE,
        asks="Does it act as one with other wallets?",
        gates=(),
        needs=(at_least("entity_size", "group_min_wallets"),),
        confidence=lambda _: 1.0,
        formula=MET,
        evidence="one of {entity_size:.0f} wallets that act as one (entity {entity_id:.0f})",
    ),
    Rule(
        name="Liquidated",
        group=Group.ROLE,
        asks="Did the venue close a position of its own?",
        gates=(),
        needs=(at_least("liquidation_count", "liquidated_min_fills"),),
        confidence=lambda _: 1.0,
        formula=MET,
        evidence="{liquidation_count:,.0f} fills by which the venue closed its positions",
    ),
)
