"""The serve command: the page over a dataset, which another process may be writing."""

import asyncio
import secrets
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.clock import SystemClock
from hypertrack.config import Settings
from hypertrack.pipeline.places import require_data

if TYPE_CHECKING:  # the command loads these when it runs
    from hypertrack.live.desk import Gap
    from hypertrack.records import Histories, ProfileSet
    from hypertrack.serving.server import Served
    from hypertrack.store.reading.followed import Followed

TOKEN_BYTES = 32
STOP_POLL_S = 0.1


def serve(settings: Settings, stop: threading.Event, say_ready: Callable[[str], None]) -> None:
    """Serve until told to stop.

    Args:
        say_ready: Called with the address, its token behind #, once it is listened on.

    Raises:
        DatasetError: There is no dataset.
        ConfigError: The port is taken, or the driver of a database is not installed.
    """
    from hypertrack.store.reading.opening import open_lines

    require_data(settings)
    open_lines(settings.data).close()  # a database that is away, or empty, is one at the start
    token = settings.serve.token
    chosen = secrets.token_urlsafe(TOKEN_BYTES) if token is None else token.get_secret_value()
    asyncio.run(_serve(settings, chosen, stop, say_ready))


async def _serve(
    settings: Settings, token: str, stop: threading.Event, say_ready: Callable[[str], None]
) -> None:
    from hypertrack.serving.server import Server

    server = Server(served(settings), settings.serve, token, SystemClock())
    try:
        say_ready(f"{await server.start()}#token={token}")
        while not stop.is_set():
            await asyncio.sleep(STOP_POLL_S)
    finally:
        await server.stop()


def served(settings: Settings) -> "Served":
    """Return what there is to serve of a dataset."""
    from hypertrack.outputs.served_page import served_body, served_front
    from hypertrack.pipeline.challenge import COMPARISON_NAME
    from hypertrack.pipeline.classify import PROFILES_NAME
    from hypertrack.pipeline.live import PAPER_NAME, STATUS_NAME
    from hypertrack.pipeline.places import LIVE_PROFILES_NAME, SIGNALS_NAME, live_folder
    from hypertrack.serving.historian import Historian
    from hypertrack.serving.lookout import ServedFiles
    from hypertrack.serving.server import Served
    from hypertrack.serving.shelf import ProfileFiles, Shelf
    from hypertrack.store.reading.opening import open_followed

    source, folder = open_followed(settings.data), live_folder(settings)
    return Served(
        front=served_front(),
        files=ServedFiles(
            signals=folder / SIGNALS_NAME,
            follow=folder / PAPER_NAME,
            status=folder / STATUS_NAME,
            comparison=folder / COMPARISON_NAME,
        ),
        shelf=Shelf(
            ProfileFiles(settings.out / PROFILES_NAME, folder / LIVE_PROFILES_NAME),
            _open_profiles,
            Historian(partial(_histories, settings)) if settings.dashboard.max_histories else None,
            lambda profiles, found, live: served_body(
                profiles, found, live, settings.dashboard, settings.report
            ),
        ),
        changed_gaps=partial(_changed_gaps, source),
        close=source.close,
    )


def _open_profiles(file: Path) -> "ProfileSet":
    from hypertrack.pipeline.profiles import Profiles
    from hypertrack.store.profiles import ProfileFile

    return Profiles(ProfileFile(file))


def _histories(settings: Settings, file: Path) -> "Histories":
    """Return what wallets did up to the end of what their profiles rest on."""
    from hypertrack.pipeline.histories import histories

    profiles = _open_profiles(file)
    until_ms = profiles.header.data.end_ms + 1
    return histories(settings, profiles, settings.dashboard.max_histories, until_ms=until_ms)


def _changed_gaps(source: "Followed") -> "tuple[Gap, ...] | None":
    from hypertrack.live.gap_book import ended_gaps

    lines = source.changed_ledger()
    return tuple(ended_gaps(lines)) if lines else None
