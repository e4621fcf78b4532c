"""What is said of two models side by side, live."""

import pytest
from challenge_fakes import CHALLENGE, comparison

from hypertrack.outputs.challenge_words import head_rows, sentences
from hypertrack.records import Decision, Drift, Interval, LostWeight, replace


def test_everything_that_is_known_is_said_the_decision_first() -> None:
    assert sentences(comparison()) == (
        "Not decided yet; a difference of 0.005 of skill matters.",
        "40 blocks of 1 h, of at most 2,000; 60 rows wait for their outcome.",
        "1 row left out for both: gap in its coins.",
        "42 rows left out for both: too few executions.",
        "A difference of the margin could be seen after about 21.5 days from the first row on.",
        "Both give 92.7% of 1,003 rows the same categories.",
        "118 delivered signals brought +1.2 [−0.4, +2.9] bps each to who copied 5 s later and held "
        "for 1.0 h, after costs (2 signals left out).",
        "When they were trained the challenger was ahead by 0.020 of skill, each on its own "
        "held-out rows; live cannot tell them apart yet.",
        "1 of 2 numbers have drifted from training (stability index above 0.25): tx_count 0.61.",
    )


@pytest.mark.parametrize(
    ("live", "says"),
    [
        (Interval(0.012, 0.003, 0.021), "live agrees."),
        (Interval(-0.012, -0.021, -0.003), "live says the opposite."),
        (None, "live cannot tell them apart yet."),
    ],
)
def test_live_agrees_with_training_only_where_it_can_tell(live: Interval | None, says: str) -> None:
    (said,) = [each for each in sentences(comparison(overall=live)) if each.startswith("When they")]

    assert said.endswith(says)


def test_decision_says_when_it_fell_and_a_rematch_that_it_is_one() -> None:
    decided = replace(
        CHALLENGE, decision=Decision.WORSE, decided_ms=1_767_600_000_000, is_rematch=True
    )

    assert sentences(comparison(challenge=decided))[0] == (
        "The challenger is worse (at 2026-01-05T08:00:00Z); a difference of 0.005 of skill "
        "matters; the challenger was in use before."
    )


def test_lost_weight_and_changed_lines_are_said() -> None:
    lost = LostWeight(at_ms=1_767_600_000_000, skill=Interval(-0.2, -0.3, -0.1), n_blocks=40)

    said = sentences(comparison(champion_lost_weight=lost, chain_breaks=2))

    assert any("The champion has lost its weight (at 2026-01-05T08:00:00Z)" in one for one in said)
    assert any(one.startswith("2 lines of scores.jsonl") for one in said)


def test_without_drift_the_largest_index_is_named() -> None:
    drift = (Drift(name="tx_count", is_score=False, stability_index=0.12),)

    assert sentences(comparison(drift=drift))[-1] == (
        "Nothing has drifted from training: the largest stability index is 0.12 (tx_count), of "
        "0.25 that would be said."
    )


def test_head_without_rows_has_dashes_and_the_last_row_is_of_all() -> None:
    rows = head_rows(comparison())

    assert rows[2] == ("bot_probability", "900", "0.210", "0.222", "+0.0120 [−0.0030, +0.0270]")
    assert rows[0] == ("profitability", "0", "–", "–", "–")
    assert rows[-1] == ("overall, weighted", "900", "", "", "+0.0120 [−0.0030, +0.0270]")
