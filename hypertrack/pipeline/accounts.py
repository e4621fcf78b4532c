"""The accounts command: what the venue itself says of chosen wallets."""

import logging
import platform
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.clock import Clock, SystemClock, utc
from hypertrack.config import Settings, state_folder
from hypertrack.errors import DatasetError
from hypertrack.feeds.account_questions import ASKED, Step
from hypertrack.files import write_whole
from hypertrack.pipeline.account_checks import check_accounts, report_json, summary
from hypertrack.pipeline.account_choosing import Wanted, asking_of, choose
from hypertrack.pipeline.places import open_answering, require_writable_place
from hypertrack.records import AccountReport, Record, replace
from hypertrack.scratch import scratch_folder
from hypertrack.store.files.layout import ACCOUNTS_REPORT_NAME

if TYPE_CHECKING:  # the command loads these when it runs
    from hypertrack.feeds.account_client import AccountClient
    from hypertrack.importing.accounts.account_run import AccountProgress, AskedReport
    from hypertrack.importing.accounts.asking import Asking, Estimate
    from hypertrack.store.files.session import Session

log = logging.getLogger(__name__)

__all__ = [
    "ASKED",
    "AccountProgress",
    "AccountReport",
    "AskedReport",
    "Estimate",
    "Plan",
    "Step",
    "Wanted",
    "ask",
    "check",
    "plan",
    "summary",
]

BUDGET, BUDGET_WHILE_RECORDING = 900, 600
"""Weight a minute, of the 1,200 that the venue allows an address (protocol, section 4)."""


class Plan(Record, frozen=True, kw_only=True):
    """What would be asked, and what that comes to."""

    source: str
    n_wallets: int
    is_resumed: bool
    budget: int
    """Weight a minute."""
    estimates: "tuple[Estimate, ...]"


def plan(settings: Settings, wanted: Wanted) -> Plan:
    """Return what would be asked; nothing is asked but the leaderboard, where it is wanted.

    Raises:
        ConfigError: Nobody is wanted, or nothing.
        DatasetError: Wallets are to be chosen from a dataset that is not there.
    """
    from hypertrack.importing.accounts.asking import estimates
    from hypertrack.importing.accounts.step_progress import StepProgress

    now_ms = SystemClock().wall_ns() // 1_000_000
    with _small_files(settings) as folder:
        chosen = choose(settings, wanted, folder)
        asking = asking_of(settings, wanted, chosen.wallets)
        progress = StepProgress(folder)
        jobs = asking.jobs(progress, now_ms)
    return Plan(
        source=chosen.source,
        n_wallets=len(chosen.wallets),
        is_resumed=any(progress.last(*job.key) == job for job in jobs),
        budget=_limit(wanted),
        estimates=tuple(estimates(asking, jobs)),
    )


def ask(
    settings: Settings,
    wanted: Wanted,
    stop: threading.Event,
    on_progress: "Callable[[AccountProgress], None]",
    on_words: Callable[[str], None],
) -> "AskedReport":
    """Ask, and add the answers to the dataset, until all is asked or ``stop`` is set.

    Args:
        on_progress: Called after each answer that was stored.
        on_words: Told who was chosen, and what is waited for.

    Raises:
        ConfigError: Nobody is wanted, or nothing.
        DatasetError: The dataset is in use, cannot be written, or the disk is full.
        VenueError: Nothing answers any more; what was answered is kept.
    """
    from hypertrack.importing.accounts.account_run import AccountRun
    from hypertrack.importing.accounts.choices import keep_choice

    require_writable_place(settings)
    if isinstance(settings.data, Path) and not settings.data.exists() and not wanted.leaderboard:
        choose(settings, wanted, settings.data)  # refuses before a folder is made
    with (
        open_answering(settings) as session,
        closing(account_client(settings, wanted, stop, on_words)) as client,
    ):
        now_ms = SystemClock().wall_ns() // 1_000_000
        chosen = choose(settings, wanted, session.folder)
        kept = f", as chosen at {utc(chosen.at_ms)}" if chosen.at_ms < now_ms else ""
        on_words(f"{len(chosen.wallets):,} wallets: {chosen.source}{kept}")
        keep_choice(session.folder, chosen, session.hand_over)
        asking = _timed(asking_of(settings, wanted, chosen.wallets), wanted, client)
        _note_origin(settings, session)
        run = AccountRun(session, settings.data, client, asking, SystemClock())
        for event in run.run():
            on_progress(event)
    return run.report()


def check(settings: Settings) -> AccountReport:
    """Hold tape, fills and the venue's figures against each other, and write what comes of it.

    Raises:
        DatasetError: The dataset cannot be read, or is in use.
    """
    with _small_files(settings) as folder:
        report = check_accounts(settings, folder)
    with open_answering(settings) as session:
        write_whole(session.folder / ACCOUNTS_REPORT_NAME, report_json(report))
    return report


def _timed(asking: "Asking", wanted: Wanted, client: "AccountClient") -> "Asking":
    """Return the same with what only the venue knows: its time, and its builders' dexes."""
    if wanted.since_s is not None:
        now_ms = client.ask({"type": "exchangeStatus"}).value.time
        asking = replace(asking, since_ms=now_ms - round(wanted.since_s * 1_000))
    if wanted.has_all_dexes:
        answer = client.ask({"type": "perpDexs"}).value
        names = tuple(str(dex["name"]) for dex in answer if dex and dex.get("name"))
        asking = replace(asking, dexes=dict.fromkeys(asking.wallets, names))
    return asking


def account_client(
    settings: Settings,
    wanted: Wanted,
    stop: threading.Event,
    on_words: Callable[[str], None] = log.info,
    clock: Clock | None = None,
) -> "AccountClient":
    """Return who asks the venue about accounts, within the budget that all processes share.

    Raises:
        ConfigError: The address cannot be used.
    """
    from hypertrack.feeds.account_client import AccountClient
    from hypertrack.feeds.endpoints import endpoints
    from hypertrack.feeds.network import require_usable
    from hypertrack.feeds.shared_budget import venue_budget

    where, clock = endpoints(settings.venue).info, clock or SystemClock()
    require_usable(where)
    budget = venue_budget(where, state_folder(), lambda: _limit(wanted), clock)
    return AccountClient(where, budget, clock, stop, on_words)


def _limit(wanted: Wanted) -> int:
    from hypertrack.feeds.shared_budget import is_recording

    if wanted.budget is not None:
        return wanted.budget
    return BUDGET_WHILE_RECORDING if is_recording(state_folder()) else BUDGET


@contextmanager
def _small_files(settings: Settings) -> Iterator[Path]:
    """Give a folder that has what was written of choices and progress."""
    if isinstance(settings.data, Path):
        yield settings.data
        return
    from hypertrack.store.database.copying import write_lists

    with scratch_folder() as name:
        with suppress(DatasetError):  # there is none yet
            write_lists(settings.data, Path(name))
        yield Path(name)


def _note_origin(settings: Settings, session: "Session") -> None:
    """Let a dataset that begins with answers say where they are from."""
    from hypertrack import __version__
    from hypertrack.recording.recorder import default_notice
    from hypertrack.store.files.layout import MANIFEST_NAME
    from hypertrack.store.files.manifest import Manifest, write_manifest

    if (session.folder / MANIFEST_NAME).exists():
        return
    manifest = Manifest(
        hypertrack_version=__version__,
        python_version=platform.python_version(),
        notice=default_notice(settings),
        is_complete=True,
    )
    write_manifest(session.folder, manifest)
