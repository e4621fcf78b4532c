"""The page of what differs between two sets of profiles."""

from hypertrack.outputs.diff_views import diff_view
from hypertrack.outputs.page import render_page
from hypertrack.outputs.templates import read_source
from hypertrack.outputs.themes import both_themes
from hypertrack.records import ProfileDiff, WalletDiff

STYLES = ("base.css", "training_report.css", "diff.css")
"""Panels and tables are the training report's."""


def render_diff(diff: ProfileDiff, wallets: tuple[WalletDiff, ...]) -> str:
    """Return the page, dark or light as its reader prefers.

    Args:
        wallets: Those to show, in their order.
    """
    return render_page(
        "diff.html.j2",
        style=both_themes() + "".join(map(read_source, STYLES)),
        page=diff_view(diff, wallets),
    )
