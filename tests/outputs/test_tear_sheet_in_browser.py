"""The dashboard's tear sheet of one wallet in a real Chromium."""

import pytest
from dashboard_fakes import JUDGED, KNOWN, OTHER, UNKNOWN, OpenPage, addresses
from playwright.sync_api import expect
from profile_set_fakes import MadeSet

from hypertrack.outputs.account_views import account_lines
from hypertrack.outputs.definitions import title
from hypertrack.outputs.reason_views import score_views
from hypertrack.outputs.wording import bps
from hypertrack.records import replace

pytestmark = [pytest.mark.browser, pytest.mark.slow]

WATCHED_CLIPBOARD = """
const writeText = async (text) => {
  if (!ALLOWED) throw new Error("denied");
  window.copied = text;
};
Object.defineProperty(navigator, "clipboard", { value: { writeText } });
document.addEventListener("copy", () => { window.copied = document.activeElement.value; });
"""


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
    ranked = sheet.locator("tr", has=page.locator("text=higher than")).get_by_role("rowheader")
    assert "Bets" in ranked.all_text_contents()
    assert "Entity" not in ranked.all_text_contents()  # a name has no rank
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
    expect(bot.locator(".reason")).to_have_text([title(each.feature) for each in reasons])
    bot.locator(".reason button").first.focus()
    expect(page.get_by_role("tooltip")).to_have_text(reasons[0].feature)
    page.keyboard.press("Enter")
    definition = page.locator(f"#def-{reasons[0].feature}")
    expect(definition).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("#docs")).to_be_hidden()
    expect(page.locator("#sheet")).to_be_visible()
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


def test_sheet_tells_what_the_venue_said_of_an_account(open_page: OpenPage) -> None:
    asked = open_page(hash_=f"#wallet={KNOWN}").locator(".sheet-part", has_text="Account, as")

    account = JUDGED.profiles[0].account
    assert account is not None
    expect(asked.locator("dd")).to_have_text([value for _, value in account_lines(account)])
    nobody = next(w.wallet for w in JUDGED.profiles if w.account is None)
    sheet = open_page(hash_=f"#wallet={nobody}").locator("#sheet-body")
    expect(sheet).to_contain_text("The venue was not asked about it")


def test_sheet_tells_what_is_left_for_a_copier_by_delay(open_page: OpenPage) -> None:
    tested = JUDGED.profiles[0]
    assert tested.skill is not None
    edges = [tested.skill.numbers[f"copy_edge_bps_{s}s"] for s in (0, 1, 5, 30, 300)]
    sheet = open_page(hash_=f"#wallet={tested.wallet}").locator("#sheet-body")

    curve = sheet.locator(".sheet-part", has_text="For a copier, by delay")
    expect(curve.locator("dt")).to_have_text(
        ["at once", "1 s later", "5 s later", "30 s later", "5 min later"]
    )
    written = [f"{edge:+.1f}".replace("-", "−") for edge in edges]
    expect(curve.locator("dd")).to_have_text(written)
    expect(curve.locator(".point")).to_have_count(5)
    untested = next(w for w in JUDGED.profiles if w.features["tx_count"] < 10)
    other = open_page(hash_=f"#wallet={untested.wallet}").locator("#sheet-body")
    expect(other).to_contain_text("it did not open often enough to say what a copier")


def test_sheet_tells_what_followed_openings_by_role(open_page: OpenPage) -> None:
    tested = JUDGED.profiles[0]
    assert tested.skill is not None
    moves = [tested.skill.numbers[f"taker_after_{s}s_bps"] for s in (5, 30, 300, 1_800)]
    sheet = open_page(hash_=f"#wallet={tested.wallet}").locator("#sheet-body")

    numbers = tested.skill.numbers
    gain = [numbers[f"taker_gain{end}_bps"] for end in ("", "_low", "_high")]
    written = [bps(each) for each in (*moves, *gain)]
    shown = sheet.locator(".sheet-part", has_text="After its openings, by role")
    expect(shown.locator("tbody th")).to_have_text(
        ["as taker", "as taker, gained on its own price in 5 min"]
    )
    expect(shown.locator("tbody td")).to_have_text(
        [*written[:4], f"{written[4]} [{written[5]}, {written[6]}]"]
    )
    untested = next(w for w in JUDGED.profiles if w.features["tx_count"] < 10)
    other = open_page(hash_=f"#wallet={untested.wallet}").locator("#sheet-body")
    expect(other).to_contain_text("it opened nothing that was followed by a price")


def test_sheet_draws_nothing_where_nothing_is_known(open_page: OpenPage) -> None:
    page = open_page(hash_=f"#wallet={UNKNOWN}")
    sheet = page.locator("#sheet-body")

    expect(sheet).to_contain_text("Not known: it held a position that nobody recorded.")
    expect(sheet.locator(".equity, .columns")).to_have_count(0)
    coins = sheet.locator(".sheet-part", has_text="Profit by coin")
    expect(coins.locator(".amount")).to_have_text("flow −$31")
    expect(sheet.locator(".sheet-part", has_text="Positions at the end")).to_contain_text(
        "Not known: HYPE </script><img src=x onerror=alert(1)>"
    )
    assert page.locator("img").count() == 0
    again = open_page(hash_=f"#wallet={OTHER}")
    expect(again.locator("#sheet-body")).to_contain_text("the 2 wallets of the best evidence")


def test_edge_that_was_shrunk_to_nothing_has_no_half_life_and_no_capacity(
    open_page: OpenPage,
) -> None:
    first, *others = JUDGED.profiles
    assert first.skill is not None
    flat = dict.fromkeys(("edge_bps", "edge_low_bps", "edge_high_bps"), 0.0)
    skill = replace(first.skill, numbers=first.skill.numbers | flat | {"capacity_usd": 0.0})
    shown = MadeSet(JUDGED.header, (replace(first, skill=skill), *others))

    sheet = open_page(shown, hash_=f"#wallet={first.wallet}").locator("#sheet-body")

    skill_part = sheet.locator(".sheet-part", has_text="Bets").filter(has_text="Not known: ")
    expect(skill_part.first).to_contain_text("half-life of the move, capacity of a trade")
    expect(skill_part.first).not_to_contain_text("$0")


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
