// Which wallets are listed and in what order: the state of the view, its address, its rows.

const MIN_TRANSACTIONS = 20; // below it, most of what is said of a wallet is chance
const DEFAULT_SORT = "evidence";
const RANGED = [
  "profit_usd", "edge_bps", "copy_edge_bps", "n_bets", "tx_count", "total_value", "tx_per_day", "unique_tokens",
  "age_days", "median_holding_s", "last_seen_before_end_s",
];
const UNITS = { age_days: "days", median_holding_s: "seconds", last_seen_before_end_s: "seconds", profit_usd: "USD", total_value: "USD" };

/** Return the state of a page that nobody has touched. */
function untouched() {
  return {
    search: "", verdicts: new Set(), categories: new Set(), needsAll: false, isWatched: false,
    ranges: new Map([["tx_count", [MIN_TRANSACTIONS, Infinity]]]),
    sort: DEFAULT_SORT, isAscending: false, view: "table", wallet: "",
  };
}

// --- the state as an address --------------------------------------------------------------------

/** Return the hash that leads back to a state; what is as untouched is left out. */
function hashOf(state) {
  const told = new URLSearchParams();
  if (state.search) told.set("q", state.search);
  for (const name of state.verdicts) told.append("verdict", name);
  for (const name of state.categories) told.append("category", name);
  if (state.needsAll) told.set("match", "all");
  if (state.isWatched) told.set("watched", "1");
  for (const [name, [low, high]] of state.ranges)
    if (name !== "tx_count" || low !== MIN_TRANSACTIONS || high !== Infinity) told.set(name, written(low, high));
  if (!state.ranges.has("tx_count")) told.set("tx_count", "..");
  if (state.sort !== DEFAULT_SORT) told.set("sort", state.sort);
  if (state.isAscending) told.set("order", "up");
  if (state.view !== "table") told.set("view", state.view);
  if (state.wallet) told.set("wallet", state.wallet);
  return told.size ? `#${told}` : "#";
}

const written = (low, high) => `${low === -Infinity ? "" : low}..${high === Infinity ? "" : high}`;

/** Return the state that a hash tells of; what it does not know is left aside. */
function stateOf(hash, known) {
  const told = new URLSearchParams(hash.replace(/^#/, ""));
  const state = untouched();
  state.search = told.get("q") ?? "";
  state.verdicts = new Set(told.getAll("verdict").filter((name) => known.verdicts.has(name)));
  state.categories = new Set(told.getAll("category").filter((name) => known.categories.has(name)));
  state.needsAll = told.get("match") === "all";
  state.isWatched = told.get("watched") === "1";
  for (const name of RANGED) if (told.has(name)) setRange(state, name, ...bounds(told.get(name)));
  if (known.sorts.has(told.get("sort"))) state.sort = told.get("sort");
  state.isAscending = told.get("order") === "up";
  if (told.get("view") === "cards") state.view = "cards";
  state.wallet = told.get("wallet") ?? "";
  return state;
}

function bounds(text) {
  const [low, high] = text.split("..");
  return [bound(low, -Infinity), bound(high, Infinity)];
}

function bound(text, none) {
  const number = Number(text);
  return text === undefined || text.trim() === "" || Number.isNaN(number) ? none : number;
}

/** Set a range; one that leaves nothing out is none. */
function setRange(state, name, low, high) {
  if (low === -Infinity && high === Infinity) state.ranges.delete(name);
  else state.ranges.set(name, [low, high]);
}

// --- the rows -----------------------------------------------------------------------------------

/** Return what gives the rows of a state, in order. */
function createFinder(data, wallets, watchlist) {
  const everybody = Uint32Array.from(wallets.columns.get("by_evidence").codes); // its own order: numbers as they are written hide who is ahead

  function rows(state) {
    const tests = [...categoryTests(state), ...verdictTests(state), ...rangeTests(state), ...searchTests(state)];
    if (state.isWatched) tests.push((row) => watchlist.has(wallets.addresses[row]));
    return ordered(tests.length ? everybody.filter((row) => tests.every((test) => test(row))) : everybody, state);
  }

  function ordered(found, { sort, isAscending }) {
    if (sort === DEFAULT_SORT) return isAscending ? found.slice().reverse() : found;
    const { codes, values } = wallets.columns.get(sort);
    return sortedByCode(found, codes, values.length, !isAscending);
  }

  function categoryTests({ categories, needsAll }) {
    if (!categories.size) return [];
    const wanted = heldCodes((name) => categories.has(name));
    const least = needsAll ? categories.size : 1;
    return [(row) => wallets.countHeld(row, wanted) >= least];
  }

  /** Return by code of a category whether it is meant. */
  function heldCodes(isMeant) {
    return Uint8Array.from([false, ...wallets.columns.get("held").texts.map(isMeant)]);
  }

  function verdictTests({ verdicts }) {
    if (!verdicts.size) return [];
    const { codes, texts } = wallets.columns.get("verdict");
    const wanted = [false, ...texts.map((name) => verdicts.has(name))];
    return [(row) => wanted[codes[row]]];
  }

  /** A number that is not known is in no range. */
  function rangeTests({ ranges }) {
    return [...ranges].map(([name, [low, high]]) => {
      const { codes, values } = wallets.columns.get(name);
      const isIn = [false, ...Array.from(values, (value) => value >= low && value <= high)];
      return (row) => isIn[codes[row]];
    });
  }

  function searchTests({ search }) {
    return search.toLowerCase().split(/\s+/).filter(Boolean).map(searchTest);
  }

  /** An address is found by its beginning, or by any part that is not one; categories by a part. */
  function searchTest(word) {
    if (word.startsWith("0x")) return (row) => wallets.addresses[row].startsWith(word);
    const wanted = heldCodes((name) => name.toLowerCase().includes(word));
    return (row) => wallets.addresses[row].includes(word) || wallets.countHeld(row, wanted) > 0;
  }

  return { rows };
}
