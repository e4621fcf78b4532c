"""Two models on rows that came true: differences, masks and decisions, worked by hand."""

from typing import Any

import challenge_fakes
import numpy as np
import pytest
from fakes import START_MS

from hypertrack.labels.outcomes import QUANTITIES
from hypertrack.labels.targets import TARGETS
from hypertrack.model.live_comparison import compare_live, scored
from hypertrack.records import (
    HEADS,
    HOUR_MS,
    Decision,
    LiveComparison,
    OutcomeRow,
    ScoreRow,
    replace,
)

BOT, BOT_VOTE = "bot_probability", "bot_vote"
HOUR_0 = START_MS // HOUR_MS
WEIGHTS = dict.fromkeys(HEADS, 1.0)
CHALLENGE = replace(challenge_fakes.CHALLENGE, champion="a", challenger="b")


def row(hour: int, wallet: str, champion: float, challenger: float) -> ScoreRow:
    """Return a row in which both tell of bots alone."""
    return ScoreRow(
        **{"id": f"{hour}{wallet}", "seq": 1, "prev": "", "wallet": wallet},
        **{"scored_ms": (HOUR_0 + hour) * HOUR_MS + 7, "window": (0, 1), "features_hash": "f"},
        **{"champion": "a", "challenger": "b"},
        scores={"champion": {BOT: champion}, "challenger": {BOT: challenger}},
    )


def outcome(of: ScoreRow, vote: float, masked: str | None = None) -> OutcomeRow:
    """Return what came: whether the votes call it a bot."""
    return OutcomeRow(
        seq=1,
        prev="",
        **{"id": of.id, "wallet": of.wallet, "window": (0, 1), "observed_frac": 1.0},
        **{"n_executions": 9, "quantities": {BOT_VOTE: vote}, "masked": masked},
    )


def found(*told: tuple[ScoreRow, float], **more: Any) -> LiveComparison:
    outcomes = {each.id: outcome(each, vote) for each, vote in told}
    challenge = replace(CHALLENGE, **more)
    return compare_live(challenge, scored([each for each, _ in told], outcomes), WEIGHTS)


def hours(n: int, champion: tuple[float, float], challenger: tuple[float, float]) -> Any:
    """Return a bot and another wallet an hour; both models say the same of them each time."""
    return [
        (row(hour, wallet, champion[nth], challenger[nth]), vote)
        for hour in range(n)
        for nth, (wallet, vote) in enumerate((("0xa", 1.0), ("0xb", -1.0)))
    ]


def of_bots(comparison: LiveComparison) -> Any:
    return comparison.heads[HEADS.index(BOT)]


def test_names_of_the_rows_are_those_of_the_targets() -> None:
    assert TARGETS[QUANTITIES.index(BOT_VOTE)] == BOT


def test_difference_is_one_of_skill() -> None:
    # one bot of two: the constant says 0.5, its loss is 0.25; 0.8 and 0.2 lose 0.04, 0.9 and 0.1
    # lose 0.01: skills 0.84 and 0.96
    comparison = found(*hours(40, (0.8, 0.2), (0.9, 0.1)))

    own = of_bots(comparison)
    assert (own.n_rows, comparison.n_blocks) == (80, 40)
    assert own.champion_skill == pytest.approx(0.84)
    assert own.challenger_skill == pytest.approx(0.96)
    assert own.difference.value == pytest.approx(0.12)
    assert comparison.overall is not None
    assert comparison.overall.value == pytest.approx(0.12)
    assert comparison.champion_skill is not None
    assert comparison.champion_skill.value == pytest.approx(0.84)


def test_what_neither_was_asked_is_not_measured() -> None:
    comparison = found(*hours(40, (0.8, 0.2), (0.9, 0.1)))

    others = [head for head in comparison.heads if head.head != BOT]
    assert {(head.n_rows, head.champion_skill, head.difference) for head in others} == {
        (0, None, None)
    }


def test_challenger_that_is_always_nearer_is_better() -> None:
    comparison = found(*hours(40, (0.8, 0.2), (0.9, 0.1)))

    assert comparison.challenge.decision is Decision.BETTER
    assert comparison.challenge.n_blocks == 40


def test_challenger_that_is_always_farther_is_worse() -> None:
    assert found(*hours(40, (0.9, 0.1), (0.8, 0.2))).challenge.decision is Decision.WORSE


