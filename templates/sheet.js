// The tear sheet of one wallet: all that is known of it, and of what is not, that it is not.

const EXPLORER = "https://app.hyperliquid.xyz/explorer/address/";
const KEY_FACTS = ["edge_bps", "copy_edge_bps", "n_bets", "total_value", "tx_count", "last_seen_before_end_s"];
const ROLE_TIMES = [["5s", "5 s"], ["30s", "30 s"], ["300s", "5 min"], ["1800s", "30 min"]];
const FACT_GROUPS = ["Skill", "Profit", "Activity", "Behaviour"];

/** Return what opens the sheet of a wallet; `actions` steps to its neighbours and closes. */
function createSheet(data, wallets, watchlist, actions) {
  const words = new Map(data.verdicts.map(({ name, words: text }) => [name, text]));
  const dialog = byId("sheet");
  const body = byId("sheet-body");

  function open(row) {
    const address = wallets.addresses[row];
    byId("sheet-title").replaceChildren(identicon(address), make("span", "sheet-address numbers", address));
    const copy = button("icon-button", `Copy address ${address}`, (element) => copyAddress(address, element), icon("copy"));
    byId("sheet-tools").replaceChildren(starButton(watchlist, address), copy, ...explorer(address));
    body.replaceChildren(
      verdictPart(row), keyFacts(row), profitPart(data, wallets, row),
      inColumns(...doingParts(data, wallets, row), activityPart(row), delayPart(row), rolePart(row), markoutPart(row), categoriesPart(row)),
      scoresPart(row), make("p", "note places-note", "Marks: the share of this page's wallets with a lower number."), inColumns(...FACT_GROUPS.map((group) => factsPart(group, row)), accountPart(row)),
    );
    if (!dialog.open) dialog.showModal();
    body.scrollTop = 0;
  }

  function explorer(address) {
    if (!data.explorer) return [];
    const link = make("a", "button is-small", "Explorer ↗");
    Object.assign(link, { href: EXPLORER + address, target: "_blank", rel: "noopener noreferrer" });
    return [link];
  }

  // --- verdict ----------------------------------------------------------------------------------

  function verdictPart(row) {
    const says = wallets.text("says", row) ?? "its skill was not judged";
    const follows = wallets.text("follows", row);
    const size = wallets.value("entity_size", row);
    const live = liveWords(wallets, row);
    const notes = [
      ...(live ? [make("p", "", live, " The verdict is of the whole recording.")] : []),
      ...(follows ? [make("p", "", "Follows ", make("span", "numbers", follows), ": its bets are not evidence of its own.")] : []),
      ...(size > 1 ? [make("p", "", `Acts as one with ${commas(size - 1)} other ${size === 2 ? "wallet" : "wallets"} (entity ${wallets.text("entity_id", row)}); they are judged together.`)] : []),
    ];
    return make("section", "sheet-verdict", verdictBadge(wallets, words, row), make("p", "sheet-says", says), ...notes);
  }

  function keyFacts(row) {
    const facts = KEY_FACTS.filter((name) => wallets.columns.has(name)).map((name) => keyFact(name, row));
    const profit = make("div", "", make("dt", "", "Profit"), make("dd", "numbers", ...profitParts(wallets, row)));
    return make("dl", "key-facts", profit, ...facts);
  }

  function keyFact(name, row) {
    const { words: label } = wallets.measures.get(name);
    const parts = /^(copy_)?edge_bps$/.test(name) ? intervalParts(wallets, row, name.replace("_bps", "")) : [wallets.text(name, row) ?? MISSING];
    return make("div", "", make("dt", "", label), make("dd", "numbers", ...parts));
  }

  // --- over time --------------------------------------------------------------------------------

  function activityPart(row) {
    const minute = (name) => `${new Date(wallets.columns.get(name).codes[row] * 60_000).toISOString().slice(0, 16)}Z`;
    const seen = `Seen from ${minute("first_seen_minute")} to ${minute("last_seen_minute")}.`;
    return part("Activity over the recording", activityPicture(wallets, row), make("p", "note numbers", seen));
  }

  function markoutPart(row) {
    const points = pointsOf(data.measures.filter(({ group }) => group === "Markouts"), row);
    if (!points.some(({ text }) => text !== null)) return part("After its executions", unknownNote("No later price was recorded: what followed is not known."));
    const note = "Move of the price in its favour, in bps: described and not tested; the verdict rests on openings at its own horizon.";
    return part("After its executions", make("p", "note", note), pointsFigure(points));
  }

  /** Return what is left for a copier by how late it follows. */
  function delayPart(row) {
    const title = "For a copier, by delay";
    const points = pointsOf(data.measures.filter(({ group }) => group === "Delays"), row);
    if (!points.some(({ text }) => text !== null)) return part(title, unknownNote("Not known: it did not open often enough to say what a copier would be left with."));
    return part(title, make("p", "note", "Edge left after costs, to be expected, in bps a bet."), pointsFigure(points));
  }

  /** Return what followed its openings, as taker and as maker, and what they gained on their own price. */
  function rolePart(row) {
    const title = "After its openings, by role";
    const moves = (role) => ROLE_TIMES.map(([name]) => wallets.value(`${role}_after_${name}_bps`, row));
    const roles = ["taker", "maker"].filter((role) => !moves(role).every(Number.isNaN));
    if (!roles.length) return part(title, unknownNote("Not known: it opened nothing that was followed by a price."));
    const gain = (role) => withInterval(["", "_low", "_high"].map((end) => wallets.value(`${role}_gain${end}_bps`, row)));
    const head = make("thead", "", textRow("from the mid", ROLE_TIMES.map(([, words]) => words)));
    const moved = make("tbody", "", ...roles.map((role) => textRow(`as ${role}`, moves(role).map(signedBps))));
    const gained = roles.map((role) => textRow(`as ${role}, gained on its own price in 5 min`, [gain(role)]));
    const note = make("p", "note", "Mean move of the mid in its favour, and gain with an interval of 95 %, in bps: shown and not tested.");
    return part(title, note, make("table", "facts-table", head, moved), table(gained));
  }

  function pointsOf(measures, row) {
    return measures.filter(({ name }) => wallets.columns.has(name)).map(({ name, words: label }) => ({ label: label.replace(/^Copied |, bps$/g, ""), value: wallets.value(name, row), text: wallets.text(name, row) }));
  }

  // --- categories -------------------------------------------------------------------------------

  function categoriesPart(row) {
    const places = wallets.holdings(row);
    if (!places.length) return part("Categories", unknownNote(`No category: ${wallets.text("why_none", row) ?? "no rule holds"}.`));
    return part("Categories", make("ul", "held-list", ...places.map(holding)));
  }

  function holding(place) {
    const name = wallets.heldText("held", place);
    const category = data.categories.find((each) => each.name === name);
    const caveat = wallets.heldText("caveat", place);
    const boost = wallets.value("boost", place);
    const doubt = wallets.heldText("held_doubt", place);
    return make(
      "li", doubt ? "is-unproven" : "",
      make("h4", "", defined(name, name, category?.asks ? [make("p", "", category.asks)] : []), make("span", "confidence numbers", ` strength ${wallets.heldText("confidence", place)}`), ...(doubt ? [make("span", "badge", doubt)] : [])),
      make("p", "", wallets.heldText("evidence", place) ?? ""),
      ...(category?.condition ? [make("p", "note", `Rule: ${category.condition}`)] : []),
      ...(boost > 0 ? [make("p", "note", `The network adds ${wallets.heldText("boost", place)}.`)] : []),
      ...(caveat ? [make("p", "caveat", caveat)] : []),
    );
  }

  /** Return words that lead to the definition of a name, where there is one. */
  function defined(name, text, tip) {
    const anchor = `def-${name.toLowerCase().replaceAll(" ", "-")}`;
    const element = byId(anchor) ? button("text-link", text, () => actions.docs(anchor)) : make("span", "", text);
    return withTooltip(element, () => [...tip, make("p", "tip-raw", name)]);
  }

  // --- scores -----------------------------------------------------------------------------------

  function scoresPart(row) {
    const shown = data.measures.filter(({ group }) => group === "Scores");
    if (!shown.length) return part("Scores", unknownNote("No model: no scores."));
    const why = reasonsOf(wallets, row);
    return part("Scores, and why", make("p", "note", data.reasons_meaning), make("div", "scores", ...shown.map((score) => scoreCard(score, row, why)), styleCard(row)));
  }

  function scoreCard({ name, words: label, meaning, doubt, typical }, row, why) {
    return make(
      "section", doubt ? "score is-unproven" : "score",
      make("h4", "", label, " ", make("span", "score-value numbers", wallets.text(name, row) ?? MISSING), ...(doubt ? [make("span", "badge", "unproven")] : [])),
      make("p", "note", `${meaning}; typical ${typical ?? MISSING}`), ...(doubt ? [make("p", "caveat", doubt)] : []),
      placeNote(name, row), reasonsTable(why.get(name)),
    );
  }

  function styleCard(row) {
    const dimensions = data.measures.filter(({ group }) => group === "Style");
    const { doubt } = dimensions[0];
    const rows = dimensions.map(({ name, words: label }) => tableRow(label, signedBar(wallets.value(name, row) || 0), wallets.text(name, row) ?? MISSING));
    return make(
      "section", doubt ? "score is-unproven" : "score",
      make("h4", "", "Trading style", ...(doubt ? [make("span", "badge", "unproven")] : [])),
      make("p", "note", "Each from −1 to +1, as expected next."), ...(doubt ? [make("p", "caveat", doubt)] : []), table(rows),
    );
  }

  function reasonsTable(found) {
    if (!found) return make("p", "note", "Its reasons are not kept.");
    const unit = found.score === "influence_score" ? " %" : "";
    const reach = Math.max(...found.reasons.map(({ adds }) => Math.abs(adds)), 1e-9);
    const rows = found.reasons.map((each) => {
      const title = make("span", "reason", defined(each.feature, data.titles[each.feature] ?? each.feature, []));
      const name = make("span", "", title, make("span", "note numbers", ` ${each.value}, typical ${each.typical}`));
      return tableRow(name, signedBar(each.adds / reach), each.text + unit);
    });
    return table([...rows, tableRow("all others", null, found.others + unit)]);
  }

  // --- numbers ----------------------------------------------------------------------------------

  function factsPart(group, row) {
    const shown = data.measures.filter((measure) => measure.group === group && wallets.columns.get(measure.name));
    const knownOnes = shown.filter(({ name }) => isTold(name, row));
    const missing = shown.filter(({ name }) => !isTold(name, row));
    const rows = knownOnes.map(({ name, words: label, meaning }) => {
      const { share, known: n } = wallets.percentile(name, row);
      const term = defined(name, label, [make("p", "", meaning)]);
      const place = make("span", "", placeBar(share), hiddenText(`higher than ${Math.round(share * 100)} % of ${commas(n)}`));
      return tableRow(term, place, wallets.text(name, row));
    });
    const absent = missing.length ? [make("p", "note", `Not known: ${missing.map((each) => each.words.toLowerCase()).join(", ")}.`)] : [];
    return part(group, ...(rows.length ? [table(rows)] : []), ...sources(group, row), ...absent);
  }

  // How long a move lasts and how much it bears is not known of an edge that was shrunk to nothing.
  function isTold(name, row) {
    const isOfEdge = name === "half_life_s" || name === "capacity_usd";
    const isNothing = wallets.text("edge_low_bps", row) === wallets.text("edge_high_bps", row);
    return wallets.text(name, row) !== null && !(isOfEdge && isNothing);
  }

  function accountPart(row) {
    const told = wallets.text("account", row);
    if (told === null) return part("Account", unknownNote("The venue was not asked about it: `hypertrack accounts` does."));
    const rows = told.split("\n").map((line) => {
      const [name, value] = line.split("\t");
      return make("div", "", make("dt", "", name), make("dd", "numbers", value));
    });
    return part("Account, as the venue said", make("dl", "account", ...rows));
  }

  /** Say where the numbers about profit come from. */
  function sources(group, row) {
    if (group !== "Profit" || wallets.text("pnl_source", row) === null) return [];
    const coins = wallets.text("coins", row);
    const told = [`Profit: ${wallets.text("pnl_source", row)}.`, `Fees: ${wallets.text("fees_source", row)}.`, `Funding: ${wallets.text("funding_source", row)}.`, ...(coins ? [`Most in ${coins}.`] : [])];
    return [make("p", "note", told.join(" "))];
  }

  function placeNote(name, row) {
    const { share, known: n } = wallets.percentile(name, row);
    return make("p", "note numbers", `higher than ${Math.round(share * 100)} % of the ${commas(n)} wallets on this page that have it`);
  }

  // --- the dialog -------------------------------------------------------------------------------

  dialog.addEventListener("close", () => actions.closed());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the backdrop
  });
  byId("close-sheet").addEventListener("click", () => dialog.close());
  byId("sheet-previous").addEventListener("click", () => actions.step(-1));
  byId("sheet-next").addEventListener("click", () => actions.step(1));
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") actions.step(-1);
    if (event.key === "ArrowRight") actions.step(1);
  });

  return { open };
}

