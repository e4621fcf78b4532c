// Keeps what a reader chose, in the browser. Each choice is a record of its own, so that a second
// page, or one that has not read the others yet, overwrites none. Not in localStorage alone: after
// a reload, a busy Chromium shows it empty now and then, and who writes then has lost the rest.

const STORES = { watchlist: "address", choices: "name" };

let opening = null;

function openStores() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("hypertrack", 1);
    request.onupgradeneeded = () => Object.entries(STORES).forEach(([name, keyPath]) => request.result.createObjectStore(name, { keyPath }));
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** Let `act` ask one store; return what it answers once that is kept, or fail where nothing is. */
async function askStore(name, mode, act) {
  const stores = await (opening ??= openStores());
  return new Promise((resolve, reject) => {
    const transaction = stores.transaction(name, mode);
    const request = act(transaction.objectStore(name));
    transaction.commit(); // so that it is kept even where the page goes away at once
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onabort = () => reject(transaction.error);
  });
}

/** Return all that a store keeps, by its key; nothing where the browser keeps nothing. */
const allKept = (name) => askStore(name, "readonly", (store) => store.getAll()).catch(() => []);
