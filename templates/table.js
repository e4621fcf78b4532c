// The list as a table: a row a wallet, the same facts at every width.

const COLUMNS = [
  { name: "star", words: "" },
  { name: "wallet", words: "Wallet" },
  { name: "verdict", words: "Verdict", sort: "evidence" },
  { name: "profit", words: "Profit", sort: "profit_usd", unit: "USD" },
  { name: "edge", words: "Edge", sort: "edge_bps", unit: "bps a bet" },
  { name: "bets", words: "Bets", sort: "n_bets" },
  { name: "copied", words: "For a copier", sort: "copy_edge_bps", unit: "bps" },
  { name: "coins", words: "Coins", sort: "unique_tokens" },
  { name: "holding", words: "Holding", sort: "median_holding_s", unit: "median" },
  { name: "trades", words: "Transactions", sort: "tx_count" },
  { name: "seen", words: "Last seen", sort: "last_seen_before_end_s", unit: "before the end" },
];

/** Return what draws the table; `actions` opens wallets and sorts. */
function createTable(data, wallets, watchlist, actions) {
  const words = new Map(data.verdicts.map(({ name, words: text }) => [name, text]));
  const reach = intervalReach(wallets);
  let rows = [];
  const list = createVirtualList(byId("table-body"), drawRow);

  // --- heads ------------------------------------------------------------------------------------

  const heads = COLUMNS.map((column) => {
    const cell = make("div", `cell cell-${column.name}`);
    cell.setAttribute("role", "columnheader");
    if (column.sort) cell.append(sortButton(column));
    else cell.append(column.words || hiddenText("Watched"));
    return cell;
  });
  byId("table-head").append(...heads);

  function sortButton({ words: name, unit, sort }) {
    const element = button("sort-by", name, () => actions.sort(sort));
    const delay = sort === "copy_edge_bps" && data.copying ? `, ${data.copying.split(" with ")[0]}` : "";
    if (unit) element.append(make("span", "unit", unit + delay));
    const meaning = wallets.measures.get(sort)?.meaning ?? "COPY first, then WATCH, too little data, AVOID; then by the edge to be expected, the chance of it, its lower bound and the bets";
    const text = sort === "copy_edge_bps" && data.copying ? `${meaning}: ${data.copying}` : meaning;
    return withTooltip(element, () => [make("p", "", text), make("p", "tip-raw", sort)]);
  }

  function showSort({ sort, isAscending }) {
    COLUMNS.forEach((column, i) => {
      if (column.sort === sort) heads[i].setAttribute("aria-sort", isAscending ? "ascending" : "descending");
      else heads[i].removeAttribute("aria-sort");
    });
  }

  // --- rows -------------------------------------------------------------------------------------

  function drawRow(i) {
    const row = rows[i];
    const line = make("div", "line", ...CELLS.map(([name, cell]) => tableCell(name, cell(row))));
    line.setAttribute("role", "row");
    line.setAttribute("aria-rowindex", String(i + 2));
    line.dataset.place = String(i);
    return line;
  }

  function tableCell(name, parts) {
    const cell = make("div", `cell cell-${name}`, ...parts);
    cell.setAttribute("role", name === "wallet" ? "rowheader" : "cell");
    return cell;
  }

  const CELLS = [
    ["star", (row) => [starButton(watchlist, wallets.addresses[row])]],
    ["wallet", walletCell],
    ["verdict", (row) => [verdictBadge(wallets, words, row)]],
    ["profit", (row) => profitParts(wallets, row)],
    ["edge", (row) => [intervalPicture(wallets, row, reach), ...intervalParts(wallets, row, "edge")]],
    ["bets", (row) => [labelled("bets", wallets.text("n_bets", row))]],
    ["copied", (row) => intervalParts(wallets, row, "copy_edge")],
    ["coins", (row) => [labelled("coins", wallets.text("unique_tokens", row))]],
    ["holding", (row) => [labelled("holding", wallets.text("median_holding_s", row))]],
    ["trades", (row) => [labelled("transactions", wallets.text("tx_count", row))]],
    ["seen", (row) => [labelled("before the end", wallets.text("last_seen_before_end_s", row))]],
  ];

  function walletCell(row) {
    const address = wallets.addresses[row];
    const link = make("a", "address numbers", ...shortened(address));
    link.href = "#";
    link.title = address;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      actions.open(address);
    });
    return [link, heldLine(wallets, row)];
  }

  byId("table-body").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    const line = event.target.closest(".line");
    if (!step || !line || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const place = Math.min(rows.length - 1, Math.max(0, Number(line.dataset.place) + step));
    list.reach(place)?.querySelector(".address").focus();
  });

  byId("table-body").addEventListener("click", (event) => {
    const line = event.target.closest(".line");
    if (line && !event.target.closest("a, button") && getSelection().isCollapsed) actions.open(wallets.addresses[rows[line.dataset.place]]);
  });

  /** Draw the rows; their height follows from the width of the page. */
  function show(found, state) {
    rows = found;
    showSort(state);
    byId("table").setAttribute("aria-rowcount", String(found.length + 1));
    const height = Number.parseFloat(getComputedStyle(byId("table")).getPropertyValue("--row"));
    list.show(found.length, height);
  }

  return { show, update: list.update };
}

// --- parts that cards show too ------------------------------------------------------------------

function verdictBadge(wallets, words, row) {
  const verdict = wallets.text("verdict", row);
  const kind = verdict === null ? "none" : verdict.toLowerCase().replaceAll(" ", "-");
  return make("span", `verdict verdict-${kind}`, words.get(verdict) ?? "Not judged");
}

/** Return the profit and where it comes from; without known positions only what was seen. */
function profitParts(wallets, row) {
  const profit = wallets.text("profit_usd", row);
  if (profit !== null) {
    const sign = wallets.value("profit_usd", row) < 0 ? "is-loss" : "is-gain";
    return [make("span", `numbers ${sign}`, profit), make("span", "under", (wallets.text("pnl_source", row) ?? "").split(":")[0])];
  }
  const flow = wallets.text("flow_pnl_usd", row);
  const under = flow === null ? [] : [make("span", "under numbers", `cash flow ${flow}`)];
  return [make("span", "unknown", "not known"), ...under];
}

function intervalParts(wallets, row, name) {
  const value = wallets.text(`${name}_bps`, row);
  if (value === null) return [make("span", "unknown", MISSING, hiddenText(" not known"))];
  const [low, high] = [wallets.text(`${name}_low_bps`, row), wallets.text(`${name}_high_bps`, row)];
  const nothing = name === "edge" ? "no edge told" : "costs alone"; // all shrunk to nothing: no interval
  const under = low === high ? nothing : `[${low}, ${high}]`;
  return [make("span", "numbers", value), make("span", "under numbers", under)];
}

function labelled(label, text) {
  const value = make("span", text === null ? "unknown" : "numbers", text ?? MISSING);
  return make("span", "labelled", value, make("span", "label", ` ${label}`));
}

/** Return the categories of a wallet in a line; those at chance carry their mark. */
function heldLine(wallets, row) {
  const places = wallets.holdings(row);
  if (!places.length) return make("span", "held", "No category");
  const parts = places.slice(0, 2).flatMap((place, i) => {
    const doubt = wallets.heldText("held_doubt", place);
    const name = make("span", doubt ? "has-doubt" : "", wallets.heldText("held", place));
    return [i ? ", " : "", name, ...(doubt ? [hiddenText(` (${doubt})`)] : [])];
  });
  const rest = places.length > 2 ? [` +${places.length - 2}`] : [];
  return make("span", "held", ...parts, ...rest);
}
