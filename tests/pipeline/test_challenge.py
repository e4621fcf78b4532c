"""What a decision leads to: cards, promotion, and the one before as challenger; no dataset read."""

import os
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from scored_fakes import (
    HOUR_0,
    champion_and_other,
    tell,
    two_versions,
)

from hypertrack.config import Settings
from hypertrack.model.version_files import champion_version, promote, read_card
from hypertrack.model.versions import load_champion
from hypertrack.pipeline import live_comparing
from hypertrack.pipeline.challenge import challenge, current, end
from hypertrack.pipeline.live_comparing import compare_live
from hypertrack.pipeline.live_judging import Judging, blocks_over
from hypertrack.records import (
    HOUR_MS,
    Decision,
    LiveComparison,
)
from hypertrack.store.files.locks import lock_file


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return two_versions(tmp_path)


def test_decision_is_written_into_both_cards_and_stays(settings: Settings) -> None:
    own, other = champion_and_other(settings)
    tell(settings, challenge(settings, other), 0.9, 0.8)

    found = compare_live(settings)
    again = compare_live(settings)

    assert found.challenge.decision is Decision.WORSE
    assert again.challenge == found.challenge == current(settings)
    assert found.challenge.decided_ms is not None
    for version in (own, other):
        assert read_card(settings.out, version).decisions == (found.challenge,)
    assert champion_version(settings.out) == own
    assert load_champion(settings.out).summary.version == own


def test_better_challenger_is_only_told_unless_it_is_to_be_promoted(settings: Settings) -> None:
    own, other = champion_and_other(settings)
    tell(settings, challenge(settings, other), 0.8, 0.9)

    assert compare_live(settings).challenge.decision is Decision.BETTER
    assert champion_version(settings.out) == own


def test_promoted_challenger_is_challenged_by_the_one_before(settings: Settings) -> None:
    own, other = champion_and_other(settings)
    tell(settings, challenge(settings, other, promotes=True), 0.8, 0.9)

    compare_live(settings)

    assert champion_version(settings.out) == other
    after = current(settings)
    assert after is not None
    assert (after.champion, after.challenger, after.decision) == (other, own, Decision.OPEN)
    assert (after.promotes, after.max_blocks, after.is_rematch) == (True, 40, True)
    # the rows of before were of another pair
    assert compare_live(settings).n_rows == 0


def test_one_before_is_put_back_where_it_turns_out_better_and_that_ends_it(
    settings: Settings,
) -> None:
    own, other = champion_and_other(settings)
    tell(settings, challenge(settings, other, promotes=True), 0.8, 0.9)
    compare_live(settings)
    rematch = current(settings)
    assert rematch is not None
    tell(settings, rematch, 0.8, 0.9)

    compare_live(settings)

    assert champion_version(settings.out) == own
    after = current(settings)
    assert after is not None
    assert (after.champion, after.challenger) == (other, own)
    assert after.decision is Decision.BETTER


