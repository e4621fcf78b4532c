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


def read_docs() -> dict[str, str]:
    """Return README and docs by path, as in the checkout; one line that they are missing."""
    folder = PACKAGED if PACKAGED.is_dir() else CHECKOUT
    files = (folder / "README.md", *sorted((folder / "docs").glob("*.md")))
    found = {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
        for file in files
        if file.is_file()
    }
    return found or {"README.md": "# Docs\n\nThey were not installed with this copy."}
