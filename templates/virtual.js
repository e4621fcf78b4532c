// Draws only the rows that are on the screen, however many there are.

const OVERSCAN_PX = 400; // above and below the screen, so that scrolling meets no blank

/** Return a list of equal rows in a positioned element; `drawRow(i)` makes the i-th. */
function createVirtualList(element, drawRow) {
  const drawn = new Map();
  let nRows = 0;
  let height = 1;

  function show(count, rowHeight) {
    [nRows, height] = [count, rowHeight];
    element.style.height = `${count * rowHeight}px`;
    drawn.clear();
    element.replaceChildren();
    update();
  }

  function update() {
    if (element.hidden || !element.isConnected) return;
    const top = element.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor((-top - OVERSCAN_PX) / height));
    const last = Math.min(nRows, Math.ceil((innerHeight - top + OVERSCAN_PX) / height));
    drawRange(first, last);
  }

  /** Draw what is missing and drop what has left; a row that stays is not touched. */
  function drawRange(first, last) {
    for (const [i, row] of drawn) {
      if (i >= first && i < last) continue;
      row.remove();
      drawn.delete(i);
    }
    let next = element.firstElementChild;
    for (let i = first; i < last; i += 1) {
      const row = drawn.get(i);
      if (row) next = row.nextElementSibling;
      else element.insertBefore(added(i), next);
    }
  }

  function added(i) {
    const row = drawRow(i);
    row.style.top = `${i * height}px`;
    row.style.height = `${height}px`;
    drawn.set(i, row);
    return row;
  }

  /** Return the i-th row, scrolled to. */
  function reach(i) {
    if (i < 0 || i >= nRows) return null;
    const top = element.getBoundingClientRect().top + i * height;
    const covered = Number.parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) || 0;
    if (top < covered) scrollBy(0, top - covered);
    else if (top + height > innerHeight) scrollBy(0, top + height - innerHeight);
    update();
    return drawn.get(i);
  }

  addEventListener("scroll", update, whileShown({ passive: true }));
  return { show, update, reach };
}
