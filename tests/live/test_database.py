"""Live over a database says what it says over a folder."""

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clock_fakes import ManualClock
from database_fakes import write_session
from fakes import ALICE, BOB, CAROL, START_MS, account_state, held_position, trade

from hypertrack.config import DatabaseUrl, Settings
from hypertrack.features.engine import FeatureMatrix
from hypertrack.live.session import Beginning, LivePlaces, LiveSession
from hypertrack.live.window import LiveWindow
from hypertrack.records import HOUR_MS
from hypertrack.store.database.connecting import open_writer
from hypertrack.store.reading.opening import open_followed

AFTER = {"emitted_ms", "delay_ms", "prev", "expires_ms"}
SETTINGS = Settings.model_validate({"follow": {"leaders": [ALICE, BOB], "makers": True}})


class Nowhere:
    def put(self, *_: object) -> None:
        """Keep nothing."""


class Followed:
    """A session over a dataset, whose signals are in a file."""

    def __init__(self, place: Path | DatabaseUrl, file: Path, before: "Followed | None" = None):
        self.file = file
        source = open_followed(place)
        saved = None if before is None else before.session.state()
        if before is not None:
            before.session.close()
        assert saved is None or source.tape.go_on(saved.tape)
        places = LivePlaces(source, file.with_suffix(".none"), file)
        beginning = Beginning(0, saved=saved)
        self.session = LiveSession(
            SETTINGS, places, beginning, Nowhere(), ManualClock(), lambda _: None
        )
        self.session.look()
        self.session.read_history(is_growing=True)

    def signals(self) -> list[dict[str, Any]]:
        """Return the signals by now, without what follows from when they were written."""
        self.session.look()
        self.session.poll()
        self.session.poll()
        said = map(json.loads, self.file.read_bytes().splitlines())
        return [{k: v for k, v in one.items() if k not in AFTER} for one in said]


def random_rows(n: int) -> list[dict[str, Any]]:
    rng, at_ms = random.Random(8), 0
    rows = []
    for nth in range(n):
        at_ms += rng.choice([300, 1_200, 5_000])
        buyer, seller = rng.sample([ALICE, BOB, CAROL], 2)
        who = {"buyer": buyer, "seller": seller, "taker": buyer, "coin": rng.choice(["BTC", "ETH"])}
        rows.append(trade(START_MS + at_ms, trade_id=nth + 1, **who))
    return rows


def lines(rows: Sequence[dict[str, Any]]) -> list[bytes]:
    return [json.dumps(row).encode() for row in rows]


def ledger(rows: Sequence[dict[str, Any]]) -> list[bytes]:
    """Return the lines of a ledger: ten seconds of BTC are missing after the tenth trade."""
    spans = ((rows[0]["time"], rows[10]["time"]), (rows[10]["time"] + 1, rows[-1]["time"]))
    line = {"stream": "trades:BTC", "status": "observed"}
    return lines([line | {"start_ms": start, "end_ms": end} for start, end in spans])


@pytest.mark.slow  # three sessions loaded, by way of a spool
def test_signals_are_those_of_a_folder(url: DatabaseUrl, tmp_path: Path) -> None:
    rows = random_rows(60)
    told = account_state(rows[20]["time"], ALICE, held_position("BTC", 5.0))
    files = {"coverage": ledger(rows), "account_states": lines([told])}
    spool = tmp_path / "spool"
    write_session(url, spool, {"trades": lines(rows[:12]), "coverage": ledger(rows)})
    live = Followed(url, tmp_path / "database.jsonl")
    write_session(url, spool, files | {"trades": lines(rows[12:40])}, "append")
    n_before = len(live.signals())
    live = Followed(url, live.file, before=live)
    write_session(url, spool, {"trades": lines(rows[40:])}, "append")
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, written in (files | {"trades": lines(rows)}).items():
        (folder / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in written))

    said = live.signals()

    live.session.close()
    assert said == Followed(folder, tmp_path / "folder.jsonl").signals()
    assert len(said) > n_before > 10
    assert any(one["position_known"] == "exact" for one in said)


