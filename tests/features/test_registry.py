import math
from typing import Any

import pytest

from hypertrack.errors import ConfigError
from hypertrack.features.names import ALIASES, require_known
from hypertrack.features.registry import FEATURES, REGISTRY, select


def names(text: str) -> list[str]:
    return text.split()


BASE = names(
    """
    tx_count erc20_count unique_tokens unique_addresses age_days tx_per_day burstiness hour_entropy
    total_value avg_value max_value value_std erc20_volume token_diversity long_ratio flip_rate
    size_entropy contract_interaction_count avg_market_impact max_market_impact avg_slippage
    slippage_std momentum_score mean_reversion_score volatility_trading_score market_maker_score
    order_book_participation avg_candle_volatility max_candle_volatility volatility_std
    avg_candle_momentum momentum_std positive_momentum_ratio avg_trend_strength avg_candle_volume
    max_candle_volume volume_std
    """
)

EXTENDED = names(
    """
    median_gap_s gap_mode_share gap_unsteadiness program_lean night_share weekend_share
    round_size_share size_spread twap_share
    counterparty_entropy top_counterparty_share coin_entropy hip3_share spot_share median_holding_s
    closed_episode_count markout_5s_bps markout_30s_bps markout_5m_bps markout_30m_bps fees_usd
    flow_pnl_usd net_notional_usd
    """
)

PROFIT = names(
    """
    profit_usd realised_pnl_usd funding_usd return_on_notional_bps max_drawdown_usd
    under_water_share fees_reported_share funding_oracle_share
    position_known_share position_exact_share
    win_rate profit_factor avg_win_usd avg_loss_usd largest_loss_usd broken_chain_count
    """
)


ACCOUNT = names(
    """
    equity_usd leverage liquidation_distance_frac net_flow_usd account_return_frac
    """
)
CONTEXT = names("funding_paid_usd funding_alignment oi_share_frac crowding")
CONDUCT = names(
    """
    execution_count twap_slice_count reversal_15m_share reversal_median_s opposite_leg_share
    move_alignment move_alignment_z move_block_count moved_execution_count volatile_z
    liquidation_count
    """
)


def test_registry_holds_the_specified_features_in_their_order() -> None:
    assert [each.name for each in select(["base"])] == BASE
    assert [each.name for each in select(["extended"])] == EXTENDED
    assert [each.name for each in select(["profit"])] == PROFIT
    assert [each.name for each in select(["account"])] == ACCOUNT
    assert [each.name for each in select(["context"])] == CONTEXT
    assert [each.name for each in select(["conduct"])] == CONDUCT
    assert list(REGISTRY) == BASE + EXTENDED + PROFIT + ACCOUNT + CONTEXT + CONDUCT


def test_the_alias_is_another_name_of_a_feature() -> None:
    assert ALIASES == {"address_diversity": "unique_addresses"}
    assert select([], ["address_diversity"]) == (REGISTRY["unique_addresses"],)


@pytest.mark.parametrize("feature", FEATURES, ids=lambda each: each.name)
def test_every_feature_says_what_it_is(feature: Any) -> None:
    assert feature.doc.endswith(".")
    assert 15 < len(feature.doc) < 110
    assert feature.unit


def test_counts_and_sums_grow_with_time() -> None:
    assert {each.name for each in FEATURES if each.is_extensive} == {
        "tx_count",
        "erc20_count",
        "unique_tokens",
        "unique_addresses",
        "age_days",
        "total_value",
        "erc20_volume",
        "token_diversity",
        "contract_interaction_count",
        "closed_episode_count",
        "fees_usd",
        "flow_pnl_usd",
        "net_notional_usd",
        "profit_usd",
        "realised_pnl_usd",
        "funding_usd",
        "net_flow_usd",
        "funding_paid_usd",
        "execution_count",
        "twap_slice_count",
        "move_block_count",
        "moved_execution_count",
        "liquidation_count",
    }


def test_what_needs_a_position_says_so_and_is_missing_without_one() -> None:
    needing = {each.name for each in FEATURES if each.needs_position}

    assert needing == {
        "median_holding_s",
        "closed_episode_count",
        "profit_usd",
        "realised_pnl_usd",
        "funding_usd",
        "funding_oracle_share",
        "return_on_notional_bps",
        "max_drawdown_usd",
        "under_water_share",
        "win_rate",
        "profit_factor",
        "avg_win_usd",
        "avg_loss_usd",
        "largest_loss_usd",
        "broken_chain_count",
        *CONTEXT,
    }
    assert all(math.isnan(REGISTRY[name].missing) for name in needing)


def test_unknown_names_are_an_error() -> None:
    with pytest.raises(ConfigError, match="unknown feature sharpe: known are tx_count, "):
        select(["base"], ["sharpe"])


def test_names_read_from_the_text_are_those_of_the_registry() -> None:
    require_known([*REGISTRY, *ALIASES])

    with pytest.raises(ConfigError, match="unknown feature sharpe: known are") as refused:
        require_known(["tx_count", "sharpe"])

    assert set(str(refused.value).partition("known are ")[2].split(", ")) == set(REGISTRY)
