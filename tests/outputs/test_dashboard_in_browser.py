"""The dashboard in a real Chromium: what a person does with it, and what it must never do."""

import csv
import io
import json
from math import isnan
from pathlib import Path

import pytest
from dashboard_fakes import JUDGED, OpenPage, addresses, best_first, edge, held_by
from judged_fakes import without_model
from playwright.sync_api import Page, expect
from profile_fakes import HOSTILE, hostile_set

from hypertrack.records import Verdict

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def count(page: Page, n: int) -> None:
    text = "120 wallets" if n == 120 else f"{n} of 120 wallets"
    expect(page.locator("#count")).to_have_text(text)


# --- the first screen ---------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (820, 1180), (390, 844)])
def test_first_screen_holds_the_answer_and_the_best_wallets(
    open_page: OpenPage, width: int, height: int
) -> None:
    page = open_page(width=width, height=height)

    assert addresses(page)[:10] == best_first()[:10]
    expect(page.locator("h1")).to_be_in_viewport()
    expect(page.locator(".line").nth(9)).to_be_in_viewport(ratio=0.95)
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


def test_pages_beside_each_other_overwrite_nothing_of_the_watchlist(open_page: OpenPage) -> None:
    page = open_page()
    other = page.context.new_page()
    other.goto(page.url)

    page.locator(".line .star").first.click()
    other.locator(".line .star").nth(1).click()
    kept = "allKept('watchlist').then((found) => found.length)"
    assert other.evaluate(kept) == 2  # reading waits for what is being written
    page.reload()

    expect(page.locator(".line .star[aria-pressed=true]")).to_have_count(2)
    expect(page.locator(".results .watched-count")).to_have_text("2")
    page.locator(".line .star").first.click()
    page.reload()
    expect(page.locator(".results .watched-count")).to_have_text("1")


def test_watchlist_lasts_a_page_where_the_browser_keeps_nothing(open_page: OpenPage) -> None:
    refuse = "Object.defineProperty(window, '{}', {{ get() {{ throw new Error('refused'); }} }});"
    page = open_page(script="".join(map(refuse.format, ("indexedDB", "localStorage"))))

    page.locator(".line .star").first.click()

    expect(page.locator("#announce")).to_contain_text("The browser keeps nothing")
    expect(page.locator(".results .watched-count")).to_have_text("1")
    page.locator("#theme").click()
    expect(page.locator("#theme-name")).to_have_text("Light")


def test_watchlist_of_a_file_is_added_and_shown(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page()
    kept, *some = addresses(page)[:4]
    page.locator(".line .star").first.click()
    file = tmp_path / "mine.csv"
    lines = ("wallet,label", f"{some[0].upper().replace('X', 'x')},one", f"  {some[1]} # two")
    file.write_text(
        "\r\n".join((*lines, "", f'"{kept}"', "0xno", "0x" + "9" * 40)), encoding="utf-8"
    )

    with page.expect_file_chooser() as asked:
        page.locator(".results [data-load=watchlist]").click()
    asked.value.set_files(file)

    expect(page.locator("#announce")).to_have_text(
        "4 addresses read, 3 of them new; 1 line without one"
    )
    count(page, 3)  # one of the four is on no page
    assert set(addresses(page)) == {kept, *some[:2]}
    expect(page.locator(".results .watched-count")).to_have_text("4")


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
    page.evaluate("localStorage.clear()")  # as it seems to be in a busy browser
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
    expect(page.locator("#sheet .reason")).to_have_text(f"gap {shown}")
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
