// Anticipatory segmentation: who was moved, what came of it, how the models stand, and each decision's reasons.

import { html, useState } from "/page/vendor/preact-htm.js";
import { get } from "/page/api.js";
import { Bars, Pairs, Table, Trouble, percent, useAsked, words } from "/page/parts.js";

export function Segments() {
  const [told, error] = useAsked(() => get("/api/segments"), [], 2000);
  const [models] = useAsked(() => get("/api/models"), [], 5000);
  const [newest] = useAsked(() => get("/api/decisions?limit=50"), [], 2000);
  if (!told) return html`<h2>Segments</h2><${Trouble} error=${error} />`;
  return html`<h2>Segments</h2><${Trouble} error=${error} />
    <p class="quiet">of the newest ${told.decisions} decisions${told.since ? `, since ${told.since}` : ""}</p>
    <${Matrix} moves=${told.moves} />
    <${Table} caption="By objective" empty="no call was decided yet" columns=${["objective", "calls", "pursued", "achieved", "hit rate"]}
      rows=${told.objectives.map((one) => [words(one.objective), one.calls, one.pursued, one.achieved, percent(one.hit_rate)])} />
    <div class="cards"><${Bars} title="Why" counts=${told.reasons} /><${Bars} title="Arms of the proof" counts=${told.arms} />
      ${(models || []).map((one) => html`<${Model} key=${one.name} one=${one} />`)}</div>
    <${Newest} rows=${newest || []} />`;
}

// From the segment in the row to the one in the column; who stayed is on the diagonal.
function Matrix({ moves }) {
  const names = [...new Set(moves.flatMap((one) => [one.first, one.second]))].sort();
  const count = (first, second) => moves.find((one) => one.first === first && one.second === second)?.decisions ?? 0;
  return html`<${Table} caption="From the first segment (rows) to the second (columns)" empty="nobody called yet" columns=${["first", ...names]}
    rows=${names.map((first) => [html`<strong>${words(first)}</strong>`, ...names.map((second) => count(first, second))])} />`;
}

function Model({ one }) {
  const { trusted, outcomes, renewals, calibration = {}, drift = {} } = one.status;
  const drifted = Object.entries(drift).filter(([, index]) => index > 0.25).map(([name]) => words(name)).join(", ");
  return html`<${Pairs} title=${`Model ${one.name}`} pairs=${{ acted_on: trusted ? "yes" : "no: its probabilities no longer come true",
    outcomes, renewals, calibration_error: calibration.error ?? "–", drifted: drifted || "none" }} />`;
}

function Newest({ rows }) {
  const [open, show] = useState(null);
  const chosen = rows.find((one) => one.id === open);
  return html`<${Table} caption="Newest decisions" empty="none yet" columns=${["at", "customer", "first", "second", "objective", "why", ""]}
      rows=${rows.map((one) => [one.at, html`<a href=${`#/person/${encodeURIComponent(one.customer)}`}>${one.customer}</a>`, words(one.first),
        words(one.second || one.first), words(one.objective), words(one.reason),
        html`<button type="button" aria-expanded=${one.id === open} onClick=${() => show(one.id === open ? null : one.id)}>Explain</button>`])} />
    <div aria-live="polite">${chosen && html`<${Explained} one=${chosen.decision} />`}</div>`;
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
