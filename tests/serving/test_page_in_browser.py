"""The served page in a real Chromium: what moves in it, and what it does when its server goes."""

from collections.abc import Callable, Iterator

import pytest
from accessibility import violations
from chromium import WATCHED_POLICY
from fakes import ALICE, BOB, CAROL, START_MS
from playwright.sync_api import Browser, Page, expect
from profile_fakes import HOSTILE
from serving_fakes import THREE, TOKEN, Dataset, Running, running

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

    def opened(url: str, *, expects: str = "") -> Page:
        context = browser.new_context(
            viewport={"width": 1440, "height": 900},
            color_scheme="dark",
        )
        contexts.append(context)
        context.add_init_script(WATCHED_POLICY)
        page = context.new_page()
        page.set_default_timeout(5_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                None if expects and expects in message.text else complaints.append(message.text)
            ),
        )
        page.goto(url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def told(page: Page) -> list[str]:
    found: list[str] = page.locator(".live-line .address").evaluate_all(
        "all => all.map((each) => each.title)"
    )
    return found


def listed(page: Page) -> list[str]:
    found: list[str] = page.locator(".line .address").evaluate_all(
        "all => all.map((each) => each.title)"
    )
    return found


def wallet_number(number: int) -> str:
    return f"0x{number:040x}"


# --- what moves ---------------------------------------------------------------------------------


def test_page_moves_when_a_signal_is_written(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    dataset.add(leader=BOB)
    page = open_url(server.page)
    expect(page.locator(".live-line")).to_have_count(1)
    assert listed(page) == [ALICE, BOB, CAROL]

    dataset.add(coin="ETH", kind="flip", side="sell", size="2.5", vwap="3100.5")

    expect(page.locator(".live-line")).to_have_count(2)
    expect(page.locator(".live-line").first).to_contain_text("Flipped: sold 2.5 ETH at 3100.5")
    assert told(page) == [ALICE, BOB]
    assert "token" not in page.url


def test_line_says_who_how_sure_and_how_late(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    dataset.add()
    line = open_url(server.page).locator(".live-line")

    expect(line).to_have_text(
        f"08:00:00{ALICE}Opened: bought 0.5 BTC at 84143.0$42,072Copy"
        "+3.1 bps [+0.4, +5.8] for a copiertold 1.4 s later"
    )


def test_status_of_live_and_its_failing_sinks_are_shown(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    page = open_url(server.page)
    expect(page.locator("#live-state")).to_have_text("hypertrack live does not run on this dataset")

    off = {"name": "phone", "state": "off", "n_waiting": 3, "cause": "410 Gone"}
    dataset.say(watermark_ms=START_MS, n_trades=1_234, n_signals=5, sinks=[off])

    expect(page.locator("#live-state")).to_have_text(
        "up to 2026-01-05 08:00:00 UTC · 1,234 trades · 5 signals"
    )
    expect(page.locator("#live-trouble")).to_have_text("phone is off: 410 Gone")
    expect(page.locator("#live-dot")).to_have_class("live-dot is-on")


def test_wallet_of_a_signal_opens_as_its_tear_sheet(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    dataset.add(leader=BOB)
    page = open_url(server.page)

    page.locator(".live-line .address").click()

    expect(page.locator("#sheet")).to_be_visible()
    expect(page.locator("#sheet-title")).to_contain_text(BOB)


def test_newer_profiles_take_their_place_and_leave_the_view_as_it_was(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    dataset.add()
    page = open_url(f"{server.page}&sort=tx_count&order=up")
    expect(page.locator(".line")).to_have_count(3)
    assert listed(page) == [CAROL, BOB, ALICE]
    page.locator(".line .address").first.focus()

    dataset.write_profiles(*THREE[1:])

    expect(page.locator(".line")).to_have_count(2)
    assert listed(page) == [CAROL, BOB]
    assert page.evaluate("document.activeElement.title") == CAROL
    assert told(page) == [ALICE]
    dataset.add(leader=BOB)
    expect(page.locator(".live-line")).to_have_count(2)


def test_open_wallet_is_not_taken_from_its_reader(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    page = open_url(server.page)
    page.locator(".line .address").first.click()
    expect(page.locator("#sheet")).to_be_visible()

    dataset.write_profiles(*THREE[1:])
    expect(page.locator("#live-newer")).to_be_visible()
    assert page.locator(".line").count() == 3

    page.locator("#close-sheet").click()
    page.locator("#live-newer").click()
    expect(page.locator(".line")).to_have_count(2)
    expect(page.locator("#live-newer")).to_be_hidden()


def test_page_before_the_first_profile_shows_the_present_and_then_the_wallets(
    dataset: Dataset, open_url: Open
) -> None:
    (dataset.folder / "wallet_profiles.parquet").unlink()
    with running(dataset.settings) as server:
        page = open_url(server.page)
        expect(page.locator("h1")).to_have_text("No wallet is profiled yet.")
        dataset.add()
        expect(page.locator(".live-line")).to_have_count(1)

        dataset.write_profiles()

        expect(page.locator(".line")).to_have_count(3, timeout=8_000)
        assert told(page) == [ALICE]


def test_only_the_last_two_hundred_signals_stand_in_the_page(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    page = open_url(server.page)
    expect(page.locator("#live-state")).to_contain_text("hypertrack live")

    for number in range(230):
        dataset.add(leader=wallet_number(number))

    expect(page.locator(".live-line").first.locator("a")).to_have_attribute(
        "title", wallet_number(229)
    )
    assert told(page) == [wallet_number(number) for number in range(229, 29, -1)]
    assert page.locator(".live-line:visible").count() == 5
    page.get_by_role("button", name="Show all (200)").click()
    assert page.locator(".live-line:visible").count() == 200


# --- its server goes ----------------------------------------------------------------------------


def test_broken_stream_goes_on_without_loss_or_doubles(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    page = open_url(server.page)
    wanted = [wallet_number(number) for number in range(12)]
    for number, wallet in enumerate(wanted):
        if number % 3 == 0:
            server.cut()
        dataset.add(leader=wallet)

    expect(page.locator(".live-line")).to_have_count(12)
    assert told(page) == wanted[::-1]
    expect(page.locator("#live-trouble")).to_be_hidden()


def test_server_that_starts_again_is_found_and_what_it_missed_is_there(
    dataset: Dataset, open_url: Open
) -> None:
    with running(dataset.settings) as server:
        dataset.add(leader=ALICE)
        page = open_url(server.page, expects="net::ERR_")
        expect(page.locator(".live-line")).to_have_count(1)
    expect(page.locator("#live-trouble")).to_have_text("The server does not answer: trying again")
    dataset.add(leader=BOB)

    with running(dataset.on_port(server.port)):
        expect(page.locator(".live-line")).to_have_count(2)
        dataset.add(leader=CAROL)
        expect(page.locator(".live-line")).to_have_count(3)
        assert told(page) == [CAROL, BOB, ALICE]
        expect(page.locator("#live-trouble")).to_be_hidden()
        page.reload()
        expect(page.locator(".live-line")).to_have_count(3)  # the tab kept its token


# --- what came from outside ---------------------------------------------------------------------


def test_hostile_names_stay_text(dataset: Dataset, server: Running, open_url: Open) -> None:
    page = open_url(server.page)
    expect(page.locator(".line")).to_have_count(3)
    facts = dict.fromkeys(("coin", "size", "vwap", "leader"), HOSTILE)
    verdict = {"name": HOSTILE, "gate": HOSTILE, "model": HOSTILE, "as_of_ms": 0}

    dataset.add(**facts, verdict=verdict)
    sink = {"name": HOSTILE, "state": HOSTILE, "n_waiting": 1, "cause": HOSTILE}
    dataset.say(watermark_ms=START_MS, n_trades=1, n_signals=1, sinks=[sink])

    line = page.locator(".live-line")
    expect(line.locator("a")).to_have_attribute("title", HOSTILE)
    expect(line.locator(".live-did")).to_contain_text(f"bought {HOSTILE} {HOSTILE} at {HOSTILE}")
    expect(page.locator("#live-trouble")).to_contain_text(HOSTILE)
    assert page.locator("img").count() == 0


def test_served_page_can_be_used_by_everybody(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    dataset.add()
    dataset.say(watermark_ms=START_MS, n_trades=1, n_signals=1, sinks=[])
    page = open_url(server.page)
    expect(page.locator(".live-line")).to_have_count(1)

    assert violations(page) == []
    page.locator("#theme").click()  # light
    assert violations(page) == []


# --- without the token --------------------------------------------------------------------------


@pytest.mark.parametrize("hash_", ["", f"#token={TOKEN[:-1]}x"])
def test_without_the_token_the_page_shows_nothing_and_says_what_it_needs(
    dataset: Dataset, server: Running, open_url: Open, hash_: str
) -> None:
    dataset.add()

    page = open_url(f"{server.url}{hash_}", expects="status of 401")

    expect(page.locator("#waiting")).to_contain_text("needs the address that hypertrack serve")
    assert page.locator(".line, .live-line").count() == 0
    assert ALICE not in page.content()
