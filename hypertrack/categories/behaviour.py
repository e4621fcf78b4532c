"""The original's categories read off what a wallet did: how often, how large, in what.

Source: the predecessor's table of categories; Dormant's confidence is ours, it gave none.
"""

import numpy as np

from hypertrack.categories.boosts import (
    MOMENTUM_STYLE,
    PROFITABILITY,
    REVERSION_STYLE,
    RISK,
    SOPHISTICATION,
    VOLATILITY_STYLE,
)
from hypertrack.categories.rules import (
    CANDLE_SEEN,
    ENOUGH_EVIDENCE,
    Group,
    Rule,
    above,
    at_least,
    at_most,
    below,
    ratio,
)

IN_CANDLES = (ENOUGH_EVIDENCE, CANDLE_SEEN)

_SIZES = "in sizes of entropy {size_entropy:.2f}"
_RISING = "{positive_momentum_ratio:.0%} of its minutes rose"
_WHALE = "largest execution ${max_value:,.0f}, ${total_value:,.0f} in all"

BEHAVIOUR_RULES: tuple[Rule, ...] = (
    Rule(
        name="Scalper",
        group=Group.FREQUENCY,
        asks="Does it trade very often, in much the same size?",
        needs=(
            above("tx_per_day", "scalper_min_tx_per_day"),
            below("size_entropy", "scalper_max_size_entropy"),
        ),
        confidence=lambda w: w["tx_per_day"] / 100 * (1 - w["size_entropy"]),
        formula="tx_per_day / 100 * (1 - size_entropy)",
        evidence="{tx_per_day:,.1f} transactions a day (above {scalper_min_tx_per_day:g}) "
        + _SIZES
        + " (below {scalper_max_size_entropy:g})",
        boosted_by=(SOPHISTICATION, RISK),
    ),
    Rule(
        name="Possible Scalper",
        group=Group.FREQUENCY,
        asks="Does it trade often, in similar sizes?",
        unless="Scalper",
        needs=(
            above("tx_per_day", "possible_scalper_min_tx_per_day"),
            below("size_entropy", "possible_scalper_max_size_entropy"),
        ),
        confidence=lambda _: 0.6,
        formula="0.6",
        evidence="{tx_per_day:,.1f} transactions a day (above {possible_scalper_min_tx_per_day:g}) "
        + _SIZES
        + " (below {possible_scalper_max_size_entropy:g})",
    ),
    Rule(
        name="Active Trader",
        group=Group.FREQUENCY,
        asks="Does it trade daily, at irregular times?",
        needs=(
            at_least("tx_per_day", "active_min_tx_per_day"),
            at_most("tx_per_day", "active_max_tx_per_day"),
            above("burstiness", "active_min_burstiness"),
        ),
        confidence=lambda w: w["tx_per_day"] / 50,
        formula="tx_per_day / 50",
        evidence="{tx_per_day:,.1f} transactions a day (from {active_min_tx_per_day:g} to "
        "{active_max_tx_per_day:g}) at irregular times, burstiness {burstiness:.2f} "
        "(above {active_min_burstiness:g})",
        boosted_by=(PROFITABILITY, SOPHISTICATION),
    ),
    Rule(
        name="Moderate Trader",
        group=Group.FREQUENCY,
        asks="Does it trade now and then?",
        unless="Active Trader",
        needs=(
            at_least("tx_per_day", "moderate_min_tx_per_day"),
            at_most("tx_per_day", "moderate_max_tx_per_day"),
        ),
        confidence=lambda _: 0.6,
        formula="0.6",
        evidence="{tx_per_day:,.1f} transactions a day (from {moderate_min_tx_per_day:g} to "
        "{moderate_max_tx_per_day:g})",
    ),
    Rule(
        name="HODLer",
        group=Group.FREQUENCY,
        asks="Is it old, and hardly ever trades?",
        needs=(
            below("tx_per_day", "hodler_max_tx_per_day"),
            above("age_days", "hodler_min_age_days"),
        ),
        confidence=lambda w: 30 / w["age_days"] * ratio(0.1, w["tx_per_day"]),
        formula="30 / age_days * (0.1 / tx_per_day)",
        evidence="{tx_per_day:.3f} transactions a day (below {hodler_max_tx_per_day:g}) over "
        "{age_days:,.0f} days (above {hodler_min_age_days:g})",
    ),
    Rule(
        name="Possible HODLer",
        group=Group.FREQUENCY,
        asks="Is it old, and seldom trades?",
        unless="HODLer",
        needs=(
            below("tx_per_day", "possible_hodler_max_tx_per_day"),
            above("age_days", "possible_hodler_min_age_days"),
        ),
        confidence=lambda _: 0.6,
        formula="0.6",
        evidence="{tx_per_day:.2f} transactions a day (below {possible_hodler_max_tx_per_day:g}) "
        "over {age_days:,.0f} days (above {possible_hodler_min_age_days:g})",
    ),
    Rule(
        name="Dormant",
        group=Group.FREQUENCY,
        asks="Is it old, with next to no activity?",
        needs=(
            below("tx_count", "dormant_max_tx"),
            above("age_days", "dormant_min_age_days"),
        ),
        confidence=lambda w: w["age_days"] / 90 * (1 - w["tx_count"] / 5),
        formula="age_days / 90 * (1 - tx_count / 5)",
        evidence="{tx_count:,.0f} transactions (below {dormant_max_tx:g}) in {age_days:,.0f} days "
        "(above {dormant_min_age_days:g})",
        gates=(),
    ),
    Rule(
        name="Whale",
        group=Group.VALUE,
        asks="Does it move very large amounts?",
        needs=(at_least("tx_count", "whale_min_tx"),),
        any_of=(
            (
                above("max_value", "whale_min_max_value_usd"),
                above("total_value", "whale_min_total_value_usd"),
            ),
            (above("total_value", "whale_sole_total_value_usd"),),
        ),
        confidence=lambda w: w["max_value"] / 500000 * 0.5 + w["total_value"] / 5000000 * 0.5,
        formula="max_value / 500000 * 0.5 + total_value / 5000000 * 0.5",
        evidence=_WHALE + " (above ${whale_min_max_value_usd:,.0f} and "
        "${whale_min_total_value_usd:,.0f}, or ${whale_sole_total_value_usd:,.0f} in all)",
    ),
    Rule(
        name="Possible Whale",
        group=Group.VALUE,
        asks="Does it move large amounts?",
        unless="Whale",
        needs=(at_least("tx_count", "possible_whale_min_tx"),),
        any_of=(
            (
                above("max_value", "possible_whale_min_max_value_usd"),
                above("total_value", "possible_whale_min_total_value_usd"),
            ),
            (above("total_value", "possible_whale_sole_total_value_usd"),),
        ),
        confidence=lambda w: np.fmin(
            0.85, w["max_value"] / 100000 * 0.4 + w["total_value"] / 1000000 * 0.4
        ),
        formula="min(0.85, max_value / 100000 * 0.4 + total_value / 1000000 * 0.4)",
        evidence=_WHALE + " (above ${possible_whale_min_max_value_usd:,.0f} and "
        "${possible_whale_min_total_value_usd:,.0f}, or "
        "${possible_whale_sole_total_value_usd:,.0f} in all)",
    ),
    Rule(
        name="Token Collector",
        group=Group.TOKENS,
        asks="Does it mostly move many different tokens?",
        needs=(
            above("unique_tokens", "token_collector_min_tokens"),
            above("erc20_count", "token_collector_min_erc20_per_tx", "tx_count"),
        ),
        confidence=lambda w: w["unique_tokens"] / 50 * ratio(w["erc20_count"], w["tx_count"] * 3),
        formula="unique_tokens / 50 * (erc20_count / (tx_count * 3))",
        evidence="{unique_tokens:,.0f} tokens (above {token_collector_min_tokens:g}) and "
        "{erc20_count:,.0f} ERC-20 transfers beside {tx_count:,.0f} transactions (more than "
        "{token_collector_min_erc20_per_tx:g} each)",
    ),
    Rule(
        name="Possible Token Collector",
        group=Group.TOKENS,
        asks="Does it often move different tokens?",
        unless="Token Collector",
        needs=(
            above("unique_tokens", "possible_token_collector_min_tokens"),
            above("erc20_count", "possible_token_collector_min_erc20_per_tx", "tx_count"),
        ),
        confidence=lambda _: 0.6,
        formula="0.6",
        evidence="{unique_tokens:,.0f} tokens (above {possible_token_collector_min_tokens:g}) and "
        "{erc20_count:,.0f} ERC-20 transfers beside {tx_count:,.0f} transactions (more than "
        "{possible_token_collector_min_erc20_per_tx:g} each)",
    ),
    Rule(
        name="Arbitrageur",
        group=Group.TOKENS,
        asks="Does it trade many tokens and keep changing direction?",
        needs=(
            above("unique_tokens", "arbitrageur_min_tokens"),
            above("flip_rate", "arbitrageur_min_flip_rate"),
        ),
        confidence=lambda w: w["unique_tokens"] / 20 * w["flip_rate"],
        formula="unique_tokens / 20 * flip_rate",
        evidence="{unique_tokens:,.0f} tokens (above {arbitrageur_min_tokens:g}), direction "
        "changed {flip_rate:.0%} of the time (above {arbitrageur_min_flip_rate:.0%})",
        boosted_by=(PROFITABILITY, SOPHISTICATION),
    ),
    Rule(
        name="Possible Arbitrageur",
        group=Group.TOKENS,
        asks="Does it trade several tokens and often change direction?",
        unless="Arbitrageur",
        needs=(
            above("unique_tokens", "possible_arbitrageur_min_tokens"),
            above("flip_rate", "possible_arbitrageur_min_flip_rate"),
        ),
        confidence=lambda _: 0.6,
        formula="0.6",
        evidence="{unique_tokens:,.0f} tokens (above {possible_arbitrageur_min_tokens:g}), "
        "direction changed {flip_rate:.0%} of the time "
        "(above {possible_arbitrageur_min_flip_rate:.0%})",
    ),
    Rule(
        name="Volatility Trader",
        group=Group.MARKET,
        gates=IN_CANDLES,
        asks="Does it trade when prices swing widely?",
        needs=(
            above("avg_candle_volatility", "volatility_min_candle_range"),
            above("tx_count", "volatility_min_tx"),
        ),
        confidence=lambda w: w["avg_candle_volatility"] / 0.05 * (w["tx_count"] / 20),
        formula="avg_candle_volatility / 0.05 * (tx_count / 20)",
        evidence="its minutes ranged over {avg_candle_volatility:.2%} on average "
        "(above {volatility_min_candle_range:.2%}), {tx_count:,.0f} transactions",
        boosted_by=(PROFITABILITY, VOLATILITY_STYLE),
    ),
    Rule(
        name="Possible Volatility Trader",
        group=Group.MARKET,
        gates=IN_CANDLES,
        asks="Does it trade when prices swing?",
        unless="Volatility Trader",
        needs=(above("avg_candle_volatility", "possible_volatility_min_candle_range"),),
        confidence=lambda _: 0.6,
        formula="0.6",
        evidence="its minutes ranged over {avg_candle_volatility:.2%} on average "
        "(above {possible_volatility_min_candle_range:.2%})",
    ),
    Rule(
        name="Momentum Follower",
        group=Group.MARKET,
        gates=IN_CANDLES,
        asks="Does it trade while prices rise?",
        needs=(
            above("positive_momentum_ratio", "momentum_min_rising_share"),
            above("avg_candle_momentum", "momentum_min_candle_return"),
            above("tx_count", "momentum_min_tx"),
        ),
        confidence=lambda w: w["positive_momentum_ratio"] * (w["avg_candle_momentum"] / 0.01),
        formula="positive_momentum_ratio * (avg_candle_momentum / 0.01)",
        evidence=_RISING + " (above {momentum_min_rising_share:.0%}), by "
        "{avg_candle_momentum:+.2%} on average (above {momentum_min_candle_return:+.2%})",
        boosted_by=(PROFITABILITY, MOMENTUM_STYLE),
    ),
    Rule(
        name="Possible Momentum Follower",
        group=Group.MARKET,
        gates=IN_CANDLES,
        asks="Does it trade mostly while prices rise?",
        unless="Momentum Follower",
        needs=(above("positive_momentum_ratio", "possible_momentum_min_rising_share"),),
        confidence=lambda _: 0.6,
        formula="0.6",
        evidence=_RISING + " (above {possible_momentum_min_rising_share:.0%})",
    ),
    Rule(
        name="Contrarian Trader",
        group=Group.MARKET,
        gates=IN_CANDLES,
        asks="Does it trade while prices fall?",
        needs=(
            below("positive_momentum_ratio", "contrarian_max_rising_share"),
            below("avg_candle_momentum", "contrarian_max_candle_return"),
            above("tx_count", "contrarian_min_tx"),
        ),
        confidence=lambda w: (
            (1 - w["positive_momentum_ratio"]) * (abs(w["avg_candle_momentum"]) / 0.01)
        ),
        formula="(1 - positive_momentum_ratio) * (abs(avg_candle_momentum) / 0.01)",
        evidence=_RISING + " (below {contrarian_max_rising_share:.0%}), by "
        "{avg_candle_momentum:+.2%} on average (below {contrarian_max_candle_return:+.2%})",
        boosted_by=(PROFITABILITY, REVERSION_STYLE),
    ),
    Rule(
        name="Possible Contrarian Trader",
        group=Group.MARKET,
        gates=IN_CANDLES,
        asks="Does it trade mostly while prices fall?",
        unless="Contrarian Trader",
        needs=(below("positive_momentum_ratio", "possible_contrarian_max_rising_share"),),
        confidence=lambda _: 0.6,
        formula="0.6",
        evidence=_RISING + " (below {possible_contrarian_max_rising_share:.0%})",
    ),
    Rule(
        name="High Volume Trader",
        group=Group.MARKET,
        gates=IN_CANDLES,
        asks="Does it trade when the market is busy?",
        needs=(
            above("avg_candle_volume", "high_volume_min_candle_volume_kusd"),
            above("tx_count", "high_volume_min_tx"),
        ),
        confidence=lambda w: w["avg_candle_volume"] / 500 * (w["tx_count"] / 20),
        formula="avg_candle_volume / 500 * (tx_count / 20)",
        evidence="its minutes traded ${avg_candle_volume:,.0f}k on average "
        "(above ${high_volume_min_candle_volume_kusd:,.0f}k), {tx_count:,.0f} transactions",
    ),
)
