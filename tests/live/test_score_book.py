"""Rows of what two models said: one a wallet and block, chained, and found again."""

from pathlib import Path

import numpy as np
import pytest
from fakes import ALICE, BOB, START_MS

from hypertrack.errors import DatasetError
from hypertrack.live.chain import breaks
from hypertrack.live.score_book import ScoreBook, read_scores
from hypertrack.records import HOUR_MS, Challenge, replace

CHALLENGE = Challenge(
    **{"champion": "a", "challenger": "b", "started_ms": 1, "features_hash": "f"},
    **{"thresholds": {}, "block_ms": HOUR_MS, "embargo_ms": 1_800_000},
    **{"margin": 0.005, "max_blocks": 2_000, "min_executions": 5},
)
NAMES = ("bot_probability", "risk_score")
SAID = np.array([[0.25, 0.5], [0.75, 1.0]])
HOUR_0 = START_MS // HOUR_MS * HOUR_MS


def write(file: Path, end_ms: int, *wallets: str, challenge: Challenge = CHALLENGE) -> int:
    book = ScoreBook(file, challenge, NAMES)
    try:
        n = len(wallets)
        return book.write(wallets, (START_MS, end_ms), SAID[:n], 1 - SAID[:n])
    finally:
        book.close()


def test_wallet_has_one_row_a_block_also_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "live" / "scores.jsonl"

    n_rows = [
        write(file, HOUR_0 + 60_001, ALICE),
        write(file, HOUR_0 + 120_000, ALICE, BOB),  # the first of Bob in this block
        write(file, HOUR_0 + HOUR_MS, ALICE, BOB),  # its last instant: exclusive is the end
        write(file, HOUR_0 + HOUR_MS + 1, ALICE, BOB),
    ]

    assert n_rows == [1, 1, 0, 2]
    rows = list(read_scores(file, CHALLENGE))
    assert [(row.wallet, row.scored_ms - HOUR_0) for row in rows] == [
        *((ALICE, 60_000), (BOB, 119_999)),
        *((ALICE, HOUR_MS), (BOB, HOUR_MS)),
    ]
    assert rows[0].scores == {
        "champion": {"bot_probability": 0.25, "risk_score": 0.5},
        "challenger": {"bot_probability": 0.75, "risk_score": 0.5},
    }
    assert not list(breaks(file))


def test_row_that_was_changed_shows(tmp_path: Path) -> None:
    file = tmp_path / "scores.jsonl"
    write(file, HOUR_0 + 60_001, ALICE, BOB)
    write(file, HOUR_0 + HOUR_MS + 1, ALICE)

    file.write_text(file.read_text().replace("0.25", "0.26", 1))

    assert [each.line for each in breaks(file)] == [2]


def test_nothing_is_added_to_a_broken_file(tmp_path: Path) -> None:
    file = tmp_path / "scores.jsonl"
    write(file, HOUR_0 + 60_001, ALICE, BOB)
    file.write_text("{}\n" + file.read_text())

    with pytest.raises(DatasetError, match="was changed"):
        write(file, HOUR_0 + HOUR_MS + 1, ALICE)


@pytest.mark.parametrize(
    "other", [{"started_ms": 2}, {"challenger": "c"}, {"features_hash": "g"}, {"block_ms": 60_000}]
)
def test_rows_of_another_challenge_are_not_counted(
    tmp_path: Path, other: dict[str, object]
) -> None:
    file = tmp_path / "scores.jsonl"
    write(file, HOUR_0 + 60_001, ALICE)

    assert write(file, HOUR_0 + 60_001, ALICE, challenge=replace(CHALLENGE, **other)) == 1
    assert len(list(read_scores(file, CHALLENGE))) == 1


def test_outcome_begins_after_block_and_embargo_so_that_rows_do_not_overlap() -> None:
    first, last, next_ = (CHALLENGE.outcome_window(HOUR_0 + ms) for ms in (0, HOUR_MS - 1, HOUR_MS))

    assert first == last == (HOUR_0 + HOUR_MS + 1_800_000, HOUR_0 + 2 * HOUR_MS + 1_800_000)
    assert next_[0] == first[1]


def test_score_that_is_no_number_is_not_there_and_its_row_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "scores.jsonl"
    book = ScoreBook(file, CHALLENGE, NAMES)
    said = np.array([[np.nan, 0.5]])
    book.write((ALICE,), (START_MS, HOUR_0 + 60_001), said, np.array([[np.inf, 0.25]]))
    book.close()

    (row,) = read_scores(file, CHALLENGE)

    assert row.scores == {"champion": {"risk_score": 0.5}, "challenger": {"risk_score": 0.25}}
