from pathlib import Path
from typing import Any

import pytest
from fakes import ALICE, BOB, CAROL, START_MS, trade, write_dataset

from hypertrack.errors import DatasetError
from hypertrack.store.dataset import open_dataset

BOUGHT = trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE, trade_id=7)


def fill(wallet: str = ALICE, side: str = "B", **says: Any) -> dict[str, Any]:
    return {
        "received_ns": 1,
        "user": wallet,
        **{key: BOUGHT[key] for key in ("coin", "px", "sz", "time", "tid")},
        **{"side": side, "startPosition": "1.5", "closedPnl": "-2.25", "fee": "0.045"},
        **says,
    }


def rows(folder: Path, until_ms: int | None = None) -> list[tuple[Any, ...]]:
    with open_dataset(folder, until_ms=until_ms) as dataset:
        found = dataset.connection.execute(
            "SELECT wallet, trade_id, is_buy, closed_pnl_usd, fee_usd, start_position "
            "FROM imported_fills JOIN wallets USING (wallet_id) ORDER BY wallet"
        )
        return found.fetchall()


def test_each_wallets_part_in_a_trade_is_a_row(tmp_path: Path) -> None:
    other = fill(BOB, "A", startPosition="0.0", closedPnl="0.0", fee="-0.01")
    write_dataset(tmp_path, trades=[BOUGHT], fills=[fill(ALICE.upper().replace("X", "x")), other])

    assert rows(tmp_path) == [
        (ALICE, 7, True, -2.25, 0.045, 1.5),
        (BOB, 7, False, 0.0, -0.01, 0.0),
    ]


def test_repeated_foreign_and_broken_fills_are_left_out(tmp_path: Path) -> None:
    broken = [fill(side="?"), fill("0x9"), fill(px="1e300"), fill(sz="0"), {"user": ALICE}]
    broken += [fill(time=START_MS * 1000), fill(coin="")]
    write_dataset(tmp_path, trades=[BOUGHT], fills=[fill(), *broken, fill()])
    with (tmp_path / "fills.jsonl").open("a") as file:
        file.write('{"user":"0xaa')  # torn

    assert rows(tmp_path) == [(ALICE, 7, True, -2.25, 0.045, 1.5)]


def test_what_is_not_told_is_unknown(tmp_path: Path) -> None:
    write_dataset(tmp_path, trades=[BOUGHT], fills=[fill(closedPnl=None, fee="?")])

    assert rows(tmp_path) == [(ALICE, 7, True, None, None, 1.5)]


def test_later_fills_are_not_there_in_a_dataset_of_before(tmp_path: Path) -> None:
    later = trade(START_MS + 5, buyer=ALICE, seller=BOB, taker=ALICE, trade_id=8)
    fills = [fill(), fill(time=START_MS + 5, tid=8)]
    write_dataset(tmp_path, trades=[BOUGHT, later], fills=fills)

    assert [row[1] for row in rows(tmp_path, START_MS + 5)] == [7]


def test_unreadable_file_is_named(tmp_path: Path) -> None:
    write_dataset(tmp_path, trades=[BOUGHT])
    (tmp_path / "fills.jsonl").mkdir()

    with pytest.raises(DatasetError, match=r"fills\.jsonl could not be read"):
        rows(tmp_path)


def told(folder: Path, columns: str) -> list[tuple[Any, ...]]:
    with open_dataset(folder) as dataset:
        statement = (
            f"SELECT {columns} FROM imported_fills JOIN wallets USING (wallet_id) "
            "JOIN coins USING (coin_id) ORDER BY ALL"
        )
        return dataset.connection.execute(statement).fetchall()


def test_settlement_at_nothing_is_a_fill_and_no_trade(tmp_path: Path) -> None:
    settled = fill(CAROL, "A", coin="#118441", px="0.0", sz="30.0", dir="Settlement", tid=9)
    write_dataset(tmp_path, trades=[BOUGHT], fills=[settled | {"closedPnl": "-15.0"}])

    columns = "wallet, coin, price, size, closed_pnl_usd, is_settlement, has_trade"
    assert told(tmp_path, columns) == [(CAROL, "#118441", 0.0, 30.0, -15.0, True, False)]


def test_fill_keeps_its_order_its_direction_and_who_took(tmp_path: Path) -> None:
    taken = fill(oid=11, dir="Open Long", crossed=True)
    write_dataset(tmp_path, trades=[BOUGHT], fills=[taken])

    columns = "order_id, dir, price, size, is_taker, is_settlement, has_trade"
    assert told(tmp_path, columns) == [(11, "Open Long", 100.0, 1.0, True, False, True)]


def test_fills_with_the_id_zero_are_told_apart_by_all_they_say(tmp_path: Path) -> None:
    dust = fill(tid=0, dir="Spot Dust Conversion")
    write_dataset(tmp_path, trades=[], fills=[dust, {**dust, "sz": "0.5"}, dust])

    assert told(tmp_path, "size, has_trade") == [(0.5, False), (1.0, False)]


def test_fills_alone_are_a_dataset(tmp_path: Path) -> None:
    write_dataset(tmp_path, fills=[fill()])

    assert told(tmp_path, "wallet, coin, is_taker") == [(ALICE, "BTC", None)]


def test_fill_that_names_no_trade_is_its_wallets_all_the_same(tmp_path: Path) -> None:
    nameless = {name: value for name, value in fill().items() if name != "tid"}
    write_dataset(tmp_path, trades=[BOUGHT], fills=[nameless])

    assert told(tmp_path, "wallet, has_trade") == [(ALICE, False)]
