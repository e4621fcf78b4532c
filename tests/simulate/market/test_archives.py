"""Archives of the simulated market are read like the venue's, and tell what the truth knows."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest
from import_fakes import imported

from hypertrack.config import FeatureSettings, FeeSettings, SimulateSettings
from hypertrack.errors import DatasetError
from hypertrack.features.engine import FeatureEngine
from hypertrack.market.profit import window_profit
from hypertrack.market.window import Window
from hypertrack.records import HOUR_MS, MINUTE_MS, ZERO_HASH, CoverageCause
from hypertrack.simulate.market.archives import ArchiveWriter, hour_name
from hypertrack.simulate.market.bulk import write_dataset
from hypertrack.simulate.market.market import START_MS, Market
from hypertrack.simulate.market.playing import played
from hypertrack.simulate.market.wallet_ledger import WalletLedger
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.ledger import read_ledger

BEGIN_MS = START_MS + 55 * MINUTE_MS
SETTINGS = SimulateSettings(wallets=300, hours=0.15, trades_per_second=9, coins=8, seed=5)
"""Nine minutes, of two hours."""

Line = dict[str, Any]


class Written(NamedTuple):
    market: Market
    archives: Path
    dataset: Path
    """Imported from them."""
    truth: dict[str, np.ndarray]
    end_prices: np.ndarray


def archive(market: Market, folder: Path, n_holes: int = 0) -> tuple[ArchiveWriter, WalletLedger]:
    ledger = market.ledger()
    with ArchiveWriter(market, folder, n_holes) as writer:
        for _ in played(market, writer.write, None, ledger):
            pass
        writer.finish()
    return writer, ledger


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Written:
    folder = tmp_path_factory.mktemp("archived")
    market = Market(SETTINGS, BEGIN_MS)
    _, ledger = archive(market, folder / "archives")
    imported(folder / "dataset", folder / "archives")
    *_, last = market.chunks()
    return Written(
        market,
        folder / "archives",
        folder / "dataset",
        market.truth_of(ledger),
        last.end_prices,
    )


@pytest.fixture(scope="module")
def fills(written: Written) -> list[Line]:
    return lines(written.dataset / "fills.jsonl")


def lines(path: Path) -> list[Line]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def blocks(path: Path) -> list[Line]:
    with pa.OSFile(str(path)) as file, pa.CompressedInputStream(file, "lz4") as stream:
        return [json.loads(line) for line in stream.read().splitlines()]


def signed(fill: Line) -> float:
    return float(fill["sz"]) * (1 if fill["side"] == "B" else -1)


def fee_usd(fill: Line) -> float:
    return float(fill["fee"]) * (1.0 if fill["feeToken"] == "USDC" else float(fill["px"]))


def is_dust(fill: Line) -> bool:
    return fill["dir"] == "Spot Dust Conversion"


def test_import_is_the_dataset_written_directly(written: Written, tmp_path: Path) -> None:
    for _ in write_dataset(written.market, tmp_path / "direct", with_quotes=False):
        pass

    directly = lines(tmp_path / "direct" / "trades.jsonl")
    assert len(directly) > 3_000
    assert lines(written.dataset / "trades.jsonl") == directly
    assert not (written.dataset / "quarantine.jsonl").exists()
    assert not (written.dataset / "set_aside.jsonl").exists()


def test_hours_lie_and_begin_as_in_the_venues_bucket(written: Written) -> None:
    hourly = written.archives / "node_fills_by_block" / "hourly"

    assert sorted(p.relative_to(hourly).as_posix() for p in hourly.rglob("*.*")) == [
        *("20260105/0.lz4", "20260105/1.lz4"),
    ]
    second = blocks(hourly / "20260105" / "1.lz4")
    assert list(second[0]) == ["local_time", "block_time", "block_number", "events"]
    numbers = [block["block_number"] for block in second]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) == pytest.approx(4 * 60_000 / 70, abs=2)
    assert second[0]["block_time"].startswith("2026-01-05T01:00:00.0")
    assert len(second[0]["block_time"]) == len("2025-11-25T08:33:18.111517886")
    wallet, fill = next(event for block in second for event in block["events"])
    assert len(wallet) == 42
    assert set(fill) >= {
        *("coin", "px", "sz", "side", "time", "startPosition", "dir", "closedPnl", "hash"),
        *("oid", "crossed", "fee", "tid", "feeToken", "twapId"),
    }


def test_start_positions_are_those_of_the_truth(written: Written, fills: list[Line]) -> None:
    held = held_at_start(written.truth)

    first: dict[tuple[str, str], float] = {}
    now: dict[tuple[str, str], float] = {}
    for fill in fills:
        key = (fill["user"], fill["coin"])
        start = float(fill["startPosition"])
        if not is_dust(fill):
            first.setdefault(key, start)
            assert start == pytest.approx(now.get(key, start), abs=1e-7)
            now[key] = start + signed(fill)

    assert len(first) > 300
    assert sum(key in held for key in first) > 100
    assert {key: held.get(key, 0.0) for key in first} == pytest.approx(first)


def test_fees_and_profit_are_those_of_the_truth_to_the_cent(
    written: Written, fills: list[Line]
) -> None:
    """Profit: what was paid and got, and the positions' worth at the end less that at the start."""
    coins = written.market.coins
    names = [coin.name for coin in coins]
    first = written.market.start_prices
    fees: dict[str, float] = defaultdict(float)
    cash: dict[str, float] = defaultdict(float)
    held: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(len(coins)))
    for (wallet, coin), size in held_at_start(written.truth).items():
        held[wallet][names.index(coin)] = size
    worth = {wallet: float(positions @ first) for wallet, positions in held.items()}
    for fill in fills:
        if not is_dust(fill):
            fees[fill["user"]] += fee_usd(fill)
            cash[fill["user"]] -= signed(fill) * float(fill["px"])
            held[fill["user"]][names.index(fill["coin"])] += signed(fill)

    truth = written.truth
    for wallet, paid, funding, profit in zip(
        *(truth[name] for name in ("wallet", "fees_usd", "funding_usd", "profit_usd")), strict=True
    ):
        end = float(held[wallet] @ written.end_prices) - worth.get(wallet, 0.0)
        assert fees[wallet] == pytest.approx(paid, abs=0.005)
        assert cash[wallet] + end - fees[wallet] - funding == pytest.approx(profit, abs=0.01)
    assert sum(fee > 0 for fee in fees.values()) > 100


