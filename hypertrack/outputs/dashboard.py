"""The dashboard: one HTML file that needs nothing but itself."""

from typing import Any

from markupsafe import Markup

from hypertrack.config import DashboardSettings, ReportSettings
from hypertrack.outputs.definitions import definitions
from hypertrack.outputs.docs import docs_pages
from hypertrack.outputs.histories import history_pack
from hypertrack.outputs.packing import Pack
from hypertrack.outputs.page import render_page
from hypertrack.outputs.page_data import page_data, script_json
from hypertrack.outputs.selection import Selection, places_by_evidence, select
from hypertrack.outputs.templates import read_source
from hypertrack.outputs.themes import both_themes
from hypertrack.outputs.views import page_view
from hypertrack.outputs.wallet_columns import wallet_columns
from hypertrack.records import WALLET_PATTERN, Histories, ProfileSet

NO_FILTER = ReportSettings()

STYLES = ("base.css", "dashboard.css", "wallets.css", "sheet.css", "print.css")

SCRIPTS = (
    *("elements.js", "unpacking.js", "wallets.js", "finding.js", "keeping.js", "watchlist.js"),
    *("exports.js", "virtual.js", "charts.js", "table.js", "cards.js", "filters.js", "history.js"),
    *("sheet.js", "docs.js", "dashboard.js"),
)

N_MARK_DIGITS = 8
"""Hexadecimal digits of an address that is left out: by these a search finds that it is."""


def render_dashboard(
    profiles: ProfileSet,
    settings: DashboardSettings,
    leave_out: ReportSettings = NO_FILTER,
    found: Histories | None = None,
) -> str:
    """Return the page: style, script, data and documentation are inside.

    Args:
        leave_out: Wallets that are not listed; the summary counts all of them.
        found: Histories of some wallets; None where there is no dataset to read them from.
    """
    return render_page(
        "dashboard.html.j2",
        style=dashboard_style(),
        scripts=(*SCRIPTS, "start.js"),
        **dashboard_context(profiles, settings, leave_out, found),
    )


def dashboard_style(*more: str) -> str:
    """Return the style of the page; ``more`` are further files of it."""
    return both_themes() + "".join(map(read_source, (*STYLES, *more)))


def dashboard_context(
    profiles: ProfileSet,
    settings: DashboardSettings,
    leave_out: ReportSettings = NO_FILTER,
    found: Histories | None = None,
) -> dict[str, Any]:
    """Return what the page's template arranges."""
    header = profiles.header
    selection = select(profiles, leave_out, max_wallets=settings.max_wallets)
    shown = profiles.wallets(selection.rows)
    columns = wallet_columns(header, shown, places_by_evidence(profiles, selection))
    return {
        "page": page_view(header, selection),
        "data": Markup(script_json(page_data(header, selection, columns.measures, found))),
        "packs": {
            "listed": Markup(columns.listed),
            "rest": Markup(columns.rest),
            "left-out": Markup(_left_out(profiles, selection)),
            "histories": Markup(history_pack(found)),
        },
        "docs": docs_pages(),
        "definitions": definitions(header),
    }


def _left_out(profiles: ProfileSet, selection: Selection) -> str:
    """Return a pack of the first digits of the addresses that are not on the page."""
    pack = Pack()
    shown = set(selection.rows.tolist())
    addresses = profiles.column("wallet").tolist() if selection.left_out else ()
    found = (each for row, each in enumerate(addresses) if row not in shown)
    marks = (each[2 : 2 + N_MARK_DIGITS] for each in found if WALLET_PATTERN.fullmatch(each))
    pack.counts("marks", sorted(int(mark, 16) for mark in marks))
    return pack.text()
