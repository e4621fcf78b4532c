// Says in a dialog why one wallet scores what it scores; all of it text nodes and drawn numbers.

/** Return what opens the dialog for a card. */
function createReasons(explained, { make, draw, swatch }) {
  const dialog = document.getElementById("why");
  const heading = document.getElementById("why-title");
  const body = document.getElementById("why-body");

  function open(card) {
    const address = make("span", "why-address numbers", card.address);
    heading.replaceChildren(swatch(card.address), make("span", "", "Why these scores? ", address));
    body.replaceChildren(make("p", "why-meaning", explained.meaning), ...card.why.map(section));
    dialog.showModal();
    body.scrollTop = 0;
  }

  function section([place, value, others, reasons]) {
    const score = explained.scores[place];
    const typical = make("span", "why-typical numbers", `typical ${score.typical}`);
    const badge = score.doubt ? [make("span", "badge", "unproven")] : [];
    const head = make("h3", "", score.name, " ", make("span", "why-value numbers", value), " ", typical, ...badge);
    return make(
      "section", score.doubt ? "why-score is-unproven" : "why-score", head,
      ...(score.doubt ? [make("p", "why-doubt", score.doubt)] : []),
      reasons.length ? table(reasons, others) : make("p", "why-none", "No single feature moves it."),
    );
  }

  function table(reasons, others) {
    const rows = reasons.map(([place, value, contribution, share]) => {
      const feature = explained.features[place];
      const values = make("span", "why-values numbers", value, make("span", "why-typical", `, typical ${feature.typical}`));
      const name = make("th", "", make("span", "why-feature", feature.name), " ", values);
      name.scope = "row";
      return make("tr", "", name, make("td", "why-bar", bar(share)), make("td", "why-added numbers", contribution));
    });
    const rest = make("th", "why-typical", "all others");
    rest.scope = "row";
    rows.push(make("tr", "", rest, make("td"), make("td", "why-added why-typical numbers", others)));
    return make("table", "why-table", make("tbody", "", ...rows));
  }

  function bar(share) {
    const width = Math.abs(share) * 30;
    return draw(
      "svg", { viewBox: "0 0 60 8", preserveAspectRatio: "none", "aria-hidden": "true" },
      draw("rect", { class: share < 0 ? "why-less" : "why-more", x: share < 0 ? 30 - width : 30, width, height: 8 }),
      draw("rect", { class: "why-zero", x: 29.6, width: 0.8, height: 8 }),
    );
  }

  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close(); // the backdrop
  });
  document.getElementById("close-why").addEventListener("click", () => dialog.close());
  return open;
}
