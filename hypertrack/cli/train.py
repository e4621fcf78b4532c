"""The train command: a model, and what it is worth."""

from pathlib import Path
from typing import Annotated

import typer

from hypertrack.cli.session import EngineOption, OutOption, Session

ForceOption = Annotated[
    bool, typer.Option("--force", help="Train even where there is too little data.")
]
LabelsOption = Annotated[
    Path | None, typer.Option(help="CSV of wallet,bot (1 or 0): what you know yourself.")
]
SeedOption = Annotated[int | None, typer.Option(help="Makes a run repeatable.")]
EstimatorOption = Annotated[
    str | None,
    typer.Option(
        help="What classify asks: net, linear, trees, or best: for each head whichever did "
        "best on wallets it was not trained on. Default net."
    ),
]
PresetOption = Annotated[
    str | None, typer.Option(help="tuned, or original: the predecessor's network.")
]
ReportOption = Annotated[
    Path | None, typer.Option(help="Page of the run; default training_report.html in --out.")
]
OpenOption = Annotated[bool, typer.Option("--open", help="Open the page in the browser.")]


def train(
    session: Session,
    out: OutOption = None,
    force: ForceOption = False,
    labels: LabelsOption = None,
    seed: SeedOption = None,
    estimator: EstimatorOption = None,
    preset: PresetOption = None,
    engine: EngineOption = None,
    report: ReportOption = None,
    open_: OpenOption = False,
) -> None:
    """Train the network on what wallets did next, and say what it is worth.

    Example: hypertrack train --estimator best --open && hypertrack classify
    """
    from hypertrack.cli.browser import open_page
    from hypertrack.cli.progress import progress_bars
    from hypertrack.cli.training_display import TrainingProgress, show_model
    from hypertrack.pipeline.train import train as run
    from hypertrack.pipeline.training_report import write_training_report

    flags = {"train.seed": seed, "train.estimator": estimator, "train.preset": preset}
    settings = session.load({"out": out, "features.engine": engine, **flags}).settings
    with progress_bars(session) as bars:
        shown = TrainingProgress(session, bars)
        trained = run(
            settings,
            shown.on_stage,
            shown.on_epoch,
            force=force,
            labels=labels,
            report=report,
        )
        shown.finish()
    show_model(session, trained)
    file = write_training_report(settings, trained.model.card, report)
    session.done({"event": "report", "file": str(file)}, f"wrote {file}")
    if open_:
        open_page(session, file)
