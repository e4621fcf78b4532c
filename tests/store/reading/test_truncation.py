from pathlib import Path

from fakes import (
    ALICE,
    BOB,
    CAROL,
    START_MS,
    candle,
    erc20_transfer,
    evm_transaction,
    observed,
    quote,
    trade,
    write_dataset,
)

from hypertrack.records import Feed
from hypertrack.store.dataset import Dataset, open_dataset

MINUTE_MS = 60_000
CUT_MS = START_MS + MINUTE_MS


def count(dataset: Dataset, table: str) -> int:
    row = dataset.connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(row[0]) if row else 0


def test_nothing_of_the_cut_or_later_is_loaded(tmp_path: Path) -> None:
    sent = erc20_transfer("0x" + "e" * 40, CAROL, BOB, 1)
    folder = write_dataset(
        tmp_path,
        trades=[
            trade(CUT_MS - 1, buyer=ALICE, seller=BOB, taker=ALICE),
            trade(CUT_MS, buyer=CAROL, seller=BOB, taker=BOB, coin="ETH"),
        ],
        bbo=[quote(CUT_MS - 1, 99, 101), quote(CUT_MS, 99, 101, "SOL")],
        transactions=[
            evm_transaction(CUT_MS - 1_000, ALICE, BOB),
            evm_transaction(CUT_MS, CAROL, BOB, transfers=[sent]),
        ],
    )

    with open_dataset(folder, until_ms=CUT_MS) as dataset:
        wallets = dataset.connection.execute("SELECT wallet FROM wallets").fetchall()
        coins = dataset.connection.execute("SELECT coin FROM coins").fetchall()
        assert wallets == [(ALICE,), (BOB,)]
        assert coins == [("BTC",)]
        for table in ("trades", "bbo", "candles", "evm_transactions"):
            assert count(dataset, table) == 1, table
        assert count(dataset, "erc20_transfers") == 0


def test_a_candle_is_known_when_its_minute_is_over(tmp_path: Path) -> None:
    recorded = candle(START_MS, prices=(1, 9, 1, 5), volume=7.0)
    folder = write_dataset(
        tmp_path,
        trades=[trade(START_MS + 5, buyer=ALICE, seller=BOB, taker=ALICE, price=2.0)],
        candles=[recorded],
    )
    volumes = "SELECT high, volume FROM candles"

    with open_dataset(folder, until_ms=CUT_MS) as over:
        assert over.connection.execute(volumes).fetchall() == [(9, 7)]
    with open_dataset(folder, until_ms=CUT_MS - 1) as running:
        assert running.connection.execute(volumes).fetchall() == [(2, 1)]  # of the trade


def test_the_ledger_ends_at_the_cut(tmp_path: Path) -> None:
    lines = [
        observed("trades:BTC", START_MS, CUT_MS + 5),
        observed("trades:ETH", START_MS, CUT_MS - 5),
        observed("trades:SOL", CUT_MS, CUT_MS + 5),
    ]
    folder = write_dataset(tmp_path, trades=[], coverage=lines)

    with open_dataset(folder, until_ms=CUT_MS) as dataset:
        ends = dataset.connection.execute("SELECT coin, end_ms FROM coverage ORDER BY 1")
        assert ends.fetchall() == [("BTC", CUT_MS), ("ETH", CUT_MS - 5)]


def test_lines_left_out_are_neither_read_nor_duplicates(tmp_path: Path) -> None:
    trades = [
        trade(START_MS + i * MINUTE_MS, buyer=ALICE, seller=BOB, taker=ALICE) for i in range(3)
    ]

    with open_dataset(write_dataset(tmp_path, trades=trades), until_ms=CUT_MS) as dataset:
        summary = dataset.summary()

    assert (summary.n_trades, summary.n_duplicate_trades) == (1, 0)
    assert summary.n_rows_by_feed[Feed.TRADES] == 1


def test_nothing_before_a_start_is_loaded(tmp_path: Path) -> None:
    folder = write_dataset(
        tmp_path,
        trades=[
            trade(CUT_MS - 1, buyer=CAROL, seller=BOB, taker=BOB, coin="ETH"),
            trade(CUT_MS, buyer=ALICE, seller=BOB, taker=ALICE),
        ],
        bbo=[quote(CUT_MS - 1, 99, 101, "SOL"), quote(CUT_MS, 99, 101)],
        transactions=[
            evm_transaction(CUT_MS - 1_000, CAROL, BOB),
            evm_transaction(CUT_MS, ALICE, BOB),
        ],
        coverage=[
            observed("trades:BTC", START_MS, CUT_MS + 5),
            observed("trades:ETH", START_MS, CUT_MS - 1),
        ],
    )

    with open_dataset(folder, since_ms=CUT_MS) as dataset:
        wallets = dataset.connection.execute("SELECT wallet FROM wallets").fetchall()
        coins = dataset.connection.execute("SELECT coin FROM coins").fetchall()
        ledger = dataset.connection.execute("SELECT stream, start_ms, end_ms FROM coverage")
        assert wallets == [(ALICE,), (BOB,)]
        assert coins == [("BTC",)]
        assert ledger.fetchall() == [("trades:BTC", CUT_MS, CUT_MS + 5)]
        for table in ("trades", "bbo", "candles", "evm_transactions"):
            assert count(dataset, table) == 1, table
