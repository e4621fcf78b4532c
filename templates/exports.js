// Writes the wallets in view as files.

/** Let the browser save a text as a file. */
function save(name, type, text) {
  const link = make("a", "");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Return the rows in view as records: names as the profiles have them; null is not known. */
function records(data, wallets, rows) {
  const names = data.measures.map((measure) => measure.name).filter((name) => wallets.columns.has(name));
  return Array.from(rows, (row) => ({
    wallet: wallets.addresses[row],
    verdict: wallets.text("verdict", row),
    pnl_source: wallets.text("pnl_source", row),
    categories: wallets.holdings(row).map((place) => wallets.heldText("held", place)),
    ...Object.fromEntries(names.map((name) => [name, known(wallets.value(name, row))])),
  }));
}

const known = (value) => (Number.isNaN(value) ? null : value);

function asCsv(all) {
  if (!all.length) return "wallet\n";
  const names = Object.keys(all[0]);
  const lines = all.map((record) => names.map((name) => cell(record[name])).join(","));
  return [names.join(","), ...lines, ""].join("\n");
}

/** Return a cell that no spreadsheet takes for a formula. */
function cell(value) {
  if (value === null) return "";
  if (typeof value === "number") return String(value);
  const text = Array.isArray(value) ? value.join("; ") : value;
  const safe = /^\s*[=+\-@＝＋－＠]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