def test_closed_profit_is_that_of_the_average_entry(written: Written, fills: list[Line]) -> None:
    """Where wallets came in flat: what is closed so far, and still open, is the cash flow."""
    start = held_at_start(written.truth)
    cash, closed, cost = (defaultdict[tuple[str, str], float](float) for _ in range(3))
    for fill in fills:
        key = (fill["user"], fill["coin"])
        if key in start or is_dust(fill) or fill["dir"] == "Settlement":
            continue
        before, change, price = float(fill["startPosition"]), signed(fill), float(fill["px"])
        cash[key] -= change * price
        closed[key] += float(fill["closedPnl"])
        if before * change >= 0:
            cost[key] += change * price
            assert float(fill["closedPnl"]) == 0
        elif abs(change) > abs(before):
            cost[key] = (before + change) * price
        else:
            cost[key] *= 1 + change / before

    assert len(cash) > 50
    for key in cash:
        assert closed[key] == pytest.approx(cash[key] + cost[key], abs=0.01)


def test_analysis_of_the_import_knows_fees_and_nearly_all_positions(written: Written) -> None:
    """Not all: of fills of one block that end where they began nothing tells the first."""
    market, paid = written.market, defaultdict[str, float](float)
    with open_dataset(written.dataset) as dataset:
        engine = FeatureEngine(dataset, FeatureSettings(), FeeSettings())
        ever = Window(market.start_ms, market.end_ms)
        con = engine.backend
        rows = con.rows(window_profit(con, ever, FeeSettings()))
        wallets = dict(dataset.connection.execute("FROM wallets").fetchall())
    for row in rows:
        paid[wallets[row["wallet_id"]]] += row["fees_usd"]

    truth = dict(zip(written.truth["wallet"].tolist(), written.truth["fees_usd"], strict=True))
    assert {wallet: truth[wallet] for wallet in paid} == pytest.approx(paid, abs=0.005)
    assert all(row["is_fee_reported"] for row in rows)
    assert sum(row["pnl_source"] == "venue" for row in rows) > 0.95 * len(rows) > 200


