"""What the demo found, beside the truth."""

import shlex
from typing import TYPE_CHECKING

from hypertrack.cli.categories import truth_table
from hypertrack.cli.session import Session
from hypertrack.cli.tables import evaluation_table, number
from hypertrack.cli.training_display import verdict

if TYPE_CHECKING:
    from hypertrack.pipeline.demo import DemoResult, TruthComparison


def show_result(session: Session, result: "DemoResult") -> None:
    """Print the model's evaluation and what was found against the known truth."""
    if session.is_json:
        session.emit(result)
        return
    say = session.out.print
    say(
        f"\n[bold]Simulated[/], not the venue: {result.n_trades:,} trades of "
        f"{result.n_wallets:,} wallets, {result.n_wallets_with_category:,} with a category."
    )
    say("\n[bold]How good is the model?[/] On wallets and time never trained on:")
    say(evaluation_table(result.model))
    say(verdict(result.model), style="dim")
    say("\n[bold]Against the truth[/], which only a simulation knows:")
    say(truth_table(result.categories))
    for line in _score_lines(result.truth):
        say(line)
    session.done(
        {},
        f"\nreport     {result.report}\ntraining   {result.training_report}\n"
        f"dashboard  {result.dashboard}\n\nLook further:\n{_commands(result)}",
    )


def _commands(result: "DemoResult") -> str:
    """Return commands that work as they stand, from where the demo was run."""
    start = f"hypertrack --config {shlex.quote(result.config)}"
    ends = (f"wallet {result.busiest_wallet}", "models show", "verify", "features --describe")
    return "\n".join(f"  {start} {end}" for end in ends)


def _score_lines(truth: "TruthComparison") -> list[str]:
    return [
        f"bot_probability separates bots from people with AUC {number(truth.bot_auc, 2)} "
        "(0.50 is blind)",
        f"rank correlation with the true edge: profitability {number(truth.profitability_ic, 2)}, "
        f"sophistication {number(truth.sophistication_ic, 2)} (0 is blind)",
    ]
