// Puts the page together: one state, shown by the controls, the list and the tear sheet.

const PRINTED_WALLETS = 20;

/** Show what is in the document; return what opens a wallet. */
async function startPage() {
  const shown = whileShown();
  const data = JSON.parse(byId("page-data").textContent);
  const listed = await unpack("pack-listed");
  const rest = Promise.all(["pack-rest", "pack-left-out", "pack-histories"].map(unpack)).then((some) => new Map(some.flatMap((each) => [...each])));
  const wallets = createWallets(data, listed, rest);
  wallets.live = JSON.parse(byId("live-rows")?.textContent ?? "null");
  const watchlist = createWatchlist(starsChanged);
  const finder = createFinder(data, wallets, watchlist);
  const actions = { open: openWallet, sort: sortBy, step, closed };
  const table = createTable(data, wallets, watchlist, actions);
  const cards = createCards(data, wallets, watchlist, actions);
  const filters = createFilters(data, wallets, watchlist, change);
  const sheet = createSheet(data, wallets, watchlist, { ...actions, docs: createDocs().open });

  let state = untouched();
  let rows = new Uint32Array();

  // --- the state --------------------------------------------------------------------------------

  function change(act) {
    act(state);
    showState();
  }

  function showState() {
    hideTooltip();
    rows = finder.rows(state);
    const isTable = state.view === "table";
    byId("table").hidden = !isTable || !rows.length;
    byId("cards").hidden = isTable || !rows.length;
    byId("view-table").setAttribute("aria-pressed", String(isTable));
    byId("view-cards").setAttribute("aria-pressed", String(!isTable));
    if (isTable) table.show(rows, state);
    else rest.then(() => cards.show(rows));
    filters.show(state, rows.length);
    history.replaceState(null, "", hashOf(state));
  }

  function readHash() {
    const known = {
      verdicts: new Set(data.verdicts.map(({ name }) => name)), categories: new Set(data.categories.map(({ name }) => name)),
      sorts: new Set(filters.sorts()),
    };
    state = stateOf(location.hash, known);
    for (const name of state.ranges.keys()) if (!wallets.has(name)) state.ranges.delete(name);
    showState();
    if (state.wallet) openWallet(state.wallet);
  }

  function sortBy(name) {
    change((next) => {
      next.isAscending = next.sort === name ? !next.isAscending : false;
      next.sort = name;
    });
  }

  function starsChanged(address) {
    announce(watchlist.has(address) ? `Watching ${address}` : `No longer watching ${address}`);
    showStars();
  }

  function showStars() {
    for (const star of document.querySelectorAll("[data-star]")) star.setAttribute("aria-pressed", String(watchlist.has(star.dataset.star)));
    if (state.isWatched) showState();
    filters.showWatched();
  }

  // --- one wallet -------------------------------------------------------------------------------

  async function openWallet(address) {
    const row = wallets.rowByAddress.get(address);
    if (row === undefined) {
      state.wallet = "";
      return change((next) => (next.search = address));
    }
    await rest;
    state.wallet = address;
    history.replaceState(null, "", hashOf(state));
    return sheet.open(row);
  }

  function step(by) {
    const place = rows.indexOf(wallets.rowByAddress.get(state.wallet)) + by;
    if (place >= 0 && place < rows.length) openWallet(wallets.addresses[rows[place]]);
  }

  function closed() {
    state.wallet = "";
    history.replaceState(null, "", hashOf(state));
  }

  // --- controls ---------------------------------------------------------------------------------

  function onClick(id, act) {
    byId(id).addEventListener("click", act);
  }

  function openFilter(isOpen) {
    byId("filter").hidden = !isOpen;
    byId("open-filter").setAttribute("aria-expanded", String(isOpen));
  }

  let timer = 0;
  byId("search").addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => change((next) => (next.search = event.target.value)), 80);
  });
  byId("sort").addEventListener("change", (event) => change((next) => Object.assign(next, { sort: event.target.value, isAscending: false })));
  onClick("order", () => change((next) => (next.isAscending = !next.isAscending)));
  onClick("view-table", () => change((next) => (next.view = "table")));
  onClick("view-cards", () => change((next) => (next.view = "cards")));
  onClick("open-filter", () => openFilter(byId("filter").hidden));
  onClick("reset", clearAll);
  onClick("reset-empty", clearAll);
  for (const opener of document.querySelectorAll("[data-opens]")) opener.addEventListener("click", () => byId(opener.dataset.opens).showModal());
  for (const closer of document.querySelectorAll("[data-closes]")) closer.addEventListener("click", () => byId(closer.dataset.closes).close());
  for (const each of document.querySelectorAll("[data-verdict]"))
    each.addEventListener("click", () => change(({ verdicts }) => verdicts.delete(each.dataset.verdict) || verdicts.add(each.dataset.verdict)));

  const SAVES = {
    csv: () => save("hypertrack_wallets.csv", "text/csv", asCsv(records(data, wallets, rows))),
    json: () => save("hypertrack_wallets.json", "application/json", `${JSON.stringify(records(data, wallets, rows))}\n`),
    watchlist: () => save("hypertrack_watchlist.txt", "text/plain", watchlist.file()),
  };

  function startSaves() {
    for (const each of document.querySelectorAll("[data-load]")) each.addEventListener("click", () => byId("watchlist-file").click());
    for (const each of document.querySelectorAll("[data-save]")) each.addEventListener("click", () => rest.then(SAVES[each.dataset.save]));
  }

  /** Add the wallets of a file to the watchlist, and show the list. */
  async function readWatchlist(event) {
    const [file] = event.target.files;
    event.target.value = ""; // so that the same file can be chosen again
    if (!file) return;
    const { nFound, nNew, nStrange } = watchlist.read(await file.text());
    const strange = nStrange ? `; ${count(nStrange, "line")} without one` : "";
    change((next) => (next.isWatched = watchlist.size() > 0));
    announce(`${count(nFound, "address", "addresses")} read, ${commas(nNew)} of them new${strange}`);
  }

  byId("watchlist-file").addEventListener("change", readWatchlist);

  function clearAll() {
    const { view, sort, isAscending } = state;
    state = { ...untouched(), view, sort, isAscending };
    state.ranges.clear();
    byId("search").value = "";
    showState();
  }

  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest?.("input, select, textarea, dialog");
    if (event.key === "/" && !isTyping) {
      event.preventDefault();
      byId("search").focus();
    }
    if (event.key === "Escape") {
      hideTooltip();
      if (!byId("filter").hidden) {
        openFilter(false);
        byId("open-filter").focus();
      }
    }
  }, shown);
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".picker")) openFilter(false);
  }, shown);

  // --- size, print, history ---------------------------------------------------------------------

  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) showState();
    width = innerWidth;
    table.update();
    cards.update();
  }, shown);
  addEventListener("beforeprint", () => {
    byId("table").hidden = rows.length === 0;
    table.show(rows.slice(0, PRINTED_WALLETS), state);
  }, shown);
  addEventListener("afterprint", showState, shown);
  addEventListener("hashchange", () => {
    if (location.hash === "#wallets") history.replaceState(null, "", hashOf(state)); // the skip link
    else readHash();
  }, shown);

  filters.build();
  startSaves();
  readHash();
  watchlist.ready.then(showStars);
  performance.mark("first-rows");
  document.documentElement.dataset.ready = "true";
  return { open: openWallet };
}

