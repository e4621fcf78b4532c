"""Who runs out of margin brings in money: deposits that follow from what an account was worth.

Orders are drawn without a look at accounts, so that one wallet in two hundred would be without its
maintenance margin within days, and half of those would hold on below nothing. Accounts are looked
at each full hour, once its prices are known and it is over; the same hours always call for the
same money, whoever asks and when.
"""

import numpy as np

from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.arrays import Ints
from hypertrack.simulate.market.cash_flows import CashFlow
from hypertrack.simulate.venue.account_values import SPOT, AccountValues

_BROUGHT = 2.0
"""Equity after a call, over the initial margin at the highest leverage."""


def margin_calls(values: AccountValues, since_ms: int) -> list[CashFlow]:
    """Return what a wallet brought in because less than its initial margin was left.

    Args:
        values: With the flows that are known without calls.
        since_ms: Full hours from here on are looked at, before now.
    """
    first = -(-since_ms // HOUR_MS) * HOUR_MS
    # At an hour that is now, or not told yet, prices and funding are others than afterwards.
    hours = np.arange(first, min(values.now_ms, values.prices_end_ms), HOUR_MS, dtype=np.int64)
    places = [place for place in values.places if place != SPOT]
    return [flow for place in places for flow in _calls(values, place, hours)]


def _calls(values: AccountValues, place: str, hours_ms: Ints) -> list[CashFlow]:
    """Return the calls of one place, oldest first."""
    worth = values.worth_usd(hours_ms, [place])
    margin = values.margin_usd(hours_ms, place)
    flows, brought = list[CashFlow](), 0.0
    for at in np.flatnonzero(worth < margin).tolist():
        left, time_ms = worth[at] + brought, int(hours_ms[at])
        if left < margin[at]:
            usd = round(_BROUGHT * margin[at] - left, 2)
            brought += usd
            flows.append(CashFlow(time_ms, "deposit", usd, "", values.wallet))
            if place:
                flows.append(CashFlow(time_ms, "to_dex", usd, values.wallet, values.wallet, place))
    return flows
