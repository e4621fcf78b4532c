"""Runs that die anywhere: what the next ones make of what is left."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from account_fakes import LATE_MS, AccountVenue, account_venue, ask, lines_of, many_fills, said
from fakes import ALICE, BOB, CAROL, START_MS

from hypertrack.feeds.account_questions import ASKED, Step
from hypertrack.importing.accounts.asking import Asking
from hypertrack.records import HOUR_MS

N_KILLS = 30
WALLETS = (ALICE, BOB, CAROL)
EVERYTHING = Asking(wallets=WALLETS, steps=(*ASKED, Step.ROLE))


class KilledError(BaseException):
    """The process is gone: nothing catches this but the test."""


@pytest.fixture
def venue() -> Iterator[AccountVenue]:
    flows = [
        {"time": START_MS + nth, "hash": f"0x{nth:064x}", "delta": {"type": "deposit"}}
        for nth in range(140)
    ]
    fills = {ALICE: many_fills(460), BOB: many_fills(203), CAROL: []}
    with account_venue(fills=fills, flows={ALICE: flows}, page=200, rows=100) as running:
        yield running


def killed_at(nth_write: int, share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process die in its n-th write to a file of lines, after a share of the bytes."""
    real, count = os.pwrite, iter(range(10_000))

    def write(descriptor: int, data: Any, offset: int) -> int:
        file = Path(f"/proc/self/fd/{descriptor}").readlink()
        if file.suffix != ".jsonl" or next(count) < nth_write:
            return real(descriptor, data, offset)
        real(descriptor, bytes(data)[: int(len(data) * share)], offset)
        raise KilledError

    monkeypatch.setattr(os, "pwrite", write)


@pytest.mark.slow  # thirty runs, each from the door on
def test_thirty_kills_leave_nothing_twice_and_nothing_missing(
    venue: AccountVenue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, folder = np.random.default_rng(11), tmp_path / "data"
    n_killed = 0

    for _ in range(N_KILLS):
        with monkeypatch.context() as patch, suppress(KilledError):
            # of all that is left, anywhere between two lines and within them
            share = float(rng.choice([0.0, 1.0, rng.random()]))
            killed_at(int(rng.integers(0, 3)), share, patch)
            ask(venue, folder, EVERYTHING)
            n_killed -= 1
        n_killed += 1
    report = ask(venue, folder, EVERYTHING)

    assert n_killed >= 10  # then everything was asked, and runs had little to be killed in
    assert (report.n_left, report.failed) == (0, ())
    assert_whole(venue, folder)


def assert_whole(venue: AccountVenue, folder: Path) -> None:
    fills = lines_of(folder, "fills.jsonl")
    for wallet in WALLETS:
        own = said([line for line in fills if line["user"] == wallet])
        assert sorted(own, key=lambda fill: fill["tid"]) == venue.fills[wallet]
    assert said(lines_of(folder, "account_flows.jsonl")) == venue.flows[ALICE]
    rates = said(lines_of(folder, "funding_history.jsonl"))
    assert [line["time"] - LATE_MS for line in rates] == [
        *range(START_MS, venue.now_ms - 10_000, HOUR_MS)
    ]
    states = [
        (line["user"], line["request"]["type"]) for line in lines_of(folder, "account_states.jsonl")
    ]
    kinds = ("clearinghouseState", "portfolio", "userRole", "subAccounts2")
    assert sorted(states) == sorted((wallet, kind) for wallet in WALLETS for kind in kinds)
    ledger = [(line["stream"], line["status"]) for line in lines_of(folder, "coverage.jsonl")]
    streams = [f"{kind}:{wallet}" for kind in ("fills", "flows") for wallet in WALLETS]
    known = {("funding:BTC", "observed")}  # a line a page
    assert set(ledger) - {(stream, "observed") for stream in streams} == known
    assert len([stream for stream, _ in ledger if stream in streams]) == len(streams)


def test_kill_repeats_one_page_at_most(
    venue: AccountVenue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, asking = tmp_path / "data", Asking(wallets=(ALICE,), steps=(Step.FILLS,))
    with monkeypatch.context() as patch, suppress(KilledError):
        killed_at(2, 0.0, patch)  # the todo and the first page are written, its progress is not
        ask(venue, folder, asking)

    venue.asked.clear()
    ask(venue, folder, asking)

    pages = [r.get("endTime") for r in venue.asked if r["type"] == "userFillsByTime"]
    assert len(pages) == 3
    assert pages[0] is None
    assert len(lines_of(folder, "fills.jsonl")) == 460
