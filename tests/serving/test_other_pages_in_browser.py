"""Pages that are not ours, in a real Chromium, with the token in their hands: they read nothing."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from chromium import CHROMIUM
from fakes import ALICE
from playwright.sync_api import Browser, Page
from serving_fakes import TOKEN, Dataset, Running, running

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ATTEMPTS = """
async ([address, token]) => {
  const headers = { Authorization: `Bearer ${token}` };
  const read = {};
  const attempt = async (name, act) => {
    try { read[name] = await act(); } catch (error) { read[name] = null; }
  };
  const text = async (path, options) => (await fetch(address + path, options)).text();
  await attempt("interface", () => text("api/v1/wallets", { headers }));
  await attempt("page", () => text(""));
  await attempt("without a mode", () => text("api/v1/wallets", { mode: "no-cors" }));
  await attempt("navigation", async () => {
    const other = open(`${address}#token=${token}`);
    await new Promise((done) => setTimeout(done, 300));
    const found = other?.document?.body?.textContent ?? "";
    other?.close();
    return found;
  });
  for (const [tag, attribute] of [["script", "src"], ["img", "src"], ["iframe", "src"]])
    await attempt(tag, () => new Promise((done) => {
      const element = document.createElement(tag);
      element[attribute] = address + (tag === "script" ? "app.js" : "");
      element.onload = () => {
        if (tag !== "iframe") return done("loaded");
        try { done(element.contentDocument?.body?.textContent); } catch { done(""); }
      };
      element.onerror = () => done("");
      document.body.append(element);
    }));
  await attempt("events", () => new Promise((done) => {
    const source = new EventSource(`${address}api/v1/events`);
    source.onmessage = source.addEventListener("status", (event) => done(event.data));
    source.onerror = () => (source.close(), done(""));
  }));
  return read;
}
"""


@pytest.fixture
def server(dataset: Dataset) -> Iterator[Running]:
    """Serve the dataset, which holds a signal."""
    dataset.add()
    with running(dataset.settings) as found:
        yield found


@pytest.fixture
def evil_url() -> Iterator[str]:
    """Serve an empty page from another port: another origin of the same site."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>evil</title><body></body>")

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{found.server_address[1]}/"
        found.shutdown()
        thread.join()


def what_it_reads(page: Page, server_url: str) -> dict[str, str | None]:
    found: dict[str, str | None] = page.evaluate(ATTEMPTS, [server_url, TOKEN])
    return found


def test_page_of_another_origin_reads_nothing(
    browser: Browser, server: Running, evil_url: str
) -> None:
    context = browser.new_context()
    for url in (evil_url, evil_url.replace("127.0.0.1", "localhost")):  # same site, and another
        page = context.new_page()
        page.goto(url)

        read = what_it_reads(page, server.url)

        assert len(read) == 8
        assert {name: found for name, found in read.items() if found} == {}, url
    context.close()


def test_name_that_is_pointed_here_reads_nothing(browser: Browser, server: Running) -> None:
    rebound = browser.browser_type.launch(
        executable_path=CHROMIUM,
        args=["--no-sandbox", "--host-resolver-rules=MAP evil.example 127.0.0.1"],
    )
    page = rebound.new_page()
    answer = page.goto(f"http://evil.example:{server.port}/#token={TOKEN}")

    assert answer is not None
    assert answer.status == 421
    # Now the attacker's page is of the server's own origin, as the browser sees it.
    same_origin = page.evaluate(
        """async (token) => {
          const headers = { Authorization: `Bearer ${token}` };
          const found = await fetch("/api/v1/wallets", { headers });
          return [found.status, await found.text()];
        }""",
        TOKEN,
    )
    assert same_origin == [421, "this host is not served here\n"]
    assert ALICE not in page.content()
    rebound.close()
