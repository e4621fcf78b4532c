"""The skill commands: how near the judging comes to the truth of simulated markets."""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hypertrack.cli.models import take_shared
from hypertrack.cli.session import Session, SkillEstimatorOption, command

if TYPE_CHECKING:
    from hypertrack.pipeline.skill_benchmark import KnownTruth


DEFAULT_FILE = Path("skill_benchmark.jsonl")


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    skill = typer.Typer(
        no_args_is_help=True,
        help="How well skill is told from luck where the truth is known.\n\n"
        "Example: hypertrack skill benchmark --worlds none,default --seeds 4",
    )
    skill.callback()(take_shared)
    command(skill)(benchmark)
    command(skill)(table)
    app.add_typer(skill, name="skill")


def benchmark(
    session: Session,
    worlds: Annotated[
        str, typer.Option(help="Of none, realistic, default, copyable, trend.")
    ] = "none,default",
    hours: Annotated[str, typer.Option(help="Lengths of the markets.")] = "6,24",
    seeds: Annotated[int, typer.Option(min=1, help="Markets of each kind.")] = 10,
    seed: Annotated[
        int, typer.Option(min=0, help="Of the first market; those below 100 are for tuning.")
    ] = 1_000,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at once.")] = os.cpu_count() or 1,
    estimator: SkillEstimatorOption = None,
    file: Annotated[
        Path, typer.Option(help="Results are kept here, and a run goes on from them.")
    ] = DEFAULT_FILE,
) -> None:
    """Judge the wallets of simulated markets, and hold it against what they really are.

    Example: hypertrack skill benchmark --worlds default --hours 24 --seeds 4
    """
    from hypertrack.cli.progress import progress_bars
    from hypertrack.pipeline.skill_benchmark import find_markets, run_markets

    settings = session.load_without_data({"skill.estimator": estimator})
    markets = find_markets(worlds, _lengths(hours), seeds, seed)
    found = []
    with progress_bars(session) as bars:
        task = bars.add_task("simulating and judging", total=len(markets), detail="")
        for known in run_markets(settings, markets, file, jobs):
            found.append(known)
            bars.update(task, detail=f"{known.world}, {known.hours:g} h, seed {known.seed}")
            bars.advance(task)
    if session.is_json:
        session.emit(found)
    else:
        show_known_truth(session, found)


def table(
    session: Session,
    file: Annotated[
        list[Path] | None,
        typer.Option(help="Results of `skill benchmark`, default ./skill_benchmark.jsonl; repeat."),
    ] = None,
) -> None:
    """Print the results of a benchmark as a table in Markdown.

    Example: hypertrack skill table --file docs/known_truth.jsonl
    """
    from hypertrack.pipeline.skill_benchmark import known_markdown

    session.load_without_data()
    session.out.print(
        known_markdown(file or [DEFAULT_FILE]), markup=False, highlight=False, soft_wrap=True
    )


def show_known_truth(session: Session, found: "Sequence[KnownTruth]") -> None:
    """Print a column for each kind of market: means ± standard errors over its markets."""
    from hypertrack.cli.tables import plain_table
    from hypertrack.pipeline.skill_benchmark import known_table

    session.out.print(plain_table(*known_table(found)))


def _lengths(text: str) -> tuple[float, ...]:
    from hypertrack.errors import ConfigError

    try:
        lengths = tuple(float(part) for part in text.split(","))
    except ValueError:
        lengths = ()
    if not lengths or not all(0 < length < math.inf for length in lengths):
        raise ConfigError(f"--hours are numbers above 0 like 6,24,72, found {text!r}")
    return lengths
