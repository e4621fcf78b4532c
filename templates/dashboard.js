// Searches, filters, sorts and pages the cards of the data inside the page.
(() => {
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("page-data").textContent);
  const cards = createCards(data);
  const { make, icon, drawCard, hideTooltip } = cards;
  const openReasons = createReasons(data.explained, cards);
  const PAGE_SIZE = 48;
  const NONE = -1; // the filter's "no category"

  const SORTS = [
    ["transactions", "Most active", (card) => card.order.transactions],
    ["traded", "Most traded", (card) => card.order.traded],
    ["confidence", "Strongest category", (card) => surest(card)],
    ["age", "Longest seen", (card) => card.order.age],
    ...(data.cards.some((card) => card.scores)
      ? [
          ...data.heads.map((head, i) => [
            `head-${i}`, `Highest ${head.name.toLowerCase()}`, (card) => card.scores?.[i] ?? -1,
          ]),
          ["influence", "Highest influence", (card) => card.order.influence],
        ]
      : []),
    ["address", "Address", null],
  ];

  const state = { search: "", categories: new Set(), needsAll: false, sort: "transactions" };
  let matches = data.cards;
  let nDrawn = 0;

  const surest = (card) => Math.max(0, ...card.held.map(([, confidence]) => confidence));
  const haystacks = new Map(
    data.cards.map((card) => [
      card,
      [card.address, ...card.held.map(([i]) => data.categories[i].name)].join("\n").toLowerCase(),
    ]),
  );

  // --- search, filter, sort -------------------------------------------------------------------

  function update() {
    const words = state.search.toLowerCase().split(/\s+/).filter(Boolean);
    matches = data.cards.filter((card) => isWanted(card) && words.every((word) => haystacks.get(card).includes(word)));
    sortMatches();
    nDrawn = 0;
    hideTooltip();
    byId("grid").replaceChildren();
    drawMore();
    byId("empty").hidden = matches.length > 0;
    byId("count").textContent =
      matches.length === data.cards.length
        ? `${data.cards.length.toLocaleString("en")} wallets`
        : `${matches.length.toLocaleString("en")} of ${data.cards.length.toLocaleString("en")} wallets`;
    drawFilters();
  }

  function isWanted(card) {
    if (!state.categories.size) return true;
    const held = new Set(card.held.length ? card.held.map(([place]) => place) : [NONE]);
    const wanted = [...state.categories];
    return state.needsAll ? wanted.every((place) => held.has(place)) : wanted.some((place) => held.has(place));
  }

  function sortMatches() {
    const key = SORTS.find(([name]) => name === state.sort)[2];
    const byAddress = (a, b) => (a.address < b.address ? -1 : 1);
    matches.sort(key ? (a, b) => key(b) - key(a) || byAddress(a, b) : byAddress);
  }

  function drawMore() {
    const next = matches.slice(nDrawn, nDrawn + PAGE_SIZE);
    byId("grid").append(...next.map(drawCard));
    nDrawn += next.length;
    byId("more").hidden = nDrawn >= matches.length;
  }

  function toggle(place) {
    if (!state.categories.delete(place)) state.categories.add(place);
    update();
  }

  function reset() {
    state.categories.clear();
    state.search = byId("search").value = "";
    update();
  }

  // --- the filter's controls ------------------------------------------------------------------

  const nameOf = (place) => (place === NONE ? "No category" : data.categories[place].name);
  const isDoubted = (place) => place !== NONE && !data.categories[place].is_proven;
  const counts = new Map();
  for (const card of data.cards)
    for (const place of card.held.length ? card.held.map(([i]) => i) : [NONE]) counts.set(place, (counts.get(place) ?? 0) + 1);

  const boxes = new Map();
  const anyAll = ["any", "all"].map((mode) => {
    const button = make("button", "segment", mode === "any" ? "Any of these" : "All of these");
    button.type = "button";
    button.addEventListener("click", () => {
      state.needsAll = mode === "all";
      update();
    });
    return button;
  });

  function buildFilter() {
    const groups = new Map();
    data.categories.forEach((category, place) => groups.set(category.group, [...(groups.get(category.group) ?? []), place]));
    if (counts.has(NONE)) groups.set("None", [NONE]);
    const columns = [...groups].map(([group, places]) => {
      const set = make("fieldset", "", make("legend", "", group));
      for (const place of places) set.append(checkbox(place));
      return set;
    });
    const modes = make("div", "segments", ...anyAll);
    modes.setAttribute("role", "group");
    modes.setAttribute("aria-label", "Match");
    byId("filter").append(modes, make("div", "filter-groups", ...columns));
  }

  function checkbox(place) {
    const box = make("input", "");
    box.type = "checkbox";
    box.addEventListener("change", () => toggle(place));
    boxes.set(place, box);
    const count = make("span", "numbers", (counts.get(place) ?? 0).toLocaleString("en"));
    return make("label", "check", box, make("span", isDoubted(place) ? "check-name has-doubt" : "check-name", nameOf(place)), count);
  }

  function drawFilters() {
    const n = state.categories.size;
    byId("filter-count").hidden = n === 0;
    byId("filter-count").textContent = String(n);
    for (const [place, box] of boxes) box.checked = state.categories.has(place);
    anyAll.forEach((button, i) => button.setAttribute("aria-pressed", String(state.needsAll === (i === 1))));
    for (const row of document.querySelectorAll(".found-row"))
      row.setAttribute("aria-pressed", String(state.categories.has(Number(row.dataset.category))));
    byId("pills").replaceChildren(...[...state.categories].map(pill));
  }

  function pill(place) {
    const button = make("button", "pill", nameOf(place), icon("m6 6 8 8M14 6l-8 8"));
    button.type = "button";
    button.setAttribute("aria-label", `Remove filter ${nameOf(place)}`);
    button.addEventListener("click", () => toggle(place));
    return make("li", "", button);
  }

  function openFilter(isOpen) {
    byId("filter").hidden = !isOpen;
    byId("open-filter").setAttribute("aria-expanded", String(isOpen));
  }

  // --- putting it together --------------------------------------------------------------------

  for (const [name, label] of SORTS) byId("sort").append(new Option(label, name));
  buildFilter();

  byId("sort").addEventListener("change", (event) => {
    state.sort = event.target.value;
    update();
  });
  byId("search").addEventListener("input", (event) => {
    state.search = event.target.value;
    update();
  });
  byId("reset").addEventListener("click", reset);
  byId("more").addEventListener("click", drawMore);
  byId("open-filter").addEventListener("click", () => openFilter(byId("filter").hidden));
  for (const row of document.querySelectorAll(".found-row"))
    row.addEventListener("click", () => toggle(Number(row.dataset.category)));

  byId("grid").addEventListener("why", (event) => openReasons(event.detail));
  byId("open-docs").addEventListener("click", () => byId("docs").showModal());
  byId("close-docs").addEventListener("click", () => byId("docs").close());
  byId("docs").addEventListener("click", (event) => {
    if (event.target === byId("docs")) byId("docs").close(); // the backdrop
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      hideTooltip();
      openFilter(false);
    }
    const isTyping = event.target.matches("input, select, textarea") || document.querySelector("dialog[open]");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      byId("search").focus();
    }
  });
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest(".picker")) openFilter(false);
  });
  addEventListener("beforeprint", () => {
    while (nDrawn < Math.min(matches.length, 400)) drawMore();
  });
  new IntersectionObserver(
    (entries) => {
      if (entries.some((entry) => entry.isIntersecting)) drawMore();
    },
    { rootMargin: "1200px" },
  ).observe(byId("more"));

  update();
})();
