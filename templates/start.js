// Starts the page of a file: everything is inside.

startTheme();
startPage().catch((error) => {
  const why = typeof DecompressionStream === "undefined" ? "it needs a browser of 2023 or later" : error.message;
  byId("count").textContent = `This page cannot show its wallets: ${why}`;
  throw error;
});
