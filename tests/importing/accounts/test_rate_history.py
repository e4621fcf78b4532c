"""Rates of funding: what is asked of which coins, and that nothing is asked twice."""

import threading
from pathlib import Path
from typing import Any

import pytest
from account_fakes import LATE_MS, AccountVenue, account_fill, ask, lines_of, said
from fakes import ALICE, BOB, START_MS

from hypertrack.feeds.account_questions import Step
from hypertrack.importing.accounts.asking import Asking
from hypertrack.records import DAY_MS, HOUR_MS

BOTH = Asking(wallets=(ALICE, BOB), steps=(Step.FILLS, Step.RATES))


@pytest.fixture
def held(venue: AccountVenue) -> AccountVenue:
    """Return a venue at which two wallets traded one perp, and what has no funding."""
    venue.fills[ALICE] = [
        account_fill(11),
        *(account_fill(nth, coin=coin) for nth, coin in ((2, "@107"), (3, "#20"), (4, "A/USDC"))),
    ]
    venue.fills[BOB] = [account_fill(15), account_fill(16, coin="xyz:SP500")]
    venue.now_ms = START_MS + 1_100 * HOUR_MS
    return venue


def asked_rates(venue: AccountVenue) -> list[tuple[Any, ...]]:
    """Return coin, start and end of each question for rates, in hours from the first fill on."""
    return [
        (each["coin"], *((each[at] - START_MS) / HOUR_MS for at in ("startTime", "endTime")))
        for each in venue.asked
        if each["type"] == "fundingHistory"
    ]


def test_rates_are_asked_once_a_coin_however_many_wallets_held_it(
    held: AccountVenue, folder: Path
) -> None:
    report = ask(held, folder, BOTH)

    coins = [coin for coin, *_ in asked_rates(held)]
    # 1,099 hours are due (the last 10 s are left to trail), 500 a page; pages share their edges
    assert coins == ["BTC"] * 3 + ["xyz:SP500"] * 3
    rates = said(lines_of(folder, "funding_history.jsonl"))
    assert report.n_rates == len(rates) == 2 * 1_099
    assert [rate["time"] for rate in rates[:1_099]] == [
        START_MS + hour * HOUR_MS + LATE_MS for hour in range(1, 1_100)
    ]


def test_page_of_rates_weighs_20_and_one_for_20_hours(held: AccountVenue, folder: Path) -> None:
    held.fills[BOB] = []

    report = ask(held, folder, BOTH)

    # two wallets' fills, the venue's time; 500, 500 and 101 hours
    assert report.weight == 2 * 20 + 2 + 45 + 45 + 25


def test_further_run_asks_for_the_hours_since(held: AccountVenue, folder: Path) -> None:
    held.fills[BOB] = []
    ask(held, folder, BOTH)
    held.asked.clear()
    ask(held, folder, BOTH)
    assert asked_rates(held) == []

    held.now_ms += 5 * HOUR_MS
    report = ask(held, folder, BOTH)

    assert [(coin, round(start), round(end)) for coin, start, end in asked_rates(held)] == [
        ("BTC", 1_100, 1_105)
    ]
    assert report.n_rates == 5


def test_older_fills_of_another_wallet_lead_to_the_hours_before(
    held: AccountVenue, folder: Path
) -> None:
    held.fills[ALICE] = [account_fill(9, time_ms=START_MS + 1_000 * HOUR_MS)]
    ask(held, folder, Asking(wallets=(ALICE,), steps=BOTH.steps))
    held.asked.clear()

    ask(held, folder, BOTH)

    btc = [each for each in asked_rates(held) if each[0] == "BTC"]
    assert [round(end) for _, _, end in btc] == [1_000] * 3  # 500, 500 and 2 hours
    rates = said(lines_of(folder, "funding_history.jsonl"))
    times_ms = [rate["time"] for rate in rates if rate["coin"] == "BTC"]
    assert len(times_ms) == len(set(times_ms)) == 1_099


def test_coins_of_the_tape_and_of_stored_fills_are_asked_about(
    held: AccountVenue, folder: Path
) -> None:
    ask(held, folder, Asking(wallets=(BOB,), steps=(Step.FILLS,)))
    held.asked.clear()
    asking = Asking(wallets=(BOB,), steps=(Step.RATES,), coins={"ETH": START_MS, "@7": 0})

    ask(held, folder, asking)

    assert {coin for coin, *_ in asked_rates(held)} == {"BTC", "ETH", "xyz:SP500"}


def test_nothing_older_than_wanted_is_asked_for(held: AccountVenue, folder: Path) -> None:
    since_ms = held.now_ms - DAY_MS

    report = ask(held, folder, Asking(wallets=(BOB,), steps=BOTH.steps, since_ms=since_ms))

    assert report.n_rates == 0  # no fill since then
    asking = Asking(wallets=(BOB,), steps=BOTH.steps, since_ms=since_ms, coins={"ETH": START_MS})
    assert ask(held, folder, asking).n_rates == 24


