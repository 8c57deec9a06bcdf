// Small parts that several views draw with.

import { html, useEffect, useState } from "/page/vendor/preact-htm.js";

export const words = (name) => String(name ?? "").replaceAll("_", " ");
// A choice among names.
export function Choice({ label, value, names, chosen }) {
  return html`<label>${label} <select onChange=${(event) => chosen(event.target.value)}>
    ${names.map((name) => html`<option key=${name} value=${name} selected=${name === value}>${name}</option>`)}</select></label>`;
}

export const percent = (share) => (share === null || share === undefined ? "–" : `${(100 * share).toFixed(1)} %`);

// A moment as people read it: the T of ISO 8601 goes, the offset stays.
export const when = (moment) => String(moment ?? "").replace(/^(\d{4}-\d\d-\d\d)T([\d:]+)/, "$1 $2 ");

export function Pairs({ title, pairs, children }) {
  return html`<section class="card">
    <h3>${title}</h3>
    <dl>${Object.entries(pairs).map(([name, value]) => html`<div key=${name}><dt>${words(name)}</dt><dd>${value}</dd></div>`)}</dl>
    ${children}
  </section>`;
}

// Rows of cells; a row `{ wide }` is one cell over all columns, told under the row before it.
export function Table({ caption, columns, rows, empty = "nothing yet" }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${caption}><table>
    <caption>${caption}</caption>
    <thead><tr>${columns.map((column, place) =>
      html`<th scope="col" key=${place} class=${typeof rows[0]?.[place] === "number" ? "number" : ""}>${words(column) || html`<span class="unseen">actions</span>`}</th>`)}</tr></thead>
    <tbody>
      ${rows.map((row, at) => row.wide ? html`<tr key=${at}><td colspan=${columns.length}>${row.wide}</td></tr>` : html`<tr key=${at}>${row.map((cell, place) =>
        html`<td key=${place} class=${typeof cell === "number" ? "number" : ""}>${cell}</td>`)}</tr>`)}
      ${rows.length === 0 && html`<tr><td colspan=${columns.length} class="quiet">${empty}</td></tr>`}
    </tbody>
  </table></div>`;
}

// Counts as bars, the longest first; the figure stands beside each bar, so colour tells nothing alone.
export function Bars({ title, counts }) {
  const rows = Object.entries(counts).filter(([, count]) => count > 0).sort((a, b) => b[1] - a[1]);
  const most = Math.max(1, ...rows.map(([, count]) => count));
  return html`<section class="card">
    <h3>${title}</h3>
    ${rows.length === 0 && html`<p class="quiet">nothing yet</p>`}
    <ul class="bars">${rows.map(([name, count]) => html`<li key=${name}>
      <span>${words(name)}</span>
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width=${(100 * count) / most} height="10" rx="1" /></svg>
      <strong>${count}</strong>
    </li>`)}</ul>
  </section>`;
}

// A share against its cap.
export function Gauge({ title, share, cap }) {
  const most = Math.max(cap || 0, share || 0, 0.01) * 1.25;
  const over = cap !== null && cap !== undefined && share > cap;
  return html`<section class="card">
    <h3>${title}</h3>
    <p class=${`large ${over ? "bad" : ""}`}>${percent(share)}${over ? " – over the cap" : ""}</p>
    <svg class="gauge" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
      <rect class="back" width="100" height="8" /><rect class=${over ? "bad" : "good"} width=${(100 * (share || 0)) / most} height="8" />
      ${cap ? html`<rect class="cap" x=${(100 * cap) / most} width="0.8" height="8" />` : null}
    </svg>
    <p class="quiet">${cap ? `cap ${percent(cap)}` : "no cap: no pass is paced by it"}</p>
  </section>`;
}

// The last minutes of a figure as a line, and its newest value in words.
export function Line({ title, points, value }) {
  const most = Math.max(1, ...points);
  const step = 100 / Math.max(1, points.length - 1);
  const path = points.map((each, at) => `${at ? "L" : "M"}${(at * step).toFixed(1)},${(28 - (26 * each) / most).toFixed(1)}`).join("");
  return html`<section class="card">
    <h3>${title}</h3>
    <p class="large">${value}</p>
    <svg class="line" viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label=${`${title}: at most ${most}`}>
      <path d=${path} />
    </svg>
  </section>`;
}

export function Trouble({ error }) {
  if (!error) return null;
  return html`<div class="trouble" role="alert">
    <p>${error.message}${error.mend ? ` – ${error.mend}` : ""}</p>
    ${error.reasons?.length > 0 && html`<ul>${error.reasons.map((one) =>
      html`<li>${one.where ? `${one.where}: ` : ""}${one.what}${one.mend ? ` – ${one.mend}` : ""}</li>`)}</ul>`}
  </div>`;
}

// What a path of the API says, asked again every `every` milliseconds, and at once by the function it returns.
export function useAsked(ask, keys, every = 0) {
  const [told, tell] = useState({ value: null, error: null });
  const [turn, again] = useState(0);
  useEffect(() => {
    let there = true;
    const once = () => ask().then(
      (value) => there && tell({ value, error: null }),
      (error) => there && tell((old) => ({ value: old.value, error })),
    );
    once();
    const timer = every ? setInterval(once, every) : 0;
    return () => {
      there = false;
      clearInterval(timer);
    };
  }, [...keys, turn]);
  return [told.value, told.error, () => again((count) => count + 1)];
}

// A button that does something on the server: locked while it is under way, its refusal shown beside it.
export function Act({ label, act, done, kind = "", confirm = "" }) {
  const [state, set] = useState({ busy: false, error: null });
  const press = async () => {
    if (confirm && !window.confirm(confirm)) return;
    set({ busy: true, error: null });
    try {
      const told = await act();
      set({ busy: false, error: null });
      done?.(told);
    } catch (error) {
      set({ busy: false, error });
    }
  };
  return html`<span class="act">
    <button type="button" class=${kind} disabled=${state.busy} onClick=${press}>${label}</button>
    <${Trouble} error=${state.error} />
  </span>`;
}
