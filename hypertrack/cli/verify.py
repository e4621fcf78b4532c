"""The verify command: how whole a recording is."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.session import Session
from hypertrack.errors import ConfigError
from hypertrack.records import DAY_MS, MINUTE_MS
from hypertrack.text import printable

if TYPE_CHECKING:
    from hypertrack.cli.tables import PlainTable
    from hypertrack.pipeline.verify import Skew, Verification

STRANGE_SKEW_MS = 10 * MINUTE_MS
"""Neither a network nor a replay after a reconnection takes so long."""


def verify(
    session: Session,
    min_completeness: Annotated[
        float | None,
        typer.Option(help="Exit with 1 below this share of the trades, 0 to 1.", min=0, max=1),
    ] = None,
    market: Annotated[
        bool, typer.Option("--market", help="Say instead where it is unlike the real venue.")
    ] = False,
) -> None:
    """Prove how whole a recording is: its trades against the venue's own candles.

    Example: hypertrack verify --min-completeness 0.999
    """
    if market:
        _show_market(session, min_completeness)
        return
    from hypertrack.pipeline.verify import require_completeness
    from hypertrack.pipeline.verify import verify as run

    settings = session.load().settings
    with session.err.status("comparing trades with candles"):
        found = run(settings)
    if session.is_json:
        session.emit(found)
    else:
        session.out.print(_coin_table(found))
        session.out.print()
        for word, numbers in _facts(found):
            session.out.print(f"{word:<11}{printable(numbers)}", markup=False)
    if min_completeness is not None:
        require_completeness(found, min_completeness)


def _show_market(session: Session, min_completeness: float | None) -> None:
    if min_completeness is not None:
        raise ConfigError("--market tells how a market looks, not how whole it is: drop one flag")
    from hypertrack.cli.market_lines import show_market
    from hypertrack.pipeline.market_lines import recorded_market

    settings = session.load().settings
    with session.err.status("measuring the market"):
        found = recorded_market(settings)
    show_market(session, found)


def _coin_table(found: "Verification") -> "PlainTable":
    from hypertrack.cli.tables import plain_table

    counts = ("trades", "missing", "minutes", "lacking", "no gap", "order")
    headings = ("coin", "complete", "by volume", *counts)
    rows = [
        (
            coin.coin,
            _percent(coin.completeness),
            _percent(coin.volume_completeness),
            f"{coin.n_expected:,}",
            f"{coin.n_expected - coin.n_found:,}",
            f"{coin.n_judged:,}",
            f"{coin.n_incomplete:,}",
            f"{coin.n_unexplained:,}",
            f"{coin.n_out_of_order:,}",
        )
        for coin in found.coins
    ]
    return plain_table(headings, rows, gap=1)  # fits 80 columns


def _facts(found: "Verification") -> Iterator[tuple[str, str]]:
    """Yield what to say of the whole recording: a word, and its numbers."""
    yield (
        "complete",
        f"{_percent(found.completeness)} of the judged trades, "
        f"{_percent(found.value_completeness)} of their value{_unjudged(found)}",
    )
    yield "judged", f"{found.n_judged:,} minutes"
    for reason, n in found.n_unjudged_by_reason.items():
        yield "not judged", f"{n:,} minutes: {reason}"
    yield (
        "lacking",
        f"{found.n_incomplete:,} minutes, {found.n_unexplained:,} of them without a gap in the "
        "ledger",
    )
    for gap in found.gaps:
        yield "gaps", f"{gap.n_intervals:,} by {gap.cause}, {gap.duration_s:,.1f} s"
    yield "duplicates", f"{found.n_duplicate_trades:,} trades"
    yield "order", f"{found.n_out_of_order:,} trades behind more than a replay's"
    yield "unreadable", f"{found.n_torn_lines:,} lines, {found.n_quarantined:,} frames quarantined"
    for name in found.damaged_files:
        yield "damaged", f"{name}: restore it, or move it away"
    for reason, n in found.n_unread_by_reason.items():
        yield "left out", f"{n:,} lines: {reason}"
    for coin in found.coins:
        if coin.alias is not None:
            yield "named", f"{coin.coin} is {coin.alias}"
    if found.skew is not None:
        yield "received", _skew_words(found.skew)


def _unjudged(found: "Verification") -> str:
    """Return the share of minutes that nothing is known of, rounded up."""
    if not found.unjudged_frac:
        return ""
    return f"; {-int(-found.unjudged_frac * 1_000 // 1) / 10:.1f} % of the minutes not judged"


def _skew_words(skew: "Skew") -> str:
    """Return when trades were received beside their time: milliseconds, or what is wrong."""
    if abs(skew.p50_ms) < STRANGE_SKEW_MS:
        p1, p50, p99 = skew.p1_ms, skew.p50_ms, skew.p99_ms
        return f"{p1:,.0f} / {p50:,.0f} / {p99:,.0f} ms after their time (p1/p50/p99)"
    away = abs(skew.p50_ms)
    unit_ms, unit = (DAY_MS, "days") if away >= 2 * DAY_MS else (MINUTE_MS, "minutes")
    side = "after" if skew.p50_ms > 0 else "before"
    return (
        f"{away / unit_ms:,.0f} {unit} {side} their time: a replayed or simulated venue, or a "
        "clock that is wrong"
    )


def _percent(frac: float | None) -> str:
    """Return the share rounded down, so that 100 % means all."""
    return "–" if frac is None else f"{int(frac * 1e5) / 1e3:.3f} %"
