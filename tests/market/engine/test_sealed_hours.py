"""What is kept of sealed hours: what making it of all rows at once gives, and never made twice."""

from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import ALICE, BOB, CAROL, START_MS, quote, trade, write_dataset

from hypertrack.config import FeatureSettings, FeeSettings
from hypertrack.features.engine import FeatureEngine
from hypertrack.market.engine import shards
from hypertrack.market.engine.sealed_hours import keep_hours
from hypertrack.market.executions import BY_WALLET, ORDER, executions
from hypertrack.market.executions import executions_by_wallet as by_wallet
from hypertrack.records import HOUR_MS
from hypertrack.store import dataset as dataset_room
from hypertrack.store.compaction.sealed_hours import seal_folder
from hypertrack.store.dataset import open_dataset
from hypertrack.store.reading import hour_batches, numbered_hours

Rows = dict[str, list[Any]]

KEPT = ("executions", "last_trades", "prices_around")
DAVE = "0x" + "d" * 40
HOURS = Path("prepared/hours")
NAMES = ("tx_count", "burstiness", "avg_market_impact", "momentum_score", "unique_addresses")


@pytest.fixture(autouse=True)
def _an_hour_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_room, "WORTH_PREPARING", 3)
    monkeypatch.setattr(numbered_hours, "BATCH_ROWS", 4)


def lines(hours: range) -> dict[str, list[dict[str, Any]]]:
    """Return trades at the beginning and in the last seconds of hours, and a quote each.

    An hour begins with one execution of two fills, and has a wallet of its own.
    """
    trades, quotes = [], []
    for hour in hours:
        late, begin_ms = f"0x{9 - hour}{'0' * 39}", START_MS + hour * HOUR_MS
        for nth, (at_ms, buyer, seller) in enumerate(
            (
                (100, CAROL, BOB),
                (100, CAROL, late),
                (HOUR_MS - 6_000, late, ALICE),
                (HOUR_MS - 2_000, BOB, CAROL),
            )
        ):
            each = {"buyer": buyer, "seller": seller, "taker": buyer, "trade_id": nth + 1}
            trades.append(trade(begin_ms + at_ms, price=100.0 + 10 * hour + nth, **each))
        quotes.append(quote(begin_ms + 1_000, 108.0 + hour, 110.0 + hour))
    return {"trades": trades, "bbo": quotes}


def add(folder: Path, more: dict[str, list[dict[str, Any]]], scratch: Path) -> None:
    """Append lines to the open files of a folder."""
    written = write_dataset(scratch, **more)
    for name in ("trades.jsonl", "bbo.jsonl"):
        with (folder / name).open("ab") as file:
            file.write((written / name).read_bytes())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return five hours, of which four are sealed."""
    folder = write_dataset(tmp_path / "it's data", **lines(range(5)))
    list(seal_folder(folder))
    return folder


def measured(folder: Path) -> Rows:
    """Return the rows of what is kept of a folder, or made where nothing is kept."""
    with open_dataset(folder) as dataset:
        engine = FeatureEngine(dataset, FeatureSettings(), FeeSettings())
        executions(engine.backend)
        engine.backend.prepare()
        asked = (dataset.connection.execute(f"FROM {name} ORDER BY ALL") for name in KEPT)
        return dict(zip(KEPT, (found.fetchall() for found in asked), strict=True))


@pytest.fixture(scope="module")
def unsealed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same five hours, of which none is sealed."""
    return write_dataset(tmp_path_factory.mktemp("unsealed") / "data", **lines(range(5)))


@pytest.fixture(scope="module")
def at_once(unsealed: Path) -> Rows:
    """Return what all rows at once make."""
    return measured(unsealed)


def files(folder: Path) -> dict[str, int]:
    """Return what is kept, with the time of its change."""
    return {
        str(path.relative_to(folder / HOURS)): path.stat().st_mtime_ns
        for table in KEPT
        for path in (folder / HOURS / table).iterdir()
    }


def test_what_is_kept_is_what_all_rows_at_once_make(folder: Path, at_once: Rows) -> None:
    first, again = measured(folder), measured(folder)

    assert first == again == at_once
    assert len(files(folder)) == 4 * len(KEPT)


