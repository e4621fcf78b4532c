"""Answers about wallets have the fields that are documented, of the types that are documented.

``tests/data/account_answers.json`` is written by us to the venue's documented shapes; the samples
that others measured are read where their folder exists.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from venue_fakes import PlayedVenue

from hypertrack.config import SimulateSettings
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.venue.market_source import MarketSource

DOCUMENTED = json.loads((Path(__file__).parents[2] / "data" / "account_answers.json").read_text())
SAMPLES = Path(__file__).parents[4] / "shared" / "protocol" / "samples"
SETTINGS = SimulateSettings(wallets=900, hours=0.1, trades_per_second=2.0)

NULLABLE = {"liquidationPx", "followerState", "twapId", "nSamples"}
NOT_ALWAYS = {"cloid", "liquidation", "maxTradeSzs", "rawUsd"}
"""Fields that old answers have or that only some have."""


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(SETTINGS)


@pytest.fixture(scope="module")
def venue(market: Market) -> PlayedVenue:
    return PlayedVenue(MarketSource(market))


@pytest.fixture(scope="module")
def busy(market: Market, venue: PlayedVenue) -> list[str]:
    """Return wallets that hold something, some of spot, too."""
    start = market.start_positions
    return [market.wallets[at] for at in dict.fromkeys(start.wallet.tolist())][:25]


def differences(told: Any, documented: Any, path: str = "") -> Iterator[str]:
    """Yield where an answer is unlike a documented one; values do not matter."""
    key = path.rpartition(".")[2]
    if (told is None and key in NULLABLE) or documented is None:
        return
    if isinstance(documented, dict) and isinstance(told, dict):
        for name in documented.keys() - told.keys() - NOT_ALWAYS:
            yield f"{path}.{name} is missing"
        for name in documented.keys() & told.keys():
            yield from differences(told[name], documented[name], f"{path}.{name}")
    elif isinstance(documented, list) and isinstance(told, list):
        yield from _differences_of_lists(told, documented, path)
    elif _kind(told) != _kind(documented):
        yield f"{path} is {told!r}, documented as {documented!r}"


def _differences_of_lists(told: list[Any], documented: list[Any], path: str) -> Iterator[str]:
    """Pairs are compared item by item, other lists with the first documented item."""
    is_pair = len(documented) == 2 and not isinstance(documented[0], dict)
    if is_pair and _kind(documented[0]) != _kind(documented[1]):
        if len(told) != 2:
            yield f"{path} is no pair"
        for at, (one, other) in enumerate(zip(told, documented, strict=True)):
            yield from differences(one, other, f"{path}[{at}]")
    elif documented:
        for at, item in enumerate(told):
            yield from differences(item, documented[0], f"{path}[{at}]")


def _kind(value: Any) -> str:
    if isinstance(value, str):
        return "decimal" if re.fullmatch(r"-?\d+(\.\d+)?", value) else "text"
    return type(value).__name__


def unlike(venue: PlayedVenue, kind: str, users: list[str], documented: Any) -> list[str]:
    """Return the differences of answers about users; one of them has to be about something."""
    span = {"startTime": 0} if kind.endswith("ByTime") or kind == "userFunding" else {}
    answers = [venue.ask(kind, user=user, **span) for user in users]
    assert any(answers)
    return [line for answer in answers for line in differences(answer, documented)]


@pytest.mark.parametrize(
    "kind",
    [
        *("clearinghouseState", "spotClearinghouseState", "userFills", "portfolio"),
        *("userFunding", "userFees"),
    ],
)
def test_answers_have_the_documented_fields(venue: PlayedVenue, busy: list[str], kind: str) -> None:
    assert unlike(venue, kind, busy, DOCUMENTED[kind]) == []


def test_fills_have_no_field_that_is_not_documented(venue: PlayedVenue, busy: list[str]) -> None:
    fills = [fill for user in busy for fill in venue.ask("userFills", user=user)]

    not_always = {"builderFee", "liquidation"}  # only where there is one (protocol, section 3)
    told = {key for fill in fills for key in fill}
    assert told - not_always == DOCUMENTED["userFills"][0].keys()
    assert all(float(fill["builderFee"]) > 0 for fill in fills if "builderFee" in fill)


def test_each_kind_of_flow_has_its_documented_fields(market: Market, venue: PlayedVenue) -> None:
    documented = DOCUMENTED["userNonFundingLedgerUpdates"]
    kin = market.kinship
    members = {*kin.master_of, *kin.master_of.values(), *kin.vaults, *(b for _, b in kin.gifts)}
    told = {}
    for wallet in [*market.wallets[:60], *(market.wallets[at] for at in members)]:
        for row in venue.ask("userNonFundingLedgerUpdates", user=wallet, startTime=0):
            assert row.keys() == {"time", "hash", "delta"}
            assert list(differences(row["delta"], documented[row["delta"]["type"]])) == []
            told[row["delta"]["type"]] = row["delta"].keys()

    assert told == {kind: delta.keys() for kind, delta in documented.items()}


def test_vaults_and_agents_have_the_documented_fields(market: Market, venue: PlayedVenue) -> None:
    at, vault = next(iter(market.kinship.vaults.items()))
    owner = market.wallets[next(iter(market.kinship.agents.values()))]
    details = venue.ask("vaultDetails", vaultAddress=market.wallets[at])

    assert list(differences(details, DOCUMENTED["vaultDetails"])) == []
    for kind, user in (("userVaultEquities", vault.leader), ("extraAgents", owner)):
        assert unlike(venue, kind, [user], DOCUMENTED[kind]) == []


@pytest.mark.parametrize(
    "sample",
    [
        *("http_clearinghouseState", "http_clearinghouseState_doc", "http_portfolio"),
        *("http_spotClearinghouseState", "http_userFills", "http_userFillsByTime"),
        *("http_userFunding", "ws_userFills_snapshot"),
    ],
)
def test_answers_have_the_fields_of_measured_samples(
    venue: PlayedVenue, busy: list[str], sample: str
) -> None:
    file = SAMPLES / f"{sample}.json"
    if not file.is_file():
        pytest.skip("the measured samples are kept outside the repository")
    measured = json.loads(file.read_text())
    measured = measured.get("_response_trimmed", measured)
    measured = measured["data"]["fills"] if sample.startswith("ws_") else measured
    kind = sample.split("_")[1]

    assert unlike(venue, kind, busy, measured) == []


def test_flows_have_the_fields_of_measured_samples(venue: PlayedVenue, busy: list[str]) -> None:
    file = SAMPLES / "http_userNonFundingLedgerUpdates.json"
    if not file.is_file():
        pytest.skip("the measured samples are kept outside the repository")
    rows = json.loads(file.read_text())["_response_trimmed"]
    measured = {row["delta"]["type"]: row["delta"] for row in rows}
    told = [
        row["delta"]
        for user in busy
        for row in venue.ask("userNonFundingLedgerUpdates", user=user, startTime=0)
        if row["delta"]["type"] in measured
    ]

    assert {"deposit", "accountClassTransfer"} <= {delta["type"] for delta in told}
    for delta in told:
        assert list(differences(delta, measured[delta["type"]])) == []


@pytest.mark.parametrize(
    ("told", "documented", "found"),
    [
        ({"a": "1.0"}, {"a": "2.5"}, []),
        ({"a": 1.0}, {"a": "2.5"}, [".a is 1.0, documented as '2.5'"]),
        ({}, {"a": [1]}, [".a is missing"]),
        ([[1, "0.5"], [2, 3]], [[7, "0.0"]], ["[1][1] is 3, documented as '0.0'"]),
        ({"liquidationPx": None}, {"liquidationPx": "1.0"}, []),
        ({"px": None}, {"px": "1.0"}, [".px is None, documented as '1.0'"]),
    ],
)
def test_comparison_of_shapes_notices_what_differs(
    told: Any, documented: Any, found: list[str]
) -> None:
    assert list(differences(told, documented)) == found