def test_models_that_say_the_same_are_equal() -> None:
    assert found(*hours(40, (0.9, 0.1), (0.9, 0.1))).challenge.decision is Decision.EQUAL


def test_nothing_is_decided_of_few_blocks() -> None:
    comparison = found(*hours(29, (0.8, 0.2), (0.9, 0.1)))

    assert (comparison.overall, comparison.challenge.decision) == (None, Decision.OPEN)


def test_comparison_ends_undecided_when_its_blocks_are_over() -> None:
    rng = np.random.default_rng(5)
    told = [
        (row(hour, wallet, *rng.uniform(0, 1, 2).tolist()), vote)
        for hour in range(40)
        for wallet, vote in (("0xa", 1.0), ("0xb", -1.0))
    ]

    assert found(*told).challenge.decision is Decision.OPEN
    assert found(*told, max_blocks=40).challenge.decision is Decision.UNDECIDED


def test_decision_is_not_taken_back() -> None:
    comparison = found(*hours(40, (0.8, 0.2), (0.9, 0.1)), decision=Decision.WORSE, n_blocks=31)

    assert (comparison.challenge.decision, comparison.challenge.n_blocks) == (Decision.WORSE, 31)


def test_masked_rows_are_masked_for_both_and_counted_by_cause() -> None:
    told = hours(40, (0.8, 0.2), (0.9, 0.1))
    outcomes = {each.id: outcome(each, vote) for each, vote in told}
    lost, waiting = row(3, "0xc", 0.0, 1.0), row(39, "0xd", 0.0, 1.0)
    outcomes[lost.id] = outcome(lost, -1.0, masked="gap")

    comparison = compare_live(
        CHALLENGE, scored([*(each for each, _ in told), lost, waiting], outcomes), WEIGHTS
    )

    assert (comparison.n_rows, comparison.n_waiting) == (80, 1)
    assert comparison.n_masked == {"gap": 1}
    assert of_bots(comparison).challenger_skill == pytest.approx(0.96)


def test_hours_without_rows_are_no_blocks() -> None:
    told = [
        (row(2 * hour, wallet, 0.8 if vote > 0 else 0.2, 0.9 if vote > 0 else 0.1), vote)
        for hour in range(40)
        for wallet, vote in (("0xa", 1.0), ("0xb", -1.0))
    ]

    assert found(*told).n_blocks == 40


def test_blocks_that_resemble_one_another_are_joined() -> None:
    # for six hours the challenger is nearer, for six it is farther
    told = [
        (row(hour, wallet, 0.5, 0.9 if (vote > 0) == (hour // 6 % 2 == 0) else 0.1), vote)
        for hour in range(240)
        for wallet, vote in (("0xa", 1.0), ("0xb", -1.0))
    ]

    comparison = found(*told)

    assert comparison.block_h > 1
    assert comparison.challenge.decision is Decision.OPEN


def test_curve_grows_with_the_blocks() -> None:
    curve = found(*hours(50, (0.8, 0.2), (0.9, 0.1))).curve

    assert [point.n_blocks for point in curve] == list(range(30, 51))
    assert curve[-1].value == pytest.approx(0.12)


def test_nothing_at_all_is_open() -> None:
    comparison = found()

    assert (comparison.n_rows, comparison.n_blocks, comparison.overall) == (0, 0, None)
    assert comparison.challenge.decision is Decision.OPEN


def test_rows_are_counted_by_what_came_of_them_and_those_that_count_are_kept_in_time() -> None:
    said = [row(hour, "0xa", 0.5, 0.5) for hour in (3, 1, 2, 4)]
    agreed = [True, False, None, True]
    rows = [replace(one, is_agreed=each) for one, each in zip(said, agreed, strict=True)]
    late, early, masked, _ = rows
    outcomes = {one.id: outcome(one, 1.0) for one in (late, early)}
    outcomes[masked.id] = outcome(masked, 1.0, masked="a gap")

    of = scored(iter(rows), outcomes)

    assert [each.id for each, _ in of.pairs] == [early.id, late.id]
    assert (of.n_waiting, of.n_masked) == (1, {"a gap": 1})
    assert (of.n_agreed, of.n_asked) == (2, 3)
