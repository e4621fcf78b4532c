"""The training report: written when a model is trained, and again from its card when asked for."""

from pathlib import Path
from typing import TYPE_CHECKING

from hypertrack.config import Settings
from hypertrack.errors import ModelError
from hypertrack.records import JsonError

if TYPE_CHECKING:  # loaded when a report is written
    from hypertrack.model.card import Card

TRAINING_REPORT_NAME = "training_report.html"


def write_training_report(settings: Settings, card: "Card", file: Path | None = None) -> Path:
    """Write the page of a model and return its path.

    Args:
        file: Where; None is `TRAINING_REPORT_NAME` in the working folder.

    Raises:
        ModelError: The card holds too little.
        HypertrackError: The page cannot be written.
    """
    from hypertrack.files import write_text
    from hypertrack.outputs.training_report import render_training_report

    path = settings.out / TRAINING_REPORT_NAME if file is None else file
    try:
        page = render_training_report(card)
    except JsonError as error:
        raise ModelError(
            f"the card of {card.summary.version} holds too little for a report ({error}): "
            "train again"
        ) from error
    write_text(path, page)
    return path