// --- the theme ----------------------------------------------------------------------------------

const THEMES = { "": "System", light: "Light", dark: "Dark" };

/** Show the theme: at once what localStorage knows, then what is kept of the reader's choice. */
function startTheme() {
  let isChosen = false;
  showTheme(themeAtOnce());
  allKept("choices").then((all) => {
    const theme = all.find(({ name }) => name === "theme")?.value;
    if (!isChosen && theme !== undefined) showTheme(theme);
  });
  byId("theme").addEventListener("click", () => {
    const names = Object.keys(THEMES);
    isChosen = true;
    keepTheme(showTheme(names[(names.indexOf(document.documentElement.dataset.theme ?? "") + 1) % names.length]));
  });
}

function themeAtOnce() {
  try {
    return localStorage.getItem("hypertrack.theme");
  } catch {
    return ""; // no storage: the system's theme
  }
}

/** Show a theme, or the system's where there is none of this name; return the name. */
function showTheme(name) {
  const theme = Object.hasOwn(THEMES, name) ? name : "";
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  byId("theme-name").textContent = THEMES[theme];
  return theme;
}

function keepTheme(theme) {
  askStore("choices", "readwrite", (store) => store.put({ name: "theme", value: theme })).catch(() => {}); // it lasts until the page is closed
  try {
    localStorage.setItem("hypertrack.theme", theme);
  } catch {
    // the next page begins in the system's theme
  }
}
