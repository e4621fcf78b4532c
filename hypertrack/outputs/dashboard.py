"""The dashboard: one HTML file that needs nothing but itself."""

from markupsafe import Markup

from hypertrack.config import DashboardSettings, ReportSettings
from hypertrack.outputs.cards import page_data, script_json
from hypertrack.outputs.docs import docs_pages
from hypertrack.outputs.page import render_page
from hypertrack.outputs.selection import select
from hypertrack.outputs.templates import read_source
from hypertrack.outputs.views import page_view
from hypertrack.records import ProfileSet

NO_FILTER = ReportSettings()


def render_dashboard(
    profiles: ProfileSet, settings: DashboardSettings, leave_out: ReportSettings = NO_FILTER
) -> str:
    """Return the page: style, script, data and documentation are inside.

    Args:
        leave_out: Wallets that get no card; the summary counts all of them.
    """
    selection = select(profiles, leave_out, max_wallets=settings.max_wallets)
    shown = tuple(profiles.wallets(selection.rows))
    return render_page(
        "dashboard.html.j2",
        style=read_source("dashboard.css") + f"@media print {{ {read_source('light.css')} }}\n",
        scripts=("cards.js", "reasons.js", "dashboard.js"),
        page=page_view(profiles.header, selection, shown),
        data=Markup(script_json(page_data(profiles.header, shown))),
        docs=docs_pages(),
    )
