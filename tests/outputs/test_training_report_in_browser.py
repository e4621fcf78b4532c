"""The training report in a real Chromium: on narrow and wide screens, dark and light."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from accessibility import violations
from playwright.sync_api import Page, expect
from profile_fakes import HOSTILE
from training_fakes import as_card, training_card

from hypertrack.files import write_text
from hypertrack.outputs.training_report import render_training_report

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OpenReport = Callable[..., Page]

OVERLAPPING_LABELS = """
() => [...document.querySelectorAll(".forest, .losses, .reliability")].flatMap((chart) => {
  const labels = chart.querySelectorAll("text, .forest-name, .forest-text");
  const boxes = [...labels].map((text) => text.getBoundingClientRect());
  return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3
  ).map((b) => [a.left, b.left, a.top]));
})
"""


@pytest.fixture
def open_report(open_file: Callable[..., Page], tmp_path: Path) -> OpenReport:
    """Open the report of a card from disk."""

    def opened(card: dict[str, Any] | None = None, **options: Any) -> Page:
        file = tmp_path / "training_report.html"
        write_text(file, render_training_report(as_card(card or training_card())))
        return open_file(file, **options)

    return opened


def test_report_draws_every_part(open_report: OpenReport) -> None:
    page = open_report()

    expect(page.locator(".forest")).to_have_count(6)
    expect(page.locator(".line-validation")).to_have_count(7)
    expect(page.locator(".reliability")).to_have_count(4)
    expect(page.locator(".bars")).to_have_count(6)
    expect(page.locator(".cuts li")).to_have_count(5)
    expect(page.get_by_role("img", name="Bot probability: Skill")).to_be_visible()
    expect(page.locator(".is-unproven h3")).to_have_text(
        ["Profitability unproven", "Sophistication unproven"]
    )


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_report_is_as_dark_as_its_reader_likes(open_report: OpenReport, scheme: str) -> None:
    page = open_report(scheme=scheme)

    ground, text = page.evaluate(
        "['backgroundColor', 'color'].map((name) => "
        "getComputedStyle(document.querySelector(name === 'color' ? 'h1' : 'html'))[name]"
        ".match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3)"
    )

    assert (ground < text) == (scheme == "dark")
    assert abs(ground - text) > 150


@pytest.mark.parametrize("card", [training_card(), training_card(hostile=HOSTILE)])
@pytest.mark.parametrize("width", [390, 768, 1440])
def test_report_never_scrolls_sideways(
    open_report: OpenReport, card: dict[str, Any], width: int
) -> None:
    page = open_report(card, width=width)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("width", [390, 1440])
def test_labels_of_charts_do_not_overlap(open_report: OpenReport, width: int) -> None:
    assert open_report(width=width).evaluate(OVERLAPPING_LABELS) == []


HEIGHTS_OF_LABELS = """
() => [...new Set([...document.querySelectorAll(".chart text, .forest span")]
  .map((text) => Math.round(text.getBoundingClientRect().height)))].filter(Boolean).sort()
"""


def test_text_of_charts_is_as_large_on_every_screen(open_report: OpenReport) -> None:
    heights = [open_report(width=width).evaluate(HEIGHTS_OF_LABELS) for width in (1440, 820, 390)]

    assert heights[0] == heights[1] == heights[2]
    assert 10 <= heights[0][0] <= heights[0][-1] <= 20


IS_SCROLLED = """
(each) => new Promise((done) => {
  const until = performance.now() + 2000;
  const look = () => each.scrollLeft > 0 || performance.now() > until
    ? done(each.scrollLeft > 0) : requestAnimationFrame(look);
  look();
})
"""


def test_what_scrolls_on_a_narrow_screen_is_reached_by_keyboard(open_report: OpenReport) -> None:
    page = open_report(width=390)

    table = page.get_by_role("region", name="Labelling functions")
    assert table.evaluate("each => each.scrollWidth > each.clientWidth")
    table.focus()
    page.keyboard.press("ArrowRight")

    assert table.evaluate(IS_SCROLLED)


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (820, "light"), (390, "light")])
def test_report_has_no_violation(open_report: OpenReport, width: int, scheme: str) -> None:
    page = open_report(width=width, scheme=scheme)

    assert violations(page) == []
