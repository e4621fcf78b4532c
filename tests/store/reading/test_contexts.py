"""Contexts as a table: of open lines, of sealed hours, and with flaws."""

from pathlib import Path
from typing import Any

from fakes import ALICE, BOB, START_MS, context, trade, write_dataset

from hypertrack.records import HOUR_MS, MINUTE_MS
from hypertrack.store.compaction.sealed_hours import seal_folder
from hypertrack.store.dataset import open_dataset

TRADES = [trade(START_MS, buyer=ALICE, seller=BOB, taker=ALICE)]


def rows(folder: Path, until_ms: int | None = None) -> list[tuple[Any, ...]]:
    with open_dataset(folder, until_ms=until_ms) as dataset:
        found = dataset.connection.execute(
            "SELECT time_ms, funding_rate, premium, open_interest, oracle_price, mark_price "
            "FROM contexts JOIN coins USING (coin_id)"
        )
        return found.fetchall()


def test_numbers_are_read_and_what_is_null_is_unknown(tmp_path: Path) -> None:
    told = context(START_MS, rate=-0.00005, premium=-0.0005, open_interest=36.5, oracle=80_684.7)
    unknown = context(START_MS + 1, rate=None, premium=None, open_interest=None, oracle=None)
    write_dataset(tmp_path, trades=TRADES, contexts=[unknown, told])

    assert rows(tmp_path) == [
        (START_MS, -0.00005, -0.0005, 36.5, 80_684.7, 80_684.7),
        (START_MS + 1, None, None, None, None, None),
    ]


def test_last_received_context_of_a_time_counts(tmp_path: Path) -> None:
    late = {**context(START_MS, rate=0.2), "received_ns": (START_MS + 900) * 1_000_000}
    write_dataset(tmp_path, trades=TRADES, contexts=[late, context(START_MS, rate=0.1)])

    assert [rate for _, rate, *_ in rows(tmp_path)] == [0.2]


def test_flawed_lines_are_left_out_and_counted(tmp_path: Path) -> None:
    good = context(START_MS)
    flawed = [
        {**good, "exchange_time_ms": START_MS // 1_000},
        {**good, "exchange_time_ms": None},
        {**good, "ctx": None},
        {**good, "exchange_time_ms": START_MS + 2 * HOUR_MS},  # ahead of its receipt
    ]
    write_dataset(tmp_path, trades=TRADES, contexts=[*flawed, good])

    assert len(rows(tmp_path)) == 1
    with open_dataset(tmp_path) as dataset:
        assert dataset.summary().n_rows_by_feed["contexts"] == 1
        assert sum(dataset.summary().n_unread_by_reason.values()) == 4


def test_sealed_hours_give_the_same_rows_and_keep_lines_as_they_came(tmp_path: Path) -> None:
    spot = {**context(START_MS), "coin": "BTC", "ctx": {"markPx": "41.20", "circulatingSupply": 1}}
    contexts = [context(START_MS + nth * MINUTE_MS, rate=nth / 1e5) for nth in range(1, 90)]
    write_dataset(tmp_path, trades=TRADES, contexts=[spot, *contexts])
    before = rows(tmp_path)
    text = (tmp_path / "contexts.jsonl").read_text().splitlines()[0]

    (sealed,) = [done for done in seal_folder(tmp_path) if done.feed == "contexts"]

    assert (sealed.n_sealed, sealed.n_open) == (60, 30)
    assert rows(tmp_path) == before
    with open_dataset(tmp_path) as dataset:
        (hour,) = tmp_path.glob("sealed/contexts/*.parquet")
        found = dataset.connection.execute(
            f"SELECT line FROM '{hour}' WHERE line LIKE '%Supply%'"
        ).fetchall()
    assert found == [(text,)]


def test_contexts_of_later_are_not_there_in_a_dataset_of_before(tmp_path: Path) -> None:
    contexts = [context(START_MS), context(START_MS + 5)]
    write_dataset(tmp_path, trades=TRADES, contexts=contexts)

    assert [time_ms for time_ms, *_ in rows(tmp_path, until_ms=START_MS + 5)] == [START_MS]
