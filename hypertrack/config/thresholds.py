"""The thresholds of the category rules, one key each."""

from typing import Annotated, Literal

from pydantic import Field

from hypertrack.config.section import Section

Share = Annotated[float, Field(ge=0, le=1)]
Amount = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
Alignment = Annotated[float, Field(ge=-1, le=1)]

Edition = Literal["hypertrack", "original"]


class CategorySettings(Section):
    """Which rules are asked, and their thresholds; what both editions ask has one key.

    A key is the rule's name, the bound's kind and the quantity it bounds. Whether the bound itself
    counts stands in the rule (``hypertrack categories`` prints it with the value in force).
    """

    edition: Edition = "hypertrack"
    """``original``: the 30 rules of the predecessor, to the letter. ``hypertrack``: the same names
    with rules that look at which way a wallet trades, new ones, and none asked that cannot hold."""

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

    scalper_min_executions: Count = 30
    """Scalper, and Possible: executions of at least this."""
    scalper_max_twap_share: Share = 0.5
    """Scalper, and Possible: share of taker notional from TWAP orders below this."""
    scalper_min_reversal_share: Share = 0.3
    """Scalper: share of executions within 15 minutes of an opposite one of at least this."""
    possible_scalper_min_reversal_share: Share = 0.2
    """Possible Scalper: share of executions within 15 minutes of an opposite one, at least this."""
    scalper_max_round_trip_s: Amount = 900.0
    """Scalper: median holding, or time to the opposite execution, below this."""
    possible_scalper_max_round_trip_s: Amount = 3_600.0
    """Possible Scalper: median holding, or time to the opposite execution, below this."""
    whale_lone_execution_usd: Amount = 250_000.0
    """Whale: one execution above this suffices."""
    possible_whale_lone_execution_usd: Amount = 100_000.0
    """Possible Whale: one execution above this suffices."""
    whale_max_top_frac: Share = 0.02
    """Whale: among this share of wallets that traded most."""
    possible_whale_max_top_frac: Share = 0.05
    """Possible Whale: among this share of wallets that traded most."""
    arbitrageur_min_executions: Count = 20
    """Arbitrageur, and Possible: executions of at least this."""
    arbitrageur_min_opposite_leg_share: Share = 0.3
    """Arbitrageur: taker executions with an opposite one in another coin, at least this share."""
    possible_arbitrageur_min_opposite_leg_share: Share = 0.2
    """Possible Arbitrageur: the same of at least this share."""
    arbitrageur_max_maker_share: Share = 0.65
    """Arbitrageur, and Possible: maker share of notional below this."""
    trend_min_executions: Count = 20
    """Momentum Follower, Contrarian: executions after a known move of at least this."""
    trend_min_blocks: Count = 5
    """Momentum Follower, Contrarian: 5-minute blocks with such executions of at least this."""
    momentum_min_alignment: Alignment = 0.3
    """Momentum Follower: notional with less against the move, over both, above this."""
    momentum_min_z: float = 2.0
    """Momentum Follower: the same in its errors over blocks, at least this."""
    possible_momentum_min_alignment: Alignment = 0.15
    """Possible Momentum Follower: notional with less against the move, over both, above this."""
    possible_momentum_min_z: float = 1.5
    """Possible Momentum Follower: the same in its errors over blocks, at least this."""
    contrarian_max_alignment: Alignment = -0.3
    """Contrarian Trader: notional with less against the move, over both, below this."""
    contrarian_max_z: float = -2.0
    """Contrarian Trader: the same in its errors over blocks, at most this."""
    possible_contrarian_max_alignment: Alignment = -0.15
    """Possible Contrarian Trader: notional with less against the move, over both, below this."""
    possible_contrarian_max_z: float = -1.5
    """Possible Contrarian Trader: the same in its errors over blocks, at most this."""
    volatility_min_executions: Count = 20
    """Volatility Trader, and Possible: executions of at least this."""
    volatility_min_share: Share = 0.65
    """Volatility Trader: share of executions in volatile minutes above this."""
    volatility_min_z: float = 2.0
    """Volatility Trader: executions in volatile minutes over chance, in errors, at least this."""
    possible_volatility_min_share: Share = 0.58
    """Possible Volatility Trader: share of executions in volatile minutes above this."""
    possible_volatility_min_z: float = 1.5
    """Possible Volatility Trader: executions in volatile minutes over chance, at least this."""
    high_volume_min_usd_per_day: Amount = 1_000_000.0
    """High Volume Trader: its own notional an observed day above this."""
    high_volume_max_top_frac: Share = 0.05
    """High Volume Trader: among this share of wallets that traded most."""
    market_maker_min_executions: Count = 50
    """Market Maker: executions of at least this."""
    market_maker_min_score: Share = 0.5
    """Market Maker: `market_maker_score` above this."""
    market_maker_min_age_days: Amount = 0.083
    """Market Maker: days from first to last seen of at least this (two hours), or the next."""
    market_maker_many_executions: Count = 200
    """Market Maker: so many executions suffice however short the time."""
    twap_user_min_share: Share = 0.5
    """TWAP User: share of taker notional from TWAP orders above this."""
    twap_user_min_slices: Count = 5
    """TWAP User: slices of TWAP orders of at least this."""
    copier_min_followed: Count = 1
    """Copier: wallets that it follows of at least this."""
    group_min_wallets: Count = 2
    """One of a Group: wallets of its entity of at least this."""
    liquidated_min_fills: Count = 1
    """Liquidated: fills by which the venue closed its positions of at least this."""

    def limits(self) -> dict[str, float]:
        """Return the thresholds by name."""
        return self.model_dump(exclude={"edition"})
