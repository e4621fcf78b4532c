"use strict";
// Makes elements, tooltips and copies. Whatever comes from data reaches the document as a text
// node or as a number in a drawing, never as markup.

const byId = (id) => document.getElementById(id);
const MISSING = "–";

/** Return an element of a class with children; texts become text nodes. */
function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** Return an element of a drawing. */
function draw(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// --- what lasts as long as the body that is shown -----------------------------------------------

let life = new AbortController();

/** Let the listeners of a body that is replaced go. */
function endLife() {
  life.abort();
  life = new AbortController();
}

/** Return the options of a listener that goes with the body. */
const whileShown = (more = {}) => ({ ...more, signal: life.signal });

const hiddenText = (text) => make("span", "visually-hidden", text);
const commas = (number) => number.toLocaleString("en");
const count = (number, one, more = `${one}s`) => `${commas(number)} ${number === 1 ? one : more}`;

const ICONS = {
  copy: "M7.5 7.5h8v8h-8zM12.5 7.5v-3h-8v8h3",
  done: "m4.5 10.5 3.7 3.7 7.3-8",
  close: "m5 5 10 10M15 5 5 15",
  star: "m10 3.2 2.1 4.4 4.8.6-3.5 3.3.9 4.7-4.3-2.3-4.3 2.3.9-4.7L3.1 8.2l4.8-.6z",
};

function icon(name) {
  return draw("svg", { class: "icon", viewBox: "0 0 20 20", "aria-hidden": "true" }, draw("path", { d: ICONS[name] }));
}

/** Return a button that does something. */
function button(className, label, act, ...children) {
  const element = make("button", className, ...(children.length ? children : [label]));
  element.type = "button";
  if (children.length) element.setAttribute("aria-label", label);
  element.addEventListener("click", () => act(element));
  return element;
}

/** Return an address of which the middle is left out on the screen; it is copied whole. */
function shortened(address) {
  if (address.length <= 16) return [address];
  return [address.slice(0, 6), make("span", "address-middle", address.slice(6, -4)), address.slice(-4)];
}

/** A mirrored 5 × 5 pattern in two hues, to recognize a wallet by. */
function identicon(address) {
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
    "svg", { class: `identicon hue-${seed % 8}`, viewBox: "-1.5 -1.5 8 8", "aria-hidden": "true" },
    draw("rect", { x: -1.5, y: -1.5, width: 8, height: 8, rx: 2 }), draw("path", { d: cells }),
  );
}

const ANNOUNCED_MS = 4_000;
let announced = 0;

/** Say what happened, on the screen and to those who listen. */
function announce(text) {
  byId("announce").replaceChildren(text);
  clearTimeout(announced);
  announced = setTimeout(() => byId("announce").replaceChildren(), ANNOUNCED_MS);
}

// --- copying ------------------------------------------------------------------------------------

async function copyAddress(address, element) {
  const isCopied = await copyText(address);
  announce(isCopied ? `Copied ${address}` : "The browser refused to copy");
  element.classList.toggle("is-done", isCopied);
  element.replaceChildren(icon(isCopied ? "done" : "close"));
  setTimeout(() => {
    element.classList.remove("is-done");
    element.replaceChildren(icon("copy"));
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
  (focused?.closest("dialog") ?? document.body).append(field); // a modal keeps the focus inside
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  focused?.focus();
  return isCopied;
}

// --- the tooltip --------------------------------------------------------------------------------

let tipOwner = null;

/** Show content beside an element while it is pointed at or focused. */
function withTooltip(element, content) {
  element.addEventListener("pointerenter", () => showTooltip(element, content));
  element.addEventListener("pointerleave", hideTooltip);
  element.addEventListener("focus", () => showTooltip(element, content));
  element.addEventListener("blur", hideTooltip);
  return element;
}

function showTooltip(element, content) {
  hideTooltip();
  const tooltip = byId("tooltip");
  tipOwner = element;
  element.setAttribute("aria-describedby", "tooltip");
  tooltip.replaceChildren(...content());
  (element.closest("dialog") ?? document.body).append(tooltip); // above a modal that holds it
  tooltip.hidden = false;
  placeTooltip();
}

function placeTooltip() {
  const tooltip = byId("tooltip");
  const [at, tip] = [tipOwner.getBoundingClientRect(), tooltip.getBoundingClientRect()];
  const most = document.documentElement.clientWidth - tip.width - 8;
  const left = Math.min(Math.max(8, at.left + at.width / 2 - tip.width / 2), most);
  const isBelow = at.top - tip.height - 10 < 0;
  tooltip.style.left = `${Math.max(8, left)}px`;
  tooltip.style.top = `${isBelow ? at.bottom + 8 : at.top - tip.height - 8}px`;
}

function hideTooltip() {
  tipOwner?.removeAttribute("aria-describedby");
  tipOwner = null;
  byId("tooltip").hidden = true;
}

function followTooltip() {
  if (tipOwner?.matches(":hover, :focus")) placeTooltip();
  else hideTooltip();
}

addEventListener("scroll", followTooltip, { passive: true, capture: true });
