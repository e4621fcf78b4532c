"""The skill benchmark command: simulated markets judged, and held against their truth."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from itertools import chain
from multiprocessing import active_children, get_context
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

from hypertrack.config import Settings, Skill
from hypertrack.errors import ConfigError
from hypertrack.files import require_writable
from hypertrack.journal import Journal, read_journal
from hypertrack.processes import end_with_parent
from hypertrack.records import JsonError, decode_json, encode_json
from hypertrack.scratch import scratch_folder

if TYPE_CHECKING:  # the command loads these when it runs
    from hypertrack.skill.known_truth import KnownTruth

__all__ = [
    "KnownTruth",
    "Market",
    "find_markets",
    "known_markdown",
    "known_table",
    "run_markets",
]

TREND = "trend"
"""The default world, but that two coins rise all the time: who holds them must not look skilled."""

TRENDS = ("BTC=0.05", "ETH=0.05")
"""Of each day."""

WORLDS: tuple[str, ...] = (*get_args(Skill), TREND)

TRADES_PER_HOUR = 10_400
"""250,000 in a day."""

WALLETS = 1_000

_BEGINNING = b'{"world":'
"""Of a line of results."""


class Market(NamedTuple):
    """One simulated market."""

    world: str
    hours: float
    seed: int


def find_markets(
    worlds: str, hours: Sequence[float], n_seeds: int, first_seed: int
) -> tuple[Market, ...]:
    """Return the markets asked for.

    Raises:
        ConfigError: There is no such world.
    """
    chosen = [name.strip() for name in worlds.split(",")]
    if unknown := sorted(set(chosen) - set(WORLDS)):
        raise ConfigError(f"worlds are {', '.join(WORLDS)}, found {', '.join(unknown)}")
    return tuple(
        Market(world, length, first_seed + nth)
        for nth in range(n_seeds)
        for world in chosen
        for length in hours
    )


def run_markets(
    settings: Settings, markets: Sequence[Market], file: Path, n_jobs: int
) -> "Iterator[KnownTruth]":
    """Yield the result of each market, those first that the file holds from an earlier run.

    Args:
        file: A line a market; results are added as they come, so that a run can be taken up.
        n_jobs: Processes at once.

    Raises:
        ConfigError: The file holds something else or by another estimator, or cannot be written.
    """
    require_writable(file)
    wanted = set(markets)
    for known in _read(file):
        key = _market_of(known)
        if key in wanted:
            if known.estimator != settings.skill.estimator:
                raise ConfigError(
                    f"{file} holds this benchmark by {known.estimator}, and it is to be by "
                    f"{settings.skill.estimator}: choose another --file"
                )
            wanted.remove(key)
            yield known
    for found in _judged(settings, [market for market in markets if market in wanted], n_jobs):
        with closing(Journal(file)) as results:
            results.add([encode_json(found)])
        yield found


def _judged(settings: Settings, markets: Sequence[Market], n_jobs: int) -> "Iterator[KnownTruth]":
    """Yield results as they come."""
    if n_jobs == 1 or len(markets) < 2:
        yield from (judge_market(settings, market) for market in markets)
        return
    with scratch_folder() as scratch:
        pool = ProcessPoolExecutor(
            n_jobs, get_context("spawn"), initializer=end_with_parent, initargs=(scratch,)
        )
        try:
            longest_first = sorted(markets, key=lambda market: -market.hours)
            tasks = [pool.submit(_judge_beside, settings, each, n_jobs) for each in longest_first]
            yield from (task.result() for task in as_completed(tasks))
        except BaseException:  # a market takes a minute, and nobody waits for its result any more
            for process in active_children():
                process.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _judge_beside(settings: Settings, market: Market, n_jobs: int) -> "KnownTruth":
    """Judge a market with no more threads than there are processors for it."""
    return judge_market(settings, market, max((os.cpu_count() or 1) // n_jobs, 1))


def judge_market(settings: Settings, market: Market, n_threads: int | None = None) -> "KnownTruth":
    """Simulate a market, judge its wallets without their truth, and compare with it then.

    Args:
        n_threads: Of DuckDB; its own choice where None.
    """
    import numpy as np

    from hypertrack.market.window import Window
    from hypertrack.pipeline.places import open_engine
    from hypertrack.pipeline.simulate import WritePlan, write
    from hypertrack.pipeline.skill import learner
    from hypertrack.skill.judging import judge
    from hypertrack.skill.known_truth import compare
    from hypertrack.store.columns import read_columns

    with scratch_folder() as temporary:
        folder = Path(temporary) / "data"
        truth, entries = Path(temporary) / "truth.parquet", Path(temporary) / "entries.parquet"
        own = _settings_of(settings, market, folder)
        plan = WritePlan(n_trades=round(TRADES_PER_HOUR * market.hours))
        for _ in write(own, folder, plan, truth=truth, entries=entries):
            pass
        with open_engine(own) as engine:
            if n_threads is not None:
                engine.dataset.connection.execute(f"SET threads = {n_threads}")
            window = Window(engine.start_ms, engine.end_ms)
            is_judged = np.ones(engine.n_wallets, dtype=np.bool_)
            skill = judge(engine.backend, window, is_judged, own, learner(engine, own))
            wallets = engine.wallets
        return compare(
            skill.columns,
            wallets,
            read_columns(truth),
            read_columns(entries),
            max_q=own.skill.max_false_discovery_frac,
            **market._asdict(),
            estimator=own.skill.estimator,
            power=skill.summary.power,
            placebo_z_sd=skill.summary.placebo_z_sd,
        )


def known_table(found: "Sequence[KnownTruth]") -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the headings of the table, a column for each kind of market, and its lines."""
    from hypertrack.skill.truth_table import columns_of, rows_of

    columns = columns_of(found)
    return ("", *columns), rows_of(columns)


