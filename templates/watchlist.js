// The wallets that a reader follows: kept by the browser, written as the file that commands read.

/** Return the watchlist; `changed` is called after each change of one, `ready` once it was read. */
function createWatchlist(changed) {
  const addresses = new Set();
  const ready = allKept("watchlist").then((all) => all.sort((one, other) => one.place - other.place).forEach(({ address }) => addresses.add(address)));
  let lastPlace = 0;

  function toggle(address) {
    if (!addresses.delete(address)) addresses.add(address);
    keep([address]);
    changed(address);
  }

  /** Keep of some addresses whether they are on the list. */
  function keep(some) {
    const write = (store) => some.forEach((address) => (addresses.has(address) ? store.put({ address, place: nextPlace() }) : store.delete(address)));
    askStore("watchlist", "readwrite", write).catch(() => announce("The browser keeps nothing: the watchlist lasts until this page is closed"));
  }

  /** Return a number above all that were given before, here and earlier. */
  function nextPlace() {
    lastPlace = Math.max(lastPlace + 1, Date.now());
    return lastPlace;
  }

  /** Add the addresses of a file as `file` writes it, and as the commands read it; say how many. */
  function read(text) {
    const words = text.split(/\r?\n/).map(firstWord).filter(Boolean);
    const found = words.filter((word) => /^0x[0-9a-f]{40}$/.test(word));
    const added = [...new Set(found)].filter((address) => !addresses.has(address));
    for (const address of added) addresses.add(address);
    keep(added);
    return { nFound: found.length, nNew: added.length, nStrange: words.length - found.length };
  }

  /** Return the file that `accounts --file` and `report --watchlist` read. */
  function file() {
    return [`# hypertrack watchlist: ${commas(addresses.size)} wallets, one a line`, ...addresses, ""].join("\n");
  }

  return { ready, toggle, read, file, has: (address) => addresses.has(address), size: () => addresses.size };
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