@pytest.mark.parametrize("n_in_memory", [shards.FILLS_IN_MEMORY, 0])
def test_features_of_kept_hours_are_those_of_all_rows(
    folder: Path, unsealed: Path, monkeypatch: pytest.MonkeyPatch, n_in_memory: int
) -> None:
    monkeypatch.setattr(shards, "FILLS_IN_MEMORY", n_in_memory)
    found = []
    for path in (folder, unsealed):
        with open_dataset(path) as dataset:
            engine = FeatureEngine(dataset, FeatureSettings(), FeeSettings())
            found.append(engine.matrix(names=NAMES))

    kept, made = found
    assert kept.wallets == made.wallets
    np.testing.assert_allclose(kept.values, made.values, rtol=1e-12)


def test_what_wallets_did_lies_by_wallet_where_it_is_too_much_for_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "FILLS_IN_MEMORY", 0)
    monkeypatch.setattr(shards, "FILLS_PER_SPILLED_SHARD", 8)
    with open_dataset(folder) as dataset:
        con = FeatureEngine(dataset, FeatureSettings(), FeeSettings()).backend

        laid, kept = (con.fetch(each(con).order_by(ORDER)) for each in (by_wallet, executions))

        views = "SELECT sql FROM duckdb_views() WHERE view_name = $name"
        ((said,),) = dataset.connection.execute(views, {"name": BY_WALLET}).fetchall()

    assert "shard=0" in said
    assert sorted(laid) == sorted(kept)
    for name, column in kept.items():
        np.testing.assert_array_equal(laid[name], column, err_msg=name)


def test_five_seconds_after_the_last_trades_of_an_hour_lie_in_the_next(folder: Path) -> None:
    with open_dataset(folder) as dataset:
        keep_hours(dataset)
        found = dataset.connection.execute(
            "SELECT time_ms, before, after_5s FROM prices_around ORDER BY time_ms LIMIT 4"
        ).fetchall()

    nan, hour_ms = np.nan, START_MS + HOUR_MS
    np.testing.assert_equal(
        np.array(found, dtype=float),
        [
            (START_MS + 100, nan, 109.0),
            (hour_ms - 6_000, 101.0, 103.0),
            (hour_ms - 2_000, 102.0, 110.0),  # the quote of the next hour's first second
            (hour_ms + 100, 103.0, 110.0),
        ],
    )


def test_an_hour_sealed_since_extends_what_is_kept(folder: Path, tmp_path: Path) -> None:
    measured(folder)
    before = files(folder)
    (folder / HOURS / "executions/unfinished.part").write_bytes(b"of who was killed")
    add(folder, lines(range(5, 6)), tmp_path / "more")
    list(seal_folder(folder))

    assert measured(folder) == measured(write_dataset(tmp_path / "unsealed", **lines(range(6))))
    assert before.items() < files(folder).items()
    assert len(files(folder)) == 5 * len(KEPT)


def test_what_a_crash_cut_short_is_made_anew(folder: Path, at_once: Rows) -> None:
    measured(folder)
    for table in KEPT:
        path = min((folder / HOURS / table).iterdir())
        path.write_bytes(path.read_bytes()[:-9])

    assert measured(folder) == at_once


@pytest.mark.parametrize(
    ("at_ms", "n_prices"),
    [
        pytest.param(200, 2, id="not the last trade of its hour"),
        pytest.param(HOUR_MS - 1_000, 3, id="the last trade, which later prices may be of"),
    ],
)
def test_an_hour_that_changed_changes_what_follows_from_it(
    folder: Path, tmp_path: Path, at_ms: int, n_prices: int
) -> None:
    measured(folder)
    before = files(folder)
    # By a wallet that is new, whose number comes after those that are kept.
    late = trade(START_MS + HOUR_MS + at_ms, buyer=DAVE, seller=ALICE, taker=DAVE, price=7.0)
    add(folder, {"trades": [late], "bbo": []}, tmp_path / "late")
    list(seal_folder(folder))
    all_lines = lines(range(5))
    all_lines["trades"].append(late)

    assert measured(folder) == measured(write_dataset(tmp_path / "unsealed", **all_lines))
    made = Counter(name.split("/")[0] for name in files(folder).keys() - before.keys())
    # Of four hours this one and the next, which tells its last seconds.
    assert made == {"executions": 2, "last_trades": 2, "prices_around": n_prices}


