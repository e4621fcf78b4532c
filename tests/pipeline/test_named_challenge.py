"""A challenge as it is named, read back, taken up and ended."""

from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from fakes import ALICE
from model_fakes import make_matrix
from scored_fakes import BOT, champion_and_other, model, tell, two_versions

from hypertrack.config import Settings
from hypertrack.errors import ModelError
from hypertrack.journal import Journal
from hypertrack.live.score_book import read_scores
from hypertrack.model.versions import load_champion, save_version
from hypertrack.pipeline.challenge import Challenger, challenge, current, end
from hypertrack.pipeline.live_comparing import compare_live
from hypertrack.records import (
    as_dict,
    encode_json,
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return two_versions(tmp_path)


def test_margin_set_later_does_not_change_a_challenge_under_way(settings: Settings) -> None:
    _, other = champion_and_other(settings)
    challenge(settings, other)
    wider = settings.model_copy(
        update={"challenge": settings.challenge.model_copy(update={"margin": 0.5})}
    )

    assert compare_live(wider).challenge.margin == 0.005


def test_model_of_other_labels_cannot_be_challenged(settings: Settings) -> None:
    _, other = champion_and_other(settings)
    save_version(settings.out, model(3, {"profit_hurdle_bps": 5.0, "former": 1.0}))

    with pytest.raises(ModelError, match="was trained on other labels"):
        challenge(settings, other)


def test_challenge_is_taken_up_and_ended_while_live_runs(settings: Settings) -> None:
    own, other = champion_and_other(settings)
    champion, matrix = load_champion(settings.out), make_matrix(np.full((3, 12), 2.0))
    with closing(Challenger(settings)) as challenger:
        before = challenger.score(matrix, champion)
        named = challenge(settings, other)
        during = challenger.score(matrix, champion), challenger.score(matrix, champion)
        unlike = challenger.score(matrix, model(2))  # another model is in force meanwhile
        end(settings)
        after = challenger.score(matrix, champion)

    assert (before, during, unlike, after) == (0, (3, 0), 0, 0)
    scores = settings.data / "live" / "scores.jsonl"
    assert isinstance(scores, Path)
    (row, *_) = read_scores(scores, named)
    assert (row.champion, row.challenger) == (own, other)
    expected = champion.predict(matrix)[0, BOT]
    assert row.scores["champion"]["bot_probability"] == pytest.approx(expected, abs=1e-6)


def test_torn_challenge_is_said_and_scores_nothing(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    (settings.out / "models" / "challenge.json").write_text("{")

    with pytest.raises(ModelError, match="--off"):
        compare_live(settings)
    with closing(Challenger(settings)) as challenger:
        matrix = make_matrix(np.full((3, 12), 2.0))
        assert challenger.score(matrix, load_champion(settings.out)) == 0
    assert "the challenger is not scored" in caplog.text
    assert end(settings) is None
    assert current(settings) is None


@pytest.mark.parametrize(
    ("name", "other"),
    [("thresholds", {"former": 1.0}), ("block_ms", 0), ("embargo_ms", -1), ("margin", "NaN")],
)
def test_challenge_of_another_version_is_said_and_can_be_ended(
    settings: Settings, name: str, other: object
) -> None:
    _, challenger = champion_and_other(settings)
    file = settings.out / "models" / "challenge.json"
    told = as_dict(challenge(settings, challenger)) | {name: other}
    file.write_bytes(encode_json(told))

    with pytest.raises(ModelError, match=r"is no challenge .*--off` ends it"):
        compare_live(settings)
    end(settings)
    assert not file.exists()


def test_rows_that_cannot_be_meant_are_left_out(settings: Settings) -> None:
    _, other = champion_and_other(settings)
    named = challenge(settings, other)
    tell(settings, named, 0.8, 0.9)
    folder = settings.data / "live"
    assert isinstance(folder, Path)
    first, second, third, *_ = read_scores(folder / "scores.jsonl", named)
    forged = [
        as_dict(first) | {"scores": {"champion": {}}},
        as_dict(second) | {"scores": {"champion": {"bot_probability": 1e308}, "challenger": {}}},
    ]
    with closing(Journal(folder / "scores.jsonl")) as journal:
        journal.add([*map(encode_json, forged), b'{"id":"\\ud800', b"\xff"])
    outcome = {"id": third.id, "wallet": ALICE, "window": (0, 1), "observed_frac": 1.0}
    outcome |= {"n_executions": 9, "quantities": {"bot_vote": 1e308}, "masked": None}
    with closing(Journal(folder / "outcomes.jsonl")) as journal:
        journal.add([encode_json(outcome)])

    found = compare_live(settings)

    assert found.n_rows == 80
    assert found.overall is not None
    assert found.chain_breaks > 0
