"""Time the dashboard: python tests/bench/bench_dashboard.py [wallets].

Renders made-up wallets, opens the page in a headless Chromium and searches it; prints megabytes
and seconds.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from playwright.sync_api import expect, sync_playwright
from profile_fakes import profile_set

from hypertrack.config import DashboardSettings
from hypertrack.outputs.dashboard import render_dashboard


def main(n_wallets: int, folder: Path) -> None:
    """Run the benchmark."""
    profiles = profile_set(n_wallets)
    start_s = time.perf_counter()
    html = render_dashboard(profiles, DashboardSettings())
    render_s = time.perf_counter() - start_s
    file = folder / "dashboard.html"
    file.write_text(html, encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.goto(file.as_uri())
        expect(page.locator(".card")).to_have_count(min(48, n_wallets))
        drawn_ms = page.evaluate("performance.getEntriesByType('navigation')[0].domInteractive")
        start_s = time.perf_counter()
        page.fill("#search", "whale")
        expect(page.locator("#count")).to_contain_text(" of ")
        search_ms = (time.perf_counter() - start_s) * 1_000
        browser.close()
    print(
        f"{n_wallets:,} wallets: {len(html) / 1e6:.1f} MB, rendered in {render_s:.2f} s, "
        f"drawn after {drawn_ms:.0f} ms, searched in {search_ms:.0f} ms"
    )


if __name__ == "__main__":
    given = [int(text.replace("_", "")) for text in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as temporary:
        main(*given or (5_000,), folder=Path(temporary))
