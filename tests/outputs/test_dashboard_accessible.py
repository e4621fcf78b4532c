"""The dashboard under axe-core: both themes, three widths, and all that opens over the page."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from accessibility import violations
from history_fakes import histories
from judged_fakes import judged_set
from playwright.sync_api import Page, expect

from hypertrack.config import DashboardSettings
from hypertrack.files import write_text
from hypertrack.outputs.dashboard import render_dashboard
from hypertrack.records import replace

pytestmark = [pytest.mark.browser, pytest.mark.slow]  # axe takes about a second a page


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("page") / "dashboard.html"
    made = judged_set(40, notice="Simulated: no real wallet is shown.")
    found = histories(*(each.wallet for each in made.profiles[:3]))
    everybody = replace(
        found,
        by_wallet=dict.fromkeys(
            (each.wallet for each in made.profiles), found.by_wallet[made.profiles[0].wallet]
        ),
    )
    write_text(path, render_dashboard(made, DashboardSettings(), found=everybody))
    return path


@pytest.mark.parametrize("width", [1440, 820, 390])
@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_page_and_what_opens_over_it_have_no_violation(
    open_file: Callable[..., Page], file: Path, width: int, scheme: Literal["dark", "light"]
) -> None:
    page = open_file(file, width=width, scheme=scheme)
    expect(page.locator("[data-ready]")).to_be_attached()

    page.locator("#open-filter").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator(".line .address").first.click()
    assert violations(page) == []


def test_cards_model_and_documentation_have_no_violation(
    open_file: Callable[..., Page], file: Path
) -> None:
    page = open_file(file, scheme="light", hash_="#view=cards")
    expect(page.locator(".card").first).to_be_visible()

    assert violations(page) == []
    page.locator("[data-opens=model]").click()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator("#open-docs").click()
    assert violations(page) == []
