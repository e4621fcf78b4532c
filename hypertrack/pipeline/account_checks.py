"""The checks of the accounts command: tape, fills and the venue's figures, wallet by wallet."""

import statistics
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypertrack.clock import SystemClock, utc
from hypertrack.config import DatabaseUrl, Settings
from hypertrack.errors import DatasetError
from hypertrack.feeds.account_questions import Step
from hypertrack.pipeline.account_links import links_in_words
from hypertrack.records import (
    BY_RATES,
    DAY_MS,
    TOLD,
    AccountCheck,
    AccountReport,
    CoverageCause,
    JsonError,
    PositionDifference,
    ProfitCheck,
    TapeCheck,
    as_dict,
    decode_json,
    encode_json,
)
from hypertrack.scratch import scratch_folder
from hypertrack.store.files.layout import ACCOUNTS_REPORT_NAME

if TYPE_CHECKING:  # the command loads these when it runs
    from hypertrack.importing.accounts.step_progress import StepKey, StepLine
    from hypertrack.market.engine.market import Market

Rows = dict[int, list[dict[str, Any]]]
"""By wallet id."""

WINDOW = ("start_ms", "end_ms", "cause", "came_in")
"""What is told of the time of which all fills are known."""


def check_accounts(settings: Settings, folder: Path) -> AccountReport:
    """Hold everything that is known of the wallets asked about against each other.

    Args:
        folder: Has what was written of choices and progress.

    Raises:
        DatasetError: The dataset cannot be read.
    """
    from hypertrack.importing.accounts.choices import read_choices
    from hypertrack.importing.accounts.step_progress import read_progress
    from hypertrack.market.engine.duckdb_market import connect
    from hypertrack.store.dataset import open_dataset

    progress = read_progress(folder)
    asked = list(dict.fromkeys(wallet for wallet, _ in progress))
    choices = [choice for choice in read_choices(folder) if choice.is_by_profit]
    by_profit = {wallet for choice in choices for wallet in choice.wallets}
    memory = settings.features.memory_limit_gib
    with open_dataset(settings.data, memory_limit_gib=memory) as dataset:
        first_ms, n = dataset.connection.execute(
            "SELECT min(time_ms), count(*) FROM trades"
        ).fetchall()[0]
        checks = _checked(connect(dataset), asked, progress)
    gained = [
        (first_ms - check.start_ms) / DAY_MS
        for check in checks
        if n and check.start_ms is not None and check.n_fills
    ]
    return AccountReport(
        generated_ms=SystemClock().wall_ns() // 1_000_000,
        wallets=tuple(checks),
        n_by_profit=len(by_profit.intersection(asked)),
        median_days_gained=statistics.median(gained) if gained else None,
    )


def account_of(settings: Settings, wallet: str) -> AccountCheck | None:
    """Return what the last report says of a wallet; None where it was not asked about."""
    report = read_report(settings)
    found = () if report is None else report.wallets
    return next((check for check in found if check.wallet == wallet), None)


def read_report(settings: Settings) -> AccountReport | None:
    """Return the last report, None where there is none that can be read."""
    if isinstance(settings.data, DatabaseUrl):
        from hypertrack.store.database.copying import write_lists

        with scratch_folder() as name:
            with suppress(DatasetError):
                write_lists(settings.data, Path(name))
            return _parsed(Path(name) / ACCOUNTS_REPORT_NAME)
    return _parsed(settings.data / ACCOUNTS_REPORT_NAME)


def _parsed(file: Path) -> AccountReport | None:
    try:
        return decode_json(file.read_bytes(), AccountReport)
    except (OSError, JsonError, UnicodeDecodeError):
        return None


@dataclass(frozen=True)
class Findings:
    """What the dataset says, by wallet id."""

    tape: Rows
    kinds: Rows
    breaks: Rows
    ends: Rows
    booked: Rows
    states: Rows
    balances: Rows
    profits: Mapping[int, ProfitCheck]
    links: Mapping[int, list[str]]


