"""A universe with holes: what is listed is used, and what failed is said."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest
from clock_fakes import ManualClock
from exchange_fakes import AT_ONCE, HandSource, blocks, coin

from hypertrack.errors import ConfigError, VenueError
from hypertrack.feeds.info_client import InfoClient
from hypertrack.feeds.universe import Market, Universe, fetch_universe
from hypertrack.recording.coin_selection import select_coins
from hypertrack.records import encode_json
from hypertrack.simulate.venue.faults import Faults
from hypertrack.simulate.venue.server import running_exchange

BTC = {"universe": [{"name": "BTC"}]}
WHOLE: Mapping[str, Any] = {
    "perpDexs": [None, {"name": "xyz"}],
    "metaAndAssetCtxs": [BTC, [{"dayNtlVlm": "900.0"}]],
    "xyz": [{"universe": [{"name": "xyz:CL"}]}, [{"dayNtlVlm": "800.0"}]],
    "spotMetaAndAssetCtxs": [{"universe": [], "tokens": []}, []],
    "outcomeMeta": {"outcomes": [], "questions": []},
}


class Wire:
    """Stands for HTTP: gives each question its answer as bytes; an error is raised."""

    def __init__(self, answers: Mapping[str, Any]):
        self._answers = answers

    def post(self, request: Mapping[str, str], _what: str) -> bytes:
        answer = self._answers[request.get("dex") or request["type"]]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, bytes) else encode_json(answer)


def listed(**changes: Any) -> Universe:
    info = InfoClient("http://127.0.0.1:9/info", ManualClock())
    info.close()
    info._poster = Wire({**WHOLE, **changes})  # type: ignore[assignment]
    return fetch_universe(info)


def coins(universe: Universe) -> list[str]:
    return [market.coin for market in universe.markets]


@pytest.mark.parametrize(
    "answer", [VenueError("did not answer (HTTP 500)"), b"<html>busy</html>", None, [], [None, []]]
)
def test_builders_dex_that_does_not_answer_costs_the_others_nothing(answer: object) -> None:
    universe = listed(xyz=b"null" if answer is None else answer)

    assert coins(universe) == ["BTC"]
    assert [one.name for one in universe.unlisted] == ["dex xyz"]
    assert select_coins("BTC", universe) == ("BTC",)


@pytest.mark.parametrize("lists", ["spotMetaAndAssetCtxs", "outcomeMeta", "perpDexs"])
def test_any_list_may_fail(lists: str) -> None:
    universe = listed(**{lists: VenueError("did not answer (HTTP 500)")})

    assert "BTC" in coins(universe)
    assert len(universe.unlisted) == 1


def test_venue_that_knows_no_outcomes_lacks_nothing() -> None:
    universe = listed(outcomeMeta=VenueError("did not answer (HTTP 422 Failed to deserialize)"))

    assert universe.unlisted == ()


def test_venue_of_which_no_list_can_be_had_is_an_error() -> None:
    away = VenueError("http://venue did not answer (HTTP 500)")

    with pytest.raises(VenueError, match="did not answer"):
        listed(perpDexs=away, metaAndAssetCtxs=away)


def test_fewer_contexts_than_names_lose_no_coin() -> None:
    names = {"universe": [{"name": "BTC"}, {"name": "ETH"}, {"name": "SOL"}, {}]}
    universe = listed(metaAndAssetCtxs=[names, [{"dayNtlVlm": "900.0"}, None]])

    assert coins(universe) == ["BTC", "xyz:CL", "ETH", "SOL"]


@pytest.mark.parametrize("volume", [None, "", "NaN", "much", [1]])
def test_volume_that_is_no_number_counts_as_none(volume: object) -> None:
    universe = listed(metaAndAssetCtxs=[BTC, [{"dayNtlVlm": volume}]])

    assert Market(coin="BTC", day_volume_usd=0.0) in universe.markets


@pytest.mark.parametrize("tokens", [None, [], [1], "01", [7, 0]])
def test_pair_without_its_tokens_is_known_by_its_number(tokens: object) -> None:
    pair = {"name": "@7", "tokens": tokens}
    universe = listed(
        spotMetaAndAssetCtxs=[
            {"universe": [pair, None], "tokens": [{"index": 0, "name": "USDC"}]},
            [],
        ]
    )

    (spot,) = [market for market in universe.markets if market.coin == "@7"]
    assert spot.alias == ("?/USDC" if tokens == [7, 0] else None)


def test_outcomes_are_named_by_question_answer_and_side() -> None:
    outcomes = [
        {"outcome": 5, "name": "Red", "sideSpecs": [{"name": "Yes"}, {"name": "No"}]},
        {"outcome": 11844, "name": "BTC above 70,000", "sideSpecs": None},
        {"outcome": None},
    ]
    questions = [{"question": 1, "name": "Which wins?", "namedOutcomes": [5]}]
    universe = listed(outcomeMeta={"outcomes": outcomes, "questions": questions})

    aliases = {m.coin: m.alias for m in universe.markets if m.coin.startswith("#")}
    assert aliases == {
        "#50": "Which wins?: Red: Yes",
        "#51": "Which wins?: Red: No",
        "#118440": "BTC above 70,000: side 0",
        "#118441": "BTC above 70,000: side 1",
    }
    assert {"#50", "#118441"} <= set(select_coins("all", universe))


def test_coin_of_a_list_that_could_not_be_had_is_not_called_unknown() -> None:
    universe = listed(xyz=VenueError("did not answer (HTTP 500)"))

    with pytest.raises(ConfigError, match=r"xyz:CL is not known: its list \(dex xyz\) could not"):
        select_coins("BTC,xyz:CL", universe)


@pytest.mark.parametrize(
    ("name", "meant"), [("BTC/USDC:USDC", "BTC"), ("HYPE/USDC", r"@107 \(HYPE/USDC\)")]
)
def test_spelling_of_another_library_is_understood(name: str, meant: str) -> None:
    markets = (
        Market(coin="BTC", day_volume_usd=9.0),
        Market(coin="@107", day_volume_usd=8.0, alias="HYPE/USDC"),
    )

    with pytest.raises(ConfigError, match=f"no coin {name}: did you mean {meant}"):
        select_coins(name, Universe(markets))


def test_simulated_exchange_lists_outcomes_and_fails_one_dex_on_demand() -> None:
    source = HandSource(blocks(3), coins=(coin("BTC"), coin("xyz:CL"), coin("#70"), coin("#71")))
    with (
        running_exchange(source, AT_ONCE, Faults(failing_dex="xyz")) as exchange,
        closing(InfoClient(f"{exchange.url}/info", ManualClock())) as info,
    ):
        universe = fetch_universe(info)

    assert sorted(coins(universe)) == ["#70", "#71", "BTC"]
    assert [one.name for one in universe.unlisted] == ["dex xyz"]


@pytest.mark.parametrize("strange", [None, 5, "x", [], {"name": 5}])
def test_strange_entry_of_a_list_costs_nothing_but_itself(strange: object) -> None:
    outcome = {"outcome": 1, "sideSpecs": [{"name": "Yes"}, {"name": "No"}]}
    perps = [{"universe": [strange, {"name": "BTC"}]}, [strange, {"dayNtlVlm": "900.0"}]]
    spot = [{"universe": [strange, {"name": "@1"}], "tokens": [strange]}, [strange]]

    universe = listed(
        perpDexs=[strange, {"name": "xyz"}],
        metaAndAssetCtxs=perps,
        spotMetaAndAssetCtxs=spot,
        outcomeMeta={"outcomes": [strange, outcome], "questions": [strange]},
    )

    assert coins(universe) == ["BTC", "xyz:CL", "#10", "#11", "@1"]
    assert universe.markets[0].day_volume_usd == 900.0
    assert universe.unlisted == ()