@pytest.mark.slow  # three openings
def test_prices_long_after_an_hour_that_changed_are_those_of_its_last_trade(
    tmp_path: Path,
) -> None:
    begin = lines(range(5))
    begin["bbo"] = []
    last_ms = START_MS + 4 * HOUR_MS + 300
    rare = [
        trade(at_ms, buyer=BOB, seller=ALICE, taker=BOB, price=price, coin="RARE", trade_id=9)
        for at_ms, price in ((START_MS + 300, 5.0), (last_ms, 6.0))
    ]
    begin["trades"] += [*rare, trade(last_ms + HOUR_MS, buyer=BOB, seller=ALICE, taker=BOB)]
    folder = write_dataset(tmp_path / "data", **begin)
    list(seal_folder(folder))
    measured(folder)
    late = trade(
        START_MS + HOUR_MS, buyer=BOB, seller=ALICE, taker=BOB, price=5.5, coin="RARE", trade_id=9
    )
    add(folder, {"trades": [late], "bbo": []}, tmp_path / "late")

    def price_before() -> list[tuple[float]]:
        with open_dataset(folder) as dataset:
            keep_hours(dataset)
            return dataset.connection.execute(
                "SELECT before FROM prices_around JOIN coins USING (coin_id) "
                f"WHERE coin = 'RARE' AND time_ms = {last_ms}"
            ).fetchall()

    while_open = price_before()
    list(seal_folder(folder))

    assert while_open == price_before() == [(5.5,)]


def test_open_lines_of_a_sealed_hour_keep_it_from_being_kept(folder: Path, tmp_path: Path) -> None:
    late = trade(START_MS + HOUR_MS + 200, buyer=BOB, seller=ALICE, taker=BOB, price=7.0)
    add(folder, {"trades": [late], "bbo": []}, tmp_path / "late")
    all_lines = lines(range(5))
    all_lines["trades"].append(late)

    assert measured(folder) == measured(write_dataset(tmp_path / "unsealed", **all_lines))
    assert len(files(folder)) == 2 * len(KEPT)  # the hour before it, and the last one


def test_what_is_not_kept_is_made_a_stretch_at_a_time_all_the_same(
    folder: Path, tmp_path: Path
) -> None:
    late = trade(START_MS + 200, buyer=BOB, seller=ALICE, taker=BOB, price=7.0)
    add(folder, {"trades": [late], "bbo": []}, tmp_path / "late")

    with open_dataset(folder) as dataset:
        keep_hours(dataset)
        times = dataset.connection.execute("SELECT time_ms FROM executions").fetchall()

    assert len(files(folder)) == 2 * len(KEPT)  # of the third and the fourth hour, which come first
    assert len(times) == 5 * 7 + 2
    # The hour that has it is no stretch of its own, but one with the next; the last one is open.
    stretches = [min(max((ms + 5_000 - START_MS) // HOUR_MS, 1), 4) for (ms,) in times]
    assert [stretch for stretch, _ in groupby(stretches)] == [2, 3, 1, 4]


def test_quotes_that_stopped_leave_the_hours_after_them_to_be_kept(tmp_path: Path) -> None:
    quoted = {"trades": lines(range(5))["trades"], "bbo": lines(range(1, 2))["bbo"]}
    folder = write_dataset(tmp_path / "data", **quoted)
    list(seal_folder(folder))

    first, again = measured(folder), measured(folder)

    assert first == again == measured(write_dataset(tmp_path / "unsealed", **quoted))
    kept = {table: len(list((folder / HOURS / table).iterdir())) for table in KEPT}
    # Prices of the hour of the quote, which stays open, are not for ever.
    assert kept == {"executions": 4, "last_trades": 4, "prices_around": 3}


def test_a_folder_that_takes_nothing_is_measured_all_the_same(folder: Path, at_once: Rows) -> None:
    open_dataset(folder).close()
    for table in KEPT:
        (folder / HOURS / table).write_text("in the way", encoding="utf-8")

    assert measured(folder) == at_once


def test_names_that_are_numbered_anew_number_what_is_kept_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the hour a quoted coin is numbered before the coin of the next hour, at once after it."""

    def hours(some: range) -> dict[str, list[dict[str, Any]]]:
        coins = ("BTC", "SOL", "BTC")
        made: dict[str, list[dict[str, Any]]] = {"trades": [], "bbo": []}
        for hour in some:
            more = lines(range(hour, hour + 1))
            made["trades"] += [{**each, "coin": coins[hour]} for each in more["trades"]]
            made["bbo"] += [{**each, "coin": "ETH"} for each in more["bbo"]]
        return made

    folder = write_dataset(tmp_path / "data", **hours(range(2)))
    list(seal_folder(folder))
    measured(folder)
    add(folder, hours(range(2, 3)), tmp_path / "more")
    list(seal_folder(folder))
    expected = measured(folder)
    monkeypatch.setattr(hour_batches, "FORMAT", hour_batches.FORMAT + 1)

    assert measured(folder) == expected
