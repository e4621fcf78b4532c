"""The window that wallets are measured over, beside the batch engine over the same dataset."""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from fakes import (
    ALICE,
    BOB,
    CAROL,
    START_MS,
    account_state,
    evm_transaction,
    held_position,
    quote,
    trade,
    write_dataset,
)

from hypertrack.config import FeatureSettings, FeeSettings, Settings
from hypertrack.features.engine import FeatureEngine, FeatureMatrix
from hypertrack.live.window import LiveWindow
from hypertrack.pipeline.simulate import WritePlan
from hypertrack.pipeline.simulate import write as simulate
from hypertrack.records import HOUR_MS, Feed
from hypertrack.store.compaction.commit_journal import put_in_force
from hypertrack.store.compaction.sealed_hours import prepare_sealing
from hypertrack.store.dataset import open_dataset

FEEDS = ("trades", "bbo", "candles", "transactions")


def settings_of(folder: Path, **live: float) -> Settings:
    return Settings.model_validate({"data": str(folder), "live": live})


@contextmanager
def opened(settings: Settings, newest_ms: int) -> Iterator[LiveWindow]:
    window = LiveWindow(settings, newest_ms)
    try:
        window.advance()
        yield window
    finally:
        window.close()


class Growing:
    """A folder to which the lines of a finished dataset are added as they were received."""

    def __init__(self, source: Path, folder: Path):
        self.folder = folder
        folder.mkdir()
        for name in ("coverage.jsonl", "manifest.json"):
            (folder / name).write_bytes((source / name).read_bytes())
        self._lines = {f: (source / f"{f}.jsonl").read_bytes().splitlines(True) for f in FEEDS}
        self.start_ms = min(self._received_ms(lines[0]) for lines in self._lines.values())

    def grow(self, until_ms: int) -> None:
        for feed, lines in self._lines.items():
            n = next((i for i, s in enumerate(lines) if self._received_ms(s) >= until_ms), None)
            with (self.folder / f"{feed}.jsonl").open("ab") as file:
                file.writelines(lines[:n])
            del lines[:n]

    @staticmethod
    def _received_ms(line: bytes) -> int:
        return int(json.loads(line)["received_ns"]) // 1_000_000


def assert_same(found: FeatureMatrix, expected: FeatureMatrix) -> None:
    order, same = np.argsort(found.wallets), np.argsort(expected.wallets)
    names = [found.wallets[row] for row in order]
    assert names == [expected.wallets[row] for row in same]
    values, batch = found.values[order], expected.values[same]
    np.testing.assert_allclose(values, batch, rtol=1e-9, atol=1e-9, equal_nan=True)
    assert found.observed_days == expected.observed_days


