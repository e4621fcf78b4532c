"""The terms on which each wallet trades: its tier of fees, its builder, and who numbers its orders.

Source: the venue's public fee page for tiers, discounts and rebates. Measured on the fills of 81 s
of the venue: taker fees of 1.4 / 3.4 / 5.3 bps (p25, p50, p90), maker fees of -.3 / -.1 / 1.5.
"""

from dataclasses import dataclass

import numpy as np

from hypertrack.simulate.market.arrays import CoinIds, Columns, Flags, Floats, Ids, Ints
from hypertrack.simulate.market.fees import BASE_RATES, FeeRates, fee_multiplier
from hypertrack.simulate.market.instruments import Coin
from hypertrack.simulate.market.kinds import KINDS
from hypertrack.simulate.market.population import Population

_PERP_TAKER_BPS = np.array([BASE_RATES.perp_taker_bps, 4.0, 3.5, 3.0, 2.8, 2.6, 2.4])
_PERP_MAKER_BPS = np.array([BASE_RATES.perp_maker_bps, 1.2, 0.8, 0.4, 0.0, 0.0, 0.0])
_SPOT_TAKER_BPS = np.array([BASE_RATES.spot_taker_bps, 6.0, 5.0, 4.0, 3.5, 3.0, 2.5])
_SPOT_MAKER_BPS = np.array([BASE_RATES.spot_maker_bps, 3.0, 2.0, 1.0, 0.0, 0.0, 0.0])
"""By tier of the volume of 14 days."""

_TIER_RANKS = np.array([0.003, 0.009, 0.022, 0.055, 0.12, 0.28])
"""Share of wallets that trade more than one of tier 6, 5, 4 and so on."""
_MAKER_TIER = 4
_REBATES_BPS = (0.1, 0.2, 0.3)
"""What a market maker gets for its share of all makers' volume."""

_STAKERS_SHARE = 0.2
_STAKING_DISCOUNTS = (0.05, 0.10, 0.15, 0.20, 0.30, 0.40)
_BUSY_TIER = 3
_BUSY_STAKERS_SHARE = 0.9
_BUSY_DISCOUNT = 0.40
"""Of those who trade so much that the largest discount is worth its stake."""
_REFERRED_SHARE = 0.3
_REFERRAL_DISCOUNT = 0.04

_BUILDERS_SHARE = 0.2
"""Of wallets that no program runs: they trade through somebody's screen, who adds a fee."""
_BUILDER_BPS = (0.5, 1.0, 2.5, 5.0)

_NUMBERS_ORDERS_SHARE = 0.6
"""Of programs, those whose orders carry ids of their own."""


@dataclass(frozen=True)
class TermArrays(Columns):
    """A row a wallet; fees in bps of notional, negative where the venue pays."""

    perp_taker_bps: Floats
    perp_maker_bps: Floats
    spot_taker_bps: Floats
    spot_maker_bps: Floats
    builder_bps: Floats
    """Added by the builder through whom it trades; 0 for none."""
    numbers_orders: Flags

    def rates(self, wallet: int) -> FeeRates:
        """Return the fees of one wallet."""
        names = FeeRates._fields
        return FeeRates(*(float(getattr(self, name)[wallet]) for name in names))


class FeeSchedule:
    """What fills cost.

    Args:
        terms: Of all wallets.
        coins: Of the market.
    """

    def __init__(self, terms: TermArrays, coins: tuple[Coin, ...]):
        self._terms = terms
        self._is_spot = np.array([coin.kind == "spot" for coin in coins])
        self._multiplier = np.array([fee_multiplier(coin) for coin in coins])

    def bps(self, wallet: Ids, coin: CoinIds, is_taker: Flags, is_buy: Flags) -> Floats:
        """Return the fees of fills in bps, their builders' part included."""
        terms, is_spot = self._terms, self._is_spot[coin]
        taker = np.where(is_spot, terms.spot_taker_bps[wallet], terms.perp_taker_bps[wallet])
        maker = np.where(is_spot, terms.spot_maker_bps[wallet], terms.perp_maker_bps[wallet])
        own: Floats = np.where(is_taker, taker, maker) * self._multiplier[coin]
        return own + self.builder_bps(wallet, coin, is_buy)

    def builder_bps(self, wallet: Ids, coin: CoinIds, is_buy: Flags) -> Floats:
        """Return what builders take of fills; of spot they take part in sales alone."""
        spares = self._is_spot[coin] & is_buy
        builder: Floats = np.where(spares, 0.0, self._terms.builder_bps[wallet])
        return builder


def draw_terms(people: Population, rng: np.random.Generator) -> TermArrays:
    """Draw the wallets' terms; tiers go by what they are expected to trade."""
    count = len(people)
    makes = people.kind == [kind.name for kind in KINDS].index("market_maker")
    day_usd = people.size_usd * people.sessions_per_day * people.session_ms / people.gap_ms
    rank = np.argsort(np.argsort(-day_usd)) / count
    tier = (rank[:, None] < _TIER_RANKS).sum(axis=1)
    tier = np.where(makes, np.maximum(tier, _MAKER_TIER), tier)
    is_busy = tier >= _BUSY_TIER
    stakes = rng.random(count) < np.where(is_busy, _BUSY_STAKERS_SHARE, _STAKERS_SHARE)
    level = np.where(is_busy, _BUSY_DISCOUNT, rng.choice(_STAKING_DISCOUNTS, count))
    discount = np.where(stakes, level, 0.0)
    is_referred = (rng.random(count) < _REFERRED_SHARE) & (tier == 0)
    discount = 1 - (1 - discount) * (1 - _REFERRAL_DISCOUNT * is_referred)
    rebate = np.where(makes, rng.choice(_REBATES_BPS, count), 0.0)
    is_built = (rng.random(count) < _BUILDERS_SHARE) & ~people.is_bot
    builder = np.where(is_built, rng.choice(_BUILDER_BPS, count), 0.0)
    numbers = (rng.random(count) < _NUMBERS_ORDERS_SHARE) & people.is_bot
    return _terms(tier, discount, rebate, builder, numbers)


def _terms(
    tier: Ints, discount: Floats, rebate: Floats, builder: Floats, numbers: Flags
) -> TermArrays:
    left = 1 - discount
    return TermArrays(
        perp_taker_bps=_PERP_TAKER_BPS[tier] * left,
        perp_maker_bps=_PERP_MAKER_BPS[tier] * left - rebate,
        spot_taker_bps=_SPOT_TAKER_BPS[tier] * left,
        spot_maker_bps=_SPOT_MAKER_BPS[tier] * left - rebate,
        builder_bps=builder,
        numbers_orders=numbers,
    )
