// The present, above the list: how live stands, and what followed wallets did, the newest first.

const KEPT_SIGNALS = 200;
const FIRST_SIGNALS = 3; // shown on the narrowest page until all are asked for
const DID = { open: "Opened", add: "Added", reduce: "Reduced", close: "Closed", flip: "Flipped", trade: "Traded" };

/** Return what shows the present; `open` opens a wallet. */
function createLive(open) {
  let waiting = [];
  let isAsked = false;
  let isAll = false;

  /** Show signals from the beginning, the newest first. */
  function restart(signals) {
    waiting = [];
    byId("live-feed").replaceChildren(...signals.map(signalLine));
    showMore();
  }

  /** Add what happened; drawn with the next frame, so that many at once cost one drawing. */
  function add(line) {
    waiting.push(line);
    if (waiting.length > KEPT_SIGNALS) waiting.shift(); // a page in the background draws nothing
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      const feed = byId("live-feed");
      feed.prepend(...waiting.reverse().map((each) => each()));
      waiting = [];
      while (feed.childElementCount > KEPT_SIGNALS) feed.lastElementChild.remove();
      showMore();
    });
  }

  function showMore() {
    const n = byId("live-feed").childElementCount;
    byId("live-more").hidden = n <= FIRST_SIGNALS;
    byId("live-more").textContent = isAll ? "Show fewer" : `Show all (${commas(n)})`;
    byId("live-more").setAttribute("aria-expanded", String(isAll));
    byId("live-feed").classList.toggle("is-all", isAll);
  }

  function toggle() {
    isAll = !isAll;
    showMore();
  }

  // --- lines ------------------------------------------------------------------------------------

  function signalLine(signal) {
    const { leader, coin, kind, side, size, vwap } = signal;
    const link = make("a", "address numbers", ...shortened(leader));
    link.href = "#";
    link.title = leader;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      open(leader);
    });
    const did = `${DID[kind]}: ${side === "buy" ? "bought" : "sold"} ${size} ${coin} at ${vwap}`;
    return line("signal", signal.action_ms, link, make("span", "live-did numbers", did), make("span", "live-worth numbers", dollars(signal.notional_usd)), ...evidenceParts(signal));
  }

  function evidenceParts({ verdict, copy_edge: edge, delay_ms: delay }) {
    const name = !verdict?.name ? "Not judged" : verdict.name[0] + verdict.name.slice(1).toLowerCase();
    const kind = verdict === null ? "none" : name.toLowerCase().replaceAll(" ", "-");
    const words = edge === null ? "no copy edge told" : `${bps(edge.bps)} bps [${bps(edge.low)}, ${bps(edge.high)}] for a copier`;
    return [make("span", `verdict verdict-${kind}`, name), make("span", "live-edge numbers", words), make("span", "live-delay numbers", `told ${(delay / 1000).toFixed(1)} s later`)];
  }

  function gapLine({ start_ms: start, end_ms: end, coins }) {
    const names = coins.length > 4 ? `${coins.slice(0, 3).join(", ")} and ${commas(coins.length - 3)} more` : coins.join(", ");
    return line("gap", end, make("span", "live-did numbers", `Not observed for ${((end - start) / 1000).toFixed(1)} s: ${names}`));
  }

  function line(kind, time, ...parts) {
    return make("li", `live-line is-${kind}`, make("time", "numbers", clockTime(time)), ...parts);
  }

  // --- how it stands ----------------------------------------------------------------------------

  function showStatus({ live, is_live: isLive, live_written_ms: writtenMs }) {
    byId("live-dot").classList.toggle("is-on", isLive);
    byId("live-state").textContent = live === null ? "hypertrack live does not run on this dataset" : stateWords(live, isLive, writtenMs);
    showTrouble("model", live?.measuring.has_lost_weight ? `${live.measuring.model} has lost its weight: live it is worse than the constant, and boosts nothing` : "");
    showTrouble("sinks", live === null ? "" : sinkWords(live.sinks));
  }

  function stateWords(live, isLive, writtenMs) {
    const until = live.watermark_ms ? `up to ${dateTime(live.watermark_ms)}` : "before the first trade";
    const counts = [[live.n_trades, "trades"], [live.n_signals, "signals"], [live.n_alerts, "alerts"], [live.n_late, "late"], [live.measuring.n_profiles, "profiled live"], [live.measuring.n_waiting, "wait for it"]];
    const told = counts.filter(([n], i) => n || (i < 2 && n === 0)).map(([n, words]) => `${commas(n)} ${words}`);
    const stopped = isLive ? [] : [`not running since ${dateTime(writtenMs)}`];
    return [...stopped, until, ...told].join(" · ");
  }

  function sinkWords(sinks) {
    const bad = sinks.filter((sink) => sink.state !== "working");
    return bad.map(({ name, state, cause, n_waiting: n }) => `${name} ${state === "off" ? "is off" : `fails, ${commas(n)} wait`}${cause ? `: ${cause}` : ""}`).join("; ");
  }

  /** Show how following on paper stands; nothing where its log was moved away or changed. */
  function showPaper(paper) {
    byId("live-paper").hidden = paper === null;
    if (paper === null) return;
    const { sentences, parts, doings } = paper;
    byId("live-paper-says").replaceChildren(...sentences.map((each) => make("p", "", each)));
    byId("live-paper-doings").replaceChildren(...doings.map(doingLine));
    byId("live-paper-parts").replaceChildren(...parts.map(([name, usd]) => make("div", "", make("dt", "", name), make("dd", "", usd))));
  }

  function doingLine({ name, time_ms: timeMs, text, n_more: nMore }) {
    const time = make("time", "", clockTime(timeMs));
    time.dateTime = instant(timeMs);
    const line = make("li", "", time, make("span", "", `${text[0].toUpperCase()}${text.slice(1)}${nMore ? `; ${commas(nMore)} more before it` : ""}`));
    line.classList.toggle("is-less", name === "follow.skipped" || name === "follow.stopped");
    return line;
  }

  /** Show how two models do beside each other; nothing where there is no challenge. */
  function showModels(models) {
    byId("live-models").hidden = models === null;
    if (models === null) return;
    const { champion, challenger, sentences, headings, rows, curve, margin } = models;
    byId("live-models-says").textContent = sentences[0];
    byId("live-models-names").textContent = `champion ${champion} · challenger ${challenger}`;
    const head = make("tr", "", ...headings.map((text) => headOf("col", text)));
    const body = rows.map((row) => make("tr", "", ...row.map((text, i) => (i ? make("td", "", text) : headOf("row", text)))));
    byId("live-models-heads").replaceChildren(make("thead", "", head), make("tbody", "", ...body));
    byId("live-models-curve").replaceChildren(...(curve.length > 1 ? [differenceFigure(curve, margin)] : []));
    byId("live-models-more").replaceChildren(...sentences.slice(1).map((each) => make("p", "", each)));
  }

  function headOf(scope, text) {
    const head = make("th", "", text);
    head.scope = scope;
    return head;
  }

  const troubles = new Map();

  /** Say what is wrong, one thing for each name; empty where it is well. */
  function showTrouble(name, words) {
    if ((troubles.get(name) ?? "") === words) return;
    troubles.set(name, words);
    const all = [...troubles.values()].filter(Boolean).join(" · ");
    byId("live-trouble").hidden = !all;
    byId("live-trouble").textContent = all;
  }

  byId("live-more").addEventListener("click", toggle);
  return {
    restart, showStatus, showTrouble, showPaper, showModels,
    addSignal: (signal) => add(() => signalLine(signal)),
    addGap: (gap) => add(() => gapLine(gap)),
  };
}

const MAX_TIME_MS = 4_102_444_800_000; // 2100: a time beyond it is of another unit

/** Return a time as ISO 8601; of one that cannot be meant, its form alone. */
const instant = (ms) => (ms >= 0 && ms < MAX_TIME_MS ? new Date(ms).toISOString() : "????-??-??T??:??:??");
const dateTime = (ms) => `${instant(ms).slice(0, 19).replace("T", " ")} UTC`;
const clockTime = (ms) => instant(ms).slice(11, 19);
const bps = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
const dollars = (usd) => `$${Math.round(usd).toLocaleString("en")}`;
