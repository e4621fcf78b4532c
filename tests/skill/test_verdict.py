"""Every gate closes where it should, and says what it found."""

from dataclasses import fields

import numpy as np
import pytest

from hypertrack.config import CopySettings, SkillSettings
from hypertrack.records import PASSED, gate_sentence
from hypertrack.skill.verdict import GATES, Decisions, Facts, decide

GOOD = {
    "n_bets": 60.0,
    "n_taker_bets": 50.0,
    "n_hours": 20.0,
    "n_days": 3.0,
    "q": 0.02,
    "p_loses": 0.0,
    "p_copy": 0.99,
    "capacity_usd": 50_000.0,
    "coin_frac": 0.4,
    "bet_frac": 0.1,
    "last_frac": 0.9,
    "decay_se": 0.5,
    "known_frac": 0.0,
    "n_flat": 12.0,
    "is_copier": 0.0,
    "n_uncounted": 0.0,
    "wash_frac": 0.0,
    "cash_usd": 500.0,
    "win_frac": 0.6,
    "n_exits": 40.0,
}


def decided(**other: float) -> Decisions:
    facts = Facts(**{name: np.array([{**GOOD, **other}[name]]) for name in GOOD})
    return decide(facts, CopySettings(), SkillSettings())


def test_who_passes_all_gates_is_worth_copying() -> None:
    found = decided()

    assert (found.verdict[0], found.gate[0], found.value[0]) == ("COPY", PASSED, 0.99)
    assert {field.name for field in fields(Facts)} == set(GOOD)


@pytest.mark.parametrize(
    ("other", "verdict", "gate"),
    [
        ({"p_loses": 0.97}, "AVOID", "loses"),
        ({"cash_usd": -5.0, "win_frac": 0.9}, "AVOID", "hidden loss"),
        ({"n_bets": 29.0}, "NOT ENOUGH DATA", "bets"),
        ({"n_bets": 29.0, "n_uncounted": 1.0}, "NOT ENOUGH DATA", "chosen by profit"),
        ({"n_hours": 9.0}, "NOT ENOUGH DATA", "hours"),
        ({"q": 0.11}, "NOT ENOUGH DATA", "luck"),
        ({"q": np.nan}, "NOT ENOUGH DATA", "luck"),
        ({"n_taker_bets": 29.0}, "WATCH", "bets as taker"),
        ({"p_copy": 0.94}, "WATCH", "copy edge"),
        ({"p_copy": np.nan}, "WATCH", "copy edge"),
        ({"capacity_usd": 999.0}, "WATCH", "capacity"),
        ({"coin_frac": 0.61}, "WATCH", "one coin"),
        ({"bet_frac": 0.26}, "WATCH", "one bet"),
        ({"last_frac": 0.74}, "WATCH", "activity"),
        ({"decay_se": 2.1}, "WATCH", "decay"),
        ({"n_flat": 2.0}, "WATCH", "positions"),
        ({"is_copier": 1.0}, "WATCH", "copier"),
        ({"wash_frac": 0.9}, "WATCH", "circle"),
        ({"cash_usd": -5.0}, "WATCH", "cash"),
    ],
)
def test_each_gate_alone_decides(other: dict[str, float], verdict: str, gate: str) -> None:
    found = decided(**other)

    assert (found.verdict[0], found.gate[0]) == (verdict, gate)


def test_days_are_a_gate_where_they_are_asked_for() -> None:
    facts = Facts(**{name: np.array([value]) for name, value in GOOD.items()})

    found = decide(facts, CopySettings(min_days=7.0), SkillSettings())

    assert (found.gate[0], found.value[0], found.threshold[0]) == ("days", 3.0, 7.0)


def test_known_positions_need_no_return_to_flat() -> None:
    assert decided(n_flat=0.0, known_frac=0.9).verdict[0] == "COPY"


def test_winner_of_few_exits_hides_nothing() -> None:
    found = decided(cash_usd=-5.0, win_frac=1.0, n_exits=9.0)

    assert (found.verdict[0], found.gate[0]) == ("WATCH", "cash")


def test_first_gate_that_closes_decides() -> None:
    assert decided(n_bets=3.0, q=0.5, p_copy=0.1).gate[0] == "bets"


@pytest.mark.parametrize("gate", GATES, ids=lambda gate: gate.name)
def test_every_gate_has_a_sentence_with_its_numbers(gate: object) -> None:
    name = gate.name  # type: ignore[attr-defined]

    assert gate_sentence(name, 0.25, 0.5)
    assert gate_sentence(name, np.nan, 0.5) == f"{name}: not known"


def test_sentence_gives_number_and_threshold() -> None:
    assert gate_sentence("bets", 12, 30) == "12 bets as taker, 30 needed"
    assert gate_sentence("cash", -1234.4, 0) == "lost money in the window: $-1,234"