// --- parts --------------------------------------------------------------------------------------

function part(title, ...children) {
  return make("section", "sheet-part", make("h3", "", title), ...children);
}

const inColumns = (...parts) => make("div", "sheet-columns", ...parts);

const unknownNote = (text) => make("p", "unknown-note", text);

function table(rows) {
  return make("table", "facts-table", make("tbody", "", ...rows));
}

/** Return `+4.1`, `−0.3`; what is rounded to nothing has no minus. */
function signedBps(value) {
  const rounded = Number(value.toFixed(1));
  return Number.isNaN(value) ? MISSING : `${rounded < 0 ? "−" : "+"}${Math.abs(rounded).toFixed(1)}`;
}


/** Return `+4.1 [−0.3, +8.5]`; the value alone where its ends are not known. */
const withInterval = ([value, low, high]) => (Number.isNaN(low) ? signedBps(value) : `${signedBps(value)} [${signedBps(low)}, ${signedBps(high)}]`);

/** Return a row: what it is, and texts beside each other. */
function textRow(name, texts) {
  const head = make("th", "", name);
  head.scope = "row";
  return make("tr", "", head, ...texts.map((text) => make("td", "numbers amount", text)));
}

/** Return a row: what it is, a drawing where there is one, and how much. */
function tableRow(name, picture, text) {
  const head = make("th", "", name);
  head.scope = "row";
  if (!picture) head.colSpan = 2;
  return make("tr", "", head, ...(picture ? [make("td", "picture", picture)] : []), make("td", "numbers amount", text));
}

/** Return by score the reasons of a wallet, the strongest first. */
function reasonsOf(wallets, row) {
  const { columns } = wallets;
  wallets.whyEnds ??= ends(columns.get("n_why").codes);
  wallets.reasonEnds ??= ends(columns.get("n_reasons").codes);
  const from = (list, i) => range(i ? list[i - 1] : 0, list[i]);
  return new Map(
    from(wallets.whyEnds, row).map((i) => {
      const score = wallets.text("why_score", i);
      return [score, { score, others: wallets.text("why_others", i), reasons: from(wallets.reasonEnds, i).map((at) => reason(wallets, at)) }];
    }),
  );
}

function reason(wallets, at) {
  return {
    feature: wallets.text("reason_feature", at), value: wallets.text("reason_value", at), typical: wallets.text("reason_typical", at),
    adds: wallets.value("reason_adds", at), text: wallets.text("reason_adds", at),
  };
}
