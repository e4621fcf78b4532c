"""The dashboard as it is served: its parts apart, since only some may be read without the token."""

from dataclasses import dataclass

from hypertrack.config import DashboardSettings, ReportSettings
from hypertrack.outputs.dashboard import SCRIPTS, dashboard_context, dashboard_style
from hypertrack.outputs.page import render_part
from hypertrack.outputs.templates import read_source
from hypertrack.records import Histories, ProfileSet


@dataclass(frozen=True)
class ServedFront:
    """What anybody may read: nothing of any wallet is in it.

    Attributes:
        page: The document, into which the script puts what the token lets it load.
    """

    page: str
    script: str
    style: str


def served_front() -> ServedFront:
    """Return what does not change while a server runs."""
    return ServedFront(
        page=render_part("served.html.j2"),
        script="".join(map(read_source, (*SCRIPTS, "stream.js", "live.js", "served.js"))),
        style=dashboard_style("live.css"),
    )


def served_body(
    profiles: ProfileSet | None,
    found: Histories | None,
    settings: DashboardSettings,
    leave_out: ReportSettings,
) -> str:
    """Return what stands in the document's body: the dashboard, and the present above its list.

    Args:
        profiles: None where nobody was profiled yet.
        found: Histories of some wallets; None where they are not read yet.
    """
    if profiles is None:
        return render_part("unprofiled.html.j2")
    context = dashboard_context(profiles, settings, leave_out, found)
    return render_part("dashboard.html.j2", "body", is_served=True, **context)
