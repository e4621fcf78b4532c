"""Runs against a venue on this machine: what is asked, what is stored, what is said of it."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from account_fakes import (
    AccountVenue,
    account_fill,
    account_venue,
    ask,
    lines_of,
    many_fills,
    said,
)
from clock_fakes import ManualClock
from fakes import ALICE, BOB, CAROL, START_MS
from import_fakes import imported

from hypertrack.errors import VenueError
from hypertrack.feeds.account_questions import ASKED, Step
from hypertrack.importing.accounts.asking import Asking
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.session import open_session

FILLS_OF_ALICE = Asking(wallets=(ALICE,), steps=(Step.FILLS,))


@pytest.fixture
def venue() -> Iterator[AccountVenue]:
    with account_venue() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def coverage(folder: Path) -> list[tuple[Any, ...]]:
    """Return status, start, end and cause of the ledger's lines, times from `START_MS` on."""
    return [
        (line["status"], line["start_ms"] - START_MS, line["end_ms"] - START_MS, line["cause"])
        for line in lines_of(folder, "coverage.jsonl")
    ]


def test_every_fill_is_stored_once_as_it_came(venue: AccountVenue, folder: Path) -> None:
    venue.fills[ALICE] = many_fills(4_500)

    report = ask(venue, folder, FILLS_OF_ALICE)

    lines = lines_of(folder, "fills.jsonl")
    assert said(lines[::-1]) == venue.fills[ALICE]
    assert {line["user"] for line in lines} == {ALICE}
    assert (report.n_fills, report.n_left, report.failed) == (4_500, 0, ())
    # complete since the first fill until ten seconds before the venue was asked
    assert coverage(folder) == [("observed", 0, 10**9 - 10_000, "first")]


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
    assert coverage(folder) == [("observed", 2_000, 10**9 - 10_000, "limit")]
    done = lines_of(folder, "accounts/progress.jsonl")[-1]
    assert (done["cause"], done["came_in"]) == ("limit", {"BTC": "2000.0"})


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
    assert coverage(folder) == [
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
    assert coverage(folder) == [("observed", 505, 10**9 - 10_000, "since")]


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


def test_further_run_asks_only_for_what_is_new(venue: AccountVenue, folder: Path) -> None:
    venue.fills[ALICE] = many_fills(4_000)
    asking = Asking(wallets=(ALICE,), steps=ASKED)
    ask(venue, folder, asking)
    venue.asked.clear()
    venue.now_ms += 60_000
    venue.fills[ALICE] += [account_fill(4_000 + nth, start="4000.0") for nth in range(5)]

    report = ask(venue, folder, asking)

    # positions and portfolio are younger than an hour; the newest stored fill less a minute
    assert (
        venue.kinds() == ["userFillsByTime", "userNonFundingLedgerUpdates", "exchangeStatus"][:2]
        or venue.kinds()[0] == "exchangeStatus"
    )
    page = next(r for r in venue.asked if r["type"] == "userFillsByTime")
    assert page["startTime"] == START_MS + 3_999 * 10 - 60_000
    assert report.n_fills == 5
    assert coverage(folder)[-1] == ("observed", 10**9 - 10_000, 10**9 + 50_000, None)


def test_window_that_does_not_meet_the_one_before_leaves_a_gap_between(
    venue: AccountVenue, folder: Path
) -> None:
    venue.fills[ALICE] = many_fills(10)
    ask(venue, folder, FILLS_OF_ALICE)
    later = START_MS + 10**9
    venue.now_ms = later + 10**6
    venue.fills[ALICE] += [
        account_fill(100 + nth, time_ms=later + nth, start="9.0") for nth in range(10_500)
    ]

    ask(venue, folder, FILLS_OF_ALICE)

    assert coverage(folder) == [
        ("observed", 0, 10**9 - 10_000, "first"),
        ("observed", 10**9 + 500, 10**9 + 10**6 - 10_000, "limit"),
    ]


def test_stop_ends_after_the_answer_under_way_and_the_next_run_goes_on(
    venue: AccountVenue, folder: Path
) -> None:
    venue.fills = {ALICE: many_fills(5_000), BOB: many_fills(10)}
    asking = Asking(wallets=(ALICE, BOB), steps=(Step.FILLS,))
    stop = threading.Event()
    answered = iter(range(10))

    def stop_at_the_second_page(request: dict[str, Any]) -> None:
        if request["type"] == "userFillsByTime" and next(answered) == 1:
            stop.set()

    venue.intercept = stop_at_the_second_page
    first = ask(venue, folder, asking, stop=stop)
    venue.intercept = lambda _: None
    second = ask(venue, folder, asking)

    assert (first.n_left, first.n_fills) == (2, 3_999)
    assert (second.n_left, second.n_fills) == (0, 1_011)
    tids = [(line["user"], line["tid"]) for line in lines_of(folder, "fills.jsonl")]
    assert len(tids) == len(set(tids)) == 5_010


def test_answers_beside_a_recorder_leave_its_files_alone_and_are_read(
    venue: AccountVenue, folder: Path
) -> None:
    venue.fills[ALICE] = [account_fill(1), account_fill(2, px="-3")]
    with open_session(folder, "append"):
        beside = ask(venue, folder, FILLS_OF_ALICE)
        assert not (folder / "coverage.jsonl").exists()
        assert not (folder / "quarantine.jsonl").exists()

    venue.now_ms += 60_000
    alone = ask(venue, folder, FILLS_OF_ALICE)

    assert (beside.n_fills, alone.n_fills) == (1, 0)
    assert coverage(folder)[-1] == ("observed", 10**9 - 10_000, 10**9 + 50_000, None)
    with open_dataset(folder) as dataset:
        rows = dataset.connection.execute("SELECT start_ms, end_ms FROM coverage").fetchall()
    told = [(start - START_MS, end - START_MS) for start, end in sorted(rows)]
    assert told == [(10, 10**9 - 10_000), (10**9 - 10_000, 10**9 + 50_000)]


def test_answers_are_valid_json_lines_whatever_names_they_hold(
    venue: AccountVenue, folder: Path
) -> None:
    venue.roles[ALICE] = {"role": "vault"}
    name = "</script><img src=x onerror=alert(1)>\u001b]0;x\u0007\n=cmd|'/c calc'!A1"
    venue.answers["vaultDetails"] = {"name": name, "vaultAddress": ALICE, "leader": BOB}

    ask(venue, folder, Asking(wallets=(ALICE,), steps=(Step.ROLE,)))

    lines = (folder / "account_states.jsonl").read_bytes().splitlines()
    assert json.loads(lines[-1])["answer"]["name"] == name
    assert len(lines) == 2


def test_copy_of_a_dataset_has_the_answers_and_goes_on_from_them(
    venue: AccountVenue, folder: Path, tmp_path: Path
) -> None:
    venue.fills[ALICE] = many_fills(3)
    venue.flows[ALICE] = [{"time": START_MS, "hash": "0x1", "delta": {"type": "deposit"}}]
    steps = (Step.POSITIONS, Step.FILLS, Step.FLOWS)
    asking = Asking(wallets=(ALICE,), steps=steps)
    ask(venue, folder, asking)

    imported(tmp_path / "copy", folder)
    again = ask(venue, tmp_path / "copy", asking)

    assert (again.n_fills, again.n_flows) == (0, 0)
    for name in ("fills.jsonl", "account_flows.jsonl"):
        assert lines_of(tmp_path / "copy", name) == lines_of(folder, name)
    assert lines_of(tmp_path / "copy", "account_states.jsonl")[:1] == lines_of(
        folder, "account_states.jsonl"
    )
    told = {line["stream"]: line["cause"] for line in lines_of(folder, "coverage.jsonl")}
    copied = lines_of(tmp_path / "copy", "coverage.jsonl")
    assert {line["stream"]: line["cause"] for line in copied} == told