def held_at_start(truth: dict[str, np.ndarray]) -> dict[tuple[str, str], float]:
    return {
        (wallet, position["coin"]): position["size"]
        for wallet, text in zip(truth["wallet"], truth["start_positions"], strict=True)
        for position in json.loads(text or "[]")
    }


def test_dirs_say_what_a_fill_did(fills: list[Line]) -> None:
    seen = set()
    for fill in fills:
        before, after = (float(fill["startPosition"]) + n * signed(fill) for n in (0, 1))
        seen.add(fill["dir"])
        match fill["dir"]:
            case "Open Long":
                assert 0 <= before < after
            case "Open Short":
                assert 0 >= before > after
            case "Close Long":
                assert before > after >= -1e-9
            case "Close Short":
                assert before < after <= 1e-9
            case "Long > Short":
                assert before > 0 > after
            case "Short > Long":
                assert before < 0 < after
            case "Settlement" | "Spot Dust Conversion":
                assert after == pytest.approx(0, abs=1e-9)
            case "Buy" | "Sell" as way:
                assert (way == "Buy") == (fill["side"] == "B")
            case unknown:
                pytest.fail(unknown)
    assert len(seen) == 10


def test_one_coin_is_settled_at_the_end_and_dust_converted_at_the_start(
    written: Written, fills: list[Line]
) -> None:
    settled = [fill for fill in fills if fill["dir"] == "Settlement"]
    dust = [fill for fill in fills if is_dust(fill)]

    assert len({fill["tid"] for fill in settled}) == len(settled) > 10
    (coin,) = {fill["coin"] for fill in settled}
    (time_ms,) = {fill["time"] for fill in settled}
    assert time_ms == max(fill["time"] for fill in fills) < written.market.end_ms
    place = [each.name for each in written.market.coins].index(coin)
    assert float(settled[0]["px"]) == pytest.approx(written.end_prices[place], rel=1e-9)
    assert len(dust) > 3
    assert {(fill["tid"], fill["hash"], fill["time"]) for fill in dust} == {
        (0, ZERO_HASH, dust[0]["time"])
    }
    assert dust[0]["time"] - BEGIN_MS < 100
    size = {each.name: each.size_decimals for each in written.market.coins}
    for fill in dust:
        assert 0 < float(fill["sz"]) < 10.0 ** -size[fill["coin"]]
        assert fill["startPosition"] == fill["sz"]


def test_orders_and_twaps_have_ids_of_their_own(fills: list[Line]) -> None:
    by_order, twaps = defaultdict(set), defaultdict(list)
    for fill in fills:
        if fill["dir"] != "Settlement" and not is_dust(fill):
            by_order[fill["oid"]].add((fill["user"], fill["coin"], fill["side"], fill["time"]))
        assert (fill["twapId"] is not None) <= (fill["hash"] == ZERO_HASH)
        if fill["twapId"] is not None:
            twaps[fill["twapId"]].append(fill)

    assert {len(of) for of in by_order.values()} == {1}
    by_trade = defaultdict(dict)
    for fill in fills:
        by_trade[fill["tid"]][fill["crossed"]] = fill["oid"]
    assert all(sides[True] > sides[False] for sides in by_trade.values() if len(sides) == 2)
    assert max(len(slices) for slices in twaps.values()) > 5
    for slices in twaps.values():
        assert len({(fill["user"], fill["coin"], fill["side"]) for fill in slices}) == 1
        times = [fill["time"] for fill in slices]
        assert max(np.diff(times), default=0) <= 120_000


