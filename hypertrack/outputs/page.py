"""One HTML file that needs nothing but itself: its template, its style, its script, its policy."""

import base64
import hashlib
from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from hypertrack.outputs.templates import read_source, template_folder


def render_page(
    template: str, *, style: str, scripts: Sequence[str] = (), **context: object
) -> str:
    """Return a page that fetches nothing; its policy forbids whatever else would load or run.

    Args:
        template: Gets ``policy``, ``style`` and ``script``, and what is in ``context``.
        style: The whole style sheet.
        scripts: Files of the template folder, in order.
    """
    script = "".join(map(read_source, scripts))
    own: dict[str, Any] = {
        "policy": _policy(style, script),
        "style": Markup(style),
        "script": Markup(script),
    }
    return _environment().get_template(template).render(**own, **context)


def render_part(template: str, block: str | None = None, **context: object) -> str:
    """Return what a template makes, or one block of it, without a policy of its own."""
    found = _environment().get_template(template)
    if block is None:
        return found.render(**context)
    return "".join(found.blocks[block](found.new_context(context)))


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
