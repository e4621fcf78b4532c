"""Open a page where there is a browser, else say where it lies."""

import logging
import webbrowser
from pathlib import Path

from hypertrack.cli.session import Session

log = logging.getLogger(__name__)


def open_page(session: Session, file: Path) -> None:
    """Show the page; print its path on a machine without a browser."""
    path = file.resolve()
    try:
        is_shown = webbrowser.open(path.as_uri())
    except webbrowser.Error:
        is_shown = False
    if is_shown:
        return
    if session.is_json:
        log.warning("no browser here: open %s in one", path)
    else:
        session.err.print(f"no browser here: open {path} in one", markup=False, soft_wrap=True)
