"""The models commands: versions listed, shown, compared, promoted, benchmarked."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from hypertrack.cli.session import (
    ConfigOption,
    DataOption,
    JsonOption,
    OutOption,
    QuietOption,
    Session,
    Shared,
    VerboseOption,
    command,
)
from hypertrack.errors import ConfigError
from hypertrack.files import require_writable
from hypertrack.records import Card, as_dict

if TYPE_CHECKING:
    from hypertrack.config import Settings
    from hypertrack.pipeline.models import ListedModel

VersionArgument = Annotated[
    str, typer.Argument(help="champion, or the beginning or end of a version's name.")
]


def register(app: typer.Typer) -> None:
    """Add the commands to the app."""
    models = typer.Typer(
        no_args_is_help=True,
        help="Versions of the model, and how near it comes to the truth of simulated markets.\n\n"
        "Example: hypertrack models list",
    )
    models.callback()(take_shared)
    command(models, name="list")(list_)
    command(models)(show)
    command(models)(compare)
    command(models)(challenge)
    command(models)(promote)
    command(models)(export)
    command(models)(benchmark)
    app.add_typer(models, name="models")


def take_shared(
    context: typer.Context,
    *,
    config: ConfigOption = None,
    data: DataOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
    json: JsonOption = False,
) -> None:
    """Take shared options that stand between a group and its command."""
    root = context.find_root()
    root.obj = Shared(config, data, quiet, verbose, json).or_else(root.obj)


def list_(session: Session, out: OutOption = None) -> None:
    """List all versions, newest first; * marks the one in use.

    Example: hypertrack models list
    """
    from hypertrack.cli.tables import plain_table
    from hypertrack.pipeline.models import list_models

    found = list_models(session.load_without_data({"out": out}))
    if session.is_json:
        session.emit(found)
        return
    if not found:
        session.err.print("no model yet: train one with `hypertrack train`", markup=False)
        return
    headings = ("", "version", "by", "rows", "wallets", "tested", "heads earned", "")
    rows = [_list_row(model) for model in found]
    session.out.print(plain_table(headings, rows, gap=1))  # fits 80 columns


def show(
    session: Session,
    version: VersionArgument = "champion",
    out: OutOption = None,
    report: Annotated[
        Path | None, typer.Option(help="Write its training report to this file.")
    ] = None,
    open_: Annotated[
        bool, typer.Option("--open", help="Open its training report in the browser.")
    ] = False,
) -> None:
    """Show what a version is worth and what it rests on.

    Example: hypertrack models show champion --report champion.html --open
    """
    from hypertrack.cli.browser import open_page
    from hypertrack.pipeline.models import show as find
    from hypertrack.pipeline.training_report import write_training_report

    settings = session.load_without_data({"out": out})
    if report is not None:
        require_writable(report)
    with session.err.status("reading the model"):
        card = find(settings, version)
    if session.is_json:
        session.emit(card)
    else:
        _show_card(session, card)
    if report is not None or open_:
        file = write_training_report(settings, card, report)
        session.err.print(f"wrote {file}", markup=False, soft_wrap=True)
        if open_:
            open_page(session, file)


def _show_card(session: Session, card: Card) -> None:
    from hypertrack.cli.tables import evaluation_table, predictor_table
    from hypertrack.cli.training_display import leak_line, verdict

    session.out.print(f"[bold]{card.summary.version}[/] ({card.summary.estimator})")
    session.out.print(evaluation_table(card.summary))
    session.out.print(verdict(card.summary))
    for head in card.summary.heads:
        session.out.print(f"\n[bold]{head.head}[/]: {head.n_test:,} test rows")
        session.out.print(predictor_table(head))
    session.out.print()
    session.out.print(leak_line(card.leaks), markup=False)
    session.out.print(f"{len(card.feature_names)} features, hash {card.feature_hash[:12]}")


def challenge(
    session: Session,
    version: Annotated[str | None, typer.Argument(help="Of the challenger.")] = None,
    off: Annotated[bool, typer.Option("--off", help="End the challenge under way.")] = False,
    promote_when: Annotated[
        str | None, typer.Option(help="better: put the challenger in use where it is.")
    ] = None,
    out: OutOption = None,
) -> None:
    """Let live score wallets with another version beside the one in use, which alone is shown.

    Example: hypertrack models challenge 45f9f0b6
    Example: hypertrack models compare --live
    Example: hypertrack models challenge --off
    """
    from hypertrack.pipeline.challenge import challenge as begin
    from hypertrack.pipeline.challenge import end

    if (version is None) != off:
        raise ConfigError("give the version of a challenger, or --off, which ends a challenge")
    if promote_when not in (None, "better"):
        raise ConfigError(f"--promote-when takes better; found {promote_when!r}")
    settings = session.load_without_data({"out": out})
    if version is None:
        ended = end(settings)
        words = "no challenge was under way" if ended is None else f"{ended.challenger} ended"
        session.done({"ended": None if ended is None else ended.challenger}, words)
        return
    named = begin(settings, version, promotes=promote_when is not None)
    session.done(as_dict(named), f"{named.challenger} challenges {named.champion} from now on")


def compare(
    session: Session,
    a: Annotated[str | None, typer.Argument(help="A version, or champion.")] = None,
    b: Annotated[str | None, typer.Argument(help="Another one.")] = None,
    live: Annotated[
        bool, typer.Option("--live", help="The challenger, on what live scored since.")
    ] = False,
    out: OutOption = None,
) -> None:
    """Compare two versions on the same held-out rows of the dataset, or on live rows.

    Example: hypertrack models compare 20260724T1200 champion
    Example: hypertrack models compare --live
    """
    from hypertrack.cli.model_comparison import show_comparison
    from hypertrack.pipeline.models import compare as run

    settings = session.load_without_data({"out": out})
    if live:
        if a is not None:
            raise ConfigError("--live compares the challenger with the champion: name no version")
        _compare_live(session, settings)
        return
    if a is None or b is None:
        raise ConfigError("two versions are needed, or --live")
    with session.err.status("measuring the held-out rows"):
        found = run(settings, a, b)
    if session.is_json:
        session.emit(found)
    else:
        show_comparison(session, found)


def _compare_live(session: Session, settings: "Settings") -> None:
    from hypertrack.cli.model_comparison import show_live_comparison
    from hypertrack.pipeline.live_comparing import compare_live

    with session.err.status("measuring what came"):
        found = compare_live(settings)
    if session.is_json:
        session.emit(found)
    else:
        show_live_comparison(session, found)


def promote(
    session: Session,
    version: VersionArgument,
    out: OutOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also where it is worse, or cannot be compared.")
    ] = False,
) -> None:
    """Make a version the one in use, unless it is worse than the one that is.

    Example: hypertrack models promote 45f9f0b6
    """
    from hypertrack.pipeline.models import promote as run

    settings = session.load_without_data({"out": out})
    with session.err.status("comparing with the champion"):
        name = run(settings, version, force=force)
    session.done({"champion": name}, f"{name} is in use now")


def export(
    session: Session,
    version: VersionArgument,
    to: Annotated[
        Literal["hf", "mlflow"], typer.Option(help="A folder for a model hub, or MLflow's store.")
    ],
    into: Annotated[
        str | None,
        typer.Option(help="Folder, or address of an MLflow server; default beside the models."),
    ] = None,
    out: OutOption = None,
) -> None:
    """Write a version for those who keep models elsewhere; nothing is ever read back from there.

    Example: hypertrack models export champion --to mlflow --into http://127.0.0.1:5000
    """
    from hypertrack.pipeline.model_export import export as run

    settings = session.load_without_data({"out": out})
    with session.err.status("exporting"):
        place = run(settings, version, to, into)
    session.done({"place": place}, f"exported to {place}")


def benchmark(
    session: Session,
    sizes: Annotated[
        str, typer.Option(help="Of small, medium, large: 60,000, 250,000, 750,000 trades.")
    ] = "small,medium,large",
    seeds: Annotated[int, typer.Option(min=1, help="Markets of each size.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the first market.")] = 7,
) -> None:
    """Train on simulated markets and hold the scores against the truth about their wallets.

    Example: hypertrack models benchmark --sizes small --seeds 3
    """
    from hypertrack.cli.progress import progress_bars
    from hypertrack.cli.truth import show_truth
    from hypertrack.pipeline.benchmark import benchmark as run
    from hypertrack.pipeline.benchmark import find_sizes

    settings, chosen = session.load_without_data(), find_sizes(sizes)
    found = []
    with progress_bars(session) as bars:
        task = bars.add_task("simulating and training", total=len(chosen) * seeds, detail="")
        for name, size in chosen.items():
            for number in range(seed, seed + seeds):
                bars.update(task, detail=f"{name}, seed {number}")
                found.append(run(settings, size, number))
                bars.advance(task)
    if session.is_json:
        session.emit(found)
    else:
        show_truth(session, found)


def _list_row(model: "ListedModel") -> tuple[str, ...]:
    mark, summary = "*" if model.is_champion else "", model.summary
    if summary is None:
        return (mark, model.version, "", "", "", "", "", "unreadable")
    earned = sum(head.has_earned_weight for head in summary.heads)
    return (
        mark,
        summary.version,
        summary.estimator,
        f"{summary.n_train_rows:,}",
        f"{summary.n_train_wallets:,}",
        f"{summary.n_test_rows:,}",
        f"{earned} of {len(summary.heads)}",
        "lost its weight" if summary.lost_weight else "forced" if summary.is_forced else "",
    )
