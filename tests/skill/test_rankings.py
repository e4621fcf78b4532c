"""Whom each ranking would follow."""

import numpy as np
from skill_fakes import candidates, summary

from hypertrack.skill.judging import Skill
from hypertrack.skill.rankings import candidates as candidates_of


def skill() -> Skill:
    """Return four wallets, of which the first two are one entity and the last is not judged."""
    numbers = {
        "horizon_s": [60.0, 60.0, 300.0, np.nan],
        "entity_id": [1.0, 1.0, 0.0, np.nan],
        "copy_edge_bps": [3.0, 3.0, 9.0, np.nan],
        "edge_bps": [8.0, 8.0, 12.0, np.nan],
        "edge_sd_bps": [2.0, 2.0, 6.0, np.nan],
        "markout_bps": [10.0, 10.0, 20.0, np.nan],
        "markout_error_bps": [2.0, 2.0, 0.0, np.nan],
        "cash_usd": [50.0, 50.0, -5.0, np.nan],
        "n_openings": [30.0, 30.0, 0.0, np.nan],
    }
    verdict = np.array(["COPY", "COPY", "WATCH", ""], dtype=object)
    columns = {**{name: np.array(of) for name, of in numbers.items()}, "verdict": verdict}
    return Skill(columns, summary())


def test_entities_are_ranked_once_however_many_wallets_they_have() -> None:
    found = candidates_of(skill(), {})

    assert found.entity_of_wallet.tolist() == [1, 1, 0, -1]
    assert found.horizon_ms.tolist() == [300_000, 60_000]
    assert found.best("expected edge", 20).tolist() == [0, 1]
    assert found.best("expected edge / sd", 20).tolist() == [1, 0]
    assert found.best("COPY only", 20).tolist() == [1]


def test_what_cannot_be_told_is_not_ranked() -> None:
    found = candidates_of(skill(), {})

    assert found.best("markout t", 20).tolist() == [1]  # the other's error is 0
    assert found.best("realised profit", 20).tolist() == [1]  # the other opened nothing
    assert found.is_active.tolist() == [False, True]


def test_further_scores_are_means_over_an_entitys_wallets() -> None:
    found = candidates_of(skill(), {"model: skill": np.array([0.2, 0.6, np.nan, 0.9])})

    assert found.scores["model: skill"].tolist()[1] == 0.4
    assert np.isnan(found.scores["model: skill"][0])


def test_top_is_as_many_as_asked_for_and_of_equals_the_first() -> None:
    found = candidates([0, 1, 2, 3], [60.0] * 4, any=[1, 2, 2, np.nan])

    assert found.best("any", 2).tolist() == [1, 2]
    assert found.best("any", 9).tolist() == [1, 2, 0]
