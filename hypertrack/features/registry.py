"""All features, in the order of the specification: the one source for names, units, definitions."""

from collections.abc import Sequence

from hypertrack.errors import ConfigError
from hypertrack.features import candles, counts, steps
from hypertrack.features.definition import Feature

FEATURES: tuple[Feature, ...] = (
    counts.tx_count,
    counts.age_days,
    counts.tx_per_day,
    steps.burstiness,
    counts.total_value,
    steps.flip_rate,
    candles.volatility_trading_score,
    candles.avg_candle_volatility,
    candles.max_candle_volatility,
    candles.volatility_std,
    candles.avg_candle_momentum,
    candles.momentum_std,
    candles.positive_momentum_ratio,
    candles.avg_trend_strength,
    candles.avg_candle_volume,
    candles.max_candle_volume,
    candles.volume_std,
)

REGISTRY: dict[str, Feature] = {each.name: each for each in FEATURES}

ALIASES = {"address_diversity": "unique_addresses"}
"""The original lists this name too, with the same definition."""


def select(groups: Sequence[str], names: Sequence[str] | None = None) -> tuple[Feature, ...]:
    """Return the features of some groups, or those named, in the order asked for.

    Raises:
        ConfigError: A name that is not in the registry.
    """
    if names is None:
        return tuple(each for each in FEATURES if each.group in groups)
    unknown = [name for name in names if ALIASES.get(name, name) not in REGISTRY]
    if unknown:
        raise ConfigError(f"unknown feature {unknown[0]}: known are {', '.join(REGISTRY)}")
    return tuple(REGISTRY[ALIASES.get(name, name)] for name in names)
