"""What the demo found, beside the truth."""

import shlex
from typing import TYPE_CHECKING

from rich.text import Text

from hypertrack.cli.backtest import show_backtest
from hypertrack.cli.categories import truth_table
from hypertrack.cli.session import Session
from hypertrack.cli.tables import number, plain_table
from hypertrack.cli.verdict import STYLES, short_address
from hypertrack.text import with_minus

if TYPE_CHECKING:
    from hypertrack.cli.tables import PlainTable
    from hypertrack.pipeline.demo import DemoResult, JudgedWallet


def show_result(session: Session, result: "DemoResult") -> None:
    """Print the verdicts beside the truth, what following would have brought, and what is next."""
    if session.is_json:
        session.emit(result)
        return
    say = session.out.print
    say(
        f"\n[bold]Simulated[/], not the venue: {result.n_trades:,} trades of "
        f"{result.n_wallets:,} wallets; archives imported, {result.n_recorded:,} lines recorded "
        f"live, {result.n_asked} wallets asked about."
    )
    say(Text(f"\nWho is worth copying? {result.headline}.", "bold"))
    say("The best by evidence, beside the truth, which only a simulation knows:")
    say(_verdicts(result.verdicts))
    say(Text(f"In truth {_worth(result.n_worth_copying)}.", "dim"))
    say("\n[bold]Would following have paid[/] in the window that came next?")
    show_backtest(session, result.backtest)
    say("\n[bold]How often are the categories right?[/]")
    say(truth_table(result.categories))
    earned = sum(head.has_earned_weight for head in result.model.heads)
    say(
        Text(
            f"The model: {earned} of {len(result.model.heads)} scores are better than the average; "
            f"bot_probability tells programs with AUC {number(result.truth.bot_auc, 2)}.",
            "dim",
        )
    )
    session.done(
        {},
        f"\nreport     {result.report}\ntraining   {result.training_report}\n"
        f"backtest   {result.backtest_page}\ndashboard  {result.dashboard}\n\n"
        "Next:\n" + "\n".join(f"  {command}" for command in next_commands(result)),
    )


def _worth(n_wallets: int) -> str:
    """Return how many were to be found."""
    if n_wallets == 1:
        return "1 wallet that opened 30 times was worth copying"
    return f"{n_wallets:,} wallets that opened 30 times were worth copying"


def next_commands(result: "DemoResult") -> tuple[str, ...]:
    """Return commands that work as they stand, from where the demo was run."""
    start = f"hypertrack --config {shlex.quote(result.config)}"
    best = result.verdicts[0].wallet if result.verdicts else result.busiest_wallet
    truth = shlex.quote(result.truth_file)
    return (
        f"{start} verdict --why {best}",
        f"{start} wallet {best}",
        f"{start} categories --truth {truth}",
    )


def _verdicts(judged: "tuple[JudgedWallet, ...]") -> "PlainTable":
    headings = ("wallet", "verdict", "bets", "edge, bps", "truly", "copied")
    rows = [
        (
            short_address(each.wallet),
            Text(each.verdict, STYLES.get(each.verdict, "")),
            each.bets,
            with_minus(each.edge),
            number(each.true_edge_bps, 1),
            number(each.true_copy_edge_bps, 1),
        )
        for each in judged
    ]
    traps = [each.traps.replace(",", ", ").replace("_", " ") for each in judged]
    notes = [f"in truth: {trap}" if trap else "" for trap in traps]
    return plain_table(headings, rows, gap=1, notes=notes)
