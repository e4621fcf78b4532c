"""The tear sheet in a real Chromium: on narrow and wide screens, dark and light."""

from collections.abc import Callable
from pathlib import Path

import pytest
from accessibility import violations
from backtest_fakes import told
from playwright.sync_api import Page, expect

from hypertrack.files import write_text
from hypertrack.outputs.backtest_page import render_backtest

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_page_draws_every_part_and_never_scrolls_sideways(
    open_file: Callable[..., Page], tmp_path: Path, width: int, scheme: str
) -> None:
    file = tmp_path / "backtest.html"
    write_text(file, render_backtest(told()))

    page = open_file(file, width=width, scheme=scheme)

    expect(page.locator("h1")).to_contain_text("would have paid")
    expect(page.locator(".plot, .forest")).to_have_count(6)
    expect(page.locator(".curve-judged")).to_have_count(4)
    expect(page.locator(".band-random")).to_have_count(1)
    expect(page.locator(".contributions tr")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (sum(map(int, ground[4:-1].split(","))) < 384) == (scheme == "dark")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (820, "light"), (390, "light")])
def test_page_has_no_violation(
    open_file: Callable[..., Page], tmp_path: Path, width: int, scheme: str
) -> None:
    file = tmp_path / "backtest.html"
    write_text(file, render_backtest(told()))

    assert violations(open_file(file, width=width, scheme=scheme)) == []
