// Starts the served page: the token comes behind the #, the body over the interface, the rest by events.

const TOKEN_KEY = "hypertrack.token";
const REFRESH_MS = 1_000; // between two looks whether newer profiles may be shown
const IDLE_MS = 3_000; // nobody's hand is on the page

/** Return the token of the address, which is taken out of it; of this tab where it has none. */
function takeToken() {
  const told = new URLSearchParams(location.hash.slice(1));
  const given = told.get("token");
  try {
    if (given) sessionStorage.setItem(TOKEN_KEY, given);
  } catch {
    return given; // no storage: the address keeps it
  }
  if (!given) return sessionStorage.getItem(TOKEN_KEY);
  told.delete("token");
  history.replaceState(null, "", told.size ? `#${told}` : "#");
  return given;
}

async function startServed(api) {
  let page = null;
  let live = null;
  let shown = 0; // versions of the profiles
  let newest = 0;
  let touched = 0;
  let isBusy = false;
  let isLoading = false;
  const stream = createStream(api, heard, connected);
  const doings = { signal: (data) => live.addSignal(data), gap: (data) => live.addGap(data), status: takeStatus, follow: (data) => live.showPaper(data), models: (data) => live.showModels(data), reset: loadAgain };

  function heard(name, data) {
    doings[name]?.(data);
  }

  function connected(isConnected, status) {
    const words = status ? "The server no longer takes this token: open the address that `hypertrack serve` printed last" : "The server does not answer: trying again";
    live?.showTrouble("server", isConnected ? "" : words);
    byId("live")?.classList.toggle("is-away", !isConnected);
  }

  function takeStatus(status) {
    newest = status.profiles_version;
    live.showStatus(status);
    byId("live-newer").hidden = newest === shown;
  }

  /** Load everything; what happens meanwhile is heard from the event on that was the last then. */
  async function loadAnew() {
    const { status } = await api.json("/api/v1/status");
    const { signals, last_event_id: lastId } = await api.json(`/api/v1/signals?limit=${KEPT_SIGNALS}`);
    await showProfiles(status.profiles_version);
    live.restart(signals);
    takeStatus(status);
    stream.start(lastId);
  }

  /** Load anew however long it takes: what was missed meanwhile is not passed over. */
  async function loadAgain() {
    if (isLoading) return;
    isLoading = true;
    for (let isDone = false; !isDone; ) {
      try {
        await loadAnew();
        isDone = true;
      } catch (error) {
        connected(false, error.status === 401 ? 401 : undefined);
        await pause(2_000);
      }
    }
    isLoading = false;
  }

  // --- the profiles -----------------------------------------------------------------------------

  /** Put the newest page in the place of the one that is shown, as its reader left it. */
  async function showProfiles(version) {
    const answer = await api.get("/api/v1/page");
    const next = new DOMParser().parseFromString(await answer.text(), "text/html");
    const place = { top: scrollY, focused: focusKey() };
    const kept = live && byId("live");
    endLife();
    document.body.replaceChildren(...next.body.childNodes);
    if (kept) byId("live").replaceWith(kept);
    startTheme();
    page = byId("page-data") ? await startPage() : null;
    shown = version;
    live ??= createLive((wallet) => page?.open(wallet));
    scrollTo(0, place.top);
    if (place.focused) document.querySelector(place.focused)?.focus({ preventScroll: true });
  }

  /** Return a selector of what has the focus; null where nothing has. */
  function focusKey() {
    const element = document.activeElement;
    if (element === null || element === document.body) return null;
    if (element.id) return `#${CSS.escape(element.id)}`;
    return element.title ? `.line .address[title="${CSS.escape(element.title)}"]` : null;
  }

  /** Return whether the rows may move: nothing is open, typed or marked, and no hand on the page. */
  function mayMove() {
    const isOpen = document.querySelector("dialog[open], .popover:not([hidden])") !== null;
    const isTyping = document.activeElement?.matches("input, select, textarea") ?? false;
    const isMarked = !(getSelection()?.isCollapsed ?? true);
    return !isOpen && !isTyping && !isMarked && performance.now() - touched > IDLE_MS;
  }

  async function refresh() {
    if (isBusy || newest === shown) return;
    isBusy = true;
    try {
      await showProfiles(newest);
      byId("live-newer").hidden = newest === shown;
    } catch {
      // the stream says that the server is away
    }
    isBusy = false;
  }

  for (const name of ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"])
    addEventListener(name, () => (touched = performance.now()), { passive: true, capture: true });
  await loadAnew();
  byId("live-newer").addEventListener("click", refresh);
  setInterval(() => mayMove() && refresh(), REFRESH_MS);
}

function say(words) {
  byId("waiting").textContent = words;
}

const REFUSED = {
  401: "This page needs the address that hypertrack serve printed, with the token at its end.",
  429: "Too many wrong tokens came from here: wait a minute, then open the address that hypertrack serve printed.",
};

const token = takeToken();
addEventListener("hashchange", () => location.hash.includes("token=") && location.reload());
if (token === null) say(REFUSED[401]);
else
  startServed(createApi(token)).catch((error) => {
    if (!byId("waiting")) throw error;
    say(REFUSED[error.status] ?? `The page cannot be shown: ${error.message}`);
  });
