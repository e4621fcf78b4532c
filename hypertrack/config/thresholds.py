"""The thresholds of the category rules, one key each."""

from typing import Annotated

from pydantic import Field

from hypertrack.config.section import Section

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]


class CategorySettings(Section):
    """Thresholds of the 30 rules; defaults are the original's.

    A key is the rule's name, the bound's kind and the quantity it bounds. Whether the bound itself
    counts stands in the rule (``hypertrack categories`` prints it with the value in force).
    """

    min_evidence_tx: Count = 5
    """Transactions before any category but Dormant is asked; 0 asks always, as the original."""
    min_candle_matches: Count = 1
    """Executions with a candle before a market-condition category is asked: unknown is not 0."""

    bot_min_probability: Share = 0.7
    """Bot: `bot_probability` above this."""
    possible_bot_min_probability: Share = 0.5
    """Possible Bot: `bot_probability` above this."""

    scalper_min_tx_per_day: Amount = 50.0
    """Scalper: transactions a day above this."""
    scalper_max_size_entropy: Share = 0.4
    """Scalper: entropy of trade sizes below this."""
    possible_scalper_min_tx_per_day: Amount = 30.0
    """Possible Scalper: transactions a day above this."""
    possible_scalper_max_size_entropy: Share = 0.5
    """Possible Scalper: entropy of trade sizes below this."""
    active_min_tx_per_day: Amount = 1.0
    """Active Trader: transactions a day of at least this."""
    active_max_tx_per_day: Amount = 50.0
    """Active Trader: transactions a day of at most this."""
    active_min_burstiness: Amount = 0.3
    """Active Trader: std over mean of the gaps between executions above this."""
    moderate_min_tx_per_day: Amount = 0.5
    """Moderate Trader: transactions a day of at least this."""
    moderate_max_tx_per_day: Amount = 30.0
    """Moderate Trader: transactions a day of at most this."""
    hodler_max_tx_per_day: Amount = 0.1
    """HODLer: transactions a day below this."""
    hodler_min_age_days: Amount = 30.0
    """HODLer: days from first to last seen above this."""
    possible_hodler_max_tx_per_day: Amount = 0.5
    """Possible HODLer: transactions a day below this."""
    possible_hodler_min_age_days: Amount = 60.0
    """Possible HODLer: days from first to last seen above this."""
    dormant_max_tx: Count = 5
    """Dormant: transactions below this."""
    dormant_min_age_days: Amount = 30.0
    """Dormant: days from first to last seen above this."""

    whale_min_tx: Count = 5
    """Whale: transactions of at least this."""
    whale_min_max_value_usd: Amount = 50_000.0
    """Whale: largest execution above this, together with the total below."""
    whale_min_total_value_usd: Amount = 100_000.0
    """Whale: total traded above this, together with the largest execution above."""
    whale_sole_total_value_usd: Amount = 500_000.0
    """Whale: total traded above this suffices alone."""
    possible_whale_min_tx: Count = 5
    """Possible Whale: transactions of at least this."""
    possible_whale_min_max_value_usd: Amount = 10_000.0
    """Possible Whale: largest execution above this, together with the total below."""
    possible_whale_min_total_value_usd: Amount = 50_000.0
    """Possible Whale: total traded above this, together with the largest execution above."""
    possible_whale_sole_total_value_usd: Amount = 200_000.0
    """Possible Whale: total traded above this suffices alone."""

    token_collector_min_tokens: Count = 10
    """Token Collector: distinct tokens above this."""
    token_collector_min_erc20_per_tx: Amount = 2.0
    """Token Collector: ERC-20 transfers above this times the transactions."""
    possible_token_collector_min_tokens: Count = 5
    """Possible Token Collector: distinct tokens above this."""
    possible_token_collector_min_erc20_per_tx: Amount = 1.0
    """Possible Token Collector: ERC-20 transfers above this times the transactions."""
    arbitrageur_min_tokens: Count = 5
    """Arbitrageur: distinct tokens above this."""
    arbitrageur_min_flip_rate: Share = 0.5
    """Arbitrageur: share of direction changes above this."""
    possible_arbitrageur_min_tokens: Count = 3
    """Possible Arbitrageur: distinct tokens above this."""
    possible_arbitrageur_min_flip_rate: Share = 0.3
    """Possible Arbitrageur: share of direction changes above this."""

    volatility_min_candle_range: Amount = 0.02
    """Volatility Trader: mean (high - low) / open of its minutes above this."""
    volatility_min_tx: Count = 5
    """Volatility Trader: transactions above this."""
    possible_volatility_min_candle_range: Amount = 0.01
    """Possible Volatility Trader: mean (high - low) / open of its minutes above this."""
    momentum_min_rising_share: Share = 0.7
    """Momentum Follower: share of rising minutes above this."""
    momentum_min_candle_return: float = 0.001
    """Momentum Follower: mean (close - open) / open of its minutes above this."""
    momentum_min_tx: Count = 5
    """Momentum Follower: transactions above this."""
    possible_momentum_min_rising_share: Share = 0.6
    """Possible Momentum Follower: share of rising minutes above this."""
    contrarian_max_rising_share: Share = 0.3
    """Contrarian Trader: share of rising minutes below this."""
    contrarian_max_candle_return: float = -0.001
    """Contrarian Trader: mean (close - open) / open of its minutes below this."""
    contrarian_min_tx: Count = 5
    """Contrarian Trader: transactions above this."""
    possible_contrarian_max_rising_share: Share = 0.4
    """Possible Contrarian Trader: share of rising minutes below this."""
    high_volume_min_candle_volume_kusd: Amount = 100.0
    """High Volume Trader: mean volume of its minutes, thousand USD, above this."""
    high_volume_min_tx: Count = 5
    """High Volume Trader: transactions above this."""

    profitable_min_score: Share = 0.6
    """Profitable Trader: `profitability_score` above this."""
    profitable_min_tx: Count = 3
    """Profitable Trader: transactions of at least this."""
    possibly_profitable_min_score: Share = 0.4
    """Possibly Profitable Trader: `profitability_score` above this."""
    possibly_profitable_min_tx: Count = 3
    """Possibly Profitable Trader: transactions of at least this."""
    high_risk_min_score: Share = 0.6
    """High Risk Trader: `risk_score` above this."""
    high_risk_min_tx: Count = 3
    """High Risk Trader: transactions of at least this."""
    moderate_risk_min_score: Share = 0.4
    """Moderate Risk Trader: `risk_score` above this."""
    moderate_risk_min_tx: Count = 3
    """Moderate Risk Trader: transactions of at least this."""
    sophisticated_min_score: Share = 0.6
    """Sophisticated Trader: `sophistication_score` above this."""
    sophisticated_min_tx: Count = 5
    """Sophisticated Trader: transactions of at least this."""
    possibly_sophisticated_min_score: Share = 0.4
    """Possibly Sophisticated Trader: `sophistication_score` above this."""
    possibly_sophisticated_min_tx: Count = 3
    """Possibly Sophisticated Trader: transactions of at least this."""
    influential_min_score_pct: Amount = 3.0
    """Influential Trader: `influence_score`, percent of its coins' notional, above this."""
    influential_min_tx: Count = 5
    """Influential Trader: transactions of at least this."""
    possibly_influential_min_score_pct: Amount = 1.0
    """Possibly Influential Trader: `influence_score`, percent, above this."""
    possibly_influential_min_tx: Count = 3
    """Possibly Influential Trader: transactions of at least this."""
