// The wallets that a reader follows: kept by the browser, written as the file that commands read.

/** Return the watchlist; `changed` is called after each change. */
function createWatchlist(changed) {
  const KEY = "hypertrack.watchlist";
  const addresses = new Set(stored());

  function stored() {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      return Array.isArray(kept) ? kept.filter((each) => typeof each === "string") : [];
    } catch {
      return []; // no storage, or not ours
    }
  }

  function toggle(address) {
    if (!addresses.delete(address)) addresses.add(address);
    try {
      localStorage.setItem(KEY, JSON.stringify([...addresses]));
    } catch {
      announce("The browser keeps nothing: the watchlist lasts until this page is closed");
    }
    changed(address);
  }

  /** Return the file that `accounts --file` and `report --watchlist` read. */
  function file() {
    return [`# hypertrack watchlist: ${commas(addresses.size)} wallets, one a line`, ...addresses, ""].join("\n");
  }

  return { toggle, file, has: (address) => addresses.has(address), size: () => addresses.size };
}

/** Return a button that puts a wallet on the list and takes it off. */
function starButton(watchlist, address) {
  const element = button("icon-button star", `Watch ${address}`, () => watchlist.toggle(address), icon("star"));
  element.dataset.star = address;
  element.setAttribute("aria-pressed", String(watchlist.has(address)));
  return element;
}
