"""The training report: one HTML file that says what a model is worth and what it rests on."""

from hypertrack.outputs.page import render_page
from hypertrack.outputs.templates import read_source
from hypertrack.outputs.themes import both_themes
from hypertrack.outputs.training_views import training_view
from hypertrack.records import Card


def render_training_report(card: Card) -> str:
    """Return the page of a model, dark or light as its reader prefers."""
    return render_page(
        "training_report.html.j2",
        style=both_themes() + read_source("base.css") + read_source("training_report.css"),
        page=training_view(card),
    )
