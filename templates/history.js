// What a wallet did over the recording, for those wallets whose history is in the page.

/** Return the parts of the sheet about a wallet's history. */
function historyParts(data, wallets, row) {
  const note = "Its equity, profit by coin and hour, positions, actions and counterparties are not in this page.";
  return [part("Over the recording", unknownNote(note))];
}
