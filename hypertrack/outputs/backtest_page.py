"""The tear sheet: one HTML file that says whether following would have paid."""

from hypertrack.outputs.backtest_views import backtest_view
from hypertrack.outputs.page import render_page
from hypertrack.outputs.templates import read_source
from hypertrack.outputs.themes import both_themes
from hypertrack.records import Backtest

STYLES = ("base.css", "training_report.css", "backtest.css")
"""Panels and charts are the training report's."""


def render_backtest(found: Backtest) -> str:
    """Return the page of a backtest, dark or light as its reader prefers."""
    return render_page(
        "backtest.html.j2",
        style=both_themes() + "".join(map(read_source, STYLES)),
        page=backtest_view(found),
    )
