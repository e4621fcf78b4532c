"""A dataset reads the same from a database as from its folder."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from database_fakes import good_trade, imported_into, lines_of, write_session
from fakes import (
    ALICE,
    BOB,
    CAROL,
    START_MS,
    account_flow,
    account_state,
    candle,
    context,
    erc20_transfer,
    evm_transaction,
    held_position,
    observed,
    quote,
    trade,
    write_dataset,
)

from hypertrack.config import DatabaseUrl
from hypertrack.errors import DatasetError
from hypertrack.records import MINUTE_MS, as_dict
from hypertrack.store.database.connecting import open_writer
from hypertrack.store.database.copying import write_folder
from hypertrack.store.database.database_session import open_database_session
from hypertrack.store.dataset import Dataset, open_dataset
from hypertrack.store.verification import verify_dataset

TABLES = (
    *("wallets", "coins", "trades", "bbo", "candles", "contexts", "evm_transactions", "coverage"),
    *("imported_fills", "account_states", "account_positions", "account_flows"),
    *("account_choices", "funding_rates", "account_balances"),
)
CHOICE = {"source": "best", "at_ms": START_MS, "wallets": [ALICE], "is_by_profit": True}
FLAT = (100.0, 101.0, 99.0, 100.5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two minutes of everything, some of it in ways that are easily lost."""
    trades = [
        trade(
            START_MS + nth * 700, buyer=ALICE, seller=BOB, taker=BOB, price=100 + nth, trade_id=nth
        )
        for nth in range(100)
    ]
    trades[3] |= {"px": "84143.10", "sz": "0.500", "unknownYet": {"deep": [1, None, "ü"]}}
    made = write_dataset(
        tmp_path / "folder",
        trades=[*trades, trade(START_MS + 90_000, buyer=BOB, seller=CAROL, taker=CAROL, coin="@7")],
        bbo=[quote(START_MS + nth, 99.0, None if nth == 2 else 101.0) for nth in range(5)],
        l2book=[
            {
                "received_ns": (START_MS + nth) * 1_000_000,
                "coin": "BTC",
                "time": START_MS + nth,
                "levels": [[], []],
            }
            for nth in range(4)
        ],
        account_states=[account_state(START_MS, ALICE, held_position("BTC", 2), equity=7)],
        account_flows=[account_flow(START_MS, ALICE, type="deposit", usdc="5.0")],
        **{"accounts/choices": [CHOICE]},
        contexts=[context(START_MS + nth * MINUTE_MS) for nth in range(2)],
        candles=[candle(START_MS + nth * MINUTE_MS, prices=FLAT, count=86) for nth in range(2)],
        transactions=[
            evm_transaction(
                START_MS,
                ALICE,
                BOB,
                value_wei=10**18,
                transfers=[erc20_transfer(CAROL, ALICE, BOB, 5 * 10**18)],
            )
        ],
        coverage=[observed("trades:BTC", START_MS, START_MS + 2 * MINUTE_MS)],
        fills=[
            {
                **{"received_ns": 1, "user": ALICE, "side": "B", "startPosition": "1.5"},
                **{key: trades[0][key] for key in ("coin", "px", "sz", "time", "tid")},
                **{"closedPnl": "-2.25", "fee": "0.045", "feeToken": "USDC", "crossed": False},
            }
        ],
    )
    with (made / "trades.jsonl").open("a") as file:
        file.write('{"coin":"BTC"}\n[1,2]\nnull\n"text"\n')
    return made


def contents(dataset: Dataset) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table: dataset.connection.execute(f"FROM {table} ORDER BY ALL").fetchall()
        for table in TABLES
    }


def test_tables_are_those_of_the_folder(url: DatabaseUrl, folder: Path, tmp_path: Path) -> None:
    imported_into(url, folder, tmp_path / "spool")

    with open_dataset(folder) as filed, open_dataset(url) as stored:
        assert contents(stored) == contents(filed)
        theirs, ours = as_dict(filed.summary()), as_dict(stored.summary())
    assert ours.pop("path") == str(url)
    assert theirs.pop("path") == str(folder)
    assert theirs.pop("n_torn_lines") == ours.pop("n_quarantined") == 4  # the import's doing
    assert sum(theirs.pop("n_unread_by_reason").values()) == 4
    for taken in (theirs.pop("n_quarantined"), ours.pop("n_torn_lines")):
        assert taken == 0
    assert ours.pop("n_unread_by_reason") == {}
    assert ours == theirs


def test_lines_are_kept_byte_for_byte_and_in_order(
    url: DatabaseUrl, folder: Path, tmp_path: Path
) -> None:
    imported_into(url, folder, tmp_path / "spool")

    for name in ("bbo", "l2book", "candles", "contexts", "transactions"):
        assert lines_of(url, name) == (folder / f"{name}.jsonl").read_bytes().splitlines()
    assert lines_of(url, "trades") == (folder / "trades.jsonl").read_bytes().splitlines()[:-4]
    assert b'"px":"84143.10"' in lines_of(url, "trades")[3]


