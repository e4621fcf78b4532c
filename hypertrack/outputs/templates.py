"""Where the page's sources are: inside an installed package, or beside it in a checkout."""

from pathlib import Path

from hypertrack.errors import HypertrackError

PACKAGE = Path(__file__).parents[1]
PACKAGED = PACKAGE / "_templates"
CHECKOUT = PACKAGE.parent


def template_folder() -> Path:
    """Return the folder of the templates.

    Raises:
        HypertrackError: Neither an installed package nor a checkout.
    """
    for folder in (PACKAGED, CHECKOUT / "templates"):
        if folder.is_dir():
            return folder
    raise HypertrackError(f"no templates in {PACKAGED} or {CHECKOUT}: reinstall hypertrack")


def read_source(name: str) -> str:
    """Return the text of a file that is included in the page."""
    return (template_folder() / name).read_text(encoding="utf-8")


def read_readme() -> str:
    """Return the README; one line that it is missing where it is."""
    for file in (PACKAGED / "README.md", CHECKOUT / "README.md"):
        if file.is_file():
            return file.read_text(encoding="utf-8")
    return "The README was not installed with this copy of hypertrack."
