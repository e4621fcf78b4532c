"""The train command: features, outcomes, a model and its evaluation."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.pipeline.places import notice_of, open_engine, open_past

if TYPE_CHECKING:  # the command loads these when it runs
    from hypertrack.model.leaks import LeakChecks
    from hypertrack.model.run import Stage, TrainedModel
    from hypertrack.model.training import EpochResult

__all__ = ["EpochResult", "LeakChecks", "Stage", "TrainedModel", "train"]


def train(
    settings: Settings,
    on_stage: "Callable[[Stage], None]",
    on_epoch: "Callable[[EpochResult], None]",
    *,
    force: bool = False,
    labels: Path | None = None,
) -> "TrainedModel":
    """Measure features and outcomes, train, evaluate and save the model.

    Args:
        on_stage: Called before each stage.
        on_epoch: Called after each epoch.
        force: Train on less data than `TrainSettings` asks for.
        labels: CSV of ``wallet,bot``: the user's own knowledge, over the labelling functions.

    Raises:
        NotEnoughDataError: Says what is missing.
    """
    from hypertrack.model.run import Source, Stage, TrainedModel, train_model

    with open_engine(settings) as engine:
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
