"""What a recording can answer at all."""

from hypertrack.categories.catalog import CATALOG
from hypertrack.categories.quantities import QUANTITIES
from hypertrack.categories.testable import Reach, days_needed, obstacles
from hypertrack.config import CategorySettings

LIMITS = CategorySettings().limits()
RULES = {rule.name: rule for rule in CATALOG}


def told(days: float, *, has_transfers: bool = True, without: str = "") -> dict[str, str]:
    known = QUANTITIES.keys() - {without}
    return dict(obstacles(CATALOG, LIMITS, Reach(days, has_transfers, known)))


def test_six_hours_know_neither_who_is_old_nor_who_seldom_trades() -> None:
    found = told(0.24)

    assert found["Dormant"] == "needs more than 30 days, has 0.24"
    assert found["HODLer"] == "needs more than 50 days, has 0.24"  # 5 trades at .1 a day
    assert found["Possible HODLer"] == "needs more than 60 days, has 0.24"
    assert found.keys() == {"Dormant", "HODLer", "Possible HODLer"}


def test_days_are_those_of_the_slowest_pace_that_counts() -> None:
    assert days_needed(RULES["Active Trader"], LIMITS) == 0.1  # 5 trades at 50 a day
    assert days_needed(RULES["Market Maker"], LIMITS) == 0  # 200 executions do without


def test_two_months_know_everybody() -> None:
    assert told(61.0) == {}


def test_without_hyperevm_nobody_collects_tokens() -> None:
    found = told(61.0, has_transfers=False)

    assert found.keys() == {"Token Collector", "Possible Token Collector"}
    assert found["Token Collector"] == "needs token transfers of HyperEVM, has none"


def test_what_was_not_measured_is_named() -> None:
    assert told(61.0, without="entity_size") == {
        "One of a Group": "needs entity_size, which was not measured"
    }
    assert told(61.0, without="bot_probability") == {
        "Bot": "needs a model, has none",
        "Possible Bot": "needs a model, has none",
    }
