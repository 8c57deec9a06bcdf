// Speaks to the API: the token of this tab, requests, and the live stream with its reconnects.

const KEY = "secondpass token";

export const token = {
  get: () => sessionStorage.getItem(KEY),
  set: (value) => sessionStorage.setItem(KEY, value),
  clear: () => sessionStorage.removeItem(KEY),
};

// What the API answered instead, in words for a person.
export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail || `the server answered ${status}`);
    this.status = status;
    this.mend = problem.mend || "";
    this.reasons = problem.reasons || [];
  }
}

function headers(more = {}) {
  return { Authorization: `Bearer ${token.get() || ""}`, ...more };
}

async function answerOf(response) {
  if (response.status === 204) return null;
  const told = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, told);
  return told;
}

export async function get(path) {
  return answerOf(await fetch(path, { headers: headers() }));
}

// A write is sent under a key of its own, so that it is done once though the line was cut and it is sent again.
export async function send(method, path, body) {
  const more = { "Idempotency-Key": newKey() };
  if (body !== undefined) more["Content-Type"] = "application/json";
  const text = body === undefined ? undefined : JSON.stringify(body);
  const once = () => fetch(path, { method, headers: headers(more), body: text });
  return answerOf(await once().catch(once));
}

// crypto.randomUUID is there only where the page came by TLS or from this machine.
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

// A file as the body of a write; it has no key, for it is read only after it came.
export async function upload(path, file) {
  const more = { "Content-Type": "text/csv" };
  return answerOf(await fetch(path, { method: "POST", headers: headers(more), body: file }));
}

export async function download(path, name) {
  const response = await fetch(path, { headers: headers() });
  if (!response.ok) await answerOf(response);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

const SILENT = 40000; // milliseconds; the server says something every 15 s, so the line is dead

// Calls `told(topic, value)` for everything that changes and `linked(is)` as the link comes and goes; returns what
// ends it.
export function watch(told, linked) {
  const ended = new AbortController();
  let pause = 500;

  async function read() {
    const response = await fetch("/api/live", { headers: headers(), signal: ended.signal });
    if (!response.ok) await answerOf(response);
    linked(true);
    pause = 500;
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (let rest = ""; ; ) {
      const dead = setTimeout(() => reader.cancel(), SILENT);
      const { value, done } = await reader.read().finally(() => clearTimeout(dead));
      if (done) return;
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      events.forEach(deliver);
    }
  }

  function deliver(event) {
    const lines = event.split("\n");
    const topic = lines.find((line) => line.startsWith("event: "));
    const data = lines.find((line) => line.startsWith("data: "));
    if (topic && data) told(topic.slice(7), JSON.parse(data.slice(6)));
  }

  (async () => {
    while (!ended.signal.aborted) {
      try {
        await read();
      } catch (error) {
        if (error.status === 401 || error.status === 403) return linked(false, error);
      }
      if (ended.signal.aborted) return;
      linked(false);
      await new Promise((wake) => setTimeout(wake, pause));
      pause = Math.min(pause * 2, 10000);
    }
  })();
  return () => ended.abort();
}
