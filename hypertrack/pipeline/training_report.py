"""The training report: written when a model is trained, and again from its card when asked for."""

from pathlib import Path

from hypertrack.config import Settings
from hypertrack.records import Card

TRAINING_REPORT_NAME = "training_report.html"


def write_training_report(settings: Settings, card: Card, file: Path | None = None) -> Path:
    """Write the page of a model and return its path.

    Args:
        file: Where; None is `TRAINING_REPORT_NAME` in the working folder.

    Raises:
        HypertrackError: The page cannot be written.
    """
    from hypertrack.files import write_text
    from hypertrack.outputs.training_report import render_training_report

    path = settings.out / TRAINING_REPORT_NAME if file is None else file
    write_text(path, render_training_report(card))
    return path
