"""All features, in the order of the specification: the one source for names, units, definitions."""

from collections.abc import Sequence

from hypertrack.errors import ConfigError
from hypertrack.features import (
    accounts,
    breadth,
    candles,
    conduct,
    contexts,
    counts,
    episodes,
    hours,
    impact,
    markouts,
    onchain,
    profit,
    program,
    steps,
    traded,
)
from hypertrack.features.definition import Feature
from hypertrack.features.names import ALIASES

FEATURES: tuple[Feature, ...] = (
    # base
    counts.tx_count,
    onchain.erc20_count,
    breadth.unique_tokens,
    breadth.unique_addresses,
    counts.age_days,
    counts.tx_per_day,
    steps.burstiness,
    hours.hour_entropy,
    counts.total_value,
    traded.avg_value,
    traded.max_value,
    traded.value_std,
    onchain.erc20_volume,
    onchain.token_diversity,
    traded.long_ratio,
    steps.flip_rate,
    traded.size_entropy,
    onchain.contract_interaction_count,
    impact.avg_market_impact,
    impact.max_market_impact,
    impact.avg_slippage,
    impact.slippage_std,
    impact.momentum_score,
    impact.mean_reversion_score,
    candles.volatility_trading_score,
    traded.market_maker_score,
    traded.order_book_participation,
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
    # extended
    steps.median_gap_s,
    steps.gap_mode_share,
    steps.gap_unsteadiness,
    program.program_lean,
    hours.night_share,
    hours.weekend_share,
    traded.round_size_share,
    traded.size_spread,
    traded.twap_share,
    breadth.counterparty_entropy,
    breadth.top_counterparty_share,
    breadth.coin_entropy,
    breadth.hip3_share,
    breadth.spot_share,
    episodes.median_holding_s,
    episodes.closed_episode_count,
    markouts.markout_5s_bps,
    markouts.markout_30s_bps,
    markouts.markout_5m_bps,
    markouts.markout_30m_bps,
    profit.fees_usd,
    profit.flow_pnl_usd,
    profit.net_notional_usd,
    # profit: not given to the model unless it is asked to
    profit.profit_usd,
    profit.realised_pnl_usd,
    profit.funding_usd,
    profit.return_on_notional_bps,
    profit.max_drawdown_usd,
    profit.under_water_share,
    profit.fees_reported_share,
    profit.funding_oracle_share,
    profit.position_known_share,
    profit.position_exact_share,
    episodes.win_rate,
    episodes.profit_factor,
    episodes.avg_win_usd,
    episodes.avg_loss_usd,
    episodes.largest_loss_usd,
    episodes.broken_chain_count,
    # account: where the venue was asked
    accounts.equity_usd,
    accounts.leverage,
    accounts.liquidation_distance_frac,
    accounts.net_flow_usd,
    accounts.account_return_frac,
    # context: where contexts were recorded, and positions are known
    contexts.funding_paid_usd,
    contexts.funding_alignment,
    contexts.oi_share_frac,
    contexts.crowding,
    # conduct: read by the category rules whatever the groups
    conduct.execution_count,
    conduct.twap_slice_count,
    conduct.reversal_15m_share,
    conduct.reversal_median_s,
    conduct.opposite_leg_share,
    conduct.move_alignment,
    conduct.move_alignment_z,
    conduct.move_block_count,
    conduct.moved_execution_count,
    conduct.volatile_z,
    conduct.liquidation_count,
)

REGISTRY: dict[str, Feature] = {each.name: each for each in FEATURES}


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
