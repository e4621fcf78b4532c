"use strict";
// Draws one wallet's card, its tooltips and its copy button. Whatever comes from data reaches the
// document as a text node or as a number in a drawing, never as markup.

/** Return what the page needs to draw cards of its data. */
function createCards(data) {
  const byId = (id) => document.getElementById(id);

  // --- making elements ------------------------------------------------------------------------

  function make(tag, className, ...children) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    element.append(...children);
    return element;
  }

  function draw(tag, attributes, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }

  const icon = (path) =>
    draw("svg", { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true" }, draw("path", { d: path }));

  const capitalized = (text) => text.charAt(0).toUpperCase() + text.slice(1);
  const hidden = (text) => make("span", "visually-hidden", text);

  // --- a card ---------------------------------------------------------------------------------

  function drawCard(card) {
    return make(
      "article", "card",
      cardHead(card), cardActivity(card), cardFacts(card), cardGauges(card), cardStyle(card), cardChips(card), ...cardWhy(card),
    );
  }

  function cardHead(card) {
    const copy = make("button", "icon-button copy", icon("M7.5 7.5h8v8h-8zM12.5 7.5v-3h-8v8h3"));
    copy.type = "button";
    copy.setAttribute("aria-label", `Copy address ${card.address}`);
    copy.addEventListener("click", () => copyAddress(card.address, copy));
    const address = make("h3", "address numbers", ...shortened(card.address));
    address.title = card.address;
    return make("header", "card-head", swatch(card.address), address, copy);
  }

  function shortened(address) {
    if (address.length <= 16) return [address];
    const middle = make("span", "address-middle", address.slice(8, -6));
    return [address.slice(0, 8), middle, address.slice(-6)];
  }

  /** A mirrored 5 × 5 pattern in two hues, to recognize a wallet by. */
  function swatch(address) {
    let seed = 0;
    for (const char of address) seed = (Math.imul(seed, 31) + char.codePointAt(0)) >>> 0;
    let cells = "";
    for (let i = 0; i < 15; i += 1) {
      const [row, column] = [i % 5, Math.floor(i / 5)];
      if (((seed >>> i) ^ (seed >>> (i + 13))) & 1) {
        cells += `M${column} ${row}h1v1h-1z`;
        if (column < 2) cells += `M${4 - column} ${row}h1v1h-1z`;
      }
    }
    return draw(
      "svg", { class: `swatch hue-${seed % 8}`, viewBox: "-1.5 -1.5 8 8", "aria-hidden": "true" },
      draw("rect", { x: -1.5, y: -1.5, width: 8, height: 8, rx: 2 }), draw("path", { d: cells }),
    );
  }

  function cardChips(card) {
    if (!card.held.length) {
      const reason = make("p", "why-none", make("strong", "", "No category"), card.why_none ? ` ${card.why_none}` : "");
      return make("div", "chips", reason);
    }
    const list = make("ul", "chips");
    list.setAttribute("aria-label", "Categories");
    for (const holding of card.held) list.append(make("li", "", chip(holding)));
    return list;
  }

  function chip([place, confidence, evidence, boost, caveat]) {
    const category = data.categories[place];
    const button = make(
      "button", caveat ? "chip is-unproven" : "chip",
      make("span", "chip-name", category.name), make("span", "chip-confidence numbers", confidence.toFixed(2)),
      ...(caveat ? [hidden("unproven")] : []),
    );
    button.type = "button";
    withTooltip(button, () => [
      make("p", "tip-head", make("strong", "", category.name), make("span", "numbers", `strength ${confidence.toFixed(2)}`)),
      ...(category.asks ? [make("p", "tip-asks", category.asks)] : []),
      make("p", "", evidence),
      ...(boost > 0 ? [make("p", "tip-boost numbers", `The network adds ${boost.toFixed(2)}.`)] : []),
      ...(caveat ? [make("p", "tip-caveat", `Unproven. ${capitalized(caveat)}`)] : []),
    ]);
    return button;
  }

  const ARC_LENGTH = Math.PI * 26;

  function cardGauges(card) {
    const list = make("ul", "gauges");
    data.heads.forEach((head, i) => list.append(gauge(head, i, card.scores?.[i])));
    return list;
  }

  function gauge(head, i, score) {
    const isKnown = score !== undefined && score !== null;
    const arc = "M8 36a26 26 0 0 1 52 0";
    const picture = draw("svg", { viewBox: "0 0 68 42", "aria-hidden": "true" }, draw("path", { class: "gauge-track", d: arc }));
    if (isKnown) {
      const filled = Math.max(0.001, Math.min(1, score)) * ARC_LENGTH;
      picture.append(draw("path", { class: "gauge-arc", d: arc, "stroke-dasharray": `${filled} 200` }));
    }
    const item = make(
      "li", `gauge gauge-${i}${isKnown && head.doubt ? " is-unproven" : ""}${isKnown ? "" : " is-blank"}`,
      picture,
      make("span", "gauge-value numbers", isKnown ? score.toFixed(2) : "no model"),
      make("span", "gauge-name", head.name.replace(" probability", ""), ...(isKnown && head.doubt ? [hidden(", unproven")] : [])),
    );
    if (isKnown) withTooltip(item, () => headTip(head, score.toFixed(2)));
    return item;
  }

  function headTip(head, value) {
    return [
      make("p", "tip-head", make("strong", "", head.name), make("span", "numbers", value)),
      make("p", "", `${capitalized(head.meaning)}.`),
      ...(head.doubt ? [make("p", "tip-caveat", capitalized(head.doubt))] : []),
    ];
  }

  function cardStyle(card) {
    const isUnproven = card.style && data.style.doubt;
    const list = make("dl", `style${isUnproven ? " is-unproven" : ""}${card.style ? "" : " is-blank"}`);
    const texts = data.style_labels.map((_, i) => signed(card.style?.[i]));
    data.style_labels.forEach((label, i) =>
      list.append(make("div", "", make("dt", "", label), make("dd", "", styleBar(card.style?.[i]), hidden(texts[i])))),
    );
    if (card.style) withTooltip(list, () => [...headTip(data.style, ""), styleTable(texts)]);
    return list;
  }

  function styleTable(texts) {
    const rows = data.style_labels.map((label, i) => make("div", "", make("dt", "", label), make("dd", "numbers", texts[i])));
    return make("dl", "tip-table", ...rows);
  }

  function signed(value) {
    return value === undefined ? "no model" : `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
  }

  function styleBar(value) {
    const bar = draw("svg", { viewBox: "0 0 60 4", preserveAspectRatio: "none", "aria-hidden": "true" }, draw("rect", { class: "style-track", width: 60, height: 4 }));
    if (value !== undefined) {
      const width = Math.abs(value) * 30;
      bar.append(draw("rect", { class: value < 0 ? "style-less" : "style-more", x: value < 0 ? 30 - width : 30, width, height: 4 }));
    }
    bar.append(draw("rect", { class: "style-zero", x: 29.6, width: 0.8, height: 4 }));
    return bar;
  }

  function cardActivity(card) {
    const n = card.activity.length;
    const width = Math.max(1, n * 5 - 1);
    const most = Math.max(1, ...card.activity);
    let bars = "";
    card.activity.forEach((count, i) => {
      const height = count ? Math.max(1.5, (count / most) * 28) : 0;
      if (height) bars += `M${i * 5} 30v${-height}h4v${height}z`;
    });
    const picture = draw(
      "svg", { class: "activity", viewBox: `0 0 ${width} 30`, preserveAspectRatio: "none", role: "img" },
      draw("title", {}, `Executions over the recording, in ${n} equal slices, at most ${most.toLocaleString("en")} in one`),
      draw("path", { class: "activity-bars", d: bars }),
      draw("path", { class: "activity-base", d: `M0 29.75h${width}` }),
    );
    return picture;
  }

  function cardFacts(card) {
    const facts = [["Transactions", card.transactions], ["Age", card.age], ["Traded", card.traded], ["Influence", card.influence ?? "no model"]];
    const list = make("dl", "card-facts");
    for (const [name, text] of facts) {
      const isDoubted = name === "Influence" && (card.influence === null || data.influence.doubt);
      const value = make("dd", isDoubted ? "numbers is-doubted" : "numbers", text);
      const fact = make("div", "", make("dt", "", name), value);
      if (name === "Influence" && card.influence !== null) withTooltip(fact, () => headTip(data.influence, text));
      list.append(fact);
    }
    return list;
  }

  /** A button that asks the page to say why; nothing where there are no reasons. */
  function cardWhy(card) {
    if (!card.why.length) return [];
    const button = make("button", "button why-open", "Why these scores?");
    button.type = "button";
    button.setAttribute("aria-haspopup", "dialog");
    button.addEventListener("click", () => button.dispatchEvent(new CustomEvent("why", { bubbles: true, detail: card })));
    return [button];
  }

  // --- copying --------------------------------------------------------------------------------

  async function copyAddress(address, button) {
    const isCopied = await copyText(address);
    byId("announce").textContent = isCopied ? `Copied ${address}` : "The browser refused to copy";
    button.classList.toggle("is-copied", isCopied);
    button.replaceChildren(icon(isCopied ? "m4.5 10.5 3.7 3.7 7.3-8" : "m5 5 10 10M15 5 5 15"));
    setTimeout(() => {
      button.classList.remove("is-copied");
      button.replaceChildren(icon("M7.5 7.5h8v8h-8zM12.5 7.5v-3h-8v8h3"));
    }, 1500);
  }

  async function copyText(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      return copyBySelection(text); // no clipboard API, or not allowed, as on some file:// pages
    }
  }

  function copyBySelection(text) {
    const field = make("textarea", "visually-hidden");
    field.value = text;
    const focused = document.activeElement;
    document.body.append(field);
    field.select();
    const isCopied = document.execCommand("copy");
    field.remove();
    focused?.focus();
    return isCopied;
  }

  // --- the tooltip ----------------------------------------------------------------------------

  const tooltip = byId("tooltip");
  let tipOwner = null;

  function withTooltip(element, content) {
    element.addEventListener("pointerenter", () => showTooltip(element, content));
    element.addEventListener("pointerleave", hideTooltip);
    element.addEventListener("focus", () => showTooltip(element, content));
    element.addEventListener("blur", hideTooltip);
    element.addEventListener("click", () => showTooltip(element, content));
  }

  function showTooltip(element, content) {
    hideTooltip();
    tipOwner = element;
    element.setAttribute("aria-describedby", "tooltip");
    tooltip.replaceChildren(...content());
    tooltip.hidden = false;
    placeTooltip();
  }

  function placeTooltip() {
    const [at, tip] = [tipOwner.getBoundingClientRect(), tooltip.getBoundingClientRect()];
    const left = Math.min(Math.max(8, at.left + at.width / 2 - tip.width / 2), document.documentElement.clientWidth - tip.width - 8);
    const isBelow = at.top - tip.height - 10 < 0;
    tooltip.style.left = `${Math.max(8, left)}px`;
    tooltip.style.top = `${isBelow ? at.bottom + 8 : at.top - tip.height - 8}px`;
  }

  function hideTooltip() {
    tipOwner?.removeAttribute("aria-describedby");
    tipOwner = null;
    tooltip.hidden = true;
  }

  addEventListener("scroll", () => (tipOwner && tipOwner === document.activeElement ? placeTooltip() : hideTooltip()), { passive: true });

  return { make, draw, icon, swatch, drawCard, hideTooltip };
}