def test_some_fees_are_rebates_some_have_a_builders_part(fills: list[Line]) -> None:
    bps = [
        (fill["crossed"], 1e4 * fee_usd(fill) / (float(fill["px"]) * float(fill["sz"])))
        for fill in fills
        if float(fill["px"]) * float(fill["sz"]) > 100 and fill["fee"] != "0.0"
    ]

    assert -0.31 < min(fee for crossed, fee in bps if not crossed) < -0.09
    assert all(fee > 0.4 for crossed, fee in bps if crossed)
    built = [fill for fill in fills if "builderFee" in fill]
    assert len(built) > 50
    for fill in built:
        assert 0 < float(fill["builderFee"]) <= float(fill["fee"]) + 1e-6
        assert fill["feeToken"] == "USDC"
    bought = [f for f in fills if f["dir"] == "Buy" and float(f["fee"])]
    assert bought
    assert "USDC" not in {fill["feeToken"] for fill in bought}


def test_hole_is_a_gap_and_nothing_else_is_missing(written: Written, tmp_path: Path) -> None:
    market = written.market
    writer, _ = archive(market, tmp_path / "archives", n_holes=2)
    imported(tmp_path / "dataset", tmp_path / "archives")

    spans = [(hole.start_ms, hole.end_ms) for hole in writer.holes]
    gaps = [line for line in read_ledger(tmp_path / "dataset") if line.cause is CoverageCause.HOLE]
    assert len(spans) == len(gaps) == 2
    for (start_ms, end_ms), gap in zip(spans, gaps, strict=True):
        assert 4_900 < end_ms - start_ms < 95_000
        assert 52 <= start_ms - gap.start_ms <= 88  # a block before it
        assert 52 <= gap.end_ms - end_ms <= 88
    kept = lines(tmp_path / "dataset" / "trades.jsonl")
    whole = lines(written.dataset / "trades.jsonl")
    assert 0 < len(kept) < len(whole)
    assert kept == [trade for trade in whole if not any(a <= trade["time"] <= b for a, b in spans)]


def test_stopped_writing_leaves_whole_hours_alone(tmp_path: Path) -> None:
    market = Market(SETTINGS, BEGIN_MS)

    with pytest.raises(KeyboardInterrupt), ArchiveWriter(market, tmp_path) as writer:
        for chunk in market.chunks():
            writer.write(chunk)
            if chunk.end_ms > START_MS + HOUR_MS:
                raise KeyboardInterrupt

    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in left] == ["0.lz4"]
    assert blocks(left[0])[-1]["block_time"].startswith("2026-01-05T00:59:59.9")
    with pytest.raises(DatasetError, match="already holds archives"):
        ArchiveWriter(market, tmp_path).__enter__()


def test_hours_are_named_without_padding() -> None:
    assert hour_name((START_MS + 9 * HOUR_MS) // HOUR_MS) == "20260105/9.lz4"
    assert hour_name((START_MS + 23 * HOUR_MS) // HOUR_MS) == "20260105/23.lz4"


def test_minutes_in_which_nobody_trades_have_their_blocks(tmp_path: Path) -> None:
    settings = SimulateSettings(hours=0.1, wallets=300, coins=2, trades_per_second=0.001)

    archive(Market(settings), tmp_path)

    (path,) = tmp_path.rglob("*.lz4")
    numbers = [line["block_number"] for line in blocks(path)]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(numbers) > 5_000  # six minutes of 70 ms
