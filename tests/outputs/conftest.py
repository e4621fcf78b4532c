"""A real Chromium for the tests of pages."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from chromium import WATCHED_POLICY, browser
from dashboard_fakes import open_page, pages
from playwright.sync_api import Browser, Page, Route, ViewportSize

__all__ = ["browser", "open_page", "pages"]

OpenFile = Callable[..., Page]


@pytest.fixture
def open_file(browser: Browser) -> Iterator[OpenFile]:
    """Open pages from disk; whatever one asks for or complains of fails the test."""
    opened_urls: list[str] = []
    requests: list[str] = []
    complaints: list[str] = []
    contexts = []

    def answer(route: Route) -> None:
        requests.append(route.request.url)
        if route.request.url.startswith("file:"):
            route.continue_()
        else:
            route.abort()

    def opened(
        file: Path,
        *,
        width: int = 1440,
        height: int = 900,
        hash_: str = "",
        scheme: Literal["dark", "light"] = "dark",
        script: str = "",
    ) -> Page:
        viewport: ViewportSize = {"width": width, "height": height}
        context = browser.new_context(viewport=viewport, color_scheme=scheme)
        contexts.append(context)
        context.route("**/*", answer)
        context.add_init_script(WATCHED_POLICY)
        if script:
            context.add_init_script(script)
        page = context.new_page()
        page.set_default_timeout(5_000)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        opened_urls.append(file.as_uri())
        page.goto(file.as_uri() + hash_)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [url for url in requests if url.partition("#")[0] not in opened_urls] == []
    assert complaints == []
