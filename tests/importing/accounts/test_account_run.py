"""Runs against a venue on this machine: what is asked, in which order, and what fails."""

from pathlib import Path
from typing import Any

import pytest
from account_fakes import (
    FILLS_OF_ALICE,
    AccountVenue,
    account_fill,
    ask,
    lines_of,
    many_fills,
    said,
)
from clock_fakes import ManualClock
from fakes import ALICE, BOB, CAROL, START_MS

from hypertrack.errors import VenueError
from hypertrack.feeds.account_questions import ASKED, Step
from hypertrack.importing.accounts.asking import Asking


def test_steps_of_a_wallet_are_asked_in_order_before_the_next(
    venue: AccountVenue, folder: Path
) -> None:
    asking = Asking(wallets=(ALICE, BOB), steps=ASKED, dexes={BOB: ("xyz",)})

    ask(venue, folder, asking)

    asked = [(request["type"], request["user"]) for request in venue.asked]
    alice = ["clearinghouseState", "userFillsByTime", "portfolio", "userNonFundingLedgerUpdates"]
    assert asked == [(kind, ALICE) for kind in alice] + [
        (kind, BOB) for kind in ["clearinghouseState", *alice]
    ]
    assert [request.get("dex") for request in venue.asked[4:6]] == ["", "xyz"]


def test_twap_is_asked_only_where_the_tape_has_what_the_fills_lack(
    venue: AccountVenue, folder: Path
) -> None:
    venue.fills = {ALICE: [account_fill(1)], BOB: [account_fill(2)]}
    venue.slices[BOB] = [account_fill(5)]
    slices = {
        ALICE: frozenset({("BTC", START_MS + 10, 2)}),
        BOB: frozenset({("BTC", START_MS + 50, 6)}),
    }
    asking = Asking(wallets=(ALICE, BOB, CAROL), steps=(Step.FILLS, Step.TWAP), slices=slices)

    ask(venue, folder, asking)

    asked = [r["user"] for r in venue.asked if r["type"] == "userTwapSliceFillsByTime"]
    assert asked == [BOB]
    assert [line["twapId"] for line in lines_of(folder, "fills.jsonl")] == [None, None, 7]


def test_flows_are_paged_and_stored_once(venue: AccountVenue, folder: Path) -> None:
    flows = [
        {
            "time": START_MS + nth // 2,
            "hash": f"0x{nth:064x}",
            "delta": {"type": "deposit", "usdc": f"{nth}.5"},
        }
        for nth in range(1_203)
    ]
    venue.flows[ALICE] = flows

    ask(venue, folder, Asking(wallets=(ALICE,), steps=(Step.FLOWS,)))

    assert said(lines_of(folder, "account_flows.jsonl")) == flows


@pytest.mark.parametrize(
    ("role", "then"),
    [
        ({"role": "vault"}, ["vaultDetails"]),
        ({"role": "user"}, ["subAccounts2"]),
        ({"role": "agent", "data": {"user": BOB}}, []),
        ({"role": "subAccount", "data": {"master": BOB}}, []),
        ({"role": "missing"}, []),
    ],
)
def test_role_leads_to_who_belongs_to_whom(
    venue: AccountVenue, folder: Path, role: dict[str, Any], then: list[str]
) -> None:
    venue.roles[ALICE] = role
    venue.answers["vaultDetails"] = {"name": "<script>\u001b[31m", "leader": BOB}

    ask(venue, folder, Asking(wallets=(ALICE,), steps=(Step.ROLE,)))

    assert venue.kinds() == ["userRole", *then]
    lines = lines_of(folder, "account_states.jsonl")
    assert [line["request"]["type"] for line in lines] == ["userRole", *then]
    assert lines[0]["answer"] == role


