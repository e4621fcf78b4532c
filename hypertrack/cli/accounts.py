"""The accounts command: what the venue itself says of chosen wallets."""

import threading
from typing import TYPE_CHECKING

from hypertrack.cli import account_options as options
from hypertrack.cli.parsing import parse_duration_s
from hypertrack.cli.session import OutOption, Session

if TYPE_CHECKING:
    from hypertrack.config import Settings
    from hypertrack.pipeline.accounts import (
        AccountProgress,
        AccountReport,
        AskedReport,
        Plan,
        Wanted,
    )

N_NAMED = 3
"""Failures that are told one by one."""


def accounts(
    session: Session,
    wallets: options.WalletsArgument = None,
    file: options.FileOption = None,
    top: options.TopOption = None,
    leaderboard: options.LeaderboardOption = None,
    by: options.ByOption = None,
    verdict: options.VerdictOption = None,
    only: options.OnlyOption = None,
    since: options.SinceOption = None,
    budget: options.BudgetOption = None,
    max_age: options.MaxAgeOption = "1h",
    all_dexes: options.AllDexesOption = False,
    refresh: options.RefreshOption = False,
    out: OutOption = None,
    network: options.NetworkOption = None,
    url: options.UrlOption = None,
    dry_run: options.DryRunOption = False,
) -> None:
    """Ask the venue for fills, positions, equity and flows of wallets, and add them to the dataset.

    No key is needed, and no recording; where there is one, the answers are checked against it.
    Ctrl-C ends after the answer under way; the same command goes on.

    Example: hypertrack accounts --top 200
    Example: hypertrack accounts --verdict COPY,WATCH
    Example: hypertrack accounts --top 500 --only positions --dry-run
    Example: hypertrack accounts 0x1111111111111111111111111111111111111111 --since 90d
    Example: hypertrack accounts --leaderboard 100 --by month
    """
    from hypertrack.pipeline.accounts import Wanted

    since_s, since_ms = options.beginning(since)
    wanted = Wanted(
        wallets=options.addresses(wallets or [], file),
        top=top,
        leaderboard=leaderboard,
        by=options.ordering(by, top, leaderboard, verdict),
        verdicts=options.verdicts(verdict),
        since_s=since_s,
        since_ms=since_ms,
        max_age_s=parse_duration_s(max_age),
        budget=budget,
        has_all_dexes=all_dexes,
        is_chosen_anew=refresh,
        steps=options.steps(only),
    )
    settings = session.load({"venue.network": network, "venue.url": url, "out": out}).settings
    show = _show_plan if dry_run else _ask_and_check
    show(session, settings, wanted)


def _ask_and_check(session: Session, settings: "Settings", wanted: "Wanted") -> None:
    from hypertrack.pipeline.accounts import check

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
        f"{report.weight:,} weight: {report.n_fills:,} new fills, {report.n_flows:,} new flows, "
        f"{report.n_rates:,} new hours of funding rates"
        f"{left}"
    )
    for line in [] if checked is None else summary(checked):
        session.err.print(line, markup=False)
    session.done({"report": report, "checks": checked}, text)
