// Anticipatory segmentation: who was moved, what held others back, what came of it and what it changed, how long it
// takes, how the models stand, and each decision's reasons.

import { html, useState } from "/page/vendor/preact-htm.js";
import { get } from "/page/api.js";
import { Bars, Pairs, Table, Trouble, percent, useAsked, when, words } from "/page/parts.js";
import { Daily, Drift, Effects, Latency, Matrix, Shares } from "/page/plots.js";

const SPANS = { 1: "today", 7: "7 days", 31: "31 days", 92: "92 days" };
const GUARDS = { margin: "too little gain", agent_fit: "agents do better at the first", promoted_share: "share of moved reached", room: "no room in the queue" };

export function Segments() {
  const [days, over] = useState("7");
  const [told, error] = useAsked(() => get(`/api/segments?days=${days}`), [days], 2000);
  const [effect] = useAsked(() => get("/api/segments/effect"), [], 15000);
  const [models] = useAsked(() => get("/api/models"), [], 5000);
  const [newest] = useAsked(() => get("/api/decisions?limit=25"), [], 2000);
  if (!told) return html`<h2>Segments</h2><${Trouble} error=${error} />`;
  return html`<h2>Segments</h2><${Trouble} error=${error} />
    <p class="row"><label>Over <select onChange=${(event) => over(event.target.value)}>${Object.entries(SPANS).map(([count, label]) =>
        html`<option key=${count} value=${count} selected=${count === days}>${label}</option>`)}</select></label>
      <span class="quiet">${told.decisions} decisions, ${told.moved} moved the customer${told.since ? `, since ${when(told.since)}` : ""}</span></p>
    <${Matrix} moves=${told.moves} />
    <div class="cards">
      <${Shares} title="Hit rate: achieved of what agents pursued" empty="no agent noted anything yet" rows=${told.objectives.filter((one) => one.pursued).map((one) => (
        { name: one.objective, share: one.hit_rate, of: `${one.achieved} of ${one.pursued}` }))} />
      <${Shares} title="Kept by a guard, of those a better segment was found for" empty="nobody was found a better segment yet"
        rows=${told.found ? told.guards.map((one) => ({ name: GUARDS[one.guard] || one.guard, share: one.share, of: `${one.kept} of ${told.found}` })) : []} />
      <${Latency} latency=${told.latency} />
      <${Daily} days=${told.by_day} />
    </div>
    ${effect && html`<${Effects} told=${effect} />`}
    <${Table} caption="By objective" empty="no call was decided yet" columns=${["objective", "calls", "pursued", "achieved", "hit rate"]}
      rows=${told.objectives.map((one) => [words(one.objective), one.calls, one.pursued, one.achieved, percent(one.hit_rate)])} />
    <div class="cards"><${Bars} title="Why" counts=${told.reasons} /><${Bars} title="Arms of the proof" counts=${told.arms} />
      ${(models || []).map((one) => html`<${Model} key=${one.name} one=${one} />`)}</div>
    <${Newest} rows=${newest || []} />`;
}

function Model({ one }) {
  const { trusted, outcomes, renewals, calibration = {}, drift = {} } = one.status;
  return html`<${Pairs} title=${`Model ${one.name}`} pairs=${{ acted_on: trusted ? "yes" : "no: its probabilities no longer come true",
    outcomes, renewals, foretold: percent(calibration.predicted), came_true: percent(calibration.happened), calibration_error: calibration.error ?? "–" }}>
    <${Drift} drift=${drift} /></${Pairs}>`;
}

function Newest({ rows }) {
  const [open, show] = useState(null);
  const row = (one) => [when(one.at), html`<a href=${`#/person/${encodeURIComponent(one.customer)}`}>${one.customer}</a>`, words(one.first),
    words(one.second || one.first), words(one.objective), words(one.reason),
    html`<button type="button" aria-expanded=${one.id === open} aria-label=${`Explain the decision of ${one.at} about ${one.customer}`} onClick=${() => show(one.id === open ? null : one.id)}>Explain</button>`];
  return html`<${Table} caption="Newest decisions" empty="none yet" columns=${["at", "customer", "first", "second", "objective", "why", ""]}
    rows=${rows.flatMap((one) => (one.id === open ? [row(one), { wide: html`<${Explained} one=${one.decision} />` }] : [row(one)]))} />`;
}

function Explained({ one }) {
  const foretold = Object.fromEntries(Object.entries(one.predictions || {}).map(([name, each]) =>
    [name, each.probability === null ? `unknown: ${each.reason || "no model"}` : percent(each.probability)]));
  return html`<div class="cards">
    <${Pairs} title="Foretold" pairs=${foretold} />
    <${Pairs} title="Worth" pairs=${Object.fromEntries(Object.entries(one.expected_values || {}).map(([name, value]) => [name, Math.round(value * 100) / 100]))} />
    <${Pairs} title="Candidates" pairs=${Object.fromEntries((one.candidates || []).map((each) => [each.segment, `${words(each.objective)}, ${each.expected_value === null ? "by rule" : Math.round(each.expected_value * 100) / 100}`]))} />
    <${Pairs} title="Chosen" pairs=${{ objective: words(one.objective), gain: one.gain ?? "–", applied: one.applied ? "yes" : "no", why: words(one.reason) }} />
  </div>`;
}