def test_dataset_as_it_stood_is_that_of_the_folder(
    url: DatabaseUrl, folder: Path, tmp_path: Path
) -> None:
    imported_into(url, folder, tmp_path / "spool")

    until_ms = START_MS + 30_000
    with (
        open_dataset(folder, until_ms=until_ms) as filed,
        open_dataset(url, until_ms=until_ms) as stored,
    ):
        assert contents(stored) == contents(filed)


def test_verification_is_that_of_the_folder(url: DatabaseUrl, folder: Path, tmp_path: Path) -> None:
    imported_into(url, folder, tmp_path / "spool")

    with open_dataset(folder) as filed, open_dataset(url) as stored:
        theirs, ours = as_dict(verify_dataset(filed)), as_dict(verify_dataset(stored))
    differing = {name for name in ours if ours[name] != theirs[name]}
    assert differing == {"path", "n_torn_lines", "n_unread_by_reason", "n_quarantined"}
    assert ours["n_incomplete"] == 1


def test_lines_that_cannot_be_read_are_kept_and_counted(url: DatabaseUrl, tmp_path: Path) -> None:
    strange = [
        b'{"coin":"BTC"}',
        b'{"tid":1',
        b"null",
        b"5",
        b'{"time":"x"}',
        b'{"coin":"\\ud800"}',
    ]
    lines = [good_trade(1), *strange, good_trade(2)]
    write_session(url, tmp_path / "spool", {"trades": lines})

    with open_dataset(url) as dataset:
        assert dataset.summary().n_trades == 2
        assert dataset.summary().n_torn_lines == len(strange)
    assert lines_of(url, "trades") == lines


def test_number_beyond_the_databases_own_is_kept_in_its_line(
    url: DatabaseUrl, tmp_path: Path
) -> None:
    line = good_trade(2**63 + 1)
    write_session(url, tmp_path / "spool", {"trades": [line]})

    assert lines_of(url, "trades") == [line]


def test_bytes_that_no_database_can_hold_go_to_the_quarantine(
    url: DatabaseUrl, tmp_path: Path
) -> None:
    write_session(
        url,
        tmp_path / "spool",
        {"trades": [b'{"a":"\xff"}', good_trade(1)], "bbo": [b'{"a":"\0"}']},
    )

    zero, no_text = sorted(map(json.loads, lines_of(url, "quarantine")), key=list)
    assert zero["frame"] == '{"a":"\0"}'
    assert bytes.fromhex(no_text["frame_hex"]) == b'{"a":"\xff"}'
    assert lines_of(url, "trades") == [good_trade(1)]


def test_database_made_before_there_was_a_feed_reads_as_before(
    url: DatabaseUrl, tmp_path: Path
) -> None:
    write_session(url, tmp_path / "spool", {"trades": [good_trade(1)]})
    with closing(open_writer(url)) as database:
        database.run("DROP TABLE contexts")
        database.commit()

    with open_dataset(url) as dataset:
        assert dataset.summary().n_trades == 1
        assert dataset.summary().n_rows_by_feed["contexts"] == 0
    write_folder(url, tmp_path / "copy")
    assert (tmp_path / "copy" / "trades.jsonl").exists()
    with open_database_session(url, "append", tmp_path / "spool"):
        pass
    assert lines_of(url, "contexts") == []


def test_database_without_a_dataset_is_said(url: DatabaseUrl, tmp_path: Path) -> None:
    with open_database_session(url, "rotate", tmp_path / "spool"):
        pass

    with pytest.raises(DatasetError, match="nothing recorded in"):
        open_dataset(url)


def test_name_of_no_session_is_said_with_those_there_are(url: DatabaseUrl, tmp_path: Path) -> None:
    write_session(url, tmp_path / "spool", {"trades": [good_trade(1)]})

    with pytest.raises(DatasetError, match="has no session monday: there are 20"):
        open_dataset(replace(url, session="monday"))


def test_database_of_before_answers_were_kept_is_read_and_gets_its_tables(
    sqlite_url: DatabaseUrl, tmp_path: Path
) -> None:
    write_session(sqlite_url, tmp_path / "spool", {"trades": [good_trade(1)]})
    with closing(sqlite3.connect(sqlite_url.connection)) as connection, connection:
        for table in ("account_states", "account_flows", "account_progress", "account_choices"):
            connection.execute(f"DROP TABLE {table}")

    with open_dataset(sqlite_url) as dataset:
        before = dataset.connection.execute("SELECT count(*) FROM account_states").fetchall()
    flow = json.dumps(account_flow(START_MS, ALICE, type="deposit", usdc="5.0")).encode()
    write_session(sqlite_url, tmp_path / "spool", {"account_flows": [flow]}, "append")

    assert before == [(0,)]
    assert lines_of(sqlite_url, "account_flows") == [flow]
