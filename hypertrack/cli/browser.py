"""Open a page where there is a browser, else say where it lies."""

import webbrowser
from pathlib import Path

from hypertrack.cli.session import Session


def open_page(session: Session, file: Path) -> None:
    """Show the page; print its path on a machine without a browser."""
    path = file.resolve()
    try:
        is_shown = webbrowser.open(path.as_uri())
    except webbrowser.Error:
        is_shown = False
    if not is_shown:
        session.err.print(f"no browser here: open {path} in one", markup=False, soft_wrap=True)
