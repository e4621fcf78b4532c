"""Fills against a venue on this machine: every page, each once, and since when they are whole."""

from pathlib import Path

import pytest
from account_fakes import (
    FILLS_OF_ALICE,
    AccountVenue,
    account_fill,
    ask,
    lines_of,
    many_fills,
    observed_fills,
    said,
)
from fakes import ALICE, BOB, START_MS

from hypertrack.feeds.account_questions import Step
from hypertrack.importing.accounts.asking import Asking


def test_every_fill_is_stored_once_as_it_came(venue: AccountVenue, folder: Path) -> None:
    venue.fills[ALICE] = many_fills(4_500)

    report = ask(venue, folder, FILLS_OF_ALICE)

    lines = lines_of(folder, "fills.jsonl")
    assert said(lines[::-1]) == venue.fills[ALICE]
    assert {line["user"] for line in lines} == {ALICE}
    assert (report.n_fills, report.n_left, report.failed) == (4_500, 0, ())
    # complete since the first fill until ten seconds before the venue was asked
    assert observed_fills(folder) == [("observed", 0, 10**9 - 10_000, "first")]


def test_line_says_when_whose_and_to_what(venue: AccountVenue, folder: Path) -> None:
    venue.fills[ALICE] = many_fills(1)

    ask(venue, folder, FILLS_OF_ALICE)

    (line,) = lines_of(folder, "fills.jsonl")
    assert list(line)[:3] == ["received_ns", "user", "request"]
    assert line["request"] == {
        "type": "userFillsByTime",
        "startTime": 0,
        "aggregateByTime": False,
        "reversed": True,
    }


def test_wallet_of_more_fills_than_the_venue_keeps_yields_those_and_says_so(
    venue: AccountVenue, folder: Path
) -> None:
    venue.fills[ALICE] = many_fills(12_000, step_ms=1)

    report = ask(venue, folder, FILLS_OF_ALICE)

    assert report.n_fills == 10_000
    assert observed_fills(folder) == [("observed", 2_000, 10**9 - 10_000, "limit")]
    done = lines_of(folder, "accounts/progress.jsonl")[-1]
    assert (done["cause"], done["came_in"]) == ("limit", {"BTC": "2000.0"})


def test_wallet_of_nearly_as_many_fills_is_complete_where_it_began_with_nothing(
    venue: AccountVenue, folder: Path
) -> None:
    venue.fills[ALICE] = many_fills(9_751, step_ms=1)

    report = ask(venue, folder, FILLS_OF_ALICE)

    assert report.n_fills == 9_751
    assert observed_fills(folder) == [("observed", 0, 10**9 - 10_000, "first")]


def test_fills_that_were_pushed_out_while_we_asked_are_not_taken_for_never_made(
    venue: AccountVenue, folder: Path
) -> None:
    # Flat at every fill, so that the oldest that is left seems to be the first.
    made = [account_fill(nth, time_ms=START_MS + nth) for nth in range(12_000)]
    venue.fills[ALICE] = made[:10_300]

    def trade_on(_: object) -> None:
        venue.fills[ALICE] = made[: len(venue.fills[ALICE]) + 100]

    venue.intercept = trade_on
    ask(venue, folder, FILLS_OF_ALICE)

    assert observed_fills(folder)[0][3] == "limit"


def test_block_of_fifty_fills_of_one_time_survives_the_edge_of_a_page(
    venue: AccountVenue, folder: Path
) -> None:
    fills = many_fills(2_030)
    for fill in fills[5:55]:  # the page of 2,000 ends within this block
        fill["time"] = START_MS + 50
    venue.fills[ALICE] = fills

    ask(venue, folder, FILLS_OF_ALICE)

    assert sorted(line["tid"] for line in lines_of(folder, "fills.jsonl")) == list(range(1, 2_031))


def test_page_of_one_time_leaves_a_hole_and_what_lies_before_is_found(
    venue: AccountVenue, folder: Path
) -> None:
    before = many_fills(3)
    block = [account_fill(10 + nth, time_ms=START_MS + 500) for nth in range(2_100)]
    venue.fills[ALICE] = [*before, *block]

    report = ask(venue, folder, FILLS_OF_ALICE)

    assert report.n_fills == 2_003
    assert observed_fills(folder) == [
        ("observed", 0, 500, "first"),
        ("observed", 501, 10**9 - 10_000, "first"),
        ("gap", 500, 501, "hole"),
    ]


@pytest.mark.parametrize("is_refused", [True, False])
def test_venue_without_reversed_is_read_forward(
    venue: AccountVenue, folder: Path, is_refused: bool
) -> None:
    venue.fills = {ALICE: many_fills(4_100), BOB: many_fills(2_001)}
    venue.unknown = {"reversed"} if is_refused else set()
    venue.is_forward = not is_refused

    report = ask(venue, folder, Asking(wallets=(ALICE, BOB), steps=(Step.FILLS,)))

    assert (report.n_fills, report.failed, report.switched_off) == (6_101, (), {})
    tried = [request for request in venue.asked if request.get("reversed")]
    assert len(tried) == 1  # not tried again with the second wallet


def test_fills_whose_id_is_zero_are_told_apart_by_all_that_they_say(
    venue: AccountVenue, folder: Path
) -> None:
    dust = [account_fill(1, tid=0, sz=size, dir="Spot Dust Conversion") for size in ("1.0", "2.0")]
    venue.fills[ALICE] = [*dust, dust[0]]

    report = ask(venue, folder, FILLS_OF_ALICE)

    assert report.n_fills == 2


def test_fill_that_cannot_be_meant_is_quarantined_alone(venue: AccountVenue, folder: Path) -> None:
    venue.fills[ALICE] = [account_fill(1), account_fill(2, px="-3"), account_fill(3)]

    report = ask(venue, folder, FILLS_OF_ALICE)

    assert report.n_fills == 2
    (kept,) = lines_of(folder, "quarantine.jsonl")
    assert kept["reason"].startswith(f"fill of {ALICE}")


def test_coins_that_a_wallet_came_in_with_are_listed(venue: AccountVenue, folder: Path) -> None:
    venue.fills[ALICE] = [
        account_fill(2, time_ms=START_MS, start="8.0"),  # one block, out of order: 7 came first
        account_fill(1, time_ms=START_MS, start="7.0"),
        account_fill(3, coin="ETH"),
    ]

    ask(venue, folder, FILLS_OF_ALICE)

    done = lines_of(folder, "accounts/progress.jsonl")[-1]
    assert (done["came_in"], done["cause"]) == ({"BTC": "7.0"}, None)


def test_since_is_where_the_window_begins(venue: AccountVenue, folder: Path) -> None:
    venue.fills[ALICE] = many_fills(100)
    asking = Asking(wallets=(ALICE,), steps=(Step.FILLS,), since_ms=START_MS + 505)

    report = ask(venue, folder, asking)

    assert report.n_fills == 49
    assert observed_fills(folder) == [("observed", 505, 10**9 - 10_000, "since")]