@pytest.mark.parametrize("killed_at", ["promote", "write_challenge"])
def test_winner_is_promoted_though_a_kill_came_in_between(
    settings: Settings, killed_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = champion_and_other(settings)
    tell(settings, challenge(settings, other, promotes=True), 0.8, 0.9)

    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(live_comparing, killed_at, kill)
        compare_live(settings)
    compare_live(settings)

    assert champion_version(settings.out) == other
    after = current(settings)
    assert after is not None
    assert (after.champion, after.challenger, after.is_rematch) == (other, own, True)


@pytest.mark.parametrize("is_ended", [True, False])
def test_challenge_named_or_ended_while_another_is_measured_stands(
    settings: Settings, is_ended: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = champion_and_other(settings)
    tell(settings, challenge(settings, other, promotes=True), 0.8, 0.9)
    measure = live_comparing._measured

    def measure_while_somebody_decides(*args: Any) -> LiveComparison:
        found = measure(*args)
        end(settings) if is_ended else challenge(settings, other)
        return found

    monkeypatch.setattr(live_comparing, "_measured", measure_while_somebody_decides)
    found = compare_live(settings)

    assert found.challenge.decision is Decision.OPEN
    now = current(settings)
    assert now is None if is_ended else (now is not None and not now.promotes)
    assert champion_version(settings.out) == own
    assert read_card(settings.out, own).decisions == ()
    with closing(Judging(settings)) as judging:
        assert judging.status is None


def test_champion_worse_than_the_constant_loses_its_weight_until_another_is_promoted(
    settings: Settings,
) -> None:
    own, other = champion_and_other(settings)
    assert any(head.has_earned_weight for head in load_champion(settings.out).summary.heads)
    tell(settings, challenge(settings, other), 0.1, 0.2)  # said of a bot: half is the constant's

    found, again = compare_live(settings), compare_live(settings)

    lost = found.champion_lost_weight
    assert found.champion_skill is not None
    assert lost is not None
    assert (lost.skill, lost.n_blocks) == (found.champion_skill, 40)
    assert lost.skill.high < 0
    assert again.champion_lost_weight == lost  # once
    summary = load_champion(settings.out).summary
    assert (summary.version, summary.lost_weight) == (own, lost)
    assert not any(head.has_earned_weight for head in summary.heads)
    assert summary.heads[0].reason.startswith("lost its weight live: skill -")
    assert read_card(settings.out, own).summary == summary
    promote(settings.out, other)
    assert any(head.has_earned_weight for head in load_champion(settings.out).summary.heads)


def test_no_weight_is_lost_on_rows_that_were_changed(settings: Settings) -> None:
    _, other = champion_and_other(settings)
    tell(settings, challenge(settings, other), 0.1, 0.2)
    outcomes = settings.data / "live" / "outcomes.jsonl"
    assert isinstance(outcomes, Path)
    outcomes.write_text(outcomes.read_text().replace(":9", ":8", 1))

    assert compare_live(settings).champion_lost_weight is None
    assert load_champion(settings.out).summary.lost_weight is None


def test_while_another_process_decides_only_what_is_there_is_told(settings: Settings) -> None:
    _, other = champion_and_other(settings)
    tell(settings, challenge(settings, other), 0.9, 0.8)
    live = settings.data / "live"
    assert isinstance(live, Path)
    lock = lock_file(live / "comparison.lock", live)

    found = compare_live(settings)
    os.close(lock)

    assert found.overall is not None
    assert found.overall.high < 0
    assert found.challenge.decision is Decision.OPEN
    assert compare_live(settings).challenge.decision is Decision.WORSE


def test_what_is_shown_is_of_the_challenge_under_way(settings: Settings) -> None:
    _, other = champion_and_other(settings)
    tell(settings, challenge(settings, other), 0.8, 0.9)
    compare_live(settings)
    with closing(Judging(settings)) as judging:
        first = judging.status
        challenge(settings, other)
        second = judging.status
        compare_live(settings)
        third = judging.status
        end(settings)
        last = judging.status

    assert first is not None
    assert (first.decision, first.n_rows) == (Decision.BETTER, 80)
    assert second is None
    assert third is not None
    assert (third.decision, third.n_rows) == (Decision.OPEN, 0)
    assert last is None


def test_block_is_over_when_its_outcomes_are_and_the_ledger_had_a_minute(
    settings: Settings,
) -> None:
    _, other = champion_and_other(settings)
    named = challenge(settings, other)
    row_ms = 7 * HOUR_MS + 5  # of block 7: the outcome is the ninth hour's, half an hour later
    assert named.outcome_window(row_ms) == (8.5 * HOUR_MS, 9.5 * HOUR_MS)
    known_ms = round(9.5 * HOUR_MS) + 60_000

    assert [blocks_over(named, known_ms - 1), blocks_over(named, known_ms)] == [6, 7]


@pytest.mark.slow  # a process of its own, which loads what it needs
def test_live_promotes_by_itself_once_a_block_is_over(settings: Settings) -> None:
    _, other = champion_and_other(settings)
    tell(settings, challenge(settings, other, promotes=True), 0.8, 0.9)

    with closing(Judging(settings)) as judging:
        judging.look(HOUR_0 + 50 * HOUR_MS)
        until_s = time.monotonic() + 60
        while champion_version(settings.out) != other and time.monotonic() < until_s:
            time.sleep(0.1)

    assert champion_version(settings.out) == other


@pytest.mark.parametrize(
    ("name", "said", "other"),
    [
        ("scores.jsonl", '"bot_probability":0.8', '"bot_probability":0.9'),
        ("outcomes.jsonl", ":9", ":8"),
    ],
)
def test_nothing_is_decided_on_rows_that_were_changed(
    settings: Settings, name: str, said: str, other: str
) -> None:
    _, challenger = champion_and_other(settings)
    tell(settings, challenge(settings, challenger, promotes=True), 0.8, 0.9)
    file = settings.data / "live" / name
    assert isinstance(file, Path)
    file.write_text(file.read_text().replace(said, other, 1))

    found = compare_live(settings)

    assert found.chain_breaks == 1
    assert found.challenge.decision is Decision.OPEN
    assert read_card(settings.out, challenger).decisions == ()
