"""What following on paper tells while it goes: openings, reductions, what was left out, the end."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from fakes import ALICE, START_MS, account_state, held_position
from paper_fakes import PaperRun, acts, book, tick, write_lines

from hypertrack.config import EVENT_FIELDS, Settings
from hypertrack.live.paper_events import take_step
from hypertrack.live.paper_state import PaperState
from hypertrack.live.rules import Event
from hypertrack.pipeline.alerts import replayed
from hypertrack.records import decode_json


def events(run: PaperRun) -> list[Event]:
    """Return what the steps of a log did, one after the other."""
    first, *others = run.steps
    state = PaperState(first)
    return [event for step in others for event in take_step(state, step)]


def names(found: Iterable[Event]) -> list[str]:
    return [event.name for event in found]


def test_opening_adding_reducing_and_closing_are_told_as_they_are_filled(tmp_path: Path) -> None:
    trades = [*acts(1_000, 1), *acts(21_000, 1), *acts(41_000, -0.5), *acts(61_000, -1.5)]
    write_lines(tmp_path, "trades", trades)

    opened, added, reduced, closed = events(PaperRun(tmp_path, spread_bps=0).read())

    assert names([opened, added, reduced, closed]) == [
        *("follow.opened", "follow.added", "follow.reduced", "follow.closed")
    ]
    # 1,000 USD at his 100 are 10 coins each time; a quarter of 20 is 5, then the rest.
    assert opened.fields == {
        **{"wallet": ALICE, "coin": "BTC", "side": "buy", "size": 10.0, "price": 100.0},
        **{"notional_usd": 1_000.0, "delay_s": 5.0},
    }
    assert opened.time_ms == START_MS + 6_000
    assert opened.text == "paper opened 10 BTC long at 100 ($1,000), after 0xaaaaaaaa…aaaa"
    assert reduced.text.startswith("paper reduced by 5 BTC long at 100 ($500)")
    assert (closed.fields["side"], closed.fields["size"]) == ("sell", 15.0)
    assert len({opened.id, added.id, reduced.id, closed.id}) == 4


def test_flip_closes_and_opens(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", [*acts(1_000, 1), *acts(21_000, -2)])

    found = events(PaperRun(tmp_path, spread_bps=0).read())

    assert names(found) == ["follow.opened", "follow.closed", "follow.opened"]
    assert found[2].text.startswith("paper opened 10 BTC short at 100 ")


def test_what_was_not_filled_says_why_and_how_much_of_it(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", acts(1_000, 1))
    write_lines(tmp_path, "l2book", [book(5_900, [("99", "1")], [("101", "4"), ("102", "2")])])

    opened, skipped = events(PaperRun(tmp_path).read())

    assert (opened.name, opened.fields["size"]) == ("follow.opened", 6.0)
    assert skipped.fields == {"wallet": ALICE, "coin": "BTC", "why": "book too thin"}
    assert skipped.text == ("paper did not follow 0xaaaaaaaa…aaaa in BTC in whole: book too thin")


def falling(at_ms: int) -> list[dict[str, Any]]:
    """Return a market at half its price from a time on, to beyond the next full hour."""
    hour_ms = 3_600_000
    later = [tick(hour_ms + after_ms) for after_ms in (500, 2_000, 6_500, 9_000)]
    return [tick(at_ms, 50.0, "BTC"), *later]


def test_drawdown_that_stops_it_is_told_once_and_then_what_it_closes(tmp_path: Path) -> None:
    write_lines(tmp_path, "trades", [*acts(1_000, 10), *falling(20_000)])

    found = events(PaperRun(tmp_path, notional_usd=10_000, spread_bps=0).read())

    assert names(found) == ["follow.opened", "follow.stopped", "follow.closed"]
    # 100 coins lost half of 100 USD each; 4.5 of 10,000 USD were fees.
    assert found[1].fields == {"drawdown_frac": 0.50045, "drawdown_usd": 5_004.5}
    assert found[2].time_ms == found[1].time_ms + 5_000


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Return what rules for each of these events would have been sent, over a market that falls."""
    folder = tmp_path_factory.mktemp("market")
    begun = [tick(0, 100.0, "BTC"), *acts(1_000, -1), *acts(11_000, 10)]  # flat first, so known
    trades = [*begun, *acts(21_000, 1), *acts(31_000, -1), *acts(41_000, -10), *acts(61_000, 10)]
    write_lines(folder, "trades", [*trades, *falling(80_000)])
    state = account_state(START_MS + 500, ALICE, held_position("BTC", 1))
    write_lines(folder, "account_states", [state])
    sink = {"name": "phone", "kind": "file", "url": str(folder / "told")}
    follow = {"leaders": [ALICE], "capital_usd": 10_000, "notional_usd": 5_000, "spread_bps": 0}
    rules = [{"name": f"on {name}", "on": name, "to": ["phone"]} for name in FOLLOW_EVENTS]
    settings = {"data": folder, "out": folder, "follow": follow, "sinks": [sink], "alerts": rules}
    found = replayed(Settings.model_validate(settings), START_MS + 600)
    return [decode_json(bytes(message.data), dict) for message, _ in found]


FOLLOW_EVENTS = tuple(name for name in EVENT_FIELDS if name.startswith("follow."))


@pytest.mark.parametrize("name", FOLLOW_EVENTS)
def test_rule_is_told_each_of_them_with_the_fields_it_may_ask(
    told: list[dict[str, Any]], name: str
) -> None:
    own = [one for one in told if one["event"] == name]

    assert own
    for one in own:
        fields = one.keys() - {"alert", "event", "id", "time", "time_ms", "held_back"}
        assert fields <= EVENT_FIELDS[name].keys()
        assert fields >= EVENT_FIELDS[name].keys() - {"verdict", "category", "delay_s"}
