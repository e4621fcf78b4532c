"""Sealed hours that are numbered in batches: the same tables, and nothing done twice."""

import json
from pathlib import Path
from typing import Any

import pytest
from fakes import (
    ALICE,
    BOB,
    CAROL,
    START_MS,
    add_sealed_rows,
    erc20_transfer,
    evm_transaction,
    fill_of,
    observed,
    quote,
    trade,
    write_dataset,
)

from hypertrack.records import HOUR_MS, MINUTE_MS
from hypertrack.store import dataset as dataset_room
from hypertrack.store.compaction.sealed_hours import seal_folder
from hypertrack.store.dataset import TABLES, Dataset, keep_sealed, open_dataset
from hypertrack.store.reading import numbered_hours

HOURS = Path("prepared/hours")


def trades(n_hours: int) -> list[dict[str, Any]]:
    """Return three trades an hour; each hour has a wallet of its own, named before the others."""
    lines = []
    for hour in range(n_hours):
        late = f"0x{9 - hour}{'0' * 39}"
        for at, (buyer, seller) in enumerate([(CAROL, BOB), (BOB, late), (late, ALICE)]):
            time_ms = START_MS + hour * HOUR_MS + at * MINUTE_MS
            lines.append(
                trade(time_ms, buyer=buyer, seller=seller, taker=seller, price=100.0 + hour + at)
            )
    return lines


def quotes(n_hours: int) -> list[dict[str, Any]]:
    return [quote(START_MS + hour * HOUR_MS, 99.0 + hour, 101.0 + hour) for hour in range(n_hours)]


