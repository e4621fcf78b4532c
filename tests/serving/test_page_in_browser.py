"""The served page in a real Chromium: what moves in it, and who is told nothing."""

from collections.abc import Callable, Iterator

import pytest
from chromium import WATCHED_POLICY
from fakes import ALICE, BOB
from playwright.sync_api import Browser, Page, expect
from serving_fakes import Dataset, Running, running

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Open = Callable[..., Page]


@pytest.fixture
def server(dataset: Dataset) -> Iterator[Running]:
    """Serve the dataset."""
    with running(dataset.settings) as found:
        yield found


@pytest.fixture
def open_url(browser: Browser) -> Iterator[Open]:
    """Open addresses; what a page complains of, its policy's complaints too, fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(url: str, *, width: int = 1440, complains: bool = False) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900})
        contexts.append(context)
        context.add_init_script(WATCHED_POLICY)
        page = context.new_page()
        page.set_default_timeout(5_000)
        if not complains:
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def seen(page: Page) -> list[str | None]:
    return page.locator(".live-line .address").evaluate_all("all => all.map((each) => each.title)")


def test_page_moves_when_a_signal_is_written(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    dataset.add(leader=BOB)
    page = open_url(server.page)
    expect(page.locator(".live-line")).to_have_count(1)
    assert page.locator(".line .address").evaluate_all("all => all.map((e) => e.title)")[0] == ALICE

    dataset.add(coin="ETH", kind="flip", side="sell", size="2.5", vwap="3100.5")

    expect(page.locator(".live-line")).to_have_count(2)
    expect(page.locator(".live-line").first).to_contain_text("flipped, selling 2.5 ETH at 3100.5")
    assert seen(page) == [ALICE, BOB]
    assert "token" not in page.url
