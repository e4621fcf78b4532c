// The list as cards: for looking around rather than for comparing.

const CARD_WIDTH = 320;
const N_CHIPS = 4;
const GAUGES = ["risk_score", "profitability_score", "bot_probability", "sophistication_score"];

/** Return what draws the cards. */
function createCards(data, wallets, watchlist, actions) {
  const words = new Map(data.verdicts.map(({ name, words: text }) => [name, text]));
  const body = byId("cards");
  const list = createVirtualList(body, drawLine);
  let rows = [];
  let perLine = 1;

  function drawLine(i) {
    const line = make("div", "cards-line", ...Array.from(rows.slice(i * perLine, (i + 1) * perLine), drawCard));
    line.style.gridTemplateColumns = `repeat(${perLine}, minmax(0, 1fr))`;
    return line;
  }

  function drawCard(row) {
    const address = wallets.addresses[row];
    const open = button("card-open numbers", address, () => actions.open(address), ...shortened(address));
    open.setAttribute("aria-label", `Open ${address}`);
    const head = make("header", "card-head", identicon(address), make("h3", "", open), starButton(watchlist, address));
    return make(
      "article", "card", head, make("p", "", verdictBadge(wallets, words, row)),
      facts(row), activityPicture(wallets, row), gauges(row), chips(row),
    );
  }

  function facts(row) {
    const told = [
      ["Profit", profitParts(wallets, row)], ["Edge, bps", intervalParts(wallets, row, "edge")],
      ["Transactions", [wallets.text("tx_count", row) ?? MISSING]], ["Volume", [wallets.text("total_value", row) ?? MISSING]],
    ];
    return make("dl", "card-facts", ...told.map(([name, parts]) => make("div", "", make("dt", "", name), make("dd", "numbers", ...parts))));
  }

  function gauges(row) {
    const shown = GAUGES.filter((name) => wallets.measures.has(name));
    if (!shown.length) return make("p", "card-none", "No model: no scores");
    return make("dl", "gauges", ...shown.map((name) => gauge(wallets.measures.get(name), row)));
  }

  function gauge({ name, words: label, doubt }, row) {
    const short = label.replace(" probability", "");
    const term = make("dt", doubt ? "has-doubt" : "", short, ...(doubt ? [hiddenText(" (unproven)")] : []));
    const track = draw(
      "svg", { class: "gauge", viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
      draw("rect", { class: "gauge-track", width: 100, height: 4 }),
      draw("rect", { class: doubt ? "gauge-doubted" : "gauge-value", width: Math.max(0, wallets.value(name, row) * 100) || 0, height: 4 }),
    );
    return make("div", "", term, make("dd", "numbers", wallets.text(name, row) ?? MISSING), track);
  }

  function chips(row) {
    const places = wallets.holdings(row);
    if (!places.length) return make("p", "card-none", "No category");
    const shown = places.slice(0, N_CHIPS).map((place) => {
      const doubt = wallets.heldText("held_doubt", place);
      return make("li", doubt ? "chip is-unproven" : "chip", wallets.heldText("held", place), ...(doubt ? [hiddenText(` (${doubt})`)] : []));
    });
    if (places.length > N_CHIPS) shown.push(make("li", "chip-more", `+${places.length - N_CHIPS}`));
    const element = make("ul", "chips", ...shown);
    element.setAttribute("aria-label", "Categories");
    return element;
  }

  function show(found) {
    rows = found;
    perLine = Math.max(1, Math.floor((body.clientWidth + 16) / (CARD_WIDTH + 16)));
    const height = Number.parseFloat(getComputedStyle(body).getPropertyValue("--card"));
    list.show(Math.ceil(found.length / perLine), height);
  }

  return { show, update: list.update };
}
