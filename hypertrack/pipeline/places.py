"""A command's dataset, a folder or a database: opened to be read, measured or written."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import DatabaseUrl, Settings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.files import require_writable

if TYPE_CHECKING:  # the commands load these when they run
    from hypertrack.features.engine import FeatureEngine
    from hypertrack.market.engine.market import Market
    from hypertrack.store.dataset import Dataset
    from hypertrack.store.files.session import Session, SessionMode
    from hypertrack.store.reading.recorded_lines import Lines

log = logging.getLogger(__name__)

LIVE_NAME = "live"

SIGNALS_NAME = "signals.jsonl"
"""In the folder of live: the chained signals of the dataset."""

LIVE_PROFILES_NAME = "profiles.parquet"
"""In the folder of live: those of its window."""


def require_data(settings: Settings) -> None:
    """Do nothing where there is a dataset, without loading what reads it.

    A database is asked when it is opened; of one that is a file this looks for the file.

    Raises:
        DatasetError: There is none.
    """
    from hypertrack.store.files import layout

    place = settings.data
    if isinstance(place, Path):
        layout.require_data(place)
    elif place.dialect == "sqlite" and not Path(place.connection).is_file():
        raise DatasetError(f"no dataset at {place}: record one with `hypertrack record`")


def live_folder(settings: Settings) -> Path:
    """Return the folder of what live writes: in the dataset, or of a database among the outputs."""
    if isinstance(settings.data, Path):
        return settings.data / LIVE_NAME
    return settings.out / f"{LIVE_NAME}-{settings.data.slug}"


def require_writable_place(settings: Settings) -> None:
    """Make sure that a dataset's folder can be written; a database is asked when it is opened.

    Raises:
        ConfigError: It cannot.
    """
    from hypertrack.store.files.layout import MANIFEST_NAME

    if isinstance(settings.data, Path):
        require_writable(settings.data / MANIFEST_NAME)


@contextmanager
def open_engine(
    settings: Settings,
    *,
    check: "Callable[[Dataset], None] | None" = None,
) -> "Iterator[FeatureEngine]":
    """Open the dataset, and over it the feature engine of the settings.

    Args:
        check: Called with a dataset of DuckDB before the engine is loaded; may refuse it.

    Raises:
        DatasetError: No dataset at ``settings.data``.
        ConfigError: Spark is asked for and not installed.
        EngineError: Spark is not to be reached, or does not start.
    """
    require_data(settings)
    warn_of_leftovers(settings)
    with _opened(settings, check=check) as engine:
        yield engine


@contextmanager
def open_past(settings: Settings, until_ms: int) -> "Iterator[FeatureEngine]":
    """Open the dataset as it stood at a time, and the engine over it."""
    with _opened(settings, until_ms) as engine:
        yield engine


@contextmanager
def _opened(
    settings: Settings,
    until_ms: int | None = None,
    check: "Callable[[Dataset], None] | None" = None,
) -> "Iterator[FeatureEngine]":
    asked = settings.features
    if asked.engine != "duckdb":
        with _on_spark(settings, until_ms) as (dataset, backend):
            from hypertrack.features.engine import FeatureEngine

            yield FeatureEngine(dataset, asked, settings.fees, backend)
        return
    from hypertrack.store.dataset import open_dataset

    with open_dataset(
        settings.data,
        memory_limit_gib=asked.memory_limit_gib,
        keep_prepared=asked.keep_prepared,
        until_ms=until_ms,
    ) as dataset:
        if check is not None:
            check(dataset)
        from hypertrack.features.engine import FeatureEngine  # after the check: it loads Ibis

        yield FeatureEngine(dataset, asked, settings.fees)


def _on_spark(
    settings: Settings, until_ms: int | None
) -> "AbstractContextManager[tuple[Dataset, Market]]":
    asked = settings.features
    try:
        from hypertrack.market.engine.spark import open_spark
    except ImportError as error:
        raise ConfigError(
            f"engine {asked.engine} needs Spark ({error}): pip install 'hypertrack[spark]'"
        ) from error
    return open_spark(
        settings.data,
        asked.engine,
        asked.spark_folder,
        sealed_url=asked.sealed_url,
        memory_limit_gib=asked.memory_limit_gib,
        until_ms=until_ms,
    )


def newest_ms(settings: Settings) -> int:
    """Return the newest time of a trade, -1 where there is none."""
    from hypertrack.store.reading.opening import open_followed

    with closing(open_followed(settings.data)) as source:
        return source.newest_ms()


def notice_of(lines: "Lines") -> str | None:
    """Return what readers must know of the data's origin: that it is not the venue's own."""
    from hypertrack.store.files.manifest import parse_manifest

    manifest = parse_manifest(lines.manifest())
    return None if manifest is None else manifest.notice


def open_writing(
    settings: Settings, mode: "SessionMode", *, is_patient: bool = False
) -> "AbstractContextManager[Session]":
    """Lock the dataset and make it ready to be written to.

    Args:
        is_patient: Whoever writes waits for a database that falls behind; a recorder does not.

    Raises:
        DatasetError: It is in use, or cannot be reached or written.
    """
    if isinstance(settings.data, DatabaseUrl):
        from hypertrack.store.database.database_session import open_database_session

        return open_database_session(settings.data, mode, settings.spool, is_patient=is_patient)
    from hypertrack.store.files.session import open_session

    return open_session(settings.data, mode, takes_answers=is_patient)


def open_answering(settings: Settings) -> "AbstractContextManager[Session]":
    """Make the dataset ready for answers about wallets; a recorder may go on meanwhile.

    Raises:
        DatasetError: Others write answers there, or it cannot be reached or written.
    """
    if isinstance(settings.data, DatabaseUrl):
        from hypertrack.store.database.database_session import open_database_answers

        return open_database_answers(settings.data, settings.spool)
    from hypertrack.store.files.session import open_answers

    return open_answers(settings.data)


def warn_of_leftovers(settings: Settings) -> None:
    """Log that lines wait in the spool of a database, which a reader does not see."""
    if not isinstance(settings.data, DatabaseUrl):
        return
    from hypertrack.store.database.spool import answers_slug, left_behind_bytes

    loaded_by = {
        settings.data.slug: "record (--append goes on) or import",
        answers_slug(settings.data): "accounts",
    }
    for slug, command in loaded_by.items():
        if n_bytes := left_behind_bytes(settings.spool / slug):
            log.warning(
                "%.1f MB recorded for %s wait in %s and are not read: the next %s with this --data "
                "loads them",
                n_bytes / 1e6,
                settings.data,
                settings.spool / slug,
                command,
            )
