"""Whom to ask about: the busiest, and the list of a run that was cut short."""

from pathlib import Path

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, trade, write_dataset

from hypertrack.config import Settings
from hypertrack.feeds.account_questions import Step
from hypertrack.importing.accounts.choices import keep_choice, read_choices
from hypertrack.importing.accounts.step_progress import StepLine, StepProgress, StepState
from hypertrack.pipeline.account_choosing import Wanted, asking_of, choose

TRADES = [
    trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, size=9, is_twap=True),
    trade(START_MS + 1, buyer=CAROL, seller=BOB, taker=BOB, price=1, coin="xyz:CL"),
    trade(START_MS + 2, buyer=CAROL, seller=BOB, taker=BOB, price=1, coin="xyz:CL"),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=write_dataset(tmp_path / "data", trades=TRADES))


def chosen(settings: Settings, wanted: Wanted) -> tuple[str, ...]:
    assert isinstance(settings.data, Path)
    choice = choose(settings, wanted, settings.data)
    keep_choice(settings.data, choice)
    return choice.wallets


def test_busiest_are_counted_by_notional_or_by_fills(settings: Settings) -> None:
    assert chosen(settings, Wanted(top=3)) == (BOB, ALICE, CAROL)
    assert chosen(settings, Wanted(top=3, by="fills")) == (BOB, CAROL, ALICE)


def test_addresses_come_first_and_nobody_twice(settings: Settings) -> None:
    assert chosen(settings, Wanted(top=2, wallets=(CAROL, BOB))) == (CAROL, BOB, ALICE)


def test_list_of_a_run_that_was_cut_short_is_kept_until_it_is_done_or_refused(
    settings: Settings,
) -> None:
    assert isinstance(settings.data, Path)
    wanted, folder = Wanted(top=2), settings.data
    first = chosen(settings, wanted)
    progress = StepProgress(folder)
    todo = StepLine(wallet=ALICE, step=Step.FILLS, state=StepState.TODO, at_ms=1)
    progress.write([todo])
    more = [trade(START_MS + 9, buyer=CAROL, seller=BOB, taker=BOB, size=99)]
    write_dataset(folder, trades=[*TRADES, *more])

    resumed = chosen(settings, wanted)
    anew = chosen(settings, Wanted(top=2, is_chosen_anew=True))
    progress.write([StepLine(wallet=ALICE, step=Step.FILLS, state=StepState.DONE, at_ms=1)])

    assert first == resumed == (BOB, ALICE)
    assert anew == chosen(settings, wanted) == (BOB, CAROL)
    assert len(read_choices(folder)) == 2  # the same list is written down once


def test_tape_says_on_which_dexes_and_what_seems_a_slice(settings: Settings) -> None:
    asking = asking_of(settings, Wanted(), (ALICE, BOB))

    assert asking.dexes == {BOB: ("xyz",)}
    assert asking.slices == {ALICE: frozenset({("BTC", START_MS, TRADES[0]["tid"])})}
