"""Money that wallets bring in when their margin is gone: every number worked by hand."""

import pytest
from exchange_fakes import block, trade
from fakes import ALICE, BOB, START_MS
from past_fakes import COINS, Past, PastSource, at, prices
from venue_fakes import PlayedVenue

from hypertrack.records import HOUR_MS
from hypertrack.simulate.market.cash_flows import CashFlow
from hypertrack.simulate.venue.source import Event

OTHERS = ("0x" + "c" * 40, "0x" + "d" * 40)


def venue_of_a_buyer(name: str, *flows: CashFlow) -> PlayedVenue:
    """Return a venue on which Alice buys 20 coins at 100 USD, which then fall to 99 and 98."""
    first, second = START_MS + HOUR_MS, START_MS + 2 * HOUR_MS
    events = [
        block(trade(at(1), 1, name=name, price="100.0", size="20.0")),
        prices(first, 99.0, 99.0, 99.0, 99.0),
        prices(second, 98.0, 98.0, 98.0, 98.0),
        block(trade(second + 1, 2, name=name, price="98.0", size="1.0", users=OTHERS)),
    ]
    return PlayedVenue(PastSource(events, coins=COINS, past=Past((), flows)))


def updates(venue: PlayedVenue, user: str) -> list[tuple[int, str, float]]:
    """Return when money moved, how, and how much."""
    told = venue.ask("userNonFundingLedgerUpdates", user=user)
    amounts = [row["delta"].get("usdc") or row["delta"]["amount"] for row in told]
    return [
        (row["time"] - START_MS, row["delta"]["type"], float(usd))
        for row, usd in zip(told, amounts, strict=True)
    ]


def test_who_is_left_less_than_the_initial_margin_brings_in_twice_of_it() -> None:
    """Of 70 USD, .9 is the fee, 20 is lost and .02475 is funding: 49.08 of a margin of 49.5."""
    venue = venue_of_a_buyer("ETH", CashFlow(START_MS, "deposit", 70.0, "", ALICE))

    told = updates(venue, ALICE)

    assert told == [(0, "deposit", 70.0), (HOUR_MS, "deposit", 49.92)]  # an hour later no more
    state = venue.ask("clearinghouseState", user=ALICE)
    left = 70 - 0.9 + 49.92 - 40 - 0.02475 - 0.0245
    assert float(state["marginSummary"]["accountValue"]) == pytest.approx(left, abs=1e-6)


def test_money_for_a_builders_dex_goes_on_to_it() -> None:
    """A builder takes a second fee: 48.18 of 49.5 is left."""
    venue = venue_of_a_buyer(
        "xyz:SP500",
        CashFlow(START_MS, "deposit", 70.0, "", ALICE),
        CashFlow(START_MS, "to_dex", 70.0, ALICE, ALICE, "xyz"),
    )

    told = updates(venue, ALICE)

    assert told[2:] == [(HOUR_MS, "deposit", 50.82), (HOUR_MS, "send", 50.82)]
    values = {
        dex: float(
            venue.ask("clearinghouseState", user=ALICE, dex=dex)["marginSummary"]["accountValue"]
        )
        for dex in ("", "xyz")
    }
    left = 70 - 1.8 + 50.82 - 40 - 0.02475 - 0.0245
    assert values == {"": 0.0, "xyz": pytest.approx(left, abs=1e-6)}


def test_who_has_enough_and_who_is_only_seen_to_trade_are_not_called() -> None:
    """71 USD leave 50.08 of 49.5, then 30.05 of 49: the second hour calls for 67.95."""
    venue = venue_of_a_buyer("ETH", CashFlow(START_MS, "deposit", 71.0, "", ALICE))

    assert updates(venue, BOB) == []
    assert updates(venue, ALICE)[1:] == [(2 * HOUR_MS, "deposit", 67.95)]


def test_an_hour_calls_for_nothing_before_its_prices_are_told() -> None:
    """At her own price Alice had 49.1 of 50 left; at that of the hour, which comes, 29.08."""
    hour = START_MS + HOUR_MS
    bought = block(trade(at(1), 1, name="ETH", price="100.0", size="20.0"))
    told = prices(hour, 99.0, 99.0, 99.0, 99.0)
    past = Past((), (CashFlow(START_MS, "deposit", 50.0, "", ALICE),))

    def calls(*events: Event, until_ms: int) -> list[tuple[int, str, float]]:
        extra_ms = until_ms - events[-1].time_ms
        source = PastSource(events, coins=COINS, past=past, extra_ms=extra_ms)
        return updates(PlayedVenue(source), ALICE)[1:]

    assert calls(bought, until_ms=hour + 1) == []
    assert calls(bought, told, until_ms=hour) == []
    assert calls(bought, told, until_ms=hour + 1) == [(HOUR_MS, "deposit", 69.92)]
