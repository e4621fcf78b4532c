"""The dashboard in a real Chromium: what a person does with it, and what it must never do."""

import csv
import io
import json
from collections.abc import Callable
from math import isnan
from pathlib import Path

import pytest
from history_fakes import histories
from judged_fakes import judged_set, without_model
from playwright.sync_api import Page, expect
from profile_fakes import HOSTILE, hostile_set
from profile_set_fakes import MadeSet

from hypertrack.config import DashboardSettings
from hypertrack.files import write_text
from hypertrack.outputs.dashboard import render_dashboard
from hypertrack.outputs.reason_views import score_views
from hypertrack.records import Verdict, WalletProfile

pytestmark = [pytest.mark.browser, pytest.mark.slow]

JUDGED = judged_set(120, notice="Simulated: no real wallet is shown.")

WATCHED_CLIPBOARD = """
const writeText = async (text) => {
  if (!ALLOWED) throw new Error("denied");
  window.copied = text;
};
Object.defineProperty(navigator, "clipboard", { value: { writeText } });
document.addEventListener("copy", () => { window.copied = document.activeElement.value; });
"""

KNOWN, UNKNOWN, OTHER = (JUDGED.profiles[place].wallet for place in (0, 1, 2))
HISTORIES = histories(KNOWN, UNKNOWN, OTHER)

RANKS = [Verdict.COPY, Verdict.WATCH, Verdict.NOT_ENOUGH_DATA, Verdict.AVOID]

