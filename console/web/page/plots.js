// Plots of the segments: shares as shades, times as columns, effects as intervals. What a plot shows stands beside
// it in words, so that nobody has to read it off.

import { html } from "/page/vendor/preact-htm.js";
import { Table, percent, words } from "/page/parts.js";

const SHADES = 5;

// From the segment in the row to the one in the column, each cell shaded by its share of the row.
export function Matrix({ moves }) {
  const names = [...new Set(moves.flatMap((one) => [one.first, one.second]))].sort();
  const count = (first, second) => moves.find((one) => one.first === first && one.second === second)?.decisions ?? 0;
  const sum = (first) => names.reduce((all, second) => all + count(first, second), 0);
  const cell = (first, second) => {
    const here = count(first, second);
    if (!here) return html`<span class="quiet">0</span>`;
    const share = here / sum(first);
    return html`<span class=${`shade s${Math.ceil(share * SHADES)} ${first === second ? "stayed" : ""}`}>${here} <small>${percent(share)}</small></span>`;
  };
  return html`<${Table} caption="From the first segment (rows) to the second (columns)" empty="nobody called yet" columns=${["first", ...names]}
    rows=${names.filter(sum).map((first) => [html`<strong>${words(first)}</strong>`, ...names.map((second) => cell(first, second))])} />`;
}

// Shares of one, each a bar as long as the share itself, with what it is made of.
export function Shares({ title, rows, empty }) {
  return html`<section class="card"><h3>${title}</h3>
    ${rows.length === 0 && html`<p class="quiet">${empty}</p>`}
    <ul class="bars shares">${rows.map(({ name, share, of }) => html`<li key=${name}>
      <span>${words(name)} <small class="quiet">${of}</small></span>
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="back" width="100" height="10" rx="1" /><rect width=${100 * (share || 0)} height="10" rx="1" /></svg>
      <strong>${percent(share)}</strong></li>`)}</ul>
  </section>`;
}

const ms = (value) => (value === null ? "–" : `${Number(value.toPrecision(3))} ms`);

// How long callers waited for the decision: columns on a logarithmic scale, and the deadline where it is near.
export function Latency({ latency }) {
  const { bins, calls, median_ms, p99_ms, deadline_ms, late } = latency;
  const most = Math.max(1, ...bins.map((one) => one.calls));
  const step = 100 / Math.max(1, bins.length);
  return html`<section class="card"><h3>How long a decision takes</h3>
    <p class="large">${ms(median_ms)}</p>
    <p class="quiet">the middle one; 99 of 100 within ${ms(p99_ms)}, deadline ${ms(deadline_ms)}${late ? html`; <span class="bad">${late} came to nothing in time</span>` : ""}</p>
    ${calls > 0 && html`<svg class="columns" viewBox="0 0 100 30" preserveAspectRatio="none" role="img"
        aria-label=${`${calls} decisions by their time, the middle one ${ms(median_ms)}`}>
      ${bins.map((one, at) => html`<rect key=${at} class=${deadline_ms && one.upto_ms > deadline_ms ? "bad" : ""} x=${at * step} y=${30 - (30 * one.calls) / most} width=${step * 0.9} height=${(30 * one.calls) / most} />`)}
    </svg><p class="ends"><span>${ms(bins[0].upto_ms)}</span><span>${ms(bins.at(-1).upto_ms)}</span></p>`}
  </section>`;
}

