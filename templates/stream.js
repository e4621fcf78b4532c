// Hears the server: events come over a request that carries the token, and are resumed where they broke.

const BACKOFF_MS = [500, 1_000, 2_000, 5_000, 10_000, 30_000];
const SILENCE_MS = 40_000; // the server says something every 15 s

/** Return what reads the interface with a token; an answer that is none is an error with its status. */
function createApi(token) {
  async function get(path, options = {}) {
    const headers = { ...options.headers, Authorization: `Bearer ${token}` };
    const answer = await fetch(path, { ...options, headers, cache: "no-store", credentials: "omit" });
    if (!answer.ok) throw Object.assign(new Error(`${path}: ${answer.status}`), { status: answer.status });
    return answer;
  }

  return { get, json: async (path) => parse(await (await get(path)).text()) };
}

/** Hear events from one on, until the page is left; `heard` gets each, `changed` whether it is connected. */
function createStream(api, heard, changed) {
  let lastId = "";
  let run = 0;

  /** Begin behind an event; what was heard before is heard no more. */
  function start(id) {
    lastId = id;
    run += 1;
    keep(run);
  }

  async function keep(mine) {
    for (let failures = 0; mine === run; failures += 1) {
      try {
        await read(mine, () => (failures = 0));
      } catch (error) {
        if (error.status === 401 || error.status === 403) return changed(false, error.status);
      }
      if (mine !== run) return;
      changed(false);
      await pause(BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] * (0.75 + Math.random() / 2));
    }
  }

  async function read(mine, connected) {
    const quiet = new AbortController();
    let timer = setTimeout(() => quiet.abort(), SILENCE_MS);
    try {
      const answer = await api.get("/api/v1/events", { headers: { "Last-Event-ID": lastId }, signal: quiet.signal });
      connected();
      changed(true);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        if (mine !== run) return quiet.abort();
        if (done) return undefined;
        clearTimeout(timer);
        timer = setTimeout(() => quiet.abort(), SILENCE_MS);
        const frames = (text + value).split("\n\n");
        text = frames.pop();
        for (const frame of frames) if (mine === run) take(frame);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  function take(frame) {
    const fields = new Map(frame.split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
    if (!fields.has("event")) return; // a comment
    if (fields.has("id")) lastId = fields.get("id");
    try {
      heard(fields.get("event"), parse(fields.get("data")));
    } catch (error) {
      reportError(error); // what cannot be drawn does not stop what comes after it
    }
  }

  return { start };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Return what the server said; names of strangers may not turn the writing of a line around. */
const parse = (text) => JSON.parse(text, (_, value) => (typeof value === "string" ? printable(value) : value));
const printable = (text) => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "\ufffd");