@pytest.mark.parametrize(
    "row",
    [
        {"coin": "ETH", "fundingRate": "0.1", "time": START_MS + HOUR_MS},
        {"coin": "BTC", "fundingRate": "nan", "time": START_MS + HOUR_MS},
        {"coin": "BTC", "fundingRate": "1e17", "time": START_MS + HOUR_MS},
        {"coin": "BTC", "fundingRate": "-1.01", "time": START_MS + HOUR_MS},
        {"coin": "BTC", "fundingRate": "0.1", "time": -1},
        {"coin": "BTC", "fundingRate": "0.1", "time": START_MS + HOUR_MS // 2},
        {"coin": "BTC", "fundingRate": "0.1", "time": START_MS - DAY_MS},
        {"coin": "BTC", "fundingRate": "0.1", "time": START_MS + 10_000 * DAY_MS},
        {"coin": "BTC", "fundingRate": None, "time": START_MS + HOUR_MS},
        {"coin": "BTC"},
        [],
        7,
    ],
)
def test_answer_that_is_no_rate_fails_its_coin_and_is_kept(
    held: AccountVenue, folder: Path, row: Any
) -> None:
    held.answers["fundingHistory"] = [row]

    report = ask(held, folder, Asking(wallets=(ALICE,), steps=BOTH.steps))

    (failed,) = report.failed
    assert (failed.step, failed.wallet, report.n_left) == (Step.RATES, "BTC", 0)
    assert not (folder / "funding_history.jsonl").exists()
    assert "rate of BTC" in (folder / "quarantine.jsonl").read_text()
    del held.answers["fundingHistory"]
    assert ask(held, folder, Asking(wallets=(ALICE,), steps=BOTH.steps)).n_rates == 1_099


def test_rate_of_a_far_future_leaves_the_hours_until_then_to_be_asked_for(
    held: AccountVenue, folder: Path
) -> None:
    """A page of 100, which may have been cut: it goes on behind its last rate that is one."""
    due = [{"coin": "BTC", "fundingRate": "0.0001", "premium": "0.0"} for _ in range(100)]
    for nth, each in enumerate(due):
        each["time"] = START_MS + (nth + 1) * HOUR_MS + LATE_MS
    due[-1]["time"] += 10_000 * DAY_MS
    held.answers["fundingHistory"] = due
    asking = Asking(wallets=(ALICE,), steps=BOTH.steps)
    assert ask(held, folder, asking).n_rates == 99
    del held.answers["fundingHistory"]
    held.now_ms += 5 * HOUR_MS

    assert ask(held, folder, asking).n_rates == 5


def test_half_hours_of_another_zone_do_not_take_the_places_of_full_ones(
    held: AccountVenue, folder: Path
) -> None:
    due = [
        {"coin": "BTC", "fundingRate": rate, "premium": "0.0", "time": START_MS + late_ms}
        for rate, late_ms in (("0.5", HOUR_MS * 3 // 2), ("0.0001", 2 * HOUR_MS + LATE_MS))
    ]
    held.answers["fundingHistory"] = due

    ask(held, folder, Asking(wallets=(ALICE,), steps=BOTH.steps))

    rates = said(lines_of(folder, "funding_history.jsonl"))
    assert [rate["fundingRate"] for rate in rates] == ["0.0001"]


def test_coin_that_the_venue_does_not_know_fails_and_the_next_is_asked(
    held: AccountVenue, folder: Path
) -> None:
    held.intercept = lambda each: (500, b"null") if each.get("coin") == "BTC" else None

    report = ask(held, folder, BOTH)

    assert [line.wallet for line in report.failed] == ["BTC"]
    assert report.n_rates == 1_099


def test_venue_without_the_question_is_asked_once(held: AccountVenue, folder: Path) -> None:
    held.unknown = {"fundingHistory"}

    report = ask(held, folder, BOTH)

    assert list(report.switched_off) == ["rates"]
    assert [coin for coin, *_ in asked_rates(held)] == ["BTC"]


def test_run_that_is_stopped_says_what_is_left_and_goes_on(
    held: AccountVenue, folder: Path
) -> None:
    stop = threading.Event()

    def stop_at_rates(request: dict[str, Any]) -> None:
        if request["type"] == "fundingHistory":
            stop.set()

    held.intercept = stop_at_rates
    report = ask(held, folder, BOTH, stop=stop)
    assert (report.n_left, report.n_rates) == (2, 500)
    held.intercept = lambda _: None

    assert ask(held, folder, BOTH).n_rates == 2 * 1_099 - 500