def test_answer_of_another_form_fails_the_step_and_the_run_goes_on(
    venue: AccountVenue, folder: Path
) -> None:
    venue.answers["portfolio"] = "<html>"
    venue.fills[ALICE] = many_fills(1)
    asking = Asking(wallets=(ALICE,), steps=(Step.PORTFOLIO, Step.FLOWS))

    report = ask(venue, folder, asking)

    assert venue.kinds().count("portfolio") == 3
    (failed,) = report.failed
    assert (failed.step, failed.wallet) == (Step.PORTFOLIO, ALICE)
    assert "portfolio" in (failed.reason or "")
    assert venue.kinds()[-1] == "userNonFundingLedgerUpdates"


def test_failed_step_is_tried_again_by_the_next_run(venue: AccountVenue, folder: Path) -> None:
    asking = Asking(wallets=(ALICE,), steps=(Step.PORTFOLIO,))
    venue.intercept = lambda _: (500, b"null")
    ask(venue, folder, asking)
    venue.intercept = lambda _: None

    report = ask(venue, folder, asking)

    assert (report.n_done, report.failed) == (1, ())


def test_two_bad_answers_are_not_yet_a_failure(venue: AccountVenue, folder: Path) -> None:
    bad = iter([(500, b"null"), (200, b"{")])
    venue.intercept = lambda _: next(bad, None)

    report = ask(venue, folder, Asking(wallets=(ALICE,), steps=(Step.PORTFOLIO,)))

    assert report.failed == ()


def test_question_that_the_venue_does_not_know_is_asked_once(
    venue: AccountVenue, folder: Path
) -> None:
    venue.unknown = {"portfolio"}
    asking = Asking(wallets=(ALICE, BOB), steps=(Step.PORTFOLIO, Step.FLOWS))

    report = ask(venue, folder, asking)

    assert venue.kinds().count("portfolio") == 1
    assert "Failed to deserialize" in report.switched_off["portfolio"]
    assert venue.kinds().count("userNonFundingLedgerUpdates") == 2


def test_storm_of_refusals_ends_in_time_with_what_was_done_kept(
    venue: AccountVenue, folder: Path
) -> None:
    assert isinstance(venue.clock, ManualClock)
    venue.fills[ALICE] = many_fills(10)
    is_stormy = iter([False, *[True] * 100])
    venue.intercept = lambda _: (429, b"null") if next(is_stormy) else None
    asking = Asking(wallets=(ALICE,), steps=(Step.POSITIONS, Step.FILLS))

    with pytest.raises(VenueError, match="429"):
        ask(venue, folder, asking)

    assert venue.kinds() == ["clearinghouseState"] + ["userFillsByTime"] * 5
    assert 130 <= venue.clock.now_s <= 130 * 1.25
    assert len(lines_of(folder, "account_states.jsonl")) == 1
    venue.intercept = lambda _: None
    report = ask(venue, folder, asking)
    assert (report.n_fills, venue.kinds().count("clearinghouseState")) == (10, 1)


def test_venue_that_does_not_answer_ends_the_run(venue: AccountVenue, folder: Path) -> None:
    url, venue.url = venue.url, "http://127.0.0.1:9"

    with pytest.raises(VenueError, match="did not answer"):
        ask(venue, folder, FILLS_OF_ALICE)

    venue.url = url
    assert ask(venue, folder, FILLS_OF_ALICE).n_left == 0


def test_budget_is_kept_in_every_minute_by_the_servers_own_count(
    venue: AccountVenue, folder: Path
) -> None:
    wallets = tuple(f"0x{nth:040x}" for nth in range(8))
    venue.fills = {wallet: many_fills(300 * nth) for nth, wallet in enumerate(wallets)}

    report = ask(venue, folder, Asking(wallets=wallets, steps=ASKED), budget=600)

    assert venue.most_in_a_minute() <= 600
    assert sum(units for _, units in venue.spent) == report.weight
    assert report.n_fills == 300 * 28
    # two thirds of the budget are used all the time, though pages are set aside whole
    assert isinstance(venue.clock, ManualClock)
    assert report.weight / (venue.clock.now_s / 60 + 1) > 400