def _checked(
    con: "Market", asked: Iterable[str], progress: "Mapping[StepKey, StepLine]"
) -> list[AccountCheck]:
    from hypertrack.market import account_checks, account_states

    id_of = {row["wallet"]: row["wallet_id"] for row in con.rows(con.table("wallets"))}
    name_of = {wallet_id: wallet for wallet, wallet_id in id_of.items()}
    since_first = {id_of.get(wallet, -1) for wallet in asked if _is_since_first(progress, wallet)}
    findings = Findings(
        tape=_by_wallet(con, account_checks.tape_against_fills(con)),
        kinds=_by_wallet(con, account_checks.fills_against_tape(con)),
        breaks=_by_wallet(con, account_checks.chain_breaks(con)),
        ends=_by_wallet(con, account_checks.ends_against_states(con)),
        booked=_by_wallet(con, account_checks.booked(con)),
        states=_by_wallet(con, account_states.last_states(con, None)),
        balances=_by_wallet(con, account_states.last_balances(con)),
        profits=_profits(con, since_first),
        links=links_in_words(con, name_of),
    )
    return [_check(wallet, id_of.get(wallet, -1), findings, progress) for wallet in asked]


def _check(
    wallet: str, own: int, findings: Findings, progress: "Mapping[StepKey, StepLine]"
) -> AccountCheck:
    booked, state = _first(findings.booked, own), _first(findings.states, own)
    equity = state.get("equity_usd")
    fills = progress.get((wallet, Step.FILLS))
    window = {} if fills is None else {name: getattr(fills, name) for name in WINDOW}
    lines = [line for step in Step if (line := progress.get((wallet, step))) is not None]
    return AccountCheck(
        wallet=wallet,
        n_fills=booked.get("n_fills", 0),
        realised_usd=booked.get("realised_usd"),
        fees_usd=booked.get("fees_usd"),
        equity_usd=equity,
        leverage=state["notional_usd"] / equity if equity and equity > 0 else None,
        balances={row["token"]: row["size"] for row in findings.balances.get(own, [])},
        tape=_tape(_first(findings.tape, own), findings.kinds.get(own, [])),
        n_chain_breaks=_first(findings.breaks, own).get("n_breaks", 0),
        differences=tuple(
            PositionDifference(coin=row["coin"], by_fills=row["by_fills"], stated=row["stated"])
            for row in findings.ends.get(own, [])
        ),
        profit=findings.profits.get(own),
        links=tuple(findings.links.get(own, [])),
        failed={line.step.value: line.reason for line in lines if line.reason is not None},
        **window,
    )


def _tape(found: Mapping[str, Any], kinds: Iterable[Mapping[str, Any]]) -> TapeCheck:
    n_trades = found.get("n_trades", 0)
    return TapeCheck(
        n_trades=n_trades,
        n_matched=n_trades - found.get("n_without", 0),
        n_twap=found.get("n_twap", 0),
        n_fills_by_kind={row["kind"]: row["n"] for row in kinds},
    )


def _profits(con: "Market", since_first: Collection[int]) -> dict[int, ProfitCheck]:
    """Return the profit of each wallet by its fills and by its portfolio, over the same time.

    Of all time where its fills are known since the first, else of the month, else none.
    """
    from hypertrack.market import account_checks

    complete = _by_wallet(con, account_checks.complete_spans(con))
    unrealised = _by_wallet(con, account_checks.unrealised(con))
    checks: dict[int, ProfitCheck] = {}
    for period in ("perpMonth", "perpAllTime"):
        told = account_checks.told_profit(con, period)
        booked = _by_wallet(con, account_checks.perp_profit_between(con, told))
        spans = _by_wallet(con, told)
        funding = _funding(con, told, spans)
        for own, rows in spans.items():
            (row,) = rows
            known = complete.get(own, [])
            start_ms = min(each["start_ms"] for each in known) if known else 0
            begun_ms = max(start_ms, row["start_ms"]) if own in since_first else row["start_ms"]
            if not _covers(known, begun_ms, row["end_ms"]):
                continue
            checks[own] = ProfitCheck(
                period=period,
                start_ms=row["start_ms"],
                end_ms=row["end_ms"],
                booked_usd=_first(booked, own).get("net_usd", 0.0),
                told_usd=row["pnl_usd"],
                unrealised_usd=_first(unrealised, own).get("unrealised_usd"),
                **funding.get(own, {}),
            )
    return checks