@pytest.fixture(autouse=True)
def _in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_room, "WORTH_PREPARING", 3)
    monkeypatch.setattr(numbered_hours, "BATCH_ROWS", 6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return five hours, of which four are sealed."""
    folder = write_dataset(tmp_path / "it's [data]", trades=trades(5), bbo=quotes(5))
    list(seal_folder(folder))
    return folder


def rows_of(dataset: Dataset) -> dict[str, list[Any]]:
    return {name: dataset.connection.execute(f"FROM {name}").fetchall() for name in TABLES}


def sorted_rows_of(dataset: Dataset) -> dict[str, list[str]]:
    return {name: sorted(map(str, rows)) for name, rows in rows_of(dataset).items()}


def read_in_both_ways(folder: Path, patch: pytest.MonkeyPatch, **window: int) -> list[Any]:
    """Return tables and summary of a folder: in batches, of kept batches, and all at once."""
    found = []
    for n_worth_it in (3, 3, 1_000):
        patch.setattr(dataset_room, "WORTH_PREPARING", n_worth_it)
        with open_dataset(folder, **window) as dataset:
            found.append((sorted_rows_of(dataset), dataset.summary()))
    return found


def read_at_once(tmp_path: Path, n_hours: int, **window: int) -> dict[str, list[Any]]:
    """Return the tables of the same lines, unsealed."""
    path = tmp_path / f"unsealed-{n_hours}-{len(window)}"
    with open_dataset(
        write_dataset(path, trades=trades(n_hours), bbo=quotes(n_hours)), **window
    ) as dataset:
        return rows_of(dataset)


def batches(folder: Path) -> dict[str, int]:
    """Return the files of all batches, with their time of change."""
    files = (folder / HOURS / "trades").iterdir()
    return {path.name: path.stat().st_mtime_ns for path in files}


def test_batches_make_the_tables_that_reading_at_once_makes(folder: Path, tmp_path: Path) -> None:
    with open_dataset(folder) as dataset:
        found, summary = rows_of(dataset), dataset.summary()

    assert found == read_at_once(tmp_path, 5)
    assert summary.n_trades == 15
    assert len(batches(folder)) == 2


def test_of_two_quotes_of_a_moment_the_one_received_last_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = quote(START_MS, 98.0, 104.0)
    last["received_ns"] += 1
    others = [quote(START_MS + 1, 3.0, 5.0, "ETH"), quote(START_MS, 2.0, 4.0, "ETH")]
    folder = write_dataset(tmp_path / "data", trades=trades(5), bbo=[last, *quotes(5), *others])
    list(seal_folder(folder))

    kept, again, at_once = read_in_both_ways(folder, monkeypatch)

    assert kept == again == at_once
    assert f"({START_MS}, 0, 98.0, 104.0, 101.0)" in kept[0]["bbo"]
    assert len(kept[0]["bbo"]) == 7


def test_names_are_in_the_order_of_the_text_whenever_they_came(folder: Path) -> None:
    with open_dataset(folder) as dataset:
        wallets = dataset.connection.execute("SELECT wallet FROM wallets ORDER BY wallet_id")
        found = [wallet for (wallet,) in wallets.fetchall()]

    assert len(found) == 8
    assert found == sorted(found)


def test_an_hour_sealed_since_is_the_only_one_read(folder: Path, tmp_path: Path) -> None:
    open_dataset(folder).close()
    before = batches(folder)
    more = write_dataset(tmp_path / "more", trades=trades(6)[12:], bbo=quotes(6)[4:])
    for name in ("trades.jsonl", "bbo.jsonl"):
        (more / name).replace(folder / name)
    list(seal_folder(folder))

    with open_dataset(folder) as dataset:
        found = rows_of(dataset)

    after = batches(folder)
    assert found == read_at_once(tmp_path, 6)
    assert before.items() < after.items()
    assert len(after) == len(before) + 1


def test_hours_are_numbered_when_they_are_sealed(folder: Path, tmp_path: Path) -> None:
    keep_sealed(folder, memory_limit_gib=1.0)
    at_sealing = batches(folder)

    with open_dataset(folder) as dataset:
        found = rows_of(dataset)

    assert found == read_at_once(tmp_path, 5)
    assert len(at_sealing) == 2  # of four sealed hours
    assert at_sealing == batches(folder)


def test_hours_that_cannot_be_numbered_do_not_stop_who_seals(folder: Path) -> None:
    (folder / "prepared").write_text("in the way", encoding="utf-8")

    keep_sealed(folder, memory_limit_gib=1.0)

    assert (folder / "prepared").read_text(encoding="utf-8") == "in the way"


def seal_late(folder: Path, time_ms: int) -> None:
    """Seal a trade that came after its hour was sealed, of a price of 7."""
    with (folder / "trades.jsonl").open("a", encoding="utf-8") as file:
        late = trade(time_ms, buyer=ALICE, seller=BOB, taker=BOB, price=7.0)
        file.write(json.dumps(late) + "\n")
    list(seal_folder(folder))


def test_an_hour_that_changed_is_read_anew(folder: Path) -> None:
    open_dataset(folder).close()
    before = batches(folder)
    seal_late(folder, START_MS + 90_500)

    with open_dataset(folder) as dataset:
        found = dataset.connection.execute("SELECT count(*) FROM trades WHERE price = 7").fetchall()

    assert found == [(1,)]
    assert len(set(batches(folder)) & set(before)) == 1


def test_what_is_made_anew_leaves_its_batches_to_who_is_reading_them(folder: Path) -> None:
    with open_dataset(folder) as dataset:
        before = rows_of(dataset)
        seal_late(folder, START_MS + 90_500)

        keep_sealed(folder, memory_limit_gib=1.0)
        with open_dataset(folder) as later:
            n_later = len(rows_of(later)["trades"])

        assert rows_of(dataset) == before
        assert n_later == len(before["trades"]) + 1
    seal_late(folder, START_MS + 91_500)
    open_dataset(folder).close()
    assert sorted(name[11:13] for name in batches(folder)) == ["08", "09", "10"]  # none is left


def test_an_open_line_of_a_sealed_hour_counts_once(folder: Path, tmp_path: Path) -> None:
    with (folder / "trades.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(trades(1)[0]) + "\n")

    with open_dataset(folder) as dataset:
        found = rows_of(dataset)

    expected = read_at_once(tmp_path, 5)
    assert {name: sorted(map(str, rows)) for name, rows in found.items()} == {
        name: sorted(map(str, rows)) for name, rows in expected.items()
    }  # rows of the open file come last


def test_hours_outside_a_window_are_not_opened(folder: Path, tmp_path: Path) -> None:
    for hour in ("08", "11"):
        (folder / f"sealed/trades/2026-01-05T{hour}.parquet").write_bytes(b"unreadable")
    window = {"since_ms": START_MS + HOUR_MS + 1, "until_ms": START_MS + 3 * HOUR_MS}

    with open_dataset(folder, **window) as dataset:
        found = rows_of(dataset)

    assert found == read_at_once(tmp_path, 5, **window)
    assert len(found["trades"]) == 5
    assert not (folder / HOURS).exists()


def test_nothing_is_kept_where_it_is_not_wanted(folder: Path, tmp_path: Path) -> None:
    with open_dataset(folder, keep_prepared=False) as dataset:
        assert rows_of(dataset) == read_at_once(tmp_path, 5)

    assert not (folder / "prepared").exists()


def test_a_folder_that_takes_nothing_is_read_all_the_same(folder: Path, tmp_path: Path) -> None:
    (folder / "prepared").write_text("in the way", encoding="utf-8")

    with open_dataset(folder) as dataset:
        assert rows_of(dataset) == read_at_once(tmp_path, 5)


@pytest.mark.parametrize("lost", ["wallets.parquet", "hours.json", "trades/*.parquet"])
def test_what_was_lost_of_the_kept_rows_is_made_anew(
    folder: Path, tmp_path: Path, lost: str
) -> None:
    open_dataset(folder).close()
    next((folder / HOURS).glob(lost)).unlink()

    with open_dataset(folder) as dataset:
        assert rows_of(dataset) == read_at_once(tmp_path, 5)


@pytest.mark.parametrize("torn", ["wallets.parquet", "coins.parquet", "trades/*.parquet"])
def test_what_a_crash_cut_short_of_the_kept_rows_is_made_anew(
    folder: Path, tmp_path: Path, torn: str
) -> None:
    open_dataset(folder).close()
    path = next((folder / HOURS).glob(torn))
    path.write_bytes(path.read_bytes()[:-9])

    with open_dataset(folder) as dataset:
        assert rows_of(dataset) == read_at_once(tmp_path, 5)


def test_rows_that_cannot_be_meant_are_left_out_and_counted_of_all_batches(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = trade(START_MS + 1, buyer=ALICE, seller=BOB, taker=BOB, price=7.0)
    poison = [
        {**good, "tid": 901, "time": good["time"] * 1_000_000},
        {**good, "tid": 902, "px": "1e300"},
        {**good, "tid": 903, "users": []},
        {**good, "tid": 904, "time": START_MS + 9 * HOUR_MS},
    ]
    add_sealed_rows(folder / "sealed/trades/2026-01-05T08.parquet", *poison)
    add_sealed_rows(folder / "sealed/trades/2026-01-05T10.parquet", poison[1])
    late_quote = {**quote(START_MS, 1.0, 2.0), "time": START_MS * 1_000_000}
    add_sealed_rows(folder / "sealed/bbo/2026-01-05T09.parquet", late_quote)

    first, again, at_once = read_in_both_ways(folder, monkeypatch)

    assert first == again == at_once
    tables, summary = first
    assert (len(tables["trades"]), len(tables["bbo"])) == (15, 5)
    assert summary.n_torn_lines == 6
    assert tables["unread_lines"] == [
        "('bbo', 'time out of range', 1)",
        "('trades', \"no wallet's address\", 1)",
        "('trades', 'price or size out of range', 2)",
        "('trades', 'time ahead of its receipt', 1)",
        "('trades', 'time out of range', 1)",
    ]


def test_transactions_are_the_same_in_batches_and_named_by_all_feeds(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, token = f"0x{'e' * 40}", f"0x{'7' * 40}"
    moved = erc20_transfer(token, BOB, other, 3 * 10**18)
    sent = [
        evm_transaction(START_MS + hour * HOUR_MS, BOB, receiver, transfers=[moved] * hour)
        for hour, receiver in enumerate([ALICE, None, other, CAROL])
    ]
    core = {"chain": "core", "time": START_MS, "received_ns": START_MS * 1_000_000}
    write_dataset(folder, transactions=[*sent, core])
    list(seal_folder(folder))
    write_dataset(folder, transactions=[sent[1], sent[3]])  # one of a sealed hour, told again

    kept, again, at_once = read_in_both_ways(folder, monkeypatch)

    assert kept == again == at_once
    assert (len(kept[0]["evm_transactions"]), len(kept[0]["erc20_transfers"])) == (4, 1 + 2 + 3)
    assert len(list((folder / HOURS / "evm_transactions").iterdir())) == 1


@pytest.mark.parametrize(
    ("window", "n_matched"),
    [({}, 3), ({"since_ms": START_MS + HOUR_MS, "until_ms": START_MS + 4 * HOUR_MS}, 1)],
)
def test_imported_fills_are_the_same_beside_batches(
    folder: Path, monkeypatch: pytest.MonkeyPatch, window: dict[str, int], n_matched: int
) -> None:
    lines = trades(5)
    alone = {"user": f"0x{'e' * 40}", "coin": "ONLY", "tid": 5, "time": START_MS + 2 * HOUR_MS}
    fills = [
        fill_of(lines[0], CAROL, startPosition="1.5"),
        fill_of(lines[4], BOB, fee="0.25"),
        fill_of(lines[12], CAROL),
        fill_of(lines[0], CAROL) | alone | {"dir": "Settlement"},
        fill_of(lines[0], CAROL) | {"px": "1e300"},
    ]
    write_dataset(folder, fills=fills)

    first, again, at_once = read_in_both_ways(folder, monkeypatch, **window)

    assert first == again == at_once
    tables = first[0]
    has_trade = [row.endswith("True)") for row in tables["imported_fills"]]
    assert (has_trade.count(True), has_trade.count(False)) == (n_matched, 1)
    assert any("ONLY" in row for row in tables["coins"])
    assert any("0xeee" in row for row in tables["wallets"])


def test_a_damaged_hour_is_a_gap_whenever_batches_are_opened(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset(folder, coverage=[observed("trades", START_MS, START_MS + 5 * HOUR_MS)])
    (folder / "sealed/trades/2026-01-05T09.parquet").write_bytes(b"PAR1 torn")

    first, again, at_once = read_in_both_ways(folder, monkeypatch)

    assert first == again == at_once
    tables, summary = first
    assert len(tables["trades"]) == 12
    assert [(gap.cause, gap.duration_s) for gap in summary.gaps] == [("damaged", 3600.0)]


def test_rows_without_a_receipt_are_judged_by_the_last_one_of_all_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = trades(5)
    for line in lines[3:6]:  # the second hour, which is in one batch with the first
        line["received_ns"] = None
    folder = write_dataset(tmp_path / "data", trades=lines)
    list(seal_folder(folder))

    first, again, at_once = read_in_both_ways(folder, monkeypatch)

    assert first == again == at_once
    assert len(first[0]["trades"]) == 15