// The days as columns: all decisions, and over them those that moved the customer.
export function Daily({ days }) {
  const most = Math.max(1, ...days.map((one) => one.decisions));
  const step = 100 / Math.max(1, days.length);
  const high = (count) => (30 * count) / most;
  return html`<section class="card"><h3>Day by day</h3>
    ${days.length === 0 ? html`<p class="quiet">nothing yet</p>` : html`
    <p class="quiet"><span class="key moved"></span> moved <span class="key"></span> all decisions, at most ${most} a day</p>
    <svg class="columns" viewBox="0 0 100 30" preserveAspectRatio="none" role="img" aria-label=${days.map((one) => `${one.day}: ${one.moved} of ${one.decisions} moved`).join("; ")}>
      ${days.map((one, at) => html`<g key=${one.day}>
        <rect class="left" x=${at * step} y=${30 - high(one.decisions)} width=${step * 0.9} height=${high(one.decisions)} />
        <rect x=${at * step} y=${30 - high(one.moved)} width=${step * 0.9} height=${high(one.moved)} /></g>`)}
    </svg><p class="ends"><span>${days[0].day}</span><span>${days.length > 1 ? days.at(-1).day : ""}</span></p>`}
  </section>`;
}

const SECONDS = new Set(["waited", "handle_time"]);
const figure = (one, value) => (SECONDS.has(one.metric) ? `${value.toFixed(1)} s` : percent(value));
// The difference of two shares is told in points: percent would say a part of one of them.
const signed = (one, value) => `${value > 0 ? "+" : ""}${SECONDS.has(one.metric) ? `${value.toFixed(1)} s` : `${(100 * value).toFixed(1)} points`}`;

// Each metric in treated slices of time against the others: a dot with its interval, and the line of no effect.
export function Effects({ told }) {
  const rows = told.effects.map((one) => [
    html`<strong>${words(one.metric)}</strong>`,
    one.against === "control" ? "nobody moved" : "one segment for all",
    figure(one, one.treated), figure(one, one.other),
    html`<${Interval} one=${one} />`,
    html`${signed(one, one.effect)}${one.low === null ? "" : html` <small class="quiet">${signed(one, one.low)} to ${signed(one, one.high)}</small>`}`,
    one.verdict,
  ]);
  return html`<section class="card"><h3>What the decisions changed</h3>
    <p class="quiet">${told.note || `${told.over} calls of ${told.calls} are over; slices of ${Math.round(told.slice_seconds / 60)} minutes, ${percent(told.control_share)} of them leave everybody where they were`}</p>
    ${rows.length > 0 && html`<${Table} caption="Treated slices of time against the others, with the interval that holds the true effect in 95 of 100 experiments"
      columns=${["metric", "against", "treated", "others", "effect", "how much", "in words"]} rows=${rows} />`}
  </section>`;
}

function Interval({ one }) {
  const low = one.low ?? one.effect, high = one.high ?? one.effect;
  const most = 1.1 * Math.max(Math.abs(low), Math.abs(high), 1e-9);
  const x = (value) => 50 + (50 * value) / most;
  const shown = one.low !== null && (one.low > 0 || one.high < 0);
  return html`<svg class=${`interval ${shown ? "shown" : ""}`} viewBox="0 0 100 12" aria-hidden="true">
    <line class="zero" x1="50" x2="50" y1="0" y2="12" />
    <line x1=${x(low)} x2=${x(high)} y1="6" y2="6" /><circle cx=${x(one.effect)} cy="6" r="2.5" /></svg>`;
}

const DRIFTED = 0.25; // population stability index from which on the customers are others than those before

// How far the newest values of each factor are from the ones before, against the mark of "others than before".
export function Drift({ drift }) {
  const rows = Object.entries(drift).sort((a, b) => b[1] - a[1]);
  const most = Math.max(DRIFTED * 1.25, ...rows.map(([, index]) => index));
  if (!rows.length) return html`<p class="quiet">no drift is known yet</p>`;
  return html`<h4>Drift of the factors</h4><ul class="bars drift">${rows.map(([name, index]) => html`<li key=${name}>
      <span>${words(name)}</span>
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class=${index > DRIFTED ? "bad" : ""} width=${(100 * index) / most} height="10" />
        <rect class="cap" x=${(100 * DRIFTED) / most} width="0.8" height="10" /></svg>
      <strong class=${index > DRIFTED ? "bad" : ""}>${index.toFixed(2)}</strong></li>`)}</ul>
    <p class="quiet">above the mark at ${DRIFTED} the customers are others than before</p>`;
}
