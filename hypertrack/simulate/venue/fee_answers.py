"""What a wallet is charged, as the venue tells it, beside the base schedule."""

from datetime import UTC, datetime
from typing import Any

from hypertrack.records import DAY_MS
from hypertrack.simulate.market.fees import BASE_RATES, FeeRates
from hypertrack.simulate.venue.account_values import AccountValues
from hypertrack.simulate.venue.numbers import rounded

Json = dict[str, Any]

_TOLD_DAYS = 15


def user_fees(values: AccountValues, exchange_day_usd: float) -> Json:
    """Return a wallet's volumes of the last days and its rates.

    Args:
        values: Of the wallet.
        exchange_day_usd: What all trade in a day.
    """
    rates, own = _told(BASE_RATES), _told(values.account.rates)
    tiers = {
        "vip": [{"ntlCutoff": "5000000.0", **rates}],
        "mm": [{"makerFractionCutoff": "0.005", "add": "-0.00001"}],
    }
    discount = {"bpsOfMaxSupply": "0.0", "discount": "0.0"}
    return {
        "dailyUserVlm": _days(values, exchange_day_usd),
        "feeSchedule": {
            **rates,
            "tiers": tiers,
            "referralDiscount": "0.04",
            "stakingDiscountTiers": [discount],
        },
        "userCrossRate": own["cross"],
        "userAddRate": own["add"],
        "userSpotCrossRate": own["spotCross"],
        "userSpotAddRate": own["spotAdd"],
        "activeReferralDiscount": "0.0",
        "trial": None,
        "feeTrialEscrow": "0.0",
        "nextTrialAvailableTimestamp": None,
        "stakingLink": None,
        "activeStakingDiscount": discount,
    }


def _told(rates: FeeRates) -> dict[str, str]:
    return {
        "cross": _rate(rates.perp_taker_bps),
        "add": _rate(rates.perp_maker_bps),
        "spotCross": _rate(rates.spot_taker_bps),
        "spotAdd": _rate(rates.spot_maker_bps),
    }


def _days(values: AccountValues, exchange_day_usd: float) -> list[Json]:
    today = values.now_ms // DAY_MS
    return [
        {
            "date": datetime.fromtimestamp(day * DAY_MS / 1000, UTC).date().isoformat(),
            "userCross": rounded(values.day_volume_usd(day, is_taker=True), 2),
            "userAdd": rounded(values.day_volume_usd(day, is_taker=False), 2),
            "exchange": rounded(exchange_day_usd, 2),
        }
        for day in range(today - _TOLD_DAYS + 1, today + 1)
    ]


def _rate(bps: float) -> str:
    return rounded(bps / 1e4, 8)
