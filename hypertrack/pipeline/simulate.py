"""The simulate command: an exchange served on this machine, or written as a dataset at once."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Generator, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypertrack.config import Settings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.files import TABLE_SUFFIXES, require_writable
from hypertrack.pipeline.ports import require_free_port
from hypertrack.records import HOUR_MS, Record, as_dict
from hypertrack.store.files.layout import MANIFEST_NAME, has_data
from hypertrack.store.files.manifest import ARCHIVES_SETTING

if TYPE_CHECKING:  # the commands load these when they run
    import numpy as np

    from hypertrack.simulate.market.market import Market
    from hypertrack.simulate.market.playing import WriteProgress
    from hypertrack.simulate.market.wallet_ledger import WalletLedger
    from hypertrack.simulate.market.world_summary import WorldRow
    from hypertrack.simulate.venue.server import Exchange
    from hypertrack.simulate.venue.source import Source

__all__ = [
    "NOTICE",
    "Exchange",
    "WorldRow",
    "WriteForm",
    "WritePlan",
    "WriteProgress",
    "serve",
    "world_of",
    "write",
]

NOTICE = "simulated: these wallets and trades come from hypertrack's own exchange, not the venue"
POLL_S = 0.05

Writing = Generator["WriteProgress", None, dict[str, Any]]
"""Yields progress and returns what the manifest is to say beside the world."""


class WriteForm(StrEnum):
    """What a market is written as."""

    DATASET = "dataset"
    SEALED = "sealed"
    NODE_FILLS_BY_BLOCK = "node_fills_by_block"


class WritePlan(Record, frozen=True, kw_only=True):
    """What is to be written of a market."""

    form: WriteForm = WriteForm.DATASET
    n_trades: int | None = None
    """Trades in the hours of the settings; their own rate where None."""
    n_holes: int = 0
    """Stretches of blocks that archives lack."""


def serve(
    settings: Settings,
    stop: threading.Event,
    on_ready: "Callable[[Exchange], None]",
    on_finished: "Callable[[Exchange], None]",
    *,
    replay: Path | None = None,
    truth: Path | None = None,
) -> None:
    """Serve a simulated market, or a capture of a real one, until ``stop`` is set.

    Args:
        on_ready: Called when it listens.
        on_finished: Called when the source is over; the exchange goes on answering.
        replay: Raw capture to serve instead of a simulated market.
        truth: File to write the wallets' truth to, ``.parquet`` or ``.csv``.

    Raises:
        ConfigError: The port is taken, or the capture cannot be read.
    """
    if replay is not None and not replay.is_file():
        raise ConfigError(f"a replay needs a capture file, found none at {replay}")
    require_free_port(settings.simulate.host, settings.simulate.port, "--port")
    if truth is not None:
        require_writable(truth, TABLE_SUFFIXES)
    source = _source(settings, replay, truth)
    asyncio.run(_serving(settings, source, stop, on_ready, on_finished))


async def _serving(
    settings: Settings,
    source: "Source",
    stop: threading.Event,
    on_ready: "Callable[[Exchange], None]",
    on_finished: "Callable[[Exchange], None]",
) -> None:
    from hypertrack.simulate.venue.server import serve as serve_source

    stopping = asyncio.Event()
    exchanges: list[Exchange] = []

    def ready(exchange: "Exchange") -> None:
        exchanges.append(exchange)
        on_ready(exchange)

    async def watch() -> None:
        is_told = False
        while not stop.is_set():
            await asyncio.sleep(POLL_S)
            if exchanges and exchanges[0].finished.is_set() and not is_told:
                is_told = True
                on_finished(exchanges[0])
        stopping.set()

    watching = asyncio.create_task(watch())
    try:
        await serve_source(source, settings.simulate, on_ready=ready, stop=stopping)
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


def write(
    settings: Settings,
    folder: Path,
    plan: WritePlan,
    *,
    truth: Path | None = None,
    entries: Path | None = None,
) -> "Iterator[WriteProgress]":
    """Write a simulated market, as the dataset that recording it would have made or as archives.

    Args:
        settings: Their rate of trades counts where the plan names no number.
        folder: Must not hold a dataset.
        plan: What is to be written.
        truth: File to write the wallets' truth to, ``.parquet`` or ``.csv``.
        entries: The same of their true entries; only with ``truth``.

    Raises:
        DatasetError: The folder holds a dataset, or archives.
    """
    require_writable(folder / MANIFEST_NAME)
    if truth is not None:
        require_writable(truth, TABLE_SUFFIXES)
    if has_data(folder):
        raise DatasetError(f"{folder} already holds a dataset: choose another")
    from hypertrack.simulate.market.bulk import settings_for
    from hypertrack.simulate.market.market import Market
    from hypertrack.store.files.manifest import Manifest, write_manifest

    simulated = settings.simulate
    if plan.n_trades is not None:
        simulated = settings_for(simulated, plan.n_trades)
    market = Market(simulated)
    with_entries = entries is not None
    ledger = market.ledger(with_entries=with_entries) if truth is not None else None
    more = yield from _WRITERS[plan.form](market, folder, plan, ledger)
    world = {"simulate": simulated.model_dump(mode="json"), **more}
    write_manifest(folder, Manifest(notice=NOTICE, is_complete=True, settings=world))
    if truth is not None and ledger is not None:
        _write_truth(market.truth_of(ledger), truth)
        if entries is not None and ledger.entries is not None:
            _write_truth(ledger.entries.columns(), entries)


def world_of(truth: Path) -> "tuple[WorldRow, ...]":
    """Return what the truth in a file looks like."""
    from hypertrack.simulate.market.world_summary import summarize_world
    from hypertrack.store.columns import read_columns

    return summarize_world(read_columns(truth))


def _write_lines(
    market: "Market", folder: Path, plan: WritePlan, ledger: "WalletLedger | None"
) -> Writing:
    from hypertrack.simulate.market.bulk import write_dataset

    yield from write_dataset(market, folder, plan.n_trades, ledger=ledger)
    return {}


def _write_sealed(
    market: "Market", folder: Path, plan: WritePlan, ledger: "WalletLedger | None"
) -> Writing:
    from hypertrack.simulate.market.hours import write_hours
    from hypertrack.store.compaction.new_hours import NewHours

    with NewHours(folder) as hours:
        yield from write_hours(market, folder, hours, plan.n_trades, ledger=ledger)
        hours.put_in_force()
    return {}


def _write_archives(
    market: "Market", folder: Path, plan: WritePlan, ledger: "WalletLedger | None"
) -> Writing:
    from hypertrack.simulate.market.archives import ArchiveWriter
    from hypertrack.simulate.market.playing import played
    from hypertrack.store.files.manifest import Manifest, write_manifest

    with ArchiveWriter(market, folder, plan.n_holes) as archives:
        # Hours are there one by one: whoever is killed leaves some, and they say whose they are.
        begun = {ARCHIVES_SETTING: {"format": plan.form}}
        write_manifest(folder, Manifest(notice=NOTICE, settings=begun))
        yield from played(market, archives.write, plan.n_trades, ledger)
        archives.finish()
    holes = [as_dict(hole) for hole in archives.holes]
    return {ARCHIVES_SETTING: {"format": plan.form, "holes": holes}}


_WRITERS: dict[WriteForm, Callable[["Market", Path, WritePlan, "WalletLedger | None"], Writing]] = {
    WriteForm.DATASET: _write_lines,
    WriteForm.SEALED: _write_sealed,
    WriteForm.NODE_FILLS_BY_BLOCK: _write_archives,
}


def _source(settings: Settings, replay: Path | None, truth: Path | None) -> "Source":
    from hypertrack.simulate.market.market import Market
    from hypertrack.simulate.venue.market_source import MarketSource
    from hypertrack.simulate.venue.replay import CaptureSource

    if replay is not None:
        return CaptureSource(replay)
    market = Market(settings.simulate)
    if truth is not None:
        _write_truth(market.truth, truth)
    hours = settings.simulate.history_hours
    return MarketSource(market, None if hours is None else round(hours * HOUR_MS))


def _write_truth(truth: "dict[str, np.ndarray]", file: Path) -> None:
    from hypertrack.store.columns import write_columns

    file.parent.mkdir(parents=True, exist_ok=True)
    write_columns(file, truth)
