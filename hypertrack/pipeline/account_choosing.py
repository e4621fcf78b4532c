"""Whom the accounts command asks about, and what the dataset says of them beforehand."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypertrack.clock import SystemClock
from hypertrack.config import Settings
from hypertrack.errors import ConfigError, DatasetError
from hypertrack.feeds.account_questions import ASKED, Step
from hypertrack.pipeline.classify import PROFILES_NAME
from hypertrack.records import Record, Verdict, replace

if TYPE_CHECKING:  # the command loads these when it runs
    from hypertrack.importing.accounts.asking import Asking
    from hypertrack.importing.accounts.choices import Choice
    from hypertrack.store.profiles import ProfileFile


class Wanted(Record, frozen=True, kw_only=True):
    """Whom to ask about, and what."""

    wallets: tuple[str, ...] = ()
    """These, whoever else is chosen."""
    top: int | None = None
    """So many of the dataset, by `by`."""
    leaderboard: int | None = None
    """So many of the venue's leaderboard, by `by`."""
    by: str = "notional"
    """``notional``, ``fills`` or ``profile``; of a leaderboard the window."""
    verdicts: tuple[Verdict, ...] = ()
    """Those with one of these in the profiles, the best first, at most ``top``."""
    steps: tuple[Step, ...] = ASKED
    since_ms: int | None = None
    """Nothing older is asked for, exchange time."""
    since_s: float | None = None
    """The same, from the venue's now."""
    max_age_s: float = 3_600.0
    budget: int | None = None
    has_all_dexes: bool = False
    is_chosen_anew: bool = False


def choose(settings: Settings, wanted: Wanted, folder: Path) -> "Choice":
    """Return whom to ask about: the list of a run that was cut short, or a new one."""
    from hypertrack.importing.accounts.choices import Choice, read_choices
    from hypertrack.importing.accounts.step_progress import read_progress

    source, is_by_profit = _source(wanted)
    if not wanted.is_chosen_anew and (wanted.top or wanted.verdicts or wanted.leaderboard):
        last = [choice for choice in read_choices(folder) if choice.source == source][-1:]
        is_open = {wallet for (wallet, _), line in read_progress(folder).items() if line.is_open}
        if last and not is_open.isdisjoint(last[0].wallets):
            return last[0]
    found = list(wanted.wallets)
    if wanted.verdicts:
        found += _judged_so(settings, wanted)
    elif wanted.top:
        found += _top(settings, wanted)
    if wanted.leaderboard:
        from hypertrack.feeds.leaderboard import best_of_leaderboard, leaderboard_url

        url = leaderboard_url(settings.venue)
        found += best_of_leaderboard(url, wanted.leaderboard, wanted.by)
    if not found:
        raise ConfigError(
            "nobody to ask about: give addresses, --file, --top, --verdict or --leaderboard"
        )
    return Choice(
        source=source,
        at_ms=SystemClock().wall_ns() // 1_000_000,
        wallets=tuple(dict.fromkeys(found)),
        is_by_profit=is_by_profit,
    )


def _source(wanted: Wanted) -> tuple[str, bool]:
    parts = [f"{len(wanted.wallets):,} by address"] if wanted.wallets else []
    if wanted.verdicts:
        first = f"the best {wanted.top:,} of " if wanted.top else ""
        parts.append(f"{first}those whose verdict is {' or '.join(wanted.verdicts)}")
    elif wanted.top:
        parts.append(f"top {wanted.top:,} by {wanted.by}")
    if wanted.leaderboard:
        parts.append(
            f"{wanted.leaderboard:,} of the leaderboard by {wanted.by}, so chosen by past profit"
        )
    return " and ".join(parts), wanted.leaderboard is not None


def _top(settings: Settings, wanted: Wanted) -> list[str]:
    assert wanted.top is not None
    if wanted.by == "profile":
        return _best_profiles(settings, wanted.top)
    from hypertrack.market.tape_wallets import Measure, busiest_wallets

    by: Measure = "fills" if wanted.by == "fills" else "notional"
    with open_tape(settings) as con:
        if con is None:
            raise DatasetError(
                f"nothing recorded in {settings.data} to choose from: record first, or give "
                "addresses, --file or --leaderboard"
            )
        rows = con.rows(busiest_wallets(con, by).limit(wanted.top))
    return [row["wallet"] for row in rows]


