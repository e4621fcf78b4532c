"""The simulate command: an exchange served on this machine, or written as a dataset at once."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.files import TABLE_SUFFIXES, require_writable
from hypertrack.pipeline.ports import require_free_port
from hypertrack.store.files.layout import MANIFEST_NAME, has_data

if TYPE_CHECKING:  # the commands load these when they run
    import numpy as np

    from hypertrack.simulate.market.bulk import WriteProgress
    from hypertrack.simulate.venue.server import Exchange
    from hypertrack.simulate.venue.source import Source

__all__ = ["NOTICE", "Exchange", "WriteProgress", "serve", "write"]

NOTICE = "simulated: these wallets and trades come from hypertrack's own exchange, not the venue"
POLL_S = 0.05


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
    from hypertrack.simulate.venue.server import serve as serve_source

    source = _source(settings, replay, truth)

    async def run() -> None:
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

    asyncio.run(run())


def write(
    settings: Settings, folder: Path, *, n_trades: int | None = None, truth: Path | None = None
) -> "Iterator[WriteProgress]":
    """Write a simulated market as the dataset that recording it would have made.

    Args:
        n_trades: Trades in the hours of the settings; their own rate where None.
        truth: File to write the wallets' truth to, ``.parquet`` or ``.csv``.

    Raises:
        DatasetError: The folder holds a dataset.
    """
    require_writable(folder / MANIFEST_NAME)
    if truth is not None:
        require_writable(truth, TABLE_SUFFIXES)
    if has_data(folder):
        raise DatasetError(f"{folder} already holds a dataset: choose another")
    from hypertrack.simulate.market.bulk import settings_for, write_dataset
    from hypertrack.simulate.market.market import Market
    from hypertrack.store.files.manifest import Manifest, write_manifest

    simulated = settings.simulate if n_trades is None else settings_for(settings.simulate, n_trades)
    market = Market(simulated)
    ledger = market.ledger() if truth is not None else None
    yield from write_dataset(market, folder, n_trades, ledger=ledger)
    world = {"simulate": simulated.model_dump(mode="json")}
    write_manifest(folder, Manifest(notice=NOTICE, is_complete=True, settings=world))
    if truth is not None and ledger is not None:
        _write_truth(market.truth_of(ledger), truth)


def _source(settings: Settings, replay: Path | None, truth: Path | None) -> "Source":
    from hypertrack.simulate.market.market import Market
    from hypertrack.simulate.venue.market_source import MarketSource
    from hypertrack.simulate.venue.replay import CaptureSource

    if replay is not None:
        return CaptureSource(replay)
    market = Market(settings.simulate)
    if truth is not None:
        _write_truth(market.truth, truth)
    return MarketSource(market)


def _write_truth(truth: "dict[str, np.ndarray]", file: Path) -> None:
    from hypertrack.store.columns import write_columns

    file.parent.mkdir(parents=True, exist_ok=True)
    write_columns(file, truth)
