"""A dataset written at once has the lines that a recorder would have written."""

import json
import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from hypertrack.config import SimulateSettings
from hypertrack.errors import DatasetError
from hypertrack.simulate.market.arrays import TradeArrays
from hypertrack.simulate.market.bulk import settings_for, write_dataset
from hypertrack.simulate.market.dataset_lines import text_of
from hypertrack.simulate.market.market import Market
from hypertrack.simulate.market.text_columns import joined_texts, number_texts

SETTINGS = SimulateSettings(wallets=300, hours=0.25, trades_per_second=5)
ZERO_HASH = "0x" + "0" * 64


@pytest.fixture(scope="module")
def market() -> Market:
    return Market(SETTINGS)


@pytest.fixture(scope="module")
def folder(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bulk") / "dataset"
    for _ in write_dataset(market, folder):
        pass
    return folder


@pytest.fixture(scope="module")
def trades(market: Market) -> TradeArrays:
    return TradeArrays.join([chunk.trades for chunk in market.chunks()])


def lines(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_bytes().splitlines()]


@pytest.mark.parametrize("words", [[], ["a"], ["bc", "", "def"]])
def test_text_of_lines_is_theirs_alone(words: list[str]) -> None:
    made = joined_texts(pa.array(words, pa.string()), "\n")

    assert bytes(text_of(made)) == "".join(f"{word}\n" for word in words).encode()
    assert bytes(text_of(made[1:])) == "".join(f"{word}\n" for word in words[1:]).encode()


def test_trade_lines_say_what_happened(folder: Path, market: Market, trades: TradeArrays) -> None:
    written = lines(folder, "trades")

    assert len(written) == len(trades)
    assert [line["time"] for line in written] == trades.time_ms.tolist()
    assert [line["tid"] for line in written] == trades.trade_id.tolist()
    assert [float(line["px"]) for line in written] == trades.price.tolist()
    assert [float(line["sz"]) for line in written] == trades.size.tolist()
    assert [line["side"] == "B" for line in written] == trades.is_buy.tolist()
    assert [line["hash"] == ZERO_HASH for line in written] == trades.is_zero_hash.tolist()
    first = written[0]
    assert list(first) == [
        *("received_ns", "coin", "side", "px", "sz", "time", "hash", "tid", "users"),
    ]
    assert first["coin"] == market.coins[trades.coin[0]].name
    assert first["users"] == [
        market.wallets[trades.buyer[0]],
        market.wallets[trades.seller[0]],
    ]
    lag = np.array([line["received_ns"] / 1e6 - line["time"] for line in written])
    assert np.all((lag >= 195) & (lag < 300))


def test_trades_of_one_order_share_a_hash(folder: Path, trades: TradeArrays) -> None:
    hashes = np.array([line["hash"] for line in lines(folder, "trades")])
    plain = ~trades.is_zero_hash

    orders = np.unique(trades.order[plain])
    assert len(np.unique(hashes[plain])) == len(orders)
    assert all(len(text) == 66 for text in hashes)


def test_numbers_are_plain_decimals_with_at_least_one() -> None:
    values = np.array([84143.0, 0.00036, 0.000071, 1e-08, 250_000_000.0, 0.1])

    assert number_texts(values) == [
        *("84143.0", "0.00036", "0.000071", "0.00000001", "250000000.0", "0.1"),
    ]


def test_candles_are_those_of_the_trades(folder: Path, market: Market, trades: TradeArrays) -> None:
    candles = lines(folder, "candles")

    names = [coin.name for coin in market.coins]
    for candle in candles[:50]:
        of = trades.take(
            (trades.coin == names.index(candle["s"]))
            & (trades.time_ms >= candle["t"])
            & (trades.time_ms <= candle["T"])
        )
        assert candle["n"] == len(of)
        prices = [float(candle[key]) for key in "ohlc"]
        assert prices == [of.price[0], of.price.max(), of.price.min(), of.price[-1]]
        assert float(candle["v"]) == pytest.approx(of.size.sum())
    assert sum(candle["n"] for candle in candles) == len(trades)
    assert all(candle["T"] - candle["t"] == 59_999 for candle in candles)


def test_quotes_are_two_sided_lines(folder: Path) -> None:
    quotes = lines(folder, "bbo")

    assert list(quotes[0]) == ["received_ns", "coin", "time", "bbo"]
    for quote in quotes:
        bid, ask = quote["bbo"]
        assert float(bid["px"]) < float(ask["px"])
        assert 0 < bid["n"] < 30


def test_evm_lines_are_hex_and_chained(folder: Path, market: Market) -> None:
    blocks, transactions = lines(folder, "blocks"), lines(folder, "transactions")

    assert len(blocks) == 15 * 60
    assert all(line["chain"] == "evm" for line in (*blocks, *transactions))
    for parent, block in pairwise(blocks):
        assert block["parentHash"] == parent["hash"]
        assert int(block["number"], 16) == int(parent["number"], 16) + 1
    hash_of = {block["number"]: block["hash"] for block in blocks}
    wallets = set(market.wallets)
    for transaction in transactions:
        assert transaction["from"] in wallets
        assert transaction["blockHash"] == hash_of[transaction["blockNumber"]]
        int(transaction["value"], 16)
        for transfer in transaction["transfers"]:
            assert transaction["to"] == transfer["contract"]
            assert int(transfer["value"]) > 0
            assert transaction["input"].startswith("0xa9059cbb")
            assert int(transaction["input"][-64:], 16) == int(transfer["value"])


def test_ledger_has_one_observed_interval_a_stream(folder: Path, market: Market) -> None:
    ledger = lines(folder, "coverage")

    streams = [line["stream"] for line in ledger]
    assert len(set(streams)) == len(streams) == 3 * 12 + 2
    assert {"trades:BTC", "bbo:@107", "candles:xyz:SP500", "blocks"} <= set(streams)
    assert {line["status"] for line in ledger} == {"observed"}
    assert {(line["start_ms"], line["end_ms"]) for line in ledger} == {
        (market.start_ms, market.end_ms)
    }


def test_as_many_trades_as_asked_for_land_in_the_hours(tmp_path: Path) -> None:
    market = Market(settings_for(SETTINGS, 5_000))

    progress = list(write_dataset(market, tmp_path / "d", 5_000, with_quotes=False))

    written = lines(tmp_path / "d", "trades")
    assert len(written) == 5_000 == progress[-1].n_trades
    assert progress[-1].frac == 1
    assert written[-1]["time"] > market.start_ms + 0.5 * (market.end_ms - market.start_ms)
    assert not (tmp_path / "d" / "bbo.jsonl").exists()
    ledger = lines(tmp_path / "d", "coverage")
    assert {line["end_ms"] for line in ledger} == {written[-1]["time"] + 1}


def test_a_market_that_brings_too_few_goes_on_past_its_hours(tmp_path: Path) -> None:
    market = Market(SETTINGS.model_copy(update={"hours": 0.05}))
    n_within = sum(len(chunk.trades) for chunk in market.chunks())

    *_, last = write_dataset(market, tmp_path / "d", n_within + 50, with_quotes=False)

    written = lines(tmp_path / "d", "trades")
    assert last.n_trades == len(written) == n_within + 50
    assert market.end_ms <= written[n_within]["time"] <= written[-1]["time"]
    assert written[n_within - 1]["time"] < market.end_ms
    ledger = lines(tmp_path / "d", "coverage")
    assert {line["end_ms"] for line in ledger} == {written[-1]["time"] + 1}


def test_a_folder_with_a_dataset_is_left_alone(folder: Path, market: Market) -> None:
    before = (folder / "trades.jsonl").stat().st_size

    with pytest.raises(DatasetError, match="already holds a dataset"):
        list(write_dataset(market, folder))

    assert (folder / "trades.jsonl").stat().st_size == before


def test_stopping_early_leaves_no_dataset(market: Market, tmp_path: Path) -> None:
    writing = write_dataset(market, tmp_path / "d")
    next(writing)
    writing.close()

    assert not list((tmp_path / "d").glob("*.jsonl"))


def test_full_disk_is_told_and_leaves_no_dataset(market: Market, tmp_path: Path) -> None:
    (tmp_path / "trades.part").symlink_to("/dev/full")

    with pytest.raises(OSError, match="No space left"):
        for _ in write_dataset(market, tmp_path):
            pass

    assert not list(tmp_path.glob("*.jsonl"))
    assert not [thread for thread in threading.enumerate() if "one-behind" in thread.name]
