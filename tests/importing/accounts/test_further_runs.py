"""Runs after another, beside a recorder, and of a copy: only what is new is asked."""

import json
import threading
from pathlib import Path
from typing import Any

from account_fakes import (
    FILLS_OF_ALICE,
    AccountVenue,
    account_fill,
    ask,
    lines_of,
    many_fills,
    observed_fills,
)
from fakes import ALICE, BOB, START_MS
from import_fakes import imported

from hypertrack.feeds.account_questions import ASKED, Step
from hypertrack.importing.accounts.asking import Asking
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.session import open_session


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
    assert observed_fills(folder)[-1] == ("observed", 10**9 - 10_000, 10**9 + 50_000, None)


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

    assert observed_fills(folder) == [
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
    assert observed_fills(folder)[-1] == ("observed", 10**9 - 10_000, 10**9 + 50_000, None)
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
