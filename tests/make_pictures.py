"""Make the pictures of README and docs: python tests/make_pictures.py DEMO.

DEMO is what `hypertrack demo --out DEMO` left, of this version. Each picture carries a digest of
the sources of its page; tests/test_pictures.py says when it is older than what it shows.
"""

import hashlib
import shutil
import struct
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from hypertrack.outputs import backtest_page, dashboard

ROOT = Path(__file__).parents[1]
TEMPLATES = ROOT / "templates"
KEYWORD = b"hypertrack sources"
"""Of the PNG chunk that carries the digest."""

SIGNATURE = b"\x89PNG\r\n\x1a\n"
THEMES = ("dark.css", "light.css")


@dataclass(frozen=True)
class Picture:
    """One picture: the page that it shows, and that page's own sources."""

    name: str
    page: str
    height: int
    sources: tuple[str, ...]


PICTURES = (
    Picture(
        "dashboard.png",
        "wallet_dashboard.html",
        1_000,
        ("dashboard.html.j2", "docs.html.j2", *dashboard.STYLES, *dashboard.SCRIPTS, *THEMES),
    ),
    Picture(
        "training_report.png",
        "training_report.html",
        1_000,
        ("training_report.html.j2", *backtest_page.STYLES[:2], *THEMES),
    ),
)


def digest(picture: Picture) -> bytes:
    """Return what changes with the sources of a picture's page."""
    texts = (TEMPLATES.joinpath(name).read_bytes() for name in sorted(picture.sources))
    return hashlib.sha256(b"\0".join(texts)).hexdigest().encode()


def stamped(png: bytes, text: bytes) -> bytes:
    """Return the picture with a text in it, which viewers do not show."""
    chunk = b"tEXt" + KEYWORD + b"\0" + text
    whole = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    end = len(SIGNATURE) + 25  # after the head, which every picture begins with
    return png[:end] + whole + png[end:]


def stamp(png: bytes) -> bytes | None:
    """Return the text in a picture; None where there is none."""
    at = png.find(b"tEXt" + KEYWORD + b"\0")
    if at < 0:
        return None
    length = struct.unpack(">I", png[at - 4 : at])[0]
    return png[at + 4 + len(KEYWORD) + 1 : at + 4 + length]


def take(page: Page, file: Path, picture: Picture) -> bytes:
    """Return a picture of a file's first screen."""
    page.set_viewport_size({"width": 1_440, "height": picture.height})
    page.goto(file.resolve().as_uri())
    if picture.page == "wallet_dashboard.html":
        page.wait_for_selector("[data-ready]", state="attached")
    return page.screenshot()


def main(demo: Path) -> None:
    """Take every picture."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(color_scheme="dark")
        for picture in PICTURES:
            png = take(page, demo / picture.page, picture)
            target = ROOT / "examples" / picture.name
            target.write_bytes(stamped(png, digest(picture)))
            print(target)
        browser.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("one argument is needed, the folder of `hypertrack demo`")
    main(Path(sys.argv[1]))
