// The documentation over the page: one of its pages at a time.

/** Return what opens the documentation at one of its anchors. */
function createDocs() {
  const dialog = byId("docs");
  const body = dialog.querySelector(".docs-body");
  const pages = [...body.children];
  const links = [...byId("docs-pages").children].map((item) => item.firstElementChild);

  function open(anchor) {
    if (!dialog.open) dialog.showModal();
    show(byId(anchor) ?? pages[0]);
  }

  function show(target) {
    const shown = target.closest(".docs-body > section");
    pages.forEach((page, i) => {
      page.hidden = page !== shown;
      links[i].toggleAttribute("aria-current", page === shown);
    });
    if (target === shown) body.scrollTop = 0;
    else target.scrollIntoView();
  }

  dialog.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (!link) return;
    event.preventDefault(); // the address of the page belongs to the list
    const target = byId(decodeURIComponent(link.hash.slice(1)));
    if (target) show(target);
  });
  byId("open-docs").addEventListener("click", () => open(pages[0].id));
  byId("close-docs").addEventListener("click", () => dialog.close());
  for (const each of document.querySelectorAll("[data-docs]")) each.addEventListener("click", () => open(each.dataset.docs));
  return { open };
}
