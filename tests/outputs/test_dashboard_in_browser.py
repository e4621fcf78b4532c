"""The dashboard in a real Chromium: what a person does with it, and what it must never do."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from profile_fakes import HOSTILE, MadeSet, hostile_set, profile_set

from hypertrack.config import DashboardSettings
from hypertrack.files import write_text
from hypertrack.outputs.dashboard import render_dashboard
from hypertrack.outputs.reason_views import score_views

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PROFILES = profile_set(120, notice="Simulated: no real wallet is shown.")

WATCHED_CLIPBOARD = """
const writeText = async (text) => {
  if (!ALLOWED) throw new Error("denied");
  window.copied = text;
};
Object.defineProperty(navigator, "clipboard", { value: { writeText } });
document.addEventListener("copy", () => { window.copied = document.activeElement.value; });
"""

PARTS_PAST_THE_PADDING = """
(card) => [...card.querySelectorAll(":not(.visually-hidden, .address *, .copy, .copy *)")]
  .filter((part) => part.getBoundingClientRect().right > card.getBoundingClientRect().right - 17)
  .map((part) => part.outerHTML)
"""

OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(open_file: Callable[..., Page], tmp_path: Path) -> OpenPage:
    """Open the page of a profile set from disk."""

    def opened(profiles: MadeSet = PROFILES, *, width: int = 1440, script: str = "") -> Page:
        file = tmp_path / "wallet_dashboard.html"
        write_text(file, render_dashboard(profiles, DashboardSettings()))
        return open_file(file, width=width, script=script)

    return opened


def addresses(page: Page) -> list[str]:
    return page.locator(".address").evaluate_all("all => all.map((each) => each.title)")


def held_by(profiles: MadeSet, *names: str) -> set[str]:
    return {
        profile.wallet
        for profile in profiles.profiles
        if {category.name for category in profile.categories} & set(names)
    }


def test_first_cards_are_drawn_and_the_rest_as_one_scrolls(open_page: OpenPage) -> None:
    page = open_page()

    expect(page.locator(".card")).to_have_count(48)
    expect(page.locator("#count")).to_have_text("120 wallets")
    while page.locator(".card").count() < 120:
        n_drawn = page.locator(".card").count()
        page.locator("#more").scroll_into_view_if_needed()
        expect(page.locator(f".card:nth-child({n_drawn + 1})")).to_be_attached()
    expect(page.locator("#more")).to_be_hidden()


def test_card_shows_what_is_known_of_the_wallet(open_page: OpenPage) -> None:
    page = open_page()

    busiest = max(PROFILES.profiles, key=lambda p: p.features["tx_count"])
    card = page.locator(".card").first
    assert busiest.scores is not None
    expect(card.locator(".address")).to_have_attribute("title", busiest.wallet)
    expect(card.locator(".gauge-value")).to_have_text(
        [
            f"{score:.2f}"
            for score in (
                busiest.scores.risk_score,
                busiest.scores.profitability_score,
                busiest.scores.bot_probability,
                busiest.scores.sophistication_score,
            )
        ]
    )
    expect(card.locator(".chip-name")).to_have_text([c.name for c in busiest.categories])
    expect(card.locator(".card-facts")).to_contain_text(f"{busiest.features['tx_count']:,.0f}")
    expect(card.locator(".style > div")).to_have_count(6)
    expect(card.locator(".activity")).to_have_count(1)


def test_summary_names_span_notice_and_model(open_page: OpenPage) -> None:
    page = open_page()

    expect(page.locator(".notice")).to_have_text("Simulated: no real wallet is shown.")
    expect(page.locator(".intro")).to_contain_text("2026-07-22T00:00:00Z")
    expect(page.locator(".stat").first).to_contain_text("120")
    expect(page.locator(".head")).to_have_count(6)
    expect(page.locator(".head.is-unproven h3")).to_have_text(
        ["Profitability unproven", "Influence unproven"]
    )


@pytest.mark.parametrize("has_clipboard", [True, False])
def test_address_is_copied(open_page: OpenPage, has_clipboard: bool) -> None:
    """The clipboard itself belongs to the desktop, so what reaches it is watched instead."""
    page = open_page(script=WATCHED_CLIPBOARD.replace("ALLOWED", str(has_clipboard).lower()))

    page.locator(".copy").first.click()

    expect(page.locator("#announce")).to_have_text(f"Copied {addresses(page)[0]}")
    assert page.evaluate("window.copied") == addresses(page)[0]


def test_search_finds_part_of_an_address(open_page: OpenPage) -> None:
    page = open_page()
    wanted = PROFILES.profiles[7].wallet

    page.keyboard.press("/")
    page.keyboard.type(wanted[5:15].upper())

    expect(page.locator(".card")).to_have_count(1)
    assert addresses(page) == [wanted]
    expect(page.locator("#count")).to_have_text("1 of 120 wallets")


def test_search_that_finds_nothing_says_so_and_can_be_undone(open_page: OpenPage) -> None:
    page = open_page()

    page.fill("#search", "no such wallet")
    expect(page.get_by_text("No wallet matches")).to_be_visible()
    page.get_by_role("button", name="Clear search and filters").click()

    expect(page.locator(".card")).to_have_count(48)
    expect(page.locator("#empty")).to_be_hidden()


def test_filter_takes_several_categories_any_or_all(open_page: OpenPage) -> None:
    page = open_page()
    bots, whales = held_by(PROFILES, "Bot"), held_by(PROFILES, "Whale")

    page.get_by_role("button", name="Categories").click()
    page.get_by_label("Bot", exact=False).first.check()
    page.locator(".check", has_text="Whale").first.click()
    expect(page.locator("#count")).to_have_text(f"{len(bots | whales)} of 120 wallets")

    page.get_by_role("button", name="All of these").click()
    expect(page.locator("#count")).to_have_text(f"{len(bots & whales)} of 120 wallets")
    assert set(addresses(page)) == bots & whales

    page.keyboard.press("Escape")
    expect(page.locator("#filter")).to_be_hidden()
    page.get_by_role("button", name="Remove filter Whale").click()
    expect(page.locator("#count")).to_have_text(f"{len(bots)} of 120 wallets")


def test_category_of_the_overview_filters_the_cards(open_page: OpenPage) -> None:
    page = open_page()

    row = page.locator(".found-row", has_text="Active Trader")
    row.click()

    expect(row).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#count")).to_have_text(
        f"{len(held_by(PROFILES, 'Active Trader'))} of 120 wallets"
    )


def test_wallets_without_category_say_why(open_page: OpenPage) -> None:
    page = open_page()

    page.get_by_role("button", name="Categories").click()
    page.locator(".check", has_text="No category").click()

    first = next(p for p in PROFILES.profiles if p.wallet == addresses(page)[0])
    expect(page.locator(".why-none").first).to_have_text(f"No category {first.why_none}")


def test_cards_are_sorted_by_what_was_chosen(open_page: OpenPage) -> None:
    page = open_page()

    page.select_option("#sort", label="Highest bot probability")

    expected = sorted(
        PROFILES.profiles,
        key=lambda p: (-round(p.scores.bot_probability if p.scores else 0, 4), p.wallet),
    )
    assert addresses(page)[:10] == [profile.wallet for profile in expected[:10]]


def test_reason_appears_on_focus_and_on_hover(open_page: OpenPage) -> None:
    page = open_page()
    tooltip = page.get_by_role("tooltip")
    busiest = max(PROFILES.profiles, key=lambda p: p.features["tx_count"])
    chip = page.locator(".card").first.locator(".chip").first

    expect(tooltip).to_be_hidden()
    chip.focus()
    expect(tooltip).to_contain_text(busiest.categories[0].evidence)
    expect(chip).to_have_attribute("aria-describedby", "tooltip")
    page.keyboard.press("Escape")
    expect(tooltip).to_be_hidden()

    page.locator(".card").nth(1).locator(".chip").first.hover()
    expect(tooltip).to_be_visible()


def test_unproven_category_looks_different_and_says_why(open_page: OpenPage) -> None:
    page = open_page()

    chip = page.locator(".chip.is-unproven").first
    chip.focus()

    expect(page.get_by_role("tooltip")).to_contain_text("Unproven. ")
    expect(page.get_by_role("tooltip")).to_contain_text("skill −0.02, 95 % CI [−0.05, 0.01]")
    assert chip.evaluate("each => getComputedStyle(each).borderTopStyle") == "dashed"


def test_reasons_of_a_wallet_open_in_a_dialog(open_page: OpenPage) -> None:
    page = open_page()
    busiest = max(PROFILES.profiles, key=lambda p: p.features["tx_count"])
    button = page.get_by_role("button", name="Why these scores?").first

    button.click()

    dialog = page.get_by_role("dialog", name="Why these scores?")
    views = score_views(PROFILES.header, busiest)
    expect(dialog).to_contain_text(busiest.wallet)
    expect(dialog.locator("h3")).to_have_count(len(views))
    bot = dialog.locator(".why-score", has_text="Bot probability")
    shown = next(view for view in views if view.score == "bot_probability")
    expect(bot.locator(".why-feature")).to_have_text([r.feature for r in shown.reasons])
    expect(bot.locator(".why-values")).to_have_text(
        [f"{r.value}, typical {r.typical}" for r in shown.reasons]
    )
    expect(bot.locator(".why-added")).to_have_text(
        [*(r.contribution for r in shown.reasons), shown.others]
    )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()


def test_reasons_of_an_unproven_score_say_so(open_page: OpenPage) -> None:
    page = open_page()

    page.locator(".why-open").first.click()

    doubted = page.locator(".why-score.is-unproven")
    expect(doubted.locator("h3")).to_have_count(2)
    expect(doubted.first).to_contain_text("unproven: skill −0.02, 95 % CI [−0.05, +0.01]")


def test_documentation_opens_and_closes_by_escape(open_page: OpenPage) -> None:
    page = open_page()
    dialog = page.get_by_role("dialog")

    page.get_by_role("button", name="Docs").click()
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("heading", name="hypertrack")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Docs")).to_be_focused()


def test_everything_can_be_reached_by_keyboard(open_page: OpenPage) -> None:
    page = open_page()

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the wallets"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "search"


def test_scores_read_no_model_where_there_is_none(open_page: OpenPage) -> None:
    page = open_page(profile_set(3, unearned=None))

    expect(page.locator(".card").first.locator(".gauge-value")).to_have_text(["no model"] * 4)
    expect(page.locator(".panel").first).to_contain_text("No model.")
    expect(page.locator(".why-open")).to_have_count(0)


def test_hostile_names_are_only_text(open_page: OpenPage) -> None:
    shown = HOSTILE.replace("\u2028", "\ufffd")  # a line separator forges lines
    page = open_page(hostile_set())

    expect(page.locator(".card")).to_have_count(2)
    page.locator(".chip").first.focus()
    expect(page.get_by_role("tooltip")).to_contain_text("<img src=x onerror=alert(1)>")
    page.locator(".why-open").first.click()
    expect(page.locator(".why-feature")).to_have_text(f"gap {shown}")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Categories").click()
    page.locator(".check").first.click()
    assert page.locator("img").count() == 0
    assert addresses(page) == [f"0xdead{shown}"]
    expect(page.locator(".notice")).to_contain_text("</script>")


@pytest.mark.parametrize("profiles", [PROFILES, hostile_set(), profile_set(3, unearned=None)])
@pytest.mark.parametrize("width", [390, 768, 1440])
def test_page_never_scrolls_sideways(open_page: OpenPage, profiles: MadeSet, width: int) -> None:
    page = open_page(profiles, width=width)

    page.locator(".card").first.scroll_into_view_if_needed()
    assert page.locator(".card").first.evaluate(PARTS_PAST_THE_PADDING) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if page.locator(".why-open").count():
        page.locator(".why-open").first.click()
        assert (
            page.locator(".why-body").evaluate("each => each.scrollWidth - each.clientWidth") <= 0
        )
        page.keyboard.press("Escape")
    page.get_by_role("button", name="Docs").click()
    assert page.locator(".docs-body").evaluate("each => each.scrollWidth - each.clientWidth") <= 0
