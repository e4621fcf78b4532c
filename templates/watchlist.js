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
    keep();
    changed(address);
  }

  function keep() {
    try {
      localStorage.setItem(KEY, JSON.stringify([...addresses]));
    } catch {
      announce("The browser keeps nothing: the watchlist lasts until this page is closed");
    }
  }

  /** Add the addresses of a file as `file` writes it, and as the commands read it; say how many. */
  function read(text) {
    const words = text.split(/\r?\n/).map(firstWord).filter(Boolean);
    const found = words.filter((word) => /^0x[0-9a-f]{40}$/.test(word));
    const before = addresses.size;
    for (const address of found) addresses.add(address);
    keep();
    return { nFound: found.length, nNew: addresses.size - before, nStrange: words.length - found.length };
  }

  /** Return the file that `accounts --file` and `report --watchlist` read. */
  function file() {
    return [`# hypertrack watchlist: ${commas(addresses.size)} wallets, one a line`, ...addresses, ""].join("\n");
  }

  return { toggle, read, file, has: (address) => addresses.has(address), size: () => addresses.size };
}

/** Return the address that a line begins with; what follows a blank, a comma or `#` is a remark. */
function firstWord(line) {
  const word = line.split(/[#,]/)[0].trim().split(/\s+/)[0].replaceAll('"', "").toLowerCase();
  return word === "wallet" ? "" : word; // the heading of a CSV
}

/** Return a button that puts a wallet on the list and takes it off. */
function starButton(watchlist, address) {
  const element = button("icon-button star", `Watch ${address}`, () => watchlist.toggle(address), icon("star"));
  element.dataset.star = address;
  element.setAttribute("aria-pressed", String(watchlist.has(address)));
  return element;
}