def _funding(con: "Market", told: Any, spans: Rows) -> dict[int, dict[str, Any]]:
    """Return what is known of the funding of each span, and how: told, or by the rates."""
    from hypertrack.market import account_checks
    from hypertrack.market.window import Window

    if not spans:
        return {}
    ends = [row for rows in spans.values() for row in rows]
    window = Window(min(r["start_ms"] for r in ends), max(r["end_ms"] for r in ends) + 1)
    sources = {
        BY_RATES: account_checks.funding_by_rates(con, told, window),
        TOLD: account_checks.funding_told(con, told),
    }
    return {
        row["wallet_id"]: {"funding_usd": row["funding_usd"], "funding_source": source}
        for source, table in sources.items()
        for row in con.rows(table)
        if row["funding_usd"] is not None
    }


def _is_since_first(progress: "Mapping[StepKey, StepLine]", wallet: str) -> bool:
    line = progress.get((wallet, Step.FILLS))
    return line is not None and line.cause == CoverageCause.FIRST


def _covers(spans: Iterable[Mapping[str, Any]], start_ms: int, end_ms: int) -> bool:
    """Return whether spans hold all of a time but for its last minute, which is being asked."""
    reached_ms = start_ms
    for span in sorted(spans, key=lambda each: int(each["start_ms"])):
        if span["start_ms"] <= reached_ms:
            reached_ms = max(reached_ms, span["end_ms"])
    return bool(reached_ms >= end_ms - 60_000)


def _by_wallet(con: "Market", table: Any) -> Rows:
    found: Rows = {}
    for row in con.rows(table):
        found.setdefault(row["wallet_id"], []).append(row)
    return found


def _first(rows: Rows, wallet_id: int) -> dict[str, Any]:
    return rows.get(wallet_id, [{}])[0]


def report_json(report: AccountReport) -> bytes:
    """Return a report with everything that follows from it, for other programs."""
    counts = {"n_complete": report.n_complete, "n_marked": report.n_marked}
    wallets = [_with_findings(check) for check in report.wallets]
    return encode_json({**as_dict(report), **counts, "wallets": wallets}) + b"\n"


def _with_findings(check: AccountCheck) -> dict[str, Any]:
    tape, profit = check.tape, check.profit
    told = as_dict(check) | {"net_usd": check.net_usd}
    told["tape"] |= {"matched_frac": tape.matched_frac, "is_marked": tape.is_marked}
    if profit is not None:
        told["profit"] |= {"difference_usd": profit.difference_usd, "cause": profit.cause}
    return told


def summary(report: AccountReport) -> list[str]:
    """Return what a report says of all wallets, a line each."""
    n = len(report.wallets)
    tapes = [check.tape for check in report.wallets]
    n_trades, n_matched = sum(t.n_trades for t in tapes), sum(t.n_matched for t in tapes)
    n_twap = sum(t.n_twap for t in tapes)
    limited = [check for check in report.wallets if check.cause == "limit"]
    lines = []
    if any(check.start_ms is not None for check in report.wallets):
        told = f"{report.n_complete:,} of {n:,} wallets"
        lines.append(f"{told} are complete since their first fill")
    if limited:
        oldest = min(check.start_ms or 0 for check in limited)
        since = f"of these the longest since {utc(oldest)}"
        lines.append(f"{len(limited):,} reached the venue's limit of fills, {since}")
    if report.median_days_gained is not None:
        lines.append(f"{report.median_days_gained:,.1f} days gained over the tape in the median")
    if n_trades:
        lines.append(
            f"tape: {n_matched:,} of {n_trades:,} trades have their fill "
            f"({n_matched / n_trades:.2%}), {n_twap:,} of the others are slices of TWAPs; "
            f"{report.n_marked:,} wallets are marked"
        )
    n_breaks = sum(check.n_chain_breaks for check in report.wallets)
    n_other = sum(len(check.differences) for check in report.wallets)
    lines.append(f"positions: {n_breaks:,} breaks between fills, {n_other:,} others than stated")
    profits = [check.profit for check in report.wallets if check.profit is not None]
    if profits:
        causes: dict[str, int] = {}
        for profit in profits:
            causes[profit.cause] = causes.get(profit.cause, 0) + 1
        told = ", ".join(f"{cause} {n:,}" for cause, n in sorted(causes.items()))
        against = f"{len(profits):,} wallets against their portfolio"
        lines.append(f"profit: {against}, causes of differences: {told}")
    if report.n_by_profit:
        lines.append(
            f"{report.n_by_profit:,} were chosen by past profit: their past is no evidence"
        )
    return lines