@pytest.mark.slow  # twenty times all features, each over a market of its own
def test_features_at_ten_random_ticks_are_those_of_the_batch_engine(tmp_path: Path) -> None:
    source = tmp_path / "source"
    plan = WritePlan(n_trades=6_000)
    market = {"simulate": {"hours": 4, "wallets": 150, "coins": 6, "seed": 7}}
    list(simulate(Settings.model_validate(market), source, plan))
    growing, rng = Growing(source, tmp_path / "growing"), random.Random(3)
    now_ms = growing.start_ms + HOUR_MS
    growing.grow(now_ms)
    settings = settings_of(growing.folder, window_h=0.75)
    with (
        open_dataset(source) as whole,
        opened(settings, now_ms) as window,
    ):
        batch = FeatureEngine(whole, settings.features, settings.fees)
        for tick in range(10):
            now_ms += rng.randrange(60_000, HOUR_MS // 3)
            growing.grow(now_ms)
            if tick % 3 == 1:  # an hour is sealed meanwhile
                put_in_force(growing.folder, prepare_sealing(growing.folder, Feed.TRADES))
            window.advance()
            fills = window.fills()
            asked = fills.wallets[fills.known_ms > now_ms - HOUR_MS].tolist()[:20]
            since_ms, until_ms = window.start_ms, window.watermark_ms
            assert until_ms is not None
            assert_same(
                window.engine().matrix(since_ms=since_ms, until_ms=until_ms, wallets=asked),
                batch.matrix(since_ms=since_ms, until_ms=until_ms, wallets=asked),
            )


def test_window_opened_over_sealed_hours_holds_what_one_that_was_there_does(tmp_path: Path) -> None:
    trades = [
        trade(START_MS + nth * 600_000, buyer=ALICE, seller=BOB, taker=ALICE, price=100.0 + nth)
        for nth in range(20)
    ]
    write_dataset(tmp_path, trades=trades[:10], bbo=[quote(START_MS, 99, 101)])
    settings = settings_of(tmp_path, window_h=2)
    with opened(settings, trades[9]["time"]) as window:
        with (tmp_path / "trades.jsonl").open("a") as file:
            file.writelines(json.dumps(one) + "\n" for one in trades[10:])
        put_in_force(tmp_path, prepare_sealing(tmp_path, Feed.TRADES))
        window.advance()
        with opened(settings, trades[-1]["time"]) as later:
            here, there = window.fills(), later.fills()

    # Window 7,200 s before the last trade less a second: 12 trades of 10 min, the last is ahead.
    assert here.n_fills.tolist() == there.n_fills.tolist() == [12, 12]
    assert here.wallets.tolist() == there.wallets.tolist() == [ALICE, BOB]


def test_window_gets_shorter_beyond_its_number_of_trades_and_says_so(tmp_path: Path) -> None:
    trades = [
        trade(START_MS + nth * 300_000, buyer=ALICE, seller=BOB, taker=ALICE, trade_id=nth + 1)
        for nth in range(60)  # twelve an hour
    ]
    write_dataset(tmp_path, trades=trades)

    with opened(settings_of(tmp_path, window_h=4, max_trades=30), START_MS) as window:
        first_ms = int(window.fills().known_ms.min())
        length_h = window.length_h

    newest_ms = trades[-1]["time"]
    hour_ms = (newest_ms // HOUR_MS - 1) * HOUR_MS  # the third last hour would make 35
    assert first_ms >= hour_ms
    assert length_h == pytest.approx((newest_ms - 1_000 - hour_ms) / HOUR_MS - 1, abs=1.01)
    assert length_h < 2


def test_window_whose_last_hour_alone_has_too_many_trades_is_that_hour(tmp_path: Path) -> None:
    trades = [
        trade(START_MS + nth * 300_000, buyer=ALICE, seller=BOB, taker=ALICE, trade_id=nth + 1)
        for nth in range(30)  # twelve an hour, six in the last
    ]
    write_dataset(tmp_path, trades=trades)

    with opened(settings_of(tmp_path, window_h=4, max_trades=5), START_MS) as window:
        fills, length_h = window.fills(), window.length_h

    # From the hour to one second before the last trade, 25 minutes later: five trades.
    assert fills.n_fills.tolist() == [5, 5]
    assert length_h == pytest.approx((25 * 60 - 1) / 3_600)


def test_price_of_a_coin_outlives_the_hour_it_was_traded_in(tmp_path: Path) -> None:
    quiet = trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, coin="ETH", price=50.0)
    write_dataset(tmp_path, trades=[quiet])
    settings = settings_of(tmp_path, window_h=1)
    late_ms = START_MS + 6 * HOUR_MS
    again = trade(late_ms, buyer=CAROL, seller=BOB, taker=CAROL, coin="ETH", price=55.0)
    last = trade(late_ms + 9_000, buyer=ALICE, seller=BOB, taker=ALICE, trade_id=9)
    with opened(settings, START_MS) as window:
        with (tmp_path / "trades.jsonl").open("a") as file:
            file.writelines(json.dumps(one) + "\n" for one in (again, last))
        window.advance()
        window.advance()
        assert window.watermark_ms is not None
        between = {"since_ms": window.start_ms, "until_ms": window.watermark_ms}
        found = window.engine().matrix(wallets=[CAROL], **between)

    with open_dataset(tmp_path) as whole:
        batch = FeatureEngine(whole, FeatureSettings(), FeeSettings())
        assert_same(found, batch.matrix(wallets=[CAROL], **between))


@pytest.mark.slow  # the window's market, and the batch engine's
def test_wallets_that_left_are_forgotten_and_the_others_measured_as_before(tmp_path: Path) -> None:
    stay = [
        trade(START_MS + nth * 600_000, buyer=ALICE, seller=BOB, taker=ALICE, price=90.0 + nth)
        for nth in range(40)  # six an hour, and one of them holds what the venue has told
    ]
    leave = [
        trade(START_MS + nth * 1_000, buyer=f"0x{nth:040x}", seller=CAROL, taker=CAROL)
        for nth in range(1, 31)
    ]
    sent = [evm_transaction(one["time"], BOB, "0x" + "9" * 40, call="0x1f") for one in stay[::3]]
    begun = sorted([*leave, *stay[:6]], key=lambda one: one["time"])
    told = account_state(stay[-6]["time"], BOB, held_position("BTC", 2.0), equity=500.0)
    write_dataset(tmp_path, trades=begun, transactions=sent, account_states=[told])
    with opened(settings_of(tmp_path, window_h=1), START_MS) as window:
        window.note_measured(window.fills().wallets)
        n_before = window.engine().n_wallets
        with (tmp_path / "trades.jsonl").open("a") as file:
            file.writelines(json.dumps(one) + "\n" for one in stay[6:])
        window.advance()
        n_after, fills = window.engine().n_wallets, window.fills()
        names = ("tx_count", "profit_usd", "contract_interaction_count", "equity_usd")
        asked = {"since_ms": window.start_ms, "until_ms": window.watermark_ms, "names": names}
        found = window.engine().matrix(**asked)

    assert (n_before, n_after) == (34, 3)  # the contract is one
    assert fills.is_known.tolist() == [True, True]
    assert (found.values > 0).any(axis=0).all()  # nothing is equal for being empty
    with open_dataset(tmp_path) as whole:
        batch = FeatureEngine(whole, FeatureSettings(), FeeSettings())
        assert_same(found, batch.matrix(**asked))