OpenPage = Callable[..., Page]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Pages that were written, by profile set: each is written once."""
    return {0: tmp_path_factory.mktemp("pages")}


@pytest.fixture
def open_page(open_file: Callable[..., Page], files: dict[int, Path]) -> OpenPage:
    """Open the page of a profile set from disk, when its wallets are there."""

    def opened(profiles: MadeSet = JUDGED, *, max_wallets: int = 50_000, **how: object) -> Page:
        key = id(profiles) + max_wallets
        if key not in files:
            files[key] = files[0] / f"{key}.html"
            settings = DashboardSettings(max_wallets=max_wallets)
            write_text(files[key], render_dashboard(profiles, settings, found=HISTORIES))
        page = open_file(files[key], **how)
        expect(page.locator("[data-ready]")).to_be_attached()
        return page

    return opened


def addresses(page: Page) -> list[str]:
    return page.locator(".line .address").evaluate_all("all => all.map((each) => each.title)")


def edge(wallet: WalletProfile) -> float:
    assert wallet.skill is not None
    found = wallet.skill.numbers["edge_bps"]
    return -1e9 if isnan(found) else round(found, 1)


def best_first(*, min_transactions: int = 20) -> list[str]:
    """Return the addresses by verdict, then by the edge as it is written, then by activity."""
    shown = [w for w in JUDGED.profiles if w.features["tx_count"] >= min_transactions]
    order = sorted(shown, key=lambda w: (RANKS.index(w.skill.verdict), -edge(w)))  # type: ignore[union-attr]
    return [wallet.wallet for wallet in order]


def held_by(*names: str) -> set[str]:
    return {
        profile.wallet
        for profile in JUDGED.profiles
        if {category.name for category in profile.categories} & set(names)
    }


def count(page: Page, n: int) -> None:
    text = "120 wallets" if n == 120 else f"{n} of 120 wallets"
    expect(page.locator("#count")).to_have_text(text)


# --- the first screen ---------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (820, 1180), (390, 844)])
def test_first_screen_holds_the_answer_and_the_best_wallets(
    open_page: OpenPage, width: int, height: int
) -> None:
    page = open_page(width=width, height=height)

    n_rows = 10 if width > 390 else 7
    assert addresses(page)[:n_rows] == best_first()[:n_rows]
    expect(page.locator("h1")).to_be_in_viewport()
    expect(page.locator(".line").nth(n_rows - 1)).to_be_in_viewport(ratio=0.95)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_default_order_and_filter_are_visible_and_changeable(open_page: OpenPage) -> None:
    page = open_page()

    count(page, len(best_first()))
    assert page.locator("#sort option:checked").text_content() == "Evidence"
    page.get_by_role("button", name="Remove filter Transactions ≥ 20").click()
    count(page, 120)
    assert addresses(page)[:20] == best_first(min_transactions=0)[:20]

    page.get_by_role("button", name="Transactions", exact=True).click()
    busiest = [wallet.wallet for wallet in JUDGED.profiles]
    assert addresses(page)[:20] == busiest[:20]
    expect(page.locator("[aria-sort=descending]")).to_contain_text("Transactions")


def test_row_shows_what_is_known_of_the_wallet(open_page: OpenPage) -> None:
    page = open_page()
    wallet = next(w for w in JUDGED.profiles if w.wallet == best_first()[0])
    line = page.locator(".line").first

    assert wallet.skill is not None
    numbers = wallet.skill.numbers
    low, high = numbers["edge_low_bps"], numbers["edge_high_bps"]
    expect(line.locator(".verdict")).to_have_text("Copy")
    text = f"{edge(wallet):+.1f}[{low:+.1f}, {high:+.1f}]".replace("-", "−")
    expect(line.locator(".cell-edge")).to_have_text(text)
    expect(line.locator(".cell-trades .numbers")).to_have_text(
        f"{wallet.features['tx_count']:,.0f}"
    )
    unknown = [w.wallet for w in JUDGED.profiles if w.profit and isnan(w.profit.profit_usd)]
    place = next(i for i, address in enumerate(addresses(page)) if address in unknown)
    expect(page.locator(".line .cell-profit").nth(place)).to_contain_text("not known")


def test_few_elements_are_drawn_however_far_one_scrolls(open_page: OpenPage) -> None:
    page = open_page(hash_="#tx_count=..")

    assert page.locator(".line").count() < 60
    page.mouse.wheel(0, 100_000)
    expect(page.locator('[data-place="119"]')).to_be_visible()
    expect(page.locator('[data-place="0"]')).to_have_count(0)
    places = page.locator(".line").evaluate_all("all => all.map((each) => +each.dataset.place)")
    assert places == sorted(places)


# --- finding ------------------------------------------------------------------------------------


def test_address_is_found_by_its_beginning(open_page: OpenPage) -> None:
    page = open_page(hash_="#tx_count=..")
    wanted = JUDGED.profiles[7].wallet

    page.keyboard.press("/")
    page.keyboard.type(wanted[:12].upper().replace("X", "x"))

    count(page, 1)
    assert addresses(page) == [wanted]


def test_search_that_finds_nothing_says_so_and_can_be_undone(open_page: OpenPage) -> None:
    page = open_page()

    page.fill("#search", "no such wallet")
    expect(page.get_by_text("No wallet matches")).to_be_visible()
    page.locator("#reset-empty").click()

    count(page, 120)
    expect(page.locator("#empty")).to_be_hidden()


def test_address_that_a_filter_hides_is_said_to_be_hidden(open_page: OpenPage) -> None:
    page = open_page()
    hidden = next(w.wallet for w in JUDGED.profiles if w.features["tx_count"] < 20)

    page.fill("#search", hidden)

    expect(page.locator("#empty")).to_contain_text("Hidden by a filter")


def test_address_that_is_left_out_is_said_to_be_and_how_to_see_it(open_page: OpenPage) -> None:
    page = open_page(max_wallets=10)
    left_out = JUDGED.profiles[20].wallet

    expect(page.locator("#count")).to_contain_text("not on this page: 110 less active")
    page.fill("#search", left_out)

    expect(page.locator("#empty")).to_contain_text("Left out of this page")
    expect(page.locator("#empty")).to_contain_text(f"hypertrack wallet {left_out}")
    page.fill("#search", "0xffffffffffff")
    expect(page.locator("#empty")).to_contain_text("No wallet matches")


def test_filter_takes_categories_verdicts_and_ranges(open_page: OpenPage) -> None:
    page = open_page(hash_="#tx_count=..")
    bots, whales = held_by("Bot"), held_by("Whale")

    page.get_by_role("button", name="Filter").click()
    page.locator(".check", has_text="Bot").first.click()
    page.locator(".check", has_text="Whale").first.click()
    count(page, len(bots | whales))
    page.get_by_role("button", name="All of these").click()
    count(page, len(bots & whales))
    page.get_by_role("button", name="Any of these").click()

    page.get_by_label("Transactions at least").fill("300")
    busy = {w.wallet for w in JUDGED.profiles if w.features["tx_count"] >= 300}
    count(page, len((bots | whales) & busy))
    page.keyboard.press("Escape")
    expect(page.locator("#filter")).to_be_hidden()
    expect(page.get_by_role("button", name="Filter", exact=True)).to_be_focused()
    page.get_by_role("button", name="Avoid").click()
    avoid = {w.wallet for w in JUDGED.profiles if w.skill and w.skill.verdict == Verdict.AVOID}
    count(page, len((bots | whales) & busy & avoid))


def test_view_is_in_the_address_and_comes_back(open_page: OpenPage) -> None:
    page = open_page()

    page.get_by_role("button", name="Avoid").click()
    page.get_by_role("button", name="Profit").click()
    page.get_by_role("button", name="Profit").click()
    seen, hash_ = addresses(page), page.evaluate("location.hash")
    assert hash_ == "#verdict=AVOID&sort=profit_usd&order=up"

    again = open_page(hash_=hash_)
    assert addresses(again) == seen
    expect(again.locator("[aria-sort=ascending]")).to_contain_text("Profit")


def test_hash_of_nonsense_shows_the_usual_page(open_page: OpenPage) -> None:
    page = open_page(hash_="#sort=__proto__&tx_count=a..b&category=%3Cimg%3E&wallet=0xno&view=x")

    expect(page.locator("#empty")).to_be_visible()  # the wallet asked for is searched for
    assert page.locator("img").count() == 0


def test_watchlist_is_kept_and_written_as_commands_read_it(open_page: OpenPage) -> None:
    page = open_page()
    first, second = addresses(page)[:2]

    page.locator(".line .star").nth(1).click()
    page.locator(".line .star").first.click()
    with page.expect_download() as told:
        page.locator(".results [data-save=watchlist]").click()

    assert told.value.suggested_filename == "hypertrack_watchlist.txt"
    lines = Path(told.value.path()).read_text(encoding="utf-8").splitlines()
    assert lines == ["# hypertrack watchlist: 2 wallets, one a line", second, first]
    page.reload()
    expect(page.locator(".line .star[aria-pressed=true]")).to_have_count(2)
    page.goto(page.url.partition("#")[0] + "#watched=1")
    expect(page.locator("#count")).to_have_text("2 of 120 wallets")


def test_view_is_saved_as_csv_and_json(open_page: OpenPage) -> None:
    page = open_page(hash_="#verdict=AVOID")
    shown = addresses(page)

    with page.expect_download() as told:
        page.locator(".results [data-save=csv]").click()
    text = Path(told.value.path()).read_text(encoding="utf-8")
    with page.expect_download() as more:
        page.locator(".results [data-save=json]").click()
    records = json.loads(Path(more.value.path()).read_text(encoding="utf-8"))

    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["wallet"] for row in rows] == [record["wallet"] for record in records] == shown
    assert {row["verdict"] for row in rows} == {"AVOID"}
    wallet = next(w for w in JUDGED.profiles if w.wallet == shown[0])
    assert float(rows[0]["tx_count"]) == records[0]["tx_count"] == wallet.features["tx_count"]


# --- one wallet ---------------------------------------------------------------------------------


def test_wallet_opens_as_a_tear_sheet_and_gives_the_focus_back(open_page: OpenPage) -> None:
    page = open_page()
    address = addresses(page)[0]
    wallet = next(w for w in JUDGED.profiles if w.wallet == address)

    page.locator(".line .address").first.click()

    sheet = page.get_by_role("dialog", name=address)
    assert wallet.skill is not None
    expect(sheet.locator(".sheet-says")).to_have_text(wallet.skill.says)
    expect(sheet.locator(".held-list > li")).to_have_count(len(wallet.categories))
    for category in wallet.categories:
        expect(sheet).to_contain_text(category.evidence)
    expect(sheet).to_contain_text("Not known: ")
    assert page.evaluate("location.hash") == f"#wallet={address}"
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("dialog", name=addresses(page)[1])).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#sheet")).to_be_hidden()
    expect(page.locator(".line .address").first).to_be_focused()


def test_sheet_says_why_scores_are_what_they_are(open_page: OpenPage) -> None:
    wallet = JUDGED.profiles[0]
    page = open_page(hash_=f"#wallet={wallet.wallet}")

    views = {view.score: view for view in score_views(JUDGED.header, wallet)}
    bot = page.locator(".score", has_text="Bot probability")
    reasons = views["bot_probability"].reasons[:3]
    expect(bot.locator(".score-value")).to_have_text(views["bot_probability"].value)
    expect(bot.locator(".raw")).to_have_text([reason.feature for reason in reasons])
    expect(bot.locator(".amount")).to_contain_text([r.contribution for r in reasons])
    doubted = page.locator(".score.is-unproven")
    expect(doubted.first).to_contain_text("unproven: skill −0.02, 95 % CI [−0.05, +0.01]")


def test_sheet_shows_profit_over_the_recording_with_its_gaps(open_page: OpenPage) -> None:
    page = open_page(hash_=f"#wallet={KNOWN}")
    sheet = page.locator("#sheet-body")

    expect(sheet).to_contain_text("$300 after fees at the end; at worst $50 below its highest")
    expect(sheet).to_contain_text("Shaded: nothing was observed (once).")
    gap = sheet.locator(".equity .gap")
    hour = 960 / 72  # the drawing is 960 wide and the recording 72 hours long
    assert float(gap.get_attribute("x") or 0) == pytest.approx(10 * hour)
    assert float(gap.get_attribute("width") or 0) == pytest.approx(2 * hour)
    expect(sheet.locator(".columns rect")).to_have_count(24)
    coins = sheet.locator(".sheet-part", has_text="Profit by coin")
    expect(coins.locator(".amount")).to_have_text(["$340 exact", "−$40 derived"])
    positions = sheet.locator(".sheet-part", has_text="Positions at the end")
    expect(positions.locator(".amount")).to_have_text("short 2, $4.6k")
    expect(sheet).to_contain_text("sold 2 ETH at 2,300, taker")
    page.get_by_role("link", name=OTHER).click()
    expect(page.get_by_role("dialog", name=OTHER)).to_be_visible()


def test_sheet_draws_nothing_where_nothing_is_known(open_page: OpenPage) -> None:
    page = open_page(hash_=f"#wallet={UNKNOWN}")
    sheet = page.locator("#sheet-body")

    expect(sheet).to_contain_text("Not known: it held a position that nobody recorded.")
    expect(sheet.locator(".equity, .columns")).to_have_count(0)
    coins = sheet.locator(".sheet-part", has_text="Profit by coin")
    expect(coins.locator(".amount")).to_have_text("flow −$31")
    expect(sheet.locator(".sheet-part", has_text="Positions at the end")).to_contain_text(
        "Not known: HYPE."
    )
    again = open_page(hash_=f"#wallet={OTHER}")
    expect(again.locator("#sheet-body")).to_contain_text("the 2 wallets of the best evidence")


@pytest.mark.parametrize("has_clipboard", [True, False])
def test_address_is_copied(open_page: OpenPage, has_clipboard: bool) -> None:
    """The clipboard itself belongs to the desktop, so what reaches it is watched instead."""
    script = WATCHED_CLIPBOARD.replace("ALLOWED", str(has_clipboard).lower())
    page = open_page(script=script)
    address = addresses(page)[0]
    page.locator(".line .address").first.click()

    page.get_by_role("button", name="Copy address").click()

    expect(page.locator("#announce")).to_have_text(f"Copied {address}")
    assert page.evaluate("window.copied") == address


def test_wallet_without_category_says_why(open_page: OpenPage) -> None:
    wallet = next(w for w in JUDGED.profiles if not w.categories)
    page = open_page(hash_=f"#wallet={wallet.wallet}")

    expect(page.locator(".sheet-part", has_text="Categories")).to_contain_text(
        wallet.why_none or ""
    )


# --- everything else ----------------------------------------------------------------------------


def test_cards_show_the_same_wallets(open_page: OpenPage) -> None:
    page = open_page(hash_="#view=cards")

    shown = page.locator(".card-open").evaluate_all("all => all.map((each) => each.textContent)")
    assert shown[:8] == best_first()[:8]
    page.locator(".card-open").first.click()
    expect(page.get_by_role("dialog", name=best_first()[0])).to_be_visible()
    assert page.locator("*").count() < 8_000


def test_rows_are_reached_by_keyboard(open_page: OpenPage) -> None:
    page = open_page()

    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the wallets"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "search"
    page.locator(".line .address").first.focus()
    for _ in range(30):
        page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.title") == best_first()[30]
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name=best_first()[30])).to_be_visible()


def test_theme_follows_the_system_until_it_is_chosen(open_page: OpenPage) -> None:
    page = open_page(scheme="light")
    ground = "getComputedStyle(document.body).color"

    dark_text = page.evaluate(ground)
    page.locator("#theme").click()
    page.locator("#theme").click()
    expect(page.locator("#theme-name")).to_have_text("Dark")
    assert page.evaluate(ground) != dark_text
    page.reload()
    expect(page.locator("#theme-name")).to_have_text("Dark")


def test_print_is_a_summary_and_twenty_wallets(open_page: OpenPage) -> None:
    page = open_page()

    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")

    expect(page.locator(".line")).to_have_count(20)
    expect(page.locator(".toolbar")).to_be_hidden()
    assert page.pdf(format="A4").count(b"/Type /Page\n") <= 3
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.locator(".line").count() > 20


def test_scores_read_no_model_where_there_is_none(open_page: OpenPage) -> None:
    made = without_model(JUDGED)
    page = open_page(made, hash_=f"#wallet={made.profiles[0].wallet}")

    expect(page.locator("#sheet")).to_contain_text("No model: no scores.")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="No model: rules alone").click()
    expect(page.get_by_role("dialog", name="How good is the model?")).to_contain_text("No model.")


def test_documentation_opens_and_closes_by_escape(open_page: OpenPage) -> None:
    page = open_page()

    page.get_by_role("button", name="Docs").click()
    dialog = page.get_by_role("dialog", name="Documentation")
    expect(dialog.get_by_role("heading", name="hypertrack").first).to_be_visible()
    dialog.locator(".docs-pages a", has_text="Categories").click()
    expect(dialog.get_by_role("heading", name="Categories").first).to_be_visible()
    expect(dialog.get_by_role("heading", name="hypertrack").first).to_be_hidden()
    assert page.evaluate("location.hash") == ""
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Docs")).to_be_focused()


@pytest.mark.parametrize("width", [1440, 390])
def test_hostile_names_are_only_text(open_page: OpenPage, width: int) -> None:
    shown = HOSTILE.replace("\u2028", "\ufffd")  # a line separator forges lines
    page = open_page(hostile_set(), width=width, hash_="#tx_count=..")

    expect(page.locator(".line")).to_have_count(2)
    assert f"0xdead{shown}" in addresses(page)
    page.locator(".line", has_text="0xdead").locator(".address").click()
    expect(page.locator("#sheet .raw")).to_have_text(f"gap {shown}")
    expect(page.locator("#sheet")).to_contain_text("<img src=x onerror=alert(1)>")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#sheet-body").evaluate("each => each.scrollWidth - each.clientWidth") <= 0
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Filter").click()
    page.locator(".check", has_text="Bot <").first.click()
    expect(page.locator(".line")).to_have_count(1)
    assert page.locator("img").count() == 0
    expect(page.locator(".notice")).to_contain_text("</script>")


@pytest.mark.parametrize("width", [360, 820, 1440])
def test_page_never_scrolls_sideways(open_page: OpenPage, width: int) -> None:
    page = open_page(width=width)

    for opened, part in (("#sheet", "#sheet-body"), ("#docs", "#docs .docs-body")):
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        (
            page.locator(".line .address").first
            if opened == "#sheet"
            else page.locator("#open-docs")
        ).click()
        assert page.locator(part).evaluate("each => each.scrollWidth - each.clientWidth") <= 0
        page.keyboard.press("Escape")
