"""Made-up dashboards, opened in a browser, and what they should show."""

from collections.abc import Callable
from math import isnan
from pathlib import Path

import pytest
from history_fakes import histories
from judged_fakes import judged_set
from playwright.sync_api import Page, expect
from profile_set_fakes import MadeSet

from hypertrack.config import DashboardSettings
from hypertrack.files import write_text
from hypertrack.outputs.dashboard import render_dashboard
from hypertrack.records import Verdict, WalletProfile

JUDGED = judged_set(120, notice="Simulated: no real wallet is shown.")

KNOWN, UNKNOWN, OTHER = (JUDGED.profiles[place].wallet for place in (0, 1, 2))
HISTORIES = histories(KNOWN, UNKNOWN, OTHER)

RANKS = [Verdict.COPY, Verdict.WATCH, Verdict.NOT_ENOUGH_DATA, Verdict.AVOID]

OpenPage = Callable[..., Page]


class Pages:
    """Pages on disk, by what they show; that is kept, so that no other takes its place."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._written: list[tuple[MadeSet, int, Path]] = []

    def file(self, profiles: MadeSet, max_wallets: int) -> Path:
        """Return the page of these wallets, written where it is not yet."""
        for made, most, file in self._written:
            if made is profiles and most == max_wallets:
                return file
        file = self._folder / f"{len(self._written)}.html"
        settings = DashboardSettings(max_wallets=max_wallets)
        write_text(file, render_dashboard(profiles, settings, found=HISTORIES))
        self._written.append((profiles, max_wallets, file))
        return file


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Write each page once."""
    return Pages(tmp_path_factory.mktemp("pages"))


@pytest.fixture
def open_page(open_file: Callable[..., Page], pages: Pages) -> OpenPage:
    """Open the page of a profile set from disk, when its wallets are there."""

    def opened(profiles: MadeSet = JUDGED, *, max_wallets: int = 50_000, **how: object) -> Page:
        page = open_file(pages.file(profiles, max_wallets), **how)
        expect(page.locator("[data-ready]")).to_be_attached()
        return page

    return opened


def addresses(page: Page) -> list[str]:
    return page.locator(".line .address").evaluate_all("all => all.map((each) => each.title)")


def edge(wallet: WalletProfile) -> float:
    assert wallet.skill is not None
    found = wallet.skill.numbers["edge_bps"]
    return -1e9 if isnan(found) else found


def best_first(*, min_transactions: int = 20) -> list[str]:
    """Return the addresses by verdict, then by the edge; of those without one the busiest."""
    shown = [w for w in JUDGED.profiles if w.features["tx_count"] >= min_transactions]
    order = sorted(shown, key=lambda w: (RANKS.index(w.skill.verdict), -edge(w)))  # type: ignore[union-attr]
    return [wallet.wallet for wallet in order]


def held_by(*names: str) -> set[str]:
    return {
        profile.wallet
        for profile in JUDGED.profiles
        if {category.name for category in profile.categories} & set(names)
    }
