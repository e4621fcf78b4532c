"""The numbers that rules speak of: how each is called and written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hypertrack.text import with_minus

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

Columns = Mapping[str, Floats]
"""Quantities of wallets by name, ``[wallets]`` each: features, scores, style dimensions, and
``n_candle_matches``. No score is in it where there is no model."""

Values = Mapping[str, float]
"""The same of one wallet; or thresholds by name."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """What a quantity is called in a sentence, the format of its value, and where it ends.

    ``ends`` is its largest value under ``>`` and its smallest under ``<``, where it has any.
    """

    label: str
    template: str
    ends: Mapping[str, float] = field(default_factory=dict)

    def text(self, value: float) -> str:
        """Return the value with its unit."""
        return with_minus(self.template.format(value))


SHARE = {">": 1.0, "<": 0.0}
SIGNED = {">": 1.0, "<": -1.0}

QUANTITIES: dict[str, Quantity] = {
    "tx_count": Quantity("transactions", "{:,.0f}"),
    "tx_per_day": Quantity("transactions a day", "{:,.2f}"),
    "burstiness": Quantity("burstiness", "{:.2f}"),
    "size_entropy": Quantity("entropy of trade sizes", "{:.2f}", SHARE),
    "age_days": Quantity("days from first to last seen", "{:,.2f}"),
    "max_value": Quantity("largest execution", "${:,.0f}"),
    "total_value": Quantity("total traded", "${:,.0f}"),
    "unique_tokens": Quantity("distinct tokens", "{:,.0f}"),
    "erc20_count": Quantity("ERC-20 transfers", "{:,.0f}"),
    "flip_rate": Quantity("direction changes", "{:.0%}", SHARE),
    "n_candle_matches": Quantity("executions with a candle", "{:,.0f}"),
    "avg_candle_volatility": Quantity("mean range of its minutes", "{:.2%}"),
    "avg_candle_momentum": Quantity("mean return of its minutes", "{:+.3%}"),
    "positive_momentum_ratio": Quantity("share of rising minutes", "{:.0%}", SHARE),
    "avg_candle_volume": Quantity("mean volume of its minutes", "${:,.0f}k"),
    "profitability_score": Quantity("profitability score", "{:.2f}", SHARE),
    "risk_score": Quantity("risk score", "{:.2f}", SHARE),
    "bot_probability": Quantity("bot probability", "{:.2f}", SHARE),
    "sophistication_score": Quantity("sophistication score", "{:.2f}", SHARE),
    "influence_score": Quantity("influence score", "{:.2f} %"),
    "execution_count": Quantity("executions", "{:,.0f}"),
    "twap_share": Quantity("share from TWAP orders", "{:.0%}", SHARE),
    "twap_taken_share": Quantity("share from TWAP orders", "{:.0%}", SHARE),
    "twap_slice_count": Quantity("TWAP slices", "{:,.0f}"),
    "reversal_15m_share": Quantity("reversals within 15 minutes", "{:.0%}", SHARE),
    "round_trip_s": Quantity("seconds to the way back, median", "{:,.0f}"),
    "value_top_frac": Quantity("place by notional, from the top", "{:.1%}", SHARE),
    "notional_per_day_usd": Quantity("traded an observed day", "${:,.0f}"),
    "opposite_leg_share": Quantity("takes with an opposite leg", "{:.0%}", SHARE),
    "order_book_participation": Quantity("maker share", "{:.0%}", SHARE),
    "moved_execution_count": Quantity("executions after a move", "{:,.0f}"),
    "move_block_count": Quantity("blocks of 5 minutes", "{:,.0f}"),
    "move_alignment": Quantity("traded with the move", "{:+.2f}", SIGNED),
    "move_alignment_z": Quantity("the same in errors", "{:+.1f}"),
    "volatility_trading_score": Quantity("share in volatile minutes", "{:.0%}", SHARE),
    "volatile_z": Quantity("the same over chance in errors", "{:+.1f}"),
    "market_maker_score": Quantity("market maker score", "{:.2f}", SHARE),
    "followed_count": Quantity("wallets it follows", "{:,.0f}"),
    "entity_size": Quantity("wallets that act as one", "{:,.0f}"),
    "liquidation_count": Quantity("fills of liquidations", "{:,.0f}"),
}
