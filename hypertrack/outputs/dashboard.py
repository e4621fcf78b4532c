"""The dashboard: one HTML file that needs nothing but itself."""

import base64
import hashlib

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hypertrack.config import DashboardSettings, ReportSettings
from hypertrack.outputs.cards import page_data, script_json
from hypertrack.outputs.docs import render_docs
from hypertrack.outputs.selection import select
from hypertrack.outputs.templates import read_readme, read_source, template_folder
from hypertrack.outputs.views import page_view
from hypertrack.records import ProfileSet

NO_FILTER = ReportSettings()


def render_dashboard(
    profiles: ProfileSet, settings: DashboardSettings, leave_out: ReportSettings = NO_FILTER
) -> str:
    """Return the page.

    It fetches nothing: style, script, data and documentation are inside, and its content security
    policy forbids whatever else would load or run.

    Args:
        leave_out: Wallets that get no card; the summary counts all of them.
    """
    selection = select(profiles.profiles, leave_out, max_wallets=settings.max_wallets)
    style = read_source("dashboard.css")
    script = "".join(map(read_source, ("cards.js", "reasons.js", "dashboard.js")))
    return (
        _environment()
        .get_template("dashboard.html.j2")
        .render(
            page=page_view(profiles, selection),
            policy=_policy(style, script),
            style=Markup(style),
            script=Markup(script),
            data=Markup(script_json(page_data(profiles, selection.profiles))),
            docs=render_docs(read_readme()),
        )
    )


def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(template_folder()),
        autoescape=True,  # selection by suffix leaves .html.j2 unescaped
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _policy(style: str, script: str) -> str:
    """Return the policy under which only our own style and script are honored."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
