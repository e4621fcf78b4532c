from pathlib import Path

import pyarrow as pa
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, observed, quote, trade, write_dataset
from pyarrow import parquet

from hypertrack.records import HOUR_MS, GapCount
from hypertrack.store.dataset import open_dataset
from hypertrack.store.summary import observed_ms

# Ten hours from the first trade to the last.
TRADES = [
    trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, price=100.0, size=2.0),
    trade(START_MS + HOUR_MS, buyer=CAROL, seller=CAROL, taker=CAROL, price=1.0, coin="ETH"),
    trade(START_MS + 10 * HOUR_MS, buyer=ALICE, seller=BOB, taker=BOB, price=50.0, size=1.0),
]


def gap(stream: str, hour: float, hours: float, cause: str | None, missed: int | None) -> dict:
    start_ms = START_MS + int(hour * HOUR_MS)
    status = "gap" if cause else "disconnected"
    line = observed(stream, start_ms, start_ms + int(hours * HOUR_MS))
    return {**line, "status": status, "cause": cause, "missed": missed}


def test_summary_counts_what_is_there(tmp_path: Path) -> None:
    folder = write_dataset(
        tmp_path,
        trades=[*TRADES, TRADES[0]],
        bbo=[quote(START_MS, 1.0, 2.0), quote(START_MS + 1, 1.0, 2.0)],
        l2book=[{"coin": "BTC"}] * 5,
        blocks=[{"chain": "core"}] * 3,
        quarantine=[{"reason": "?"}] * 2,
    )

    with open_dataset(folder) as dataset:
        summary = dataset.summary()

    assert summary.path == str(folder)
    assert (summary.start_ms, summary.end_ms) == (START_MS, START_MS + 10 * HOUR_MS)
    assert (summary.n_trades, summary.n_self_trades, summary.n_duplicate_trades) == (3, 1, 1)
    assert (summary.n_wallets, summary.n_coins) == (3, 2)
    assert (summary.n_torn_lines, summary.n_quarantined) == (0, 2)
    assert summary.notional_usd == pytest.approx(251)
    assert summary.n_rows_by_feed == {
        "trades": 4,
        "bbo": 2,
        "l2book": 5,
        "candles": 0,
        "contexts": 0,
        "blocks": 3,
        "transactions": 0,
    }


def test_sealed_hours_count_without_being_opened(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, trades=TRADES, l2book=[{"coin": "BTC"}])
    sealed = folder / "sealed" / "l2book" / "2026-01-05T08.parquet"
    sealed.parent.mkdir(parents=True)
    parquet.write_table(pa.table({"coin": ["BTC"] * 9}), sealed)

    with open_dataset(folder) as dataset:
        assert dataset.summary().n_rows_by_feed["l2book"] == 10


def test_torn_last_lines_of_all_feeds_are_counted(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, trades=TRADES, l2book=[{"coin": "BTC"}])
    for name in ("trades", "l2book"):
        with (folder / f"{name}.jsonl").open("a") as file:
            file.write('{"coin":"BT')

    with open_dataset(folder) as dataset:
        summary = dataset.summary()

    assert summary.n_torn_lines == 2
    assert (summary.n_rows_by_feed["trades"], summary.n_rows_by_feed["l2book"]) == (3, 1)


def test_without_a_ledger_the_span_was_observed(tmp_path: Path) -> None:
    with open_dataset(write_dataset(tmp_path, trades=TRADES)) as dataset:
        summary = dataset.summary()

    assert summary.observed_days == pytest.approx(10 / 24)
    assert (summary.observed_frac, summary.has_ledger, summary.gaps) == (1, False, ())


def test_observed_time_is_the_union_of_trades_streams(tmp_path: Path) -> None:
    hours = [("trades:BTC", 0, 3), ("trades:BTC", 5, 6), ("trades:ETH", 2, 5), ("bbo:BTC", 0, 10)]
    coverage = [
        observed(stream, START_MS + start * HOUR_MS, START_MS + end * HOUR_MS)
        for stream, start, end in hours
    ]

    folder = write_dataset(tmp_path, trades=TRADES, coverage=coverage)
    with open_dataset(folder) as dataset:
        summary = dataset.summary()

        assert summary.has_ledger
        assert summary.observed_days == pytest.approx(6 / 24)
        assert summary.observed_frac == pytest.approx(0.6)
        until_ms = START_MS + 4 * HOUR_MS
        assert observed_ms(dataset.connection, None, until_ms) == 4 * HOUR_MS
        assert observed_ms(dataset.connection, START_MS - 1, START_MS + HOUR_MS) == HOUR_MS


def test_observed_intervals_inside_others_count_once(tmp_path: Path) -> None:
    coverage = [
        observed("trades:BTC", START_MS, START_MS + 4 * HOUR_MS),
        observed("trades:ETH", START_MS + HOUR_MS, START_MS + 2 * HOUR_MS),
        observed("trades:SOL", START_MS + 3 * HOUR_MS, START_MS + 5 * HOUR_MS),
    ]

    with open_dataset(write_dataset(tmp_path, trades=TRADES, coverage=coverage)) as dataset:
        assert observed_ms(dataset.connection) == 5 * HOUR_MS


def test_gaps_of_trades_are_counted_by_cause(tmp_path: Path) -> None:
    coverage = [
        observed("trades:BTC", START_MS, START_MS + HOUR_MS),
        gap("trades:BTC", 1, 0.5, "closed", 7),
        gap("trades:ETH", 1, 0.25, "closed", 3),
        gap("trades:BTC", 2, 1, "error", 4),
        gap("trades:ETH", 3, 1, "error", None),
        gap("trades:ETH", 5, 1, None, None),
        gap("bbo:ETH", 5, 1, "overflow", 1),
    ]

    with open_dataset(write_dataset(tmp_path, trades=TRADES, coverage=coverage)) as dataset:
        gaps = dataset.summary().gaps

    assert gaps == (
        GapCount(cause="closed", n_intervals=2, duration_s=2_700.0, n_missed=10),
        GapCount(cause="disconnected", n_intervals=1, duration_s=3_600.0, n_missed=None),
        GapCount(cause="error", n_intervals=2, duration_s=7_200.0, n_missed=None),
    )


def test_a_dataset_without_trades_has_a_summary(tmp_path: Path) -> None:
    with open_dataset(write_dataset(tmp_path, trades=[])) as dataset:
        summary = dataset.summary()

    assert (summary.n_trades, summary.start_ms, summary.end_ms) == (0, 0, 0)
    assert (summary.observed_days, summary.observed_frac) == (0, 1)


def test_disconnection_that_missed_nothing_is_no_gap(tmp_path: Path) -> None:
    hour_ms = 3_600_000
    stream = "trades:BTC"
    folder = write_dataset(
        tmp_path,
        trades=[
            trade(START_MS + at, buyer=ALICE, seller=BOB, taker=ALICE) for at in (0, 3 * hour_ms)
        ],
        coverage=[
            observed(stream, START_MS, START_MS + hour_ms),
            observed(stream, START_MS + hour_ms, START_MS + 2 * hour_ms)
            | {"status": "disconnected", "cause": "closed", "missed": 0},
            observed(stream, START_MS + 2 * hour_ms, START_MS + 3 * hour_ms)
            | {"status": "disconnected", "cause": "error", "missed": None},
        ],
    )

    with open_dataset(folder) as dataset:
        summary = dataset.summary()

    assert summary.observed_frac == pytest.approx(2 / 3)
    assert [(gap.cause, gap.n_intervals, gap.n_missed) for gap in summary.gaps] == [
        ("error", 1, None)
    ]