def _judged_so(settings: Settings, wanted: Wanted) -> list[str]:
    """Return the wallets of the profiles with a verdict, the best first."""
    import numpy as np

    from hypertrack.outputs.ranking import rank_by_verdict
    from hypertrack.pipeline.profiles import Profiles

    profiles = Profiles(_kept_profiles(settings))
    rows = rank_by_verdict(profiles)
    is_wanted = np.isin(profiles.column("verdict").astype(str), [str(v) for v in wanted.verdicts])
    wallets = profiles.column("wallet")[rows[is_wanted[rows]]][: wanted.top]
    if not len(wallets):
        skill = profiles.header.skill
        counts = {} if skill is None else skill.n_by_verdict
        known = ", ".join(f"{n:,} {verdict}" for verdict, n in counts.items())
        raise DatasetError(
            f"no wallet's verdict is {' or '.join(wanted.verdicts)}, found {known or 'none'}: "
            "choose another, or record longer"
        )
    return [str(wallet) for wallet in wallets]


def _best_profiles(settings: Settings, n: int) -> list[str]:
    import numpy as np

    profiles = _kept_profiles(settings)
    scores, wallets = profiles.column("profitability_score"), profiles.column("wallet")
    if np.isnan(scores).all():
        raise DatasetError(
            f"the profiles in {settings.out / PROFILES_NAME} have no scores: train, or choose "
            "another --by"
        )
    best = np.argsort(-np.nan_to_num(scores, nan=-np.inf), kind="stable")[:n]
    return [str(wallets[row]) for row in best]


def _kept_profiles(settings: Settings) -> "ProfileFile":
    from hypertrack.store.profiles import ProfileFile

    file = settings.out / PROFILES_NAME
    if not file.is_file():
        raise DatasetError(f"no profiles at {file}: `hypertrack classify` writes them")
    return ProfileFile(file)


def asking_of(settings: Settings, wanted: Wanted, wallets: Sequence[str]) -> "Asking":
    """Return what is to be asked, with what the tape says of the wallets."""
    from hypertrack.importing.accounts.asking import Asking

    steps = tuple(step for step in Step if step in wanted.steps)
    if not steps:
        raise ConfigError(f"--only takes {', '.join(Step)}")
    asking = Asking(
        wallets=tuple(wallets),
        steps=steps,
        since_ms=wanted.since_ms or 0,
        max_age_ms=round(wanted.max_age_s * 1_000),
    )
    with open_tape(settings) as con:
        if con is None:
            return asking
        from hypertrack.market.tape_wallets import builder_dexes, first_traded, slices_taken

        dexes = _by_wallet(con.rows(builder_dexes(con, wallets)))
        slices = {}
        if Step.TWAP in steps:
            slices = _by_wallet(con.rows(slices_taken(con, wallets)))
        coins = {}
        if Step.RATES in steps:
            coins = {row["coin"]: row["first_ms"] for row in con.rows(first_traded(con, wallets))}
    return replace(
        asking,
        dexes={wallet: tuple(dex for (dex,) in rows) for wallet, rows in dexes.items()},
        slices={wallet: frozenset(rows) for wallet, rows in slices.items()},
        coins=coins,
    )


def _by_wallet(rows: Sequence[Mapping[str, object]]) -> dict[str, list[tuple[object, ...]]]:
    found: dict[str, list[tuple[object, ...]]] = {}
    for row in rows:
        wallet, *values = row.values()
        found.setdefault(str(wallet), []).append(tuple(values))
    return found


@contextmanager
def open_tape(settings: Settings) -> Iterator[Any | None]:
    """Give what is recorded, to be asked by expressions; None where nothing is."""
    from hypertrack.market.engine.duckdb_market import connect
    from hypertrack.store.dataset import open_dataset

    try:
        memory = settings.features.memory_limit_gib
        dataset = open_dataset(settings.data, memory_limit_gib=memory)
    except DatasetError:
        yield None
        return
    with dataset:
        n_trades = dataset.connection.execute("SELECT count(*) FROM trades").fetchall()[0][0]
        yield connect(dataset) if n_trades else None
