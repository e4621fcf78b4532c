// The wallets of the page as columns: what is known of each, by its row.

/** Return the reader of the wallets; `rest` is a promise of the columns that come later. */
function createWallets(data, listed, rest) {
  const columns = new Map(listed);
  rest.then((more) => more.forEach((each, name) => columns.set(name, each)));

  const n = data.n_shown;
  const addresses = allAddresses(listed.get("wallet"), n);
  const rowByAddress = new Map(addresses.map((address, row) => [address, row]));
  const heldEnds = ends(listed.get("n_held").codes);
  const measures = new Map(data.measures.map((measure) => [measure.name, measure]));
  const percentiles = new Map();

  /** Return how a column's value of a row is written; null where there is none. */
  function text(name, row) {
    const { codes, texts } = columns.get(name);
    return codes[row] ? texts[codes[row] - 1] : null;
  }

  /** Return a number as it is compared; NaN where it is not known. */
  function value(name, row) {
    const { codes, values } = columns.get(name);
    return codes[row] ? values[codes[row] - 1] : NaN;
  }

  /** Return the share of wallets with a lower number, of those that have one, and their count. */
  function percentile(name, row) {
    if (!percentiles.has(name)) percentiles.set(name, ranks(columns.get(name)));
    const { below, known } = percentiles.get(name);
    return { share: below[columns.get(name).codes[row]] / Math.max(1, known - 1), known };
  }

  /** Return the places of a wallet's holdings among all holdings. */
  function holdings(row) {
    return range(row ? heldEnds[row - 1] : 0, heldEnds[row]);
  }

  /** Return how many of a wallet's categories are wanted; `wanted` is by code. */
  function countHeld(row, wanted) {
    const { codes } = columns.get("held");
    let count = 0;
    for (let place = row ? heldEnds[row - 1] : 0; place < heldEnds[row]; place += 1) count += wanted[codes[place]];
    return count;
  }

  return {
    n, countHeld, addresses, rowByAddress, measures, columns, text, value, percentile, holdings,
    has: (name) => columns.has(name) && columns.get(name).codes.some(Boolean),
    heldText: (name, place) => text(name, place), // held_doubt: why a category is not to be believed
  };
}

function allAddresses(column, n) {
  if (!column.bytes) return Array.from(column.codes, (code) => column.texts[code - 1]);
  const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
  const found = new Array(n);
  for (let row = 0; row < n; row += 1) {
    let address = "0x";
    for (let i = row * column.size; i < (row + 1) * column.size; i += 1) address += hex[column.bytes[i]];
    found[row] = address;
  }
  return found;
}

/** Return where each row's part of a flat list ends. */
function ends(counts) {
  let end = 0;
  return Uint32Array.from(counts, (count) => (end += count));
}

const range = (start, end) => Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);

/** Return by code how many numbers are lower, and how many are known. */
function ranks({ codes, values }) {
  const counts = new Uint32Array(values.length + 1);
  for (const code of codes) counts[code] += 1;
  const below = new Uint32Array(values.length + 1);
  for (let code = 2; code < below.length; code += 1) below[code] = below[code - 1] + counts[code - 1];
  return { below, known: codes.length - counts[0] };
}

/** Return rows in a stable order of their codes; rows without a number come last. */
function sortedByCode(rows, codes, nCodes, isDescending) {
  const starts = new Uint32Array(nCodes + 2);
  const place = (row) => (codes[row] === 0 ? nCodes : isDescending ? nCodes - codes[row] : codes[row] - 1);
  for (const row of rows) starts[place(row) + 1] += 1;
  for (let i = 1; i < starts.length; i += 1) starts[i] += starts[i - 1];
  const sorted = new Uint32Array(rows.length);
  for (const row of rows) sorted[starts[place(row)]++] = row;
  return sorted;
}
