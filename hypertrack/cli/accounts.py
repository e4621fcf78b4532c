"""The accounts command: what the venue itself says of chosen wallets."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.parsing import WALLET, parse_duration_s, parse_time_ms, read_wallets
from hypertrack.cli.session import Session
from hypertrack.errors import ConfigError

if TYPE_CHECKING:
    from hypertrack.config import Settings
    from hypertrack.pipeline.accounts import (
        AccountProgress,
        AccountReport,
        AskedReport,
        Plan,
        Step,
        Wanted,
    )

BY_TOP = ("notional", "fills", "profile")
BY_LEADERBOARD = ("day", "week", "month", "allTime")

N_NAMED = 3
"""Failures that are told one by one."""


def accounts(
    session: Session,
    wallets: Annotated[
        list[str] | None, typer.Argument(metavar="[0x…]...", help="Wallets to ask about.")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="More of them, one a line; CSV will do.")
    ] = None,
    top: Annotated[
        int | None, typer.Option("--top", min=1, help="So many of the dataset, by --by.")
    ] = None,
    leaderboard: Annotated[
        int | None,
        typer.Option(
            "--leaderboard", min=1, help="So many of the venue's best, chosen by past profit."
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            "--by",
            help="notional, fills or profile for --top; day, week, month, allTime for "
            "--leaderboard.",
        ),
    ] = None,
    only: Annotated[
        str | None,
        typer.Option(
            "--only", help="positions,fills,twap,portfolio,flows,role,funding; the first five."
        ),
    ] = None,
    since: Annotated[str | None, typer.Option(help="Nothing older: 90d, or 2026-01-05.")] = None,
    budget: Annotated[
        int | None,
        typer.Option(min=2, max=1_200, help="Weight a minute; 900, beside a recorder 600."),
    ] = None,
    max_age: Annotated[
        str, typer.Option(help="Positions that are younger are not asked for again.")
    ] = "1h",
    all_dexes: Annotated[
        bool, typer.Option("--all-dexes", help="Positions on every builder's dex.")
    ] = False,
    refresh: Annotated[
        bool, typer.Option("--refresh", help="Choose anew, also where a run was cut short.")
    ] = False,
    network: Annotated[str | None, typer.Option(help="mainnet or testnet.")] = None,
    url: Annotated[
        str | None, typer.Option(help="Another venue with the same protocol: http://host:port.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print questions, weight and minutes alone.")
    ] = False,
) -> None:
    """Ask the venue for fills, positions, equity and flows of wallets, and add them to the dataset.

    No key is needed, and no recording; where there is one, the answers are checked against it.
    Ctrl-C ends after the answer under way; the same command goes on.

    Example: hypertrack accounts --top 200
    Example: hypertrack accounts --top 500 --only positions --dry-run
    Example: hypertrack accounts 0x1111111111111111111111111111111111111111 --since 90d
    Example: hypertrack accounts --leaderboard 100 --by month
    """
    from hypertrack.pipeline.accounts import Wanted, check

    since_s, since_ms = _since(since)
    wanted = Wanted(
        wallets=_addresses(wallets or [], file),
        top=top,
        leaderboard=leaderboard,
        by=_by(by, top, leaderboard),
        since_s=since_s,
        since_ms=since_ms,
        max_age_s=parse_duration_s(max_age),
        budget=budget,
        has_all_dexes=all_dexes,
        is_chosen_anew=refresh,
        steps=_steps(only),
    )
    settings = session.load({"venue.network": network, "venue.url": url}).settings
    if dry_run:
        _show_plan(session, settings, wanted)
        return
    report = _ask(session, settings, wanted)
    checked = None
    if not report.n_left:  # else someone waits for it to end
        with session.err.status("checking the answers"):
            checked = check(settings)
    _show_report(session, report, checked)


def _ask(session: Session, settings: "Settings", wanted: "Wanted") -> "AskedReport":
    from hypertrack.cli.progress import progress_bars
    from hypertrack.cli.recording_display import stopped_by_signals
    from hypertrack.pipeline.accounts import ask

    stop = threading.Event()
    with stopped_by_signals(stop), progress_bars(session) as bars:
        task = bars.add_task("asking", total=1.0, detail="")

        def show(event: "AccountProgress") -> None:
            detail = (
                f"{event.n_wallets_done:,} of {event.n_wallets:,} wallets, "
                f"{event.n_fills:,} fills, {event.weight:,} weight"
            )
            total = event.weight + event.weight_left
            bars.update(task, completed=event.weight / total if total else 1.0, detail=detail)

        def say(words: str) -> None:
            bars.console.print(words, markup=False, highlight=False)

        return ask(settings, wanted, stop, show, say)


def _show_plan(session: Session, settings: "Settings", wanted: "Wanted") -> None:
    from hypertrack.cli.tables import plain_table
    from hypertrack.pipeline.accounts import plan

    with session.err.status("looking at the dataset"):
        found = plan(settings, wanted)
    if session.is_json:
        session.emit(found)
        return
    rows = [
        (
            one.step.value,
            f"{one.n_wallets:,}",
            _range(*one.n_questions),
            _range(*one.weight),
            _range(*(_minutes(weight, found.budget) for weight in one.weight)),
        )
        for one in found.estimates
    ]
    least, most = (sum(one.weight[end] for one in found.estimates) for end in (0, 1))
    n_least, n_most = (sum(one.n_questions[end] for one in found.estimates) for end in (0, 1))
    minutes = _range(*(_minutes(weight, found.budget) for weight in (least, most)))
    rows.append(
        ("all", f"{found.n_wallets:,}", _range(n_least, n_most), _range(least, most), minutes)
    )
    session.out.print(plain_table(("step", "wallets", "questions", "weight", "minutes"), rows))
    _say_plan(session, found)


def _say_plan(session: Session, found: "Plan") -> None:
    goes_on = "; goes on where it was cut short" if found.is_resumed else ""
    session.err.print(
        f"{found.source}; minutes at {found.budget:,} weight a minute{goes_on}", markup=False
    )


def _range(least: float, most: float) -> str:
    return f"{least:,}" if least == most else f"{least:,}-{most:,}"


def _minutes(weight: int, budget: int) -> int:
    return -(-weight // budget)


def _show_report(session: Session, report: "AskedReport", checked: "AccountReport | None") -> None:
    from hypertrack.pipeline.accounts import summary

    for failed in report.failed[:N_NAMED]:
        words = f"{failed.step} of {failed.wallet} failed: {failed.reason}"
        session.err.print(words, style="yellow", markup=False)
    more = len(report.failed) - N_NAMED
    if more > 0:
        session.err.print(f"{more:,} more failed (accounts/progress.jsonl)", style="yellow")
    for step, words in report.switched_off.items():
        session.err.print(f"{step} was left out: {words}", style="yellow", markup=False)
    left = f"; {report.n_left:,} steps are left: run it again to go on" if report.n_left else ""
    text = (
        f"asked {report.n_questions:,} questions about {report.n_wallets:,} wallets for "
        f"{report.weight:,} weight: {report.n_fills:,} new fills, {report.n_flows:,} new flows"
        f"{left}"
    )
    for line in [] if checked is None else summary(checked):
        session.err.print(line, markup=False)
    session.done({"report": report, "checks": checked}, text)


def _addresses(words: list[str], file: Path | None) -> tuple[str, ...]:
    found = [word.strip().lower() for word in words]
    strange = [word for word in found if not WALLET.fullmatch(word)]
    if strange:
        raise ConfigError(f"a wallet is 0x and 40 hex digits; found {strange[0]!r}")
    if file is not None:
        found += read_wallets(file, "--file")
    return tuple(dict.fromkeys(found))


def _by(by: str | None, top: int | None, leaderboard: int | None) -> str:
    if top is not None and leaderboard is not None:
        raise ConfigError("--top and --leaderboard choose differently: give one of them")
    known = BY_TOP if leaderboard is None else BY_LEADERBOARD
    chosen = by or ("notional" if leaderboard is None else "month")
    if chosen not in known:
        option = "--top" if leaderboard is None else "--leaderboard"
        raise ConfigError(f"--by is one of {', '.join(known)} for {option}; found {by!r}")
    return chosen


def _steps(only: str | None) -> "tuple[Step, ...]":
    from hypertrack.pipeline.accounts import ASKED, Step

    if only is None:
        return ASKED
    words = [word.strip() for word in only.split(",") if word.strip()]
    unknown = [word for word in words if word not in list(Step)]
    if unknown or not words:
        found = repr(unknown[0]) if unknown else "nothing"
        raise ConfigError(f"--only takes any of {', '.join(Step)}; found {found}")
    return tuple(Step(word) for word in words)


def _since(text: str | None) -> tuple[float | None, int | None]:
    """Return a length up to the venue's now, or a time."""
    if text is None:
        return None, None
    if "-" in text:
        return None, parse_time_ms(text)
    return parse_duration_s(text), None
