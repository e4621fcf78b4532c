"""Funding of known positions, from one history of rates a coin; every number worked by hand."""

from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, candle, context, fill_of, rate, trade

from hypertrack.config import FeeSettings
from hypertrack.market.funding import CANDLE, ORACLE, TRADE, hourly_rates, payments
from hypertrack.market.profit import window_profit
from hypertrack.market.profit_curve import profit_curve
from hypertrack.market.window import Window
from hypertrack.records import HOUR_MS, MINUTE_MS

NO_FEES = FeeSettings(perp_taker_bps=0, perp_maker_bps=0, spot_taker_bps=0, spot_maker_bps=0)
EVER = Window(START_MS + 1, START_MS + 150 * MINUTE_MS)
"""From after 8:00 to 10:30: two full hours at which something may be held."""

# Comes in with 3, buys 2 at 8:10, holds 5 at 9:00; sells 6 at 9:30, is short 1 at 10:00.
BOUGHT = trade(START_MS + 10 * MINUTE_MS, buyer=ALICE, seller=BOB, taker=ALICE, size=2)
SOLD = trade(START_MS + 90 * MINUTE_MS, buyer=BOB, seller=ALICE, taker=ALICE, size=6)
LAST = trade(START_MS + 149 * MINUTE_MS, buyer=BOB, seller=ALICE, taker=ALICE, size=1, coin="ETH")
FILLS = [fill_of(BOUGHT, ALICE, startPosition="3.0"), fill_of(SOLD, ALICE, startPosition="5.0")]
RATES = [
    context(START_MS + 59 * MINUTE_MS, rate=0.001, oracle=100.0),
    context(START_MS + 119 * MINUTE_MS, rate=-0.002, oracle=110.0),
]
LINES = {"trades": [BOUGHT, SOLD, LAST], "fills": FILLS}
PAID = -5 * 100 * 0.001
"""At 9:00, long where longs pay."""
PAID_SHORT = 1 * 110 * -0.002
"""At 10:00, short where shorts pay."""


@pytest.fixture
def alice(open_engine: Any) -> Any:
    """Return what the window was worth to Alice in BTC, by column."""

    def measure(window: Window = EVER, **lines: Any) -> dict[str, Any]:
        con = open_engine(**lines).backend
        rows = con.rows(window_profit(con, window, NO_FEES))
        (own,) = [row for row in rows if (row["wallet_id"], row["coin_id"]) == (0, 0)]
        return own

    return measure


def test_position_pays_its_size_times_oracle_price_times_rate(alice: Any) -> None:
    found = alice(**LINES, contexts=RATES)

    assert found["funding_usd"] == pytest.approx(PAID + PAID_SHORT)
    # all at 100: nothing but funding changed what it had
    assert found["profit_usd"] == pytest.approx(PAID + PAID_SHORT)


def test_rate_that_is_not_known_leaves_funding_unknown_and_profit_without(alice: Any) -> None:
    found = alice(**LINES, contexts=RATES[:1])

    assert found["funding_usd"] is None
    assert found["profit_usd"] == 0


def test_context_of_early_in_the_hour_does_not_tell_what_falls_due(alice: Any) -> None:
    early = context(START_MS + 100 * MINUTE_MS, rate=-0.002, oracle=110.0)

    assert alice(**LINES, contexts=[RATES[0], early])["funding_usd"] is None


def test_who_held_nothing_over_a_full_hour_paid_nothing(alice: Any) -> None:
    window = Window(START_MS + 1, START_MS + HOUR_MS)

    assert alice(window, **LINES)["funding_usd"] == 0


def test_window_has_the_payment_of_its_first_instant_and_not_of_its_end(alice: Any) -> None:
    window = Window(START_MS + HOUR_MS, START_MS + 2 * HOUR_MS)

    found = alice(window, **LINES, contexts=RATES)

    assert found["funding_usd"] == pytest.approx(PAID)


def test_position_that_is_not_known_has_no_funding(alice: Any) -> None:
    assert alice(trades=LINES["trades"], contexts=RATES)["funding_usd"] is None


@pytest.mark.parametrize("coin", ["@107", "#118440"])
def test_coins_without_funding_pay_none(coin: str, alice: Any) -> None:
    lines = [{**line, "coin": coin} for line in (BOUGHT, SOLD)]
    fills = [
        fill_of(line, ALICE, startPosition=start)
        for line, start in zip(lines, ("3.0", "5.0"), strict=True)
    ]

    assert alice(trades=lines, fills=fills)["funding_usd"] == 0


def test_last_context_before_the_hour_tells_the_rate(open_engine: Any) -> None:
    early = context(START_MS + 51 * MINUTE_MS, rate=0.5, oracle=1.0)
    after = context(START_MS + HOUR_MS, rate=0.7, oracle=1.0)  # of the next hour already
    contexts = [early, *RATES, after]

    con = open_engine(trades=[BOUGHT], contexts=contexts).backend

    found = con.rows(hourly_rates(con).order_by("time_ms"))

    assert [(row["time_ms"], row["rate"], row["price"]) for row in found] == [
        (START_MS + HOUR_MS, 0.001, 100.0),
        (START_MS + 2 * HOUR_MS, -0.002, 110.0),
    ]


