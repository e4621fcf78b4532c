// The controls of the view: search, filters, their pills, the order, and which wallets are left out.

const WATCHED_WORDS = "Watchlist";

/** Return what draws the controls of a state; `change` is given what to do to it. */
function createFilters(data, wallets, watchlist, change) {
  const boxes = new Map();
  const inputs = new Map();
  const anyAll = ["any", "all"].map((mode) =>
    button("segment", mode === "any" ? "Any of these" : "All of these", () => change((state) => (state.needsAll = mode === "all"))),
  );

  // --- building ---------------------------------------------------------------------------------

  function build() {
    const mode = make("div", "segments", ...anyAll);
    mode.setAttribute("role", "group");
    mode.setAttribute("aria-label", "Match");
    const groups = Map.groupBy ? Map.groupBy(data.categories, (each) => each.group) : grouped(data.categories);
    const columns = [...groups].map(([group, some]) => fieldset(group, some.map(categoryBox)));
    const watched = make("label", "check", checkbox("watched", (state, isOn) => (state.isWatched = isOn)), make("span", "check-name", "On the watchlist"));
    byId("filter").append(
      make("section", "", make("h3", "", "Categories"), make("p", "filter-note", "Counts are of all wallets of the recording."), mode, make("div", "filter-groups", ...columns)),
      make("section", "", make("h3", "", "Ranges"), make("div", "ranges", ...RANGED.filter((name) => wallets.has(name)).map(rangeRow)), watched),
    );
    byId("filter").append(document.querySelector(".saves").cloneNode(true)); // narrow pages show these alone
    for (const name of [DEFAULT_SORT, ...sorts()]) {
      const option = make("option", "", name === DEFAULT_SORT ? "Evidence" : wallets.measures.get(name).words);
      option.value = name;
      byId("sort").append(option);
    }
  }

  const sorts = () => data.measures.map(({ name }) => name).filter((name) => wallets.has(name) && wallets.columns.get(name).values && !/_(low|high)_bps$/.test(name));

  function grouped(all) {
    const groups = new Map();
    for (const each of all) groups.set(each.group, [...(groups.get(each.group) ?? []), each]);
    return groups;
  }

  const fieldset = (name, children) => make("fieldset", "", make("legend", "", name), ...children);

  function checkbox(key, act) {
    const box = make("input", "");
    box.type = "checkbox";
    box.addEventListener("change", () => change((state) => act(state, box.checked)));
    boxes.set(key, box);
    return box;
  }

  function categoryBox({ name, asks, condition, n_wallets: n }) {
    const box = checkbox(name, (state, isOn) => (isOn ? state.categories.add(name) : state.categories.delete(name)));
    const label = make("label", "check", box, make("span", "check-name", name), make("span", "numbers", commas(n)));
    return asks ? withTooltip(label, () => [make("p", "tip-asks", asks), make("p", "", condition)]) : label;
  }

  function rangeRow(name) {
    const { words, meaning } = wallets.measures.get(name);
    const ends = ["at least", "at most"].map((end) => rangeInput(name, `${words} ${end}`, end));
    inputs.set(name, ends);
    const unit = UNITS[name] ? ` (${UNITS[name]})` : "";
    const label = withTooltip(make("span", "range-name", words, make("span", "unit", unit)), () => [make("p", "", meaning), make("p", "tip-raw", name)]);
    return make("div", "range", label, ...ends);
  }

  function rangeInput(name, label, placeholder) {
    const input = make("input", "");
    Object.assign(input, { type: "number", step: "any", placeholder });
    input.setAttribute("aria-label", label);
    input.addEventListener("input", () => {
      const [low, high] = inputs.get(name);
      change((state) => setRange(state, name, bound(low.value, -Infinity), bound(high.value, Infinity)), true);
    });
    return input;
  }

  // --- showing ----------------------------------------------------------------------------------

  /** Show a state; what a person is typing in is left alone. */
  function show(state, nFound) {
    for (const [key, box] of boxes) box.checked = key === "watched" ? state.isWatched : state.categories.has(key);
    for (const [name, ends] of inputs) ends.forEach((input, i) => showBound(input, state.ranges.get(name)?.[i]));
    anyAll.forEach((each, i) => each.setAttribute("aria-pressed", String(state.needsAll === (i === 1))));
    for (const each of document.querySelectorAll("[data-verdict]")) each.setAttribute("aria-pressed", String(state.verdicts.has(each.dataset.verdict)));
    if (byId("search") !== document.activeElement) byId("search").value = state.search;
    byId("sort").value = state.sort;
    byId("order").setAttribute("aria-label", state.isAscending ? "Lowest first" : "Highest first");
    byId("order").classList.toggle("is-up", state.isAscending);
    const pills = pillsOf(state);
    byId("pills").replaceChildren(...pills.map(pill));
    byId("reset").hidden = !pills.length;
    showWatched();
    showCount(nFound);
    showAbsence(state, nFound);
  }

  function showWatched() {
    for (const each of document.querySelectorAll(".watched-count")) each.textContent = commas(watchlist.size());
  }

  function showBound(input, value) {
    if (input !== document.activeElement) input.value = Number.isFinite(value) ? String(value) : "";
  }

  function showCount(nFound) {
    const all = `${commas(data.n_wallets)} wallets`;
    const leftOut = data.left_out ? ` · not on this page: ${data.left_out}` : "";
    byId("count").textContent = (nFound === data.n_wallets ? all : `${commas(nFound)} of ${all}`) + leftOut;
  }

  /** Return what narrows the view: words, and what takes it back. */
  function pillsOf(state) {
    return [
      ...(state.isWatched ? [[WATCHED_WORDS, (next) => (next.isWatched = false)]] : []),
      ...[...state.verdicts].map((name) => [data.verdicts.find((each) => each.name === name).words, (next) => next.verdicts.delete(name)]),
      ...[...state.categories].map((name) => [name, (next) => next.categories.delete(name)]),
      ...[...state.ranges].map(([name, ends]) => [rangeWords(name, ends), (next) => next.ranges.delete(name)]),
    ];
  }

  function rangeWords(name, [low, high]) {
    const words = `${wallets.measures.get(name).words}${UNITS[name] ? `, ${UNITS[name]},` : ""}`;
    const number = (value) => commas(value).replace("-", "−");
    if (low === -Infinity) return `${words} ≤ ${number(high)}`;
    return high === Infinity ? `${words} ≥ ${number(low)}` : `${words} ${number(low)} to ${number(high)}`;
  }

  function pill([words, undo]) {
    const element = button("pill", `Remove filter ${words}`, () => change(undo), words, icon("close"));
    return make("li", "", element);
  }

  // --- nobody found -----------------------------------------------------------------------------

  function showAbsence(state, nFound) {
    byId("empty").hidden = nFound > 0;
    if (nFound) return;
    const address = state.search.trim().toLowerCase();
    const why = address.startsWith("0x") ? absence(address) : null;
    byId("empty-title").textContent = why ? why[0] : "No wallet matches";
    byId("empty-text").textContent = why ? why[1] : "Widen a range, or take a filter away.";
  }

  /** Return why an address is not listed, and how to see it; null where nothing is known of it. */
  function absence(address) {
    if (wallets.addresses.some((each) => each.startsWith(address))) {
      return ["Hidden by a filter", "A wallet of that address is on this page; the filters above leave it out."];
    }
    const marks = wallets.columns.get("marks")?.codes;
    if (!marks?.length || !/^0x[0-9a-f]{1,40}$/.test(address) || !isMarked(marks, address.slice(2, 10))) return null;
    const command = address.length === 42 ? `hypertrack wallet ${address}` : "hypertrack wallet 0x…";
    return [
      "Left out of this page",
      `A wallet of that beginning was recorded and is not on this page, which leaves out ${data.left_out}. See it with \`${command}\`, or raise max_wallets under [dashboard] in the settings.`,
    ];
  }

  function isMarked(marks, digits) {
    const low = Number.parseInt(digits.padEnd(8, "0"), 16);
    const high = Number.parseInt(digits.padEnd(8, "f"), 16);
    return marks.some((mark) => mark >= low && mark <= high);
  }

  return { build, show, showWatched, sorts };
}
