"""The served page in a real Chromium: what moves in it, and what it does when its server goes."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from accessibility import violations
from challenge_fakes import comparison
from chromium import WATCHED_POLICY
from fakes import ALICE, BOB, CAROL
from paper_fakes import PaperRun, acts, write_lines
from playwright.sync_api import Browser, Page, expect
from profile_fakes import HOSTILE
from serving_fakes import THREE, TOKEN, Dataset, Running, running

from hypertrack.live.paper_log import read_state
from hypertrack.live.paper_result import result_of
from hypertrack.outputs.follow_words import sentences
from hypertrack.records import encode_json
from hypertrack.text import printable

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


def sink(**says: object) -> dict[str, object]:
    fine = {"name": "phone", "state": "working", "n_waiting": 3, "n_failed": 1}
    return {**fine, "oldest_age_s": 4.0, "cause": None, **says}


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

    dataset.say(n_trades=1_234, n_signals=5, sinks=[sink(state="off", cause="410 Gone")])

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


def test_wallets_that_were_measured_live_carry_their_mark(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    page = open_url(server.page)
    expect(page.locator(".live-mark")).to_have_count(0)

    dataset.write_live_profiles(replace(THREE[1], features={"tx_count": 250.0}))

    mark = page.locator(".live-mark")
    expect(mark).to_have_count(1, timeout=8_000)
    assert listed(page) == [ALICE, BOB, CAROL]  # Bob keeps the verdict he has
    line = page.locator(".line", has=mark)
    expect(line.locator(".address")).to_have_attribute("title", BOB)
    expect(line.locator(".cell-trades .numbers")).to_have_text("250")
    line.locator(".address").click()
    expect(page.locator(".sheet-verdict")).to_contain_text(
        "UTC; 7 fills since. The verdict is of the whole recording."
    )


def test_following_on_paper_is_shown_with_what_lies_between(
    dataset: Dataset, server: Running, open_url: Open, tmp_path: Path
) -> None:
    page = open_url(server.page)
    expect(page.locator(".line")).to_have_count(3)
    expect(page.locator("#live-paper")).to_be_hidden()
    write_lines(tmp_path / "paper", "trades", [*acts(1_000, 5), *acts(20_000, -2, 110.0)])
    log = PaperRun(tmp_path / "paper").read().log.read_bytes().splitlines(keepends=True)

    dataset.live.mkdir()
    with (dataset.live / "follow.jsonl").open("ab") as file:
        for line in log:
            file.write(line)
            file.flush()

    state = read_state(dataset.live / "follow.jsonl")
    assert state is not None
    told = sentences(result_of(state))
    expect(page.locator("#live-paper-says p").first).to_have_text(told[0])
    parts = page.locator("#live-paper-parts > div")
    expect(parts.first).to_contain_text("leaders, at their prices")
    expect(parts.last).to_contain_text("net")
    doings = page.locator("#live-paper-doings li")
    expect(doings.first).to_contain_text("08:00:25Paper reduced by 4 BTC long at 109.945")
    expect(doings.last).to_contain_text("08:00:06Paper opened 10 BTC long at 100.05")
    page.reload()
    expect(page.locator("#live-paper-says p")).to_have_count(len(told))


# --- its server goes ----------------------------------------------------------------------------


def test_two_models_are_shown_side_by_side_with_the_difference_over_time(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    dataset.add()
    page = open_url(server.page)
    models = page.locator("#live-models")
    expect(page.locator(".live-line")).to_have_count(1)
    assert not models.is_visible()

    (dataset.live / "comparison.json").write_bytes(encode_json(comparison()))

    expect(models.locator("summary")).to_contain_text("Not decided yet")
    models.locator("summary").click()
    expect(models.locator("tbody tr")).to_have_count(7)
    expect(models.locator("tbody tr").last).to_contain_text("+0.0120 [−0.0030, +0.0270]")
    expect(models).to_contain_text("tx_count 0.61")
    assert models.locator("svg.difference").bounding_box() is not None
    dataset.say(sinks=[], measuring={"model": "v1", "has_lost_weight": True})
    expect(page.locator("#live-trouble")).to_contain_text("v1 has lost its weight")
    assert violations(page) == []


def test_broken_stream_goes_on_without_loss_or_doubles(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    page = open_url(server.page, expects="net::ERR_")  # what a browser may say of a cut
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
    hostile, shown = f"{HOSTILE}\u202e\x1b[2J\ufeff", f"{printable(HOSTILE)}\ufffd\ufffd[2J\ufffd"
    facts = dict.fromkeys(("coin", "size", "vwap", "leader"), hostile)
    verdict = {"name": hostile, "gate": hostile, "model": hostile, "as_of_ms": 0}

    dataset.add(**facts, verdict=verdict)
    dataset.say(sinks=[sink(name=hostile, state="failing", cause=hostile)])

    line = page.locator(".live-line")
    expect(line.locator("a")).to_have_attribute("title", shown)
    expect(line.locator(".live-did")).to_have_text(f"Opened: bought {shown} {shown} at {shown}")
    expect(page.locator("#live-trouble")).to_contain_text(shown)
    page.reload()  # and as it is loaded, instead of heard
    expect(line.locator("a")).to_have_attribute("title", shown)
    assert page.locator("img").count() == 0


def test_time_that_cannot_be_meant_does_not_end_the_page(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    for time_ms in (10**18, 10**15, -(10**17)):  # ns; µs, a year that five digits have; before all
        dataset.add(action_ms=time_ms)
    dataset.say(watermark_ms=10**18)

    page = open_url(server.page)

    expect(page.locator(".live-line time")).to_have_text(["??:??:??"] * 3)
    expect(page.locator("#live-state")).to_contain_text("up to ????-??-?? ??:??:?? UTC")


def test_served_page_can_be_used_by_everybody(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    dataset.add()
    dataset.say()
    page = open_url(server.page)
    expect(page.locator(".live-line")).to_have_count(1)

    assert violations(page) == []
    page.locator("#theme").click()  # light
    assert violations(page) == []


def test_status_that_is_none_is_not_shown(
    dataset: Dataset, server: Running, open_url: Open
) -> None:
    dataset.say(n_trades=1)
    page = open_url(server.page)
    expect(page.locator("#live-state")).to_contain_text("1 trades")

    dataset.say(n_trades="many", sinks="none")

    expect(page.locator("#live-state")).to_have_text("hypertrack live does not run on this dataset")


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
