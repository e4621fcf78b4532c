"""What a backtest says: beats, does not beat, cannot tell; and its table by width."""

import pytest
from backtest_fakes import compared, followed, nobody_followed, told

from hypertrack.outputs.backtest_table import table_of
from hypertrack.outputs.backtest_words import comparison_words, sentences
from hypertrack.records import Answer, BlockMean, Comparison, replace


@pytest.mark.parametrize(
    ("comparison", "says"),
    [
        (
            compared(Answer.BEATS, 3.1, 2.2),
            "EB beats ranking by realised profit by 3.1 ± 2.2 bps a bet",
        ),
        (
            compared(Answer.DOES_NOT_BEAT, -0.5, 2.0),
            "EB does not beat ranking by realised profit: −0.5 ± 2.0 bps a bet",
        ),
        (
            compared(Answer.CANNOT_TELL, 1.0, 12.0, recordings_needed=71),
            "EB: cannot tell from ranking by realised profit "
            "(+1.0 ± 12.0 bps a bet): to tell 2 bps apart needs about 71 such "
            "recordings",
        ),
        (
            compared(Answer.CANNOT_TELL, 1.0),
            "EB: cannot tell from ranking by realised profit "
            "(+1.0 bps a bet): the same bets, or too few blocks of time",
        ),
        (compared(Answer.FOLLOWED_NOBODY), "EB: nobody it chose made a bet that could be copied"),
    ],
)
def test_comparison_is_said_in_one_of_three_ways(comparison: Comparison, says: str) -> None:
    assert comparison_words("EB", comparison).replace("\N{NO-BREAK SPACE}", " ") == says


@pytest.mark.parametrize(
    ("net", "says"),
    [
        ((3.0, 1.0, 5.0), "would have paid: +3.0 ± 2.0 bps a bet after costs (100 bets)."),
        ((-3.0, -5.0, -1.0), "would have lost: −3.0 ± 2.0 bps a bet after costs"),
        ((1.0, -1.0, 3.0), "cannot tell whether it would have paid: +1.0 ± 2.0 bps a bet"),
        ((1.0, None, None), "cannot tell whether it would have paid: +1.0 ± ? bps a bet"),
    ],
)
def test_first_sentence_claims_no_more_than_the_interval(
    net: tuple[float, float | None, float | None], says: str
) -> None:
    mean = BlockMean(value=net[0], low=net[1], high=net[2], error=None)
    found = told(
        replace(followed("expected edge"), net_bps=mean),
        nobody_followed("COPY only"),
        followed("realised profit", over_profit=None),
    )

    first = sentences(found)[0].replace("\N{NO-BREAK SPACE}", " ")

    assert first.startswith("Following the top 20 by expected edge, 5 s late, over 1.00 days")
    assert says in first


def test_copy_that_chose_nobody_is_said() -> None:
    found = told()
    said = " ".join(sentences(found))
    rounds = (replace(found.rounds[0], n_flagged=1), found.rounds[1])

    assert "told from luck, and nobody was called COPY at any of the 2 cuts" in said
    assert "Nobody was called COPY at any" in " ".join(sentences(told(rounds=rounds)))
    assert "more a bet than 93% of 200 draws of random active wallets" in said
    assert "truth" not in said


def test_bets_that_were_left_out_are_told() -> None:
    found = told(
        nobody_followed("COPY only"),
        followed("expected edge", n_unseen=3),
        followed("realised profit", over_profit=None),
    )

    assert sentences(found)[-1].startswith("3 bets of it left out: a price at an end is missing")


def test_truth_is_told_where_it_was_given() -> None:
    found = told(
        nobody_followed("COPY only"),
        followed("expected edge", expected_bps=2.5),
        followed("realised profit", over_profit=None, expected_bps=-1.0),
        truth_delay_s=5.0,
    )

    assert sentences(found)[-1] == (
        "By the truth of the simulation a copy 5 s late was worth +2.5 bps a bet; of the top by "
        "realised profit −1.0, of random wallets –."
    )


def test_table_has_the_columns_that_there_is_place_for() -> None:
    narrow, usual, wide = (table_of(told(), width)[0] for width in (59, 80, 200))

    assert narrow == ("ranked by", "bets", "net")
    assert usual == ("ranked by", "bets", "net", "over profit", "")
    assert {"less drift", "a day", "drawdown", "turnover", "IC"} < set(wide)
    assert "expected" not in wide
    assert "expected" in table_of(told(truth_delay_s=5.0), 200)[0]


def test_random_draws_close_the_table() -> None:
    rows = table_of(told(), 80)[1]

    assert [row[0] for row in rows] == [
        *("COPY only", "expected edge", "realised profit", "random, 200×")
    ]
    assert rows[0][1:4] == ("0", "–", "–")
    assert rows[-1][1:3] == ("80", "−1.0")


def test_wallets_chosen_by_their_profit_are_told() -> None:
    profit = followed("realised profit", over_profit=None)
    rankings = (nobody_followed("COPY only"), followed("expected edge"), profit)

    assert sentences(told(*rankings, n_by_profit=1))[-1] == (
        "1 wallet chosen by past profit: left out of the rounds before, and judged by what came "
        "after."
    )
    assert not any("past profit" in said for said in sentences(told(*rankings)))
