"""Archives and accounts are of one market: what they say of a wallet's fills is the same."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from venue_fakes import PlayedVenue

from hypertrack.config import SimulateSettings
from hypertrack.simulate.market.archives import ArchiveWriter
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.market.playing import played
from hypertrack.simulate.venue.market_source import MarketSource

SETTINGS = SimulateSettings(wallets=200, hours=0.05, trades_per_second=10, coins=9, seed=4)

Json = dict[str, Any]

SAME = ("coin", "px", "sz", "side", "time", "hash", "oid", "crossed", "feeToken")
NUMBERS = ("startPosition", "closedPnl", "fee", "builderFee")


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(SETTINGS)


@pytest.fixture(scope="module")
def archived(
    market: Market, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, dict[int, Json]]:
    """The fills of the archives by wallet and id, but for those that are no trade."""
    folder = tmp_path_factory.mktemp("archives")
    with ArchiveWriter(market, folder) as writer:
        for _ in played(market, writer.write, None, None):
            pass
        writer.finish()
    by_wallet: dict[str, dict[int, Json]] = defaultdict(dict)
    for wallet, fill in events(folder):
        if fill["dir"] not in {"Settlement", "Spot Dust Conversion"}:
            by_wallet[wallet][fill["tid"]] = fill
    return by_wallet


def events(folder: Path) -> Iterator[tuple[str, Json]]:
    for path in folder.rglob("*.lz4"):
        with pa.OSFile(str(path)) as file, pa.CompressedInputStream(file, "lz4") as stream:
            for line in stream.read().splitlines():
                yield from json.loads(line)["events"]


def test_archives_and_answers_agree_on_every_fill(
    market: Market, archived: Mapping[str, dict[int, Json]]
) -> None:
    venue = PlayedVenue(MarketSource(market))

    assert len(archived) > 60
    for wallet, fills in archived.items():
        told = {fill["tid"]: fill for fill in venue.fills(wallet, market.start_ms)}
        assert told.keys() == fills.keys()
        for trade_id, fill in fills.items():
            answer = told[trade_id]
            assert {key: answer[key] for key in SAME} == {key: fill[key] for key in SAME}
            for key in NUMBERS:
                expected = float(answer.get(key, 0))
                assert float(fill.get(key, 0)) == pytest.approx(expected, abs=2e-6, rel=1e-9)
            assert (fill["twapId"] is None) == (answer["twapId"] is None)
            assert fill["dir"] == answer["dir"]
            if fill["crossed"]:
                assert fill.get("liquidation") == answer.get("liquidation")