def test_ledger_is_read_anew_whenever_anything_was_added(
    sqlite_url: DatabaseUrl, tmp_path: Path
) -> None:
    rows, spool = random_rows(12), tmp_path / "spool"
    write_session(sqlite_url, spool, {"trades": lines(rows[:1])})
    source = open_followed(sqlite_url)
    assert (source.changed_ledger(), source.answers()) == ([], [])

    write_session(sqlite_url, spool, {"coverage": ledger(rows)}, "append")

    assert source.answers() == []
    assert len(source.changed_ledger()) == 2
    assert source.changed_ledger() == []
    source.close()


def test_session_that_takes_the_place_of_another_is_gone_on_with(
    url: DatabaseUrl, tmp_path: Path
) -> None:
    rows = random_rows(6)
    spool = tmp_path / "spool"
    write_session(url, spool, {"trades": lines(rows[:3])})
    source = open_followed(url)
    tape = source.tape
    assert n_read(tape.history) == 3

    write_session(url, spool, {"trades": lines(rows[3:])}, "rotate")

    assert sum(len(tape.poll()) for _ in range(3)) == 3
    source.close()


def test_database_that_is_away_is_said_once_and_gone_on_with(
    sqlite_url: DatabaseUrl, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = random_rows(14)
    write_session(sqlite_url, tmp_path / "spool", {"trades": lines(rows[:2])})
    source = open_followed(sqlite_url)
    tape = source.tape
    assert n_read(tape.history) == 2
    rename(sqlite_url, "line", "words")

    assert tape.poll() == tape.poll() == []
    assert source.changed_ledger() == []

    rename(sqlite_url, "words", "line")
    more = {"trades": lines(rows[2:]), "coverage": ledger(rows)}
    write_session(sqlite_url, tmp_path / "spool", more, "append")
    assert len(tape.poll()) + len(tape.poll()) == 12
    assert len(source.changed_ledger()) == 2
    assert caplog.text.count("nothing is followed until it can be reached") == 1
    source.close()


def rename(url: DatabaseUrl, name: str, other: str) -> None:
    """Let what is asked for be there no longer, or again."""
    with open_writer(url) as database:
        for table in ("trades", "coverage"):
            database.run(f"ALTER TABLE {table} RENAME COLUMN {name} TO {other}")
        database.commit()


def n_read(history: Callable[[], Any]) -> int:
    return sum(map(len, history()))


@pytest.mark.slow  # a database and a folder measured by all features
def test_window_over_a_database_measures_what_one_over_a_folder_does(
    sqlite_url: DatabaseUrl, tmp_path: Path
) -> None:
    early = [trade(START_MS - 9 * HOUR_MS, buyer=ALICE, seller=BOB, taker=BOB, trade_id=999)]
    rows = early + random_rows(80)
    newest_ms = rows[-1]["time"]
    spool, folder = tmp_path / "spool", tmp_path / "folder"
    write_session(sqlite_url, spool, {"trades": lines(rows[:40]), "coverage": ledger(rows)})
    folder.mkdir()
    for name, written in {"trades": lines(rows), "coverage": ledger(rows)}.items():
        (folder / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in written))

    window = LiveWindow(window_settings(f"sqlite:///{sqlite_url.connection}"), newest_ms)
    write_session(sqlite_url, spool, {"trades": lines(rows[40:])}, "append")
    found = measured(window)
    expected = measured(LiveWindow(window_settings(str(folder)), newest_ms))

    assert found.wallets == expected.wallets == (ALICE, BOB, CAROL)
    assert found.n_fills.sum() == 2 * (len(rows) - 1 - 1)  # one is long past, one ahead
    np.testing.assert_allclose(found.values, expected.values, rtol=1e-9, equal_nan=True)


def window_settings(place: str) -> Settings:
    return Settings.model_validate({"data": place, "live": {"window_h": 2}})


def measured(window: LiveWindow) -> FeatureMatrix:
    """Return everybody in a window, and close it."""
    window.advance()
    assert window.watermark_ms is not None
    found = window.engine().matrix(
        wallets=sorted([ALICE, BOB, CAROL]), since_ms=window.start_ms, until_ms=window.watermark_ms
    )
    window.close()
    return found