def known_markdown(files: Sequence[Path]) -> str:
    """Return the table of the results in some files, in Markdown; each estimator has its columns.

    A market that stands in several of them counts once.

    Raises:
        ConfigError: There is no such file, or it holds something else.
    """
    from hypertrack.skill.truth_table import markdown_table

    for file in files:
        if not file.is_file():
            raise ConfigError(f"{file} is missing: run hypertrack skill benchmark --file {file}")
    found: dict[tuple[Market, str], KnownTruth] = {}
    for known in chain.from_iterable(map(_read, files)):
        found.setdefault((_market_of(known), known.estimator), known)
    return markdown_table(list(found.values()))


def _market_of(known: "KnownTruth") -> Market:
    return Market(known.world, known.hours, known.seed)


def _settings_of(settings: Settings, market: Market, folder: Path) -> Settings:
    simulate = {
        "skill": "default" if market.world == TREND else market.world,
        "trend": TRENDS if market.world == TREND else (),
        "hours": market.hours,
        "seed": market.seed,
        "wallets": WALLETS,
    }
    own = {"data": folder, "simulate": settings.simulate.model_copy(update=simulate)}
    return settings.model_copy(update=own)


def _read(file: Path) -> "Iterator[KnownTruth]":
    """Yield the results of a file, of each market once: two runs at a time may both have added it.

    A line that was torn is left out, and its market is judged again.
    """
    from hypertrack.skill.known_truth import KnownTruth

    seen = set[Market]()
    for line in read_journal(file):
        try:
            known = decode_json(line, KnownTruth)
        except JsonError as error:
            if not line or _is_torn(line):
                continue
            raise ConfigError(
                f"{file} holds no results of this benchmark ({error}): choose another --file"
            ) from error
        market = _market_of(known)
        if market not in seen:
            seen.add(market)
            yield known


def _is_torn(line: bytes) -> bool:
    """Return whether a line begins as a result does, and is none because its end lacks."""
    if line[: len(_BEGINNING)] != _BEGINNING[: len(line)]:
        return False
    try:
        decode_json(line)
    except JsonError:
        return True
    return False
