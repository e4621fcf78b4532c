// Decodes the packs that outputs/packing.py writes: columns of codes, low bytes first.

/** Return the columns of a pack by name; its text is dropped from the page. */
async function unpack(id) {
  const element = byId(id);
  const stream = new Blob([decoded(element.textContent)]).stream().pipeThrough(new DecompressionStream("gzip"));
  element.remove();
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const headLength = new DataView(bytes.buffer).getUint32(0, true);
  const head = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + headLength)));
  const body = bytes.subarray(4 + headLength);
  const columns = new Map();
  for (const [name, place] of Object.entries(head)) columns.set(name, column(place, body));
  return columns;
}

function decoded(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

function column({ bytes, at, n, width, texts, values }, body) {
  if (bytes) return { bytes: body.subarray(at), size: bytes };
  const codes = width === 1 ? body.subarray(at, at + n) : joined(body, at, n, width);
  return { codes, texts, values: values && Float64Array.from(values) };
}

function joined(body, at, n, width) {
  const codes = width === 2 ? new Uint16Array(n) : new Uint32Array(n);
  for (let i = 0; i < n; i += 1) {
    let code = 0;
    for (let byte = width - 1; byte >= 0; byte -= 1) code = code * 256 + body[at + byte * n + i];
    codes[i] = code;
  }
  return codes;
}
