"""Time the dashboard: python tests/bench/bench_dashboard.py [wallets …].

Renders made-up wallets, opens the page in a headless Chromium and works with it; prints megabytes,
seconds, elements and memory. Without an argument: 500, 5,000 and 50,000 wallets.
"""

import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from judged_fakes import judged_set
from playwright.sync_api import Browser, Page, sync_playwright

from hypertrack.config import DashboardSettings
from hypertrack.outputs.dashboard import render_dashboard

TIMED = """
(work) => {
  const start = performance.now();
  new Function(work)();
  document.body.getBoundingClientRect();  // what it changed is laid out
  return performance.now() - start;
}
"""

ACTIONS = {
    "sort": 'document.querySelector(".cell-trades .sort-by").click()',
    "filter": 'document.querySelector("[data-verdict=AVOID]").click()',
    "unfilter": 'document.querySelector("[data-verdict=AVOID]").click()',
    "category": 'document.querySelector("#filter .check input").click()',
}


def main(n_wallets: int, folder: Path, browser: Browser) -> None:
    """Run the benchmark for some number of wallets."""
    profiles = judged_set(n_wallets)
    start_s = time.process_time()
    html = render_dashboard(profiles, DashboardSettings())
    render_s = time.process_time() - start_s
    file = folder / f"{n_wallets}.html"
    file.write_text(html, encoding="utf-8")
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(file.as_uri())
    page.wait_for_selector("[data-ready]", state="attached")
    first_ms = page.evaluate("performance.getEntriesByName('first-rows')[0].startTime")
    page.wait_for_timeout(1_000)  # the rest is unpacked meanwhile
    times = ", ".join(f"{name} {page.evaluate(TIMED, act):.0f} ms" for name, act in ACTIONS.items())
    print(
        f"{n_wallets:,} wallets: {len(html) / 1e6:.1f} MB, rendered in {render_s:.1f} CPU s, "
        f"first rows after {first_ms:.0f} ms, {times}, "
        f"{page.evaluate('document.querySelectorAll(`*`).length'):,} elements, "
        f"{memory_mb(page):.0f} MB of memory"
    )
    page.close()


def memory_mb(page: Page) -> float:
    """Return what the processes of pages hold for themselves, after a collection."""
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    assert page.context.browser is not None
    found = page.context.browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")
    pages = [each["id"] for each in found["processInfo"] if each["type"] == "renderer"]
    return max(map(own_memory_mb, pages))


def own_memory_mb(process: int) -> float:
    """Return the share of a process in the machine's memory."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1e3


if __name__ == "__main__":
    given = [int(text.replace("_", "")) for text in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for n in given or (500, 5_000, 50_000):
            main(n, Path(temporary), chromium)
        chromium.close()
