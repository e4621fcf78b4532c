"""The order in which a sealing reaches the disk, and what a kill within it leaves to be done."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from disk_fakes import logged_disk
from fakes import ALICE, BOB, START_MS, quote, trade, write_dataset

from hypertrack.errors import DatasetError
from hypertrack.records import HOUR_MS, Feed, replace
from hypertrack.store.compaction import commit_journal, sealed_hours
from hypertrack.store.compaction.commit_journal import Prepared, put_in_force
from hypertrack.store.compaction.sealed_hours import prepare_sealing, seal_folder
from hypertrack.store.dataset import open_dataset
from hypertrack.store.files.session import open_session

HOUR = "sealed/trades/2026-01-05T08.parquet"
JOURNAL = "sealed/trades/sealing.json"
UNFINISHED_CHECKSUM = f"sealed/trades/.2026-01-05T08.parquet.sha256.{os.getpid()}.part"


class Killed(BaseException):
    """The end of the process."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two trades of a finished hour, and one of the next."""
    times_ms = (START_MS, START_MS + 1, START_MS + HOUR_MS)
    trades = [trade(time_ms, buyer=ALICE, seller=BOB, taker=ALICE) for time_ms in times_ms]
    return write_dataset(tmp_path / "data", trades=trades)


def n_trades(folder: Path) -> int:
    with open_dataset(folder) as dataset:
        return dataset.summary().n_trades


def kill_before_renaming(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Seal, and end as soon as the journal has put the new files in force."""

    def end(_: Path) -> None:
        raise Killed

    prepared: Prepared = prepare_sealing(folder, Feed.TRADES)
    with patch.context() as patched, pytest.raises(Killed):
        patched.setattr(commit_journal, "finish_sealing", end)
        put_in_force(folder, prepared)
    assert (folder / JOURNAL).exists()


def test_parts_are_on_the_disk_before_the_journal_and_the_journal_before_any_is_renamed(
    folder: Path,
) -> None:
    with logged_disk(folder) as disk:
        list(seal_folder(folder))

    assert disk.events == [
        f"sync {HOUR}.part",
        f"sync {UNFINISHED_CHECKSUM}",
        f"rename {HOUR}.sha256",
        "sync sealed/trades",
        "sync trades.jsonl.part",
        "sync trades.jsonl.part",  # with what came since
        f"sync {JOURNAL}.part",
        "sync .",
        "sync sealed",
        "sync sealed/trades",
        f"rename {JOURNAL}",
        "sync sealed/trades",
        f"rename {HOUR}",
        "rename trades.jsonl",
        "sync sealed/trades",
        "sync .",
        f"remove {JOURNAL}",
    ]
    assert disk.renamed_unsynced == []


def test_next_session_finishes_a_sealing_that_was_killed_after_its_journal(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kill_before_renaming(folder, monkeypatch)

    with open_session(folder, "append"):
        with (folder / "trades.jsonl").open("ab") as lines:
            lines.write(b'{"of":"this session"}\n')
        assert not (folder / JOURNAL).exists()
        assert list(folder.rglob("*.part")) == []

    kept = (folder / "trades.jsonl").read_bytes().splitlines()
    assert len(kept) == 2  # of the newest hour, and what this session added
    assert kept[-1] == b'{"of":"this session"}'
    assert n_trades(folder) == 3


def test_hour_of_which_rows_were_not_written_is_not_sealed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / "trades.jsonl").read_bytes()
    fewer = sealed_hours.WRITE_HOUR.replace(", received_ns\n", ", received_ns LIMIT 1\n")
    assert fewer != sealed_hours.WRITE_HOUR
    monkeypatch.setattr(sealed_hours, "WRITE_HOUR", fewer)

    with pytest.raises(DatasetError, match=r"\(1 of 2 rows of 2026-01-05T08 were written\)"):
        list(seal_folder(folder))

    assert (folder / "trades.jsonl").read_bytes() == before
    assert n_trades(folder) == 3


STEPS = ("replace", "unlink", "mkdir", "open")
"""What sealing does to the disk, through `Path`."""


def states(folder: Path) -> list[Path]:
    """Seal, and return a copy of each state in which a kill before a step would leave the files."""
    copies: dict[object, Path] = {}

    def watched(original: Any) -> Any:
        def step(path: Path, *words: Any, **more: Any) -> Any:
            found = [(one, one.stat()) for one in sorted(folder.rglob("*")) if one.is_file()]
            state = tuple((one, at.st_ino, at.st_size, at.st_mtime_ns) for one, at in found)
            if state not in copies and ".lock" not in path.name:
                copies[state] = folder.with_name(f"killed in state {len(copies)}")
                shutil.copytree(folder, copies[state])
            return original(path, *words, **more)

        return step

    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            patch.setattr(Path, name, watched(getattr(Path, name)))
        list(seal_folder(folder))
    return list(copies.values())


def seen(folder: Path) -> tuple[Any, ...]:
    """Return all that readers see, but for the path."""
    with open_dataset(folder) as dataset:
        tables = [
            dataset.connection.execute(f"FROM {name} ORDER BY ALL").fetchall()
            for name in ("wallets", "coins", "trades", "bbo")
        ]
        return (*tables, replace(dataset.summary(), path=""))


@pytest.mark.slow
def test_kill_before_any_step_loses_and_doubles_nothing(folder: Path) -> None:
    hours_ms = [START_MS + nth * HOUR_MS for nth in range(3)]
    write_dataset(folder, bbo=[quote(at, bid, 101.0) for at in hours_ms for bid in (99.0, None)])
    before = seen(folder)

    left_behind = states(folder)

    for state in left_behind:
        assert seen(state) == before, state  # as readers find it
        with open_session(state, "append"):
            list(seal_folder(state))
        assert seen(state) == before, state  # as the next sealing leaves it
        assert not list(state.rglob("*.part")), state
    # Of each feed: a part for each hour and one of what is left; the journal; each renamed.
    assert len(left_behind) > 12
