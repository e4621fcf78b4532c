"""Time the served page: python tests/bench/bench_serve.py [minutes] [wallets].

Serves a dataset from a process of its own and opens the page in a headless Chromium. 50 signals a
second are written, the status each second, and a hundredth of the profiles anew every 5 s. Prints
for each quarter how late signals are drawn, how long frames take, and the memory of server and
page. Without arguments: ten minutes and 2,000 wallets.
"""

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from chromium import CHROMIUM
from kept_profiles import Kept
from playwright.sync_api import CDPSession, Page, sync_playwright
from serving_fakes import TOKEN, Dataset

from hypertrack.records import Verdict

SIGNALS_A_SECOND = 50
PROFILES_EVERY_S = 5.0
QUARTERS = 4

WATCH = """() => {
  window.frames_ms = [];
  window.late_ms = [];
  let last = performance.now();
  const tick = (now) => { frames_ms.push(now - last); last = now; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes)
      for (const node of addedNodes) {
        const sent = node.querySelector?.(".live-did")?.textContent.match(/ at (\\d+)$/)?.[1];
        if (sent) late_ms.push(Date.now() - Number(sent));
      }
  }).observe(document.querySelector("#live-feed"), { childList: true });
}"""

TAKE = """() => {
  const taken = [frames_ms, late_ms];
  [frames_ms, late_ms] = [[], []];
  return [...taken, document.querySelectorAll("*").length];
}"""


def wallet(number: int) -> str:
    """Return an address."""
    return f"0x{number:040x}"


def main(minutes: float, n_wallets: int) -> None:
    """Run the benchmark."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dataset = Dataset(folder)
        dataset.write_profiles(*(kept(number, 1_000) for number in range(n_wallets)))
        (folder / ".env").write_text(f"HYPERTRACK_SERVE__TOKEN={TOKEN}\n")
        words = ["hypertrack", "--data", "data", "serve", "--port", "0"]
        server = subprocess.Popen(
            [sys.executable, "-m", *words], cwd=folder, stdout=subprocess.PIPE, text=True
        )
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
                )
                page = browser.new_page(viewport={"width": 1440, "height": 900})
                page.goto(url)
                page.wait_for_selector(".line")
                page.evaluate(WATCH)
                measure(page, dataset, server.pid, minutes * 60, n_wallets)
                browser.close()
        finally:
            server.terminate()
            server.wait(10)
            dataset.close()


def kept(number: int, n_transactions: float) -> Kept:
    """Return a profile of one wallet."""
    ends = {"edge_low_bps": number - 2.0, "edge_high_bps": number + 2.0}
    return Kept(
        wallet(number),
        {"tx_count": n_transactions},
        verdict=Verdict.WATCH,
        skill={"edge_bps": float(number), "n_bets": 40.0, **ends},
    )


def measure(page: Page, dataset: Dataset, pid: int, seconds: float, n_wallets: int) -> None:
    """Write signals and print what a quarter of the time was like."""
    session = page.context.new_cdp_session(page)
    begun = time.monotonic()
    n_signals, profiles_s, status_s = 0, 0.0, 0.0
    heads = (
        "signals",
        "late p50",
        "p99 ms",
        "frame p50",
        "p99 ms",
        "server MB",
        "CPU s",
        "page MB",
    )
    print("  ".join(f"{head:>9}" for head in (*heads, "elements")))
    for quarter in range(1, QUARTERS + 1):
        while (passed_s := time.monotonic() - begun) < seconds * quarter / QUARTERS:
            while n_signals < passed_s * SIGNALS_A_SECOND:
                dataset.add(leader=wallet(n_signals % n_wallets), vwap=str(time.time_ns() // 10**6))
                n_signals += 1
            if passed_s >= status_s:
                dataset.say(watermark_ms=time.time_ns() // 10**6, n_trades=n_signals, sinks=[])
                status_s = passed_s + 1
            if passed_s >= profiles_s:
                renewed = [kept(n, 1_001 + passed_s) for n in range(0, n_wallets, 100)]
                dataset.write_live_profiles(*renewed)
                profiles_s = passed_s + PROFILES_EVERY_S
            page.wait_for_timeout(20)
        show(page, session, pid, n_signals)


def show(page: Page, session: CDPSession, pid: int, n_signals: int) -> None:
    """Print a line."""
    frames, late, n_elements = page.evaluate(TAKE)
    session.send("HeapProfiler.collectGarbage")
    heap = page.evaluate("performance.memory.usedJSHeapSize / 1e6")
    gc.collect()
    numbers = (*quantiles(late), *quantiles(frames), resident_mb(pid), cpu_s(pid), heap)
    texts = "  ".join(f"{number:9.1f}" for number in numbers)
    print(f"{n_signals:9,}  {texts}  {n_elements:9,}", flush=True)


def quantiles(numbers: list[float]) -> tuple[float, float]:
    """Return the median, and the number that one in a hundred is above."""
    cuts = statistics.quantiles(numbers, n=100)
    return cuts[49], cuts[98]


def resident_mb(pid: int) -> float:
    """Return the memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_s(pid: int) -> float:
    """Return the CPU time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    asked = [float(word) for word in sys.argv[1:]]
    main(asked[0] if asked else 10.0, int(asked[1]) if len(asked) > 1 else 2_000)
