from pathlib import Path

import duckdb
import pytest
from fakes import ALICE, BOB, START_MS, trade, write_dataset

from hypertrack.errors import DatasetError
from hypertrack.store.dataset import connect_quietly, memory_config, open_dataset

ONE = trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)

TABLES = {
    "bbo",
    "candles",
    "contexts",
    "coins",
    "coverage",
    "erc20_transfers",
    "evm_transactions",
    "imported_fills",
    "unread_lines",
    "trades",
    "wallets",
    *("account_states", "account_positions", "account_history", "account_flows", "account_links"),
    "account_choices",
    "funding_rates",
    "account_balances",
}


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no dataset at .*: record one"):
        open_dataset(tmp_path / "nothing")


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="nothing recorded"):
        open_dataset(tmp_path)


def test_missing_files_give_empty_tables(tmp_path: Path) -> None:
    with open_dataset(write_dataset(tmp_path, trades=[])) as dataset:
        names = {name for (name,) in dataset.connection.execute("SHOW TABLES").fetchall()}
        assert names == TABLES
        for name in names:
            assert dataset.connection.execute(f"SELECT * FROM {name}").fetchall() == []


def test_a_closed_dataset_answers_no_more(tmp_path: Path) -> None:
    with open_dataset(write_dataset(tmp_path, trades=[ONE])) as dataset:
        pass

    with pytest.raises(duckdb.Error):
        dataset.summary()


def test_a_folder_in_place_of_a_file_is_an_error(tmp_path: Path) -> None:
    write_dataset(tmp_path, bbo=[])
    (tmp_path / "trades.jsonl").mkdir()

    with pytest.raises(DatasetError, match=r"trades\.jsonl could not be read"):
        open_dataset(tmp_path)


def test_a_memory_limit_is_kept(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, trades=[ONE])

    with open_dataset(folder, memory_limit_gib=0.5) as dataset:
        setting = "SELECT current_setting('memory_limit')"
        assert dataset.connection.execute(setting).fetchall() == [("512.0 MiB",)]


def test_opening_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path, trades=[ONE])

    with open_dataset(folder) as dataset:
        dataset.summary()

    assert [path.name for path in folder.iterdir()] == ["trades.jsonl"]


def test_long_queries_print_no_progress_of_their_own() -> None:
    with connect_quietly(memory_config(None)) as connection, connection.cursor() as cursor:
        found = cursor.execute("SELECT current_setting('enable_progress_bar')").fetchone()

    assert found == (False,)


def test_lines_that_are_left_out_are_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = trade(START_MS, buyer=ALICE, seller=BOB, taker=BOB)
    trades = [good, {**good, "time": 7}, {**good, "px": "0"}, {**good, "px": "-1"}]

    with open_dataset(write_dataset(tmp_path, trades=trades)):
        pass

    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path}: 3 lines are left out: 2 price or size out of range, 1 time out of range"
    ]
