"""The numbers that rules speak of: how each is called and written."""

from collections.abc import Mapping
from dataclasses import dataclass

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
    """What a quantity is called in a sentence, and the format of its value."""

    label: str
    template: str

    def text(self, value: float) -> str:
        """Return the value with its unit."""
        return with_minus(self.template.format(value))


QUANTITIES: dict[str, Quantity] = {
    "tx_count": Quantity("transactions", "{:,.0f}"),
    "tx_per_day": Quantity("transactions a day", "{:,.2f}"),
    "burstiness": Quantity("burstiness", "{:.2f}"),
    "size_entropy": Quantity("entropy of trade sizes", "{:.2f}"),
    "age_days": Quantity("days from first to last seen", "{:,.2f}"),
    "max_value": Quantity("largest execution", "${:,.0f}"),
    "total_value": Quantity("total traded", "${:,.0f}"),
    "unique_tokens": Quantity("distinct tokens", "{:,.0f}"),
    "erc20_count": Quantity("ERC-20 transfers", "{:,.0f}"),
    "flip_rate": Quantity("direction changes", "{:.0%}"),
    "n_candle_matches": Quantity("executions with a candle", "{:,.0f}"),
    "avg_candle_volatility": Quantity("mean range of its minutes", "{:.2%}"),
    "avg_candle_momentum": Quantity("mean return of its minutes", "{:+.3%}"),
    "positive_momentum_ratio": Quantity("share of rising minutes", "{:.0%}"),
    "avg_candle_volume": Quantity("mean volume of its minutes", "${:,.0f}k"),
    "profitability_score": Quantity("profitability score", "{:.2f}"),
    "risk_score": Quantity("risk score", "{:.2f}"),
    "bot_probability": Quantity("bot probability", "{:.2f}"),
    "sophistication_score": Quantity("sophistication score", "{:.2f}"),
    "influence_score": Quantity("influence score", "{:.2f} %"),
}
