"""Open a page where there is a browser, else say where it lies."""

import logging
import webbrowser
from pathlib import Path

from hypertrack.cli.session import Session

log = logging.getLogger(__name__)


def open_page(session: Session, file: Path) -> None:
    """Show the page; print its path on a machine without a browser."""
    path = file.resolve()
    if not _is_shown(path.as_uri()):
        _say_absent(session, f"no browser here: open {path} in one")


def open_url(session: Session, url: str) -> None:
    """Show an address; say on a machine without a browser that there is none."""
    if not _is_shown(url):
        _say_absent(session, "no browser here: open the address in one")


def _is_shown(url: str) -> bool:
    try:
        return webbrowser.open(url)
    except webbrowser.Error:
        return False


def _say_absent(session: Session, words: str) -> None:
    if session.is_json:
        log.warning(words)
    else:
        session.err.print(words, markup=False, soft_wrap=True)
