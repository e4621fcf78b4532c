"""Whom to ask about: the busiest, and the list of a run that was cut short."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from column_fakes import profile_columns
from drawn_wallets import features
from fakes import ALICE, BOB, CAROL, START_MS, trade, write_dataset
from profile_fakes import NOBODY_TOLD_FROM_LUCK, profile_header

from hypertrack.config import CategorySettings, Settings
from hypertrack.errors import DatasetError
from hypertrack.feeds.account_questions import Step
from hypertrack.importing.accounts.choices import keep_choice, read_choices
from hypertrack.importing.accounts.step_progress import StepLine, StepProgress, StepState
from hypertrack.pipeline.account_choosing import Wanted, asking_of, choose
from hypertrack.pipeline.classify import PROFILES_NAME
from hypertrack.records import SKILL_NUMBERS, SKILL_TEXTS, Verdict, replace
from hypertrack.store.profiles import write_profiles

TRADES = [
    trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, size=9, is_twap=True),
    trade(START_MS + 1, buyer=CAROL, seller=BOB, taker=BOB, price=1, coin="xyz:CL"),
    trade(START_MS + 2, buyer=CAROL, seller=BOB, taker=BOB, price=1, coin="xyz:CL"),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=write_dataset(tmp_path / "data", trades=TRADES), out=tmp_path)


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


def judged(settings: Settings, tmp_path: Path) -> Settings:
    """Return the same with profiles of four wallets, three of them worth a look."""
    four = [(features(), 1, None)] * 4
    columns = profile_columns(four, CategorySettings(), {})
    skill: dict[str, Any] = {name: np.zeros(4) for name in SKILL_NUMBERS}
    skill |= {name: np.full(4, "", dtype=object) for name in SKILL_TEXTS}
    skill["verdict"] = np.array(["AVOID", "WATCH", "WATCH", "COPY"], dtype=object)
    skill["edge_bps"] = np.array([9.0, 1.0, 3.0, 2.0])
    header = replace(profile_header(), skill=replace(NOBODY_TOLD_FROM_LUCK, n_by_verdict=COUNTS))
    write_profiles(tmp_path / PROFILES_NAME, header, [dataclasses.replace(columns, skill=skill)])
    return settings.model_copy(update={"out": tmp_path})


COUNTS = {"AVOID": 1, "WATCH": 2, "COPY": 1}


def test_verdict_chooses_the_best_first_and_no_more_than_wanted(
    settings: Settings, tmp_path: Path
) -> None:
    settings = judged(settings, tmp_path)
    both = (Verdict.WATCH, Verdict.COPY)

    assert chosen(settings, Wanted(verdicts=both)) == tuple(f"0x{n:040x}" for n in (3, 2, 1))
    assert chosen(settings, Wanted(verdicts=both, top=2)) == tuple(f"0x{n:040x}" for n in (3, 2))
    assert isinstance(settings.data, Path)
    assert [choice.source for choice in read_choices(settings.data)] == [
        "those whose verdict is WATCH or COPY",
        "the best 2 of those whose verdict is WATCH or COPY",
    ]


def test_verdict_that_nobody_has_says_which_there_are(settings: Settings, tmp_path: Path) -> None:
    settings = judged(settings, tmp_path)

    with pytest.raises(DatasetError, match="is NOT ENOUGH DATA, found 1 AVOID, 2 WATCH, 1 COPY"):
        chosen(settings, Wanted(verdicts=(Verdict.NOT_ENOUGH_DATA,)))


def test_verdict_needs_profiles(settings: Settings) -> None:
    with pytest.raises(DatasetError, match="`hypertrack classify` writes them"):
        chosen(settings, Wanted(verdicts=(Verdict.COPY,)))


def test_tape_says_on_which_dexes_and_what_seems_a_slice(settings: Settings) -> None:
    asking = asking_of(settings, Wanted(), (ALICE, BOB))

    assert asking.dexes == {BOB: ("xyz",)}
    assert asking.slices == {ALICE: frozenset({("BTC", START_MS, TRADES[0]["tid"])})}
