"""What differs between two sets of profiles, in a real Chromium."""

from collections.abc import Callable
from pathlib import Path

import pytest
from accessibility import violations
from diff_fakes import DIFF, WALLETS
from playwright.sync_api import Page, expect

from hypertrack.files import write_text
from hypertrack.outputs.diff_page import render_diff

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # axe takes about a second a page


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (820, "light"), (390, "light")])
def test_page_shows_every_part_and_has_no_violation(
    open_file: Callable[..., Page], tmp_path: Path, width: int, scheme: str
) -> None:
    file = tmp_path / "diff.html"
    write_text(file, render_diff(DIFF, WALLETS))

    page = open_file(file, width=width, scheme=scheme)

    expect(page.locator("h1")).to_contain_text("1,000 wallets before, 1,200 after")
    expect(page.locator(".diff-wallets tbody tr")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
