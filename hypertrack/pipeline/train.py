"""The train command: features, outcomes, a model and its evaluation."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.errors import NotEnoughDataError
from hypertrack.files import require_writable
from hypertrack.model import MODEL_NAME
from hypertrack.pipeline.places import notice_of, open_engine, open_past, require_data
from hypertrack.pipeline.training_report import TRAINING_REPORT_NAME
from hypertrack.records import EpochResult

if TYPE_CHECKING:  # the command loads these when it runs
    from hypertrack.model.run import Stage, TrainedModel
    from hypertrack.store.dataset import Dataset

__all__ = ["Stage", "TrainedModel", "train"]


def train(
    settings: Settings,
    on_stage: "Callable[[Stage], None]",
    on_epoch: Callable[[EpochResult], None],
    *,
    force: bool = False,
    labels: Path | None = None,
    report: Path | None = None,
) -> "TrainedModel":
    """Measure features and outcomes, train, evaluate and save the model.

    Args:
        on_stage: Called before each stage.
        on_epoch: Called after each epoch.
        force: Train on less data than `TrainSettings` asks for.
        labels: CSV of ``wallet,bot``: the user's own knowledge, over the labelling functions.
        report: Where the page of the run will be written; refused now, if it has to be.

    Raises:
        NotEnoughDataError: Says what is missing.
    """
    require_data(settings)
    for file in (settings.out / MODEL_NAME, report or settings.out / TRAINING_REPORT_NAME):
        require_writable(file)
    if labels is not None:
        from hypertrack.labels.user import read_user_labels

        read_user_labels(labels)  # refused before the work, if it has to be
    check = None if force else partial(_require_wallets, settings.train.min_wallets)
    with open_engine(settings, check=check) as engine:
        from hypertrack.model.samples import plan_cuts

        plan_cuts(engine, settings.train, force=force)  # a no comes before torch is loaded
        from hypertrack.model.run import Source, Stage, TrainedModel, train_model

        source = Source(notice_of(engine.dataset.lines), partial(open_past, settings))
        for event in train_model(engine, settings, force=force, labels_file=labels, source=source):
            match event:
                case Stage():
                    on_stage(event)
                case TrainedModel():
                    return event
                case _:
                    on_epoch(event)
    raise AssertionError("training ends with the trained model")


def _require_wallets(n_needed: int, dataset: "Dataset") -> None:
    """Refuse a dataset with fewer wallets than could ever be enough, before anything is measured.

    Raises:
        NotEnoughDataError: It has fewer.
    """
    ((found,),) = dataset.connection.execute("SELECT count(*) FROM wallets").fetchall()
    if found < n_needed:
        raise NotEnoughDataError(
            f"training needs {n_needed} wallets with outcomes, found {found} wallets at all: "
            "record longer, or more coins, or --force"
        )