def test_payments_are_those_of_the_window_hour_by_hour(open_engine: Any) -> None:
    con = open_engine(**LINES, contexts=RATES).backend

    found = {row["time_ms"]: row["funding_usd"] for row in con.rows(payments(con, EVER))}

    assert found == {
        START_MS + HOUR_MS: pytest.approx(PAID),
        START_MS + 2 * HOUR_MS: pytest.approx(PAID_SHORT),
    }


def test_curve_has_each_payment_when_it_was_made(open_engine: Any) -> None:
    others = trade(START_MS + 149 * MINUTE_MS, buyer=CAROL, seller=BOB, taker=BOB)
    lines = {"trades": [BOUGHT, SOLD, others], "fills": FILLS, "contexts": RATES}
    con = open_engine(**lines).backend

    rows = con.rows(profit_curve(con, EVER, NO_FEES))

    minutes = {
        (row["time_ms"] - START_MS) // MINUTE_MS: row["profit_usd"]
        for row in rows
        if row["wallet_id"] == 0
    }
    assert minutes[60] == pytest.approx(0)
    assert minutes[61] == pytest.approx(PAID)
    assert minutes[120] == pytest.approx(PAID)
    assert minutes[121] == pytest.approx(PAID + PAID_SHORT)
    assert minutes[150] == pytest.approx(PAID + PAID_SHORT)


def test_rates_of_the_venue_stand_where_no_context_was_recorded(alice: Any) -> None:
    rates = [rate(1, 0.001), rate(2, -0.002)]

    found = alice(**LINES, funding_history=rates)

    # of trades, at 100, ten minutes and more away from both hours
    assert found["funding_usd"] == pytest.approx(-5 * 100 * 0.001 + 1 * 100 * -0.002)
    assert found["funding_source"] == TRADE
    assert found["profit_usd"] == pytest.approx(found["funding_usd"])


def test_rates_that_cannot_be_meant_leave_no_trace_in_the_sums_after_them(alice: Any) -> None:
    of_another_zone = {**rate(1, -0.5), "time": START_MS + HOUR_MS // 2}
    odd = [rate(0, 1e17), of_another_zone, rate(-1, float("nan")), rate(-2, 1e308)]
    beyond = context(START_MS - MINUTE_MS, rate=-1.01, oracle=100.0)

    found = alice(
        **LINES, contexts=[beyond], funding_history=[*odd, rate(1, 0.001), rate(2, -0.002)]
    )

    # both at the price of the last trade, 100
    assert found["funding_usd"] == pytest.approx(PAID + 1 * 100 * -0.002)


def test_rate_that_fell_due_counts_more_than_the_context_before_it(alice: Any) -> None:
    found = alice(**LINES, contexts=RATES, funding_history=[rate(1, 0.003), rate(2, -0.002)])

    assert found["funding_usd"] == pytest.approx(-5 * 100 * 0.003 + PAID_SHORT)
    assert found["funding_source"] == ORACLE


def test_close_of_the_minutes_before_the_hour_is_the_price_beside_its_rate(alice: Any) -> None:
    closes = [
        candle(START_MS + minute * MINUTE_MS, prices=(90.0, 99.0, 80.0, close))
        for minute, close in ((49, 50.0), (58, 95.0), (60, 70.0), (119, 98.0))
    ]

    found = alice(**LINES, candles=closes, funding_history=[rate(1, 0.001), rate(2, -0.002)])

    assert found["funding_usd"] == pytest.approx(-5 * 95 * 0.001 + 1 * 98 * -0.002)
    assert found["funding_source"] == CANDLE


def test_source_is_the_worst_of_the_hours(alice: Any) -> None:
    found = alice(**LINES, contexts=RATES[:1], funding_history=[rate(2, -0.002)])

    assert found["funding_usd"] == pytest.approx(PAID + 1 * 100 * -0.002)
    assert found["funding_source"] == TRADE


def test_price_is_that_of_the_last_trade_of_the_day_before(open_engine: Any) -> None:
    lines = [
        trade(START_MS + minute * MINUTE_MS, buyer=ALICE, seller=BOB, taker=BOB, price=price)
        for minute, price in ((-125, 90), (80, 110), (1_800, 130))
    ]
    rates = [rate(hour, 0.001) for hour in (-3, -2, 1, 16, 26, 30, 55)]

    con = open_engine(trades=lines, funding_history=rates).backend

    found = {
        (row["time_ms"] - START_MS) // HOUR_MS: (row["price"], row["source"])
        for row in con.rows(hourly_rates(con))
    }
    # before the first, and more than a day after the others, nothing is known; a minute's candle
    # ends where it is over
    assert found == {-2: (90, CANDLE), 1: (90, TRADE), 16: (110, TRADE), 30: (130, TRADE)}


def test_fill_of_before_the_recording_tells_a_price(open_engine: Any) -> None:
    old = trade(START_MS - 5 * HOUR_MS, buyer=ALICE, seller=BOB, taker=BOB, price=70)
    lines = {"trades": [BOUGHT], "fills": [fill_of(old, ALICE, startPosition="0.0")]}

    con = open_engine(**lines, funding_history=[rate(-4, 0.001)]).backend

    (found,) = con.rows(hourly_rates(con))

    assert (found["price"], found["source"]) == (70, TRADE)
