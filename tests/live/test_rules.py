"""What rules ask, and how often they speak."""

from pathlib import Path
from typing import Any

import pytest

from hypertrack.config import AlertSettings, load_config
from hypertrack.errors import ConfigError
from hypertrack.live.rules import Event, Rules, holds

FIELDS = {
    "kind": "open",
    "watchlist": ("mine", "others"),
    "notional_usd": 50_000.0,
    "is_maker": False,
    "wallet": "0x" + "ab" * 20,
}


@pytest.mark.parametrize(
    ("where", "is_held"),
    [
        ({}, True),
        ({"kind": "open"}, True),
        ({"kind": ["flip", "open"]}, True),
        ({"kind": ["flip", "close"]}, False),
        ({"watchlist": "others"}, True),
        ({"watchlist": "theirs"}, False),
        ({"watchlist": {"ne": "mine"}}, False),
        ({"notional_usd": {"ge": 50_000}}, True),
        ({"notional_usd": {"gt": 50_000}}, False),
        ({"notional_usd": {"ge": 10_000, "lt": 60_000}}, True),
        ({"is_maker": False, "kind": "open"}, True),
        ({"is_maker": True}, False),
        ({"wallet": "0x" + "AB" * 20}, True),
        ({"part_closed": {"ge": 0}}, False),  # not known of this one
    ],
)
def test_conditions_must_all_hold(where: dict[str, Any], is_held: bool) -> None:
    assert holds(where, FIELDS) is is_held


def event(at_s: int, wallet: str = "a", coin: str = "BTC") -> Event:
    fields = {"wallet": wallet, "coin": coin}
    return Event("action", f"{wallet}{at_s}", at_s * 1_000, fields, "something")


def rules(at_most: str | None, **where: Any) -> Rules:
    facts = {"name": "a rule", "on": "action", "where": where, "at_most": at_most, "to": ["file"]}
    return Rules([AlertSettings.model_validate(facts)])


def test_what_comes_too_often_is_counted_and_told_with_the_next() -> None:
    found = rules("2 per 10m")

    told = [[a.n_held_back for a in found.alerts(event(at))] for at in (0, 1, 2, 3, 600, 601)]

    assert told == [[0], [0], [], [], [2], [0]]


def test_limit_of_each_wallet_and_coin_is_its_own() -> None:
    found = rules("1 per 1h per wallet coin")
    events = [event(0), event(1), event(2, "b"), event(3, coin="ETH"), event(3_600)]

    assert [len(list(found.alerts(one))) for one in events] == [1, 0, 1, 1, 1]


def test_limit_keeps_in_mind_only_who_it_may_hold_back() -> None:
    found = rules("1 per 10m per wallet")
    for hour in range(5):  # another wallet each, of which the second event is held back
        at_s, wallet = hour * 3_600, f"w{hour}"
        assert len(list(found.alerts(event(at_s, wallet)))) == 1
        assert list(found.alerts(event(at_s + 1, wallet))) == []

    (state,) = found.state()

    assert list(state.told_ms) == [("w3",), ("w4",)]  # within ten minutes and an hour
    assert state.n_held_back == {(f"w{hour}",): 1 for hour in range(5)}


def test_rule_about_another_event_says_nothing() -> None:
    gap = Event("gap", "g", 0, {"coin": "BTC"}, "")

    assert list(rules(None).alerts(gap)) == []


ALERT = '[[sinks]]\nname = "file"\nkind = "file"\n[[watchlists]]\nname = "mine"\n[[alerts]]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('name = "a"\non = "acton"\nto = ["file"]', "alerts.on"),
        ('name = "a"\non = "action"\nto = ["fiel"]', "fiel, which is not there: did you mean file"),
        ('name = "a"\non = "action"\nto = ["file"]\nwhere = {notional = 3}', "mean notional_usd"),
        ('name = "a"\non = "action"\nto = ["file"]\nwhere = {kind = "opne"}', "open, add, reduce"),
        ('name = "a"\non = "action"\nto = ["file"]\nwhere = {is_maker = 1}', "true or false"),
        (
            'name = "a"\non = "action"\nto = ["file"]\nwhere = {notional_usd = {ge = "big"}}',
            "a number, found 'big'",
        ),
        (
            'name = "a"\non = "action"\nto = ["file"]\nwhere = {notional_usd = {above = 3}}',
            "one of lt, le, gt, ge, ne",
        ),
        (
            'name = "a"\non = "action"\nto = ["file"]\nwhere = {watchlist = "mien"}',
            "mien, which is not there: did you mean mine",
        ),
        ('name = "a"\non = "action"\nto = ["file"]\nat_most = "often"', "1 per 10m per wallet"),
        ('name = "a"\non = "action"', "alerts.to"),
    ],
)
def test_rule_that_cannot_be_meant_is_refused_at_the_start(
    tmp_path: Path, text: str, said: str
) -> None:
    file = tmp_path / "hypertrack.toml"
    file.write_text(ALERT + text + "\n")

    with pytest.raises(ConfigError, match=said):
        load_config(file, environment={}, folder=tmp_path)
