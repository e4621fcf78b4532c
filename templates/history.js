// What a wallet did over the recording, for those wallets whose history is in the page.

/** Return how a wallet's profit grew, or why that is not known. */
function profitPart(data, wallets, row) {
  const found = historyOf(wallets, row);
  return found ? curvePart(data, found) : part("Over the recording", unknownNote(absentHistory(data)));
}

/** Return where and when it earned, what it holds and does, and with whom. */
function doingParts(data, wallets, row) {
  const found = historyOf(wallets, row);
  if (!found) return [];
  return [coinsPart(found), positionsPart(found), hoursPart(found), actionsPart(found), counterpartiesPart(wallets, found)];
}

function historyOf(wallets, row) {
  const { codes, texts } = wallets.columns.get("history_wallet");
  wallets.histories ??= new Map(Array.from(codes, (code, i) => [texts[code - 1], i]));
  const place = wallets.histories.get(wallets.addresses[row]);
  return place === undefined ? null : JSON.parse(wallets.text("history", place));
}

function absentHistory({ histories }) {
  const what = "Equity, profit by coin and hour, positions, actions and counterparties";
  if (histories) return `${what} are in this page for ${histories}; raise max_histories under [dashboard] in the settings to see more.`;
  return `${what} are not in this page: it was made from profiles alone, without the recording.`;
}

// --- profit -------------------------------------------------------------------------------------

function curvePart(data, { curve, end, deepest }) {
  const title = "Profit over the recording";
  if (!curve.length) {
    return part(title, unknownNote("Not known: it held a position that nobody recorded. What the trades seen brought in stands under each coin, as if it had been flat before."));
  }
  const gaps = data.gaps.length ? ` Shaded: nothing was observed (${data.gaps.length === 1 ? "once" : `${commas(data.gaps.length)} times`}).` : "";
  const note = `${end} after fees at the end; at worst ${deepest} below its highest point before. Marked to market each minute.${gaps}`;
  return part(title, curvePicture(data, curve, note), make("p", "note", note));
}

const CURVE = { width: 960, height: 150, depth: 46 }; // equity above, drawdown below

function curvePicture(data, curve, title) {
  const { width, height, depth } = CURVE;
  const span = Math.max(1, data.end_ms - data.start_ms);
  const x = (time) => ((Math.min(data.end_ms, Math.max(data.start_ms, time)) - data.start_ms) / span) * width;
  const profits = [0, ...curve.map(([, profit]) => profit)];
  const [low, high] = [Math.min(...profits), Math.max(...profits)];
  const y = (profit) => height - 4 - ((profit - low) / (high - low || 1)) * (height - 8);
  const worst = Math.max(...curve.map(([, , drawdown]) => drawdown), 1e-9);
  const below = (drawdown) => height + 8 + (drawdown / worst) * depth;
  const line = curve.map(([time, profit], i) => `${i ? "L" : "M"}${x(time).toFixed(1)} ${y(profit).toFixed(1)}`).join("");
  const water = curve.map(([time, , drawdown]) => `L${x(time).toFixed(1)} ${below(drawdown).toFixed(1)}`).join("");
  const [first, last] = [x(curve[0][0]), x(curve.at(-1)[0])];
  return draw(
    "svg", { class: "equity", viewBox: `0 0 ${width} ${height + 8 + depth}`, preserveAspectRatio: "none", role: "img" },
    draw("title", {}, title),
    ...data.gaps.map(([from, to]) => draw("rect", { class: "gap", x: x(from), y: 0, width: Math.max(1, x(to) - x(from)), height: height + 8 + depth })),
    draw("path", { class: "curve-zero", d: `M0 ${y(0).toFixed(1)}H${width}` }),
    draw("path", { class: "equity-line", d: line }),
    draw("path", { class: "drawdown", d: `M${first} ${height + 8}${water}L${last} ${height + 8}z` }),
  );
}

function hoursPart({ by_hour: hours, by_hour_texts: texts }) {
  const title = "Profit by hour of the day, UTC";
  if (!hours.length) return part(title, unknownNote("Not known, as its profit."));
  const best = hours.indexOf(Math.max(...hours));
  const worst = hours.indexOf(Math.min(...hours));
  const note = `Best hour ${best}:00, ${texts[best]}; worst ${worst}:00, ${texts[worst]}.`;
  return part(title, columnsPicture(hours, note), make("p", "note numbers hours-axis", make("span", "", "0:00"), make("span", "", "12:00"), make("span", "", "24:00")), make("p", "note numbers", note));
}

function coinsPart({ coins }) {
  const reach = Math.max(...coins.map(({ profit_usd: profit }) => Math.abs(profit ?? 0)), 1e-9);
  const rows = coins.map(({ coin, volume, profit, profit_usd: usd, flow, source }) => {
    const name = make("span", "", coin, make("span", "note numbers", ` ${volume} traded`));
    const amount = profit === null ? make("span", "unknown", `flow ${flow}`) : `${profit} ${source}`;
    return tableRow(name, profit === null ? null : signedBar(usd / reach), amount);
  });
  return part("Profit by coin", rows.length ? table(rows) : unknownNote("It traded nothing."));
}

// --- what it holds and does ---------------------------------------------------------------------

function positionsPart({ coins }) {
  const held = coins.filter(({ position }) => position);
  const unknown = coins.filter(({ position }) => position === null).map(({ coin }) => coin);
  const rows = held.map(({ coin, position }) => tableRow(coin, null, position));
  const notes = [
    ...(held.length || unknown.length ? [] : [make("p", "note", "Flat in every coin that it traded.")]),
    ...(unknown.length ? [make("p", "note", `Not known: ${unknown.join(", ")}.`)] : []),
  ];
  return part("Positions at the end", ...(rows.length ? [table(rows)] : []), ...notes);
}

function actionsPart({ actions }) {
  const rows = actions.map(([time, what, notional]) => tableRow(make("span", "", what, make("span", "note numbers is-under", time)), null, notional));
  return part("Last actions", rows.length ? table(rows) : unknownNote("None was recorded."));
}

function counterpartiesPart(wallets, { counterparties }) {
  const rows = counterparties.map(([address, share]) => {
    const link = make("a", "raw", address);
    link.href = `#wallet=${address}`;
    return tableRow(wallets.rowByAddress.has(address) ? link : make("span", "raw", address), null, share);
  });
  return part("Traded most with", rows.length ? table(rows) : unknownNote("With nobody."));
}
