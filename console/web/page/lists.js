// Lists by campaigns, and what may be done with a list while it is called.

import { html, useState } from "/page/vendor/preact-htm.js";
import { download, get, send, upload } from "/page/api.js";
import { Act, Choice, Table, Trouble, useAsked, words } from "/page/parts.js";

export function Lists({ live }) {
  const [cells, error, again] = useAsked(() => get("/api/matrix"), [], 2000);
  const [lists] = useAsked(() => get("/api/lists"), [], 5000);
  const subs = (live.overview?.sub_campaigns || []).map((one) => one.sub_campaign);
  const at = (cell) => `/api/sub-campaigns/${cell.sub_campaign}/lists/${encodeURIComponent(cell.list)}`;
  const rows = (cells || []).filter((cell) => cell.sub_campaign).map((cell) => [
    cell.list, html`<a href=${`#/campaign/${cell.sub_campaign}`}>${cell.sub_campaign}</a>`,
    html`<span class=${`state ${cell.state}`}>${cell.state}</span>`, cell.weight, cell.contacts, cell.due, cell.in_progress, cell.ended,
    cell.state === "detached" ? "" : html`<span class="row">
      <${Act} label=${cell.state === "paused" ? "Resume" : "Pause"} done=${again}
        act=${() => send("PATCH", at(cell), { paused: cell.state !== "paused" })} />
      <${Weight} cell=${cell} at=${at(cell)} done=${again} />
      <${Act} label="Detach" kind="danger" done=${again} confirm=${`Call nobody of ${cell.list} in ${cell.sub_campaign} any more?`}
        act=${() => send("DELETE", at(cell))} /></span>`,
  ]);
  return html`<h2>Lists</h2><${Trouble} error=${error} />
    <${Table} caption="Lists by campaigns" empty="no list is in a running campaign" rows=${rows}
      columns=${["list", "sub-campaign", "state", "weight", "contacts", "due", "in progress", "ended", "do"]} />
    <${Upload} done=${again} />
    <${Attach} lists=${lists || []} subs=${subs} done=${again} />
    <${Table} caption="All lists" empty="none is imported" columns=${["list", "contacts", ""]} rows=${(lists || []).map((one) => [one.name, one.contacts,
      html`<${Act} label=${`Take back the latest import of ${one.name}`} done=${again} confirm=${`Undo the latest import of ${one.name}?`}
        act=${() => send("DELETE", `/api/lists/${encodeURIComponent(one.name)}/imports/latest`)} />`])} />`;
}

function Weight({ cell, at, done }) {
  const [weight, set] = useState(cell.weight);
  return html`<input class="short" type="number" min="0.001" step="any" value=${weight} aria-label=${`weight of ${cell.list} in ${cell.sub_campaign}`}
      onInput=${(event) => set(Number(event.target.value))} />
    <${Act} label="Weigh" act=${() => send("PATCH", at, { weight })} done=${done} />`;
}

// A list from a file: sent, then read on the server, which is asked until it knows.
function Upload({ done }) {
  const [wish, set] = useState({ name: "", file: null, partial: false });
  const [told, tell] = useState(null);
  const take = async () => {
    tell({ state: "sending" });
    let job = await upload(`/api/lists/${encodeURIComponent(wish.name)}/imports?partial=${wish.partial}`, wish.file);
    while (!["imported", "refused"].includes(job.state)) {
      tell(job);
      await new Promise((wake) => setTimeout(wake, 300));
      job = await get(`/api/imports/${job.id}`);
    }
    tell(job);
    done();
  };
  return html`<section class="card"><h3>Upload a list</h3><p class="row">
      <label>Name <input value=${wish.name} onInput=${(event) => set({ ...wish, name: event.target.value })} pattern="[A-Za-z0-9_.\-]+" /></label>
      <label>CSV file <input type="file" accept=".csv,text/csv" onChange=${(event) => set({ ...wish, file: event.target.files[0] })} /></label>
      <label><input type="checkbox" checked=${wish.partial} onChange=${(event) => set({ ...wish, partial: event.target.checked })} /> take the good rows though others are refused</label>
      ${wish.name && wish.file && html`<${Act} label="Upload" act=${take} />`}</p>
    <div aria-live="polite">${told && html`<${Outcome} told=${told} />`}</div>
  </section>`;
}

function Outcome({ told }) {
  const counts = Object.entries(told.counts || {}).map(([name, count]) => `${words(name)} ${count}`).join(", ");
  return html`<p><span class=${`state ${told.state}`}>${told.state}</span> ${counts}</p>
    ${told.refused && html`<p class="bad">${told.refused}</p>`}
    ${told.reasons?.length > 0 && html`<ul>${told.reasons.map((one) => html`<li>${one.what}${one.mend ? ` – ${one.mend}` : ""}</li>`)}</ul>`}
    ${told.rejects && html`<${Act} label="Refused rows" act=${() => download(`/api/imports/${told.id}/rejects`, `${told.list_name}.rejects.csv`)} />`}`;
}

function Attach({ lists, subs, done }) {
  const [wish, set] = useState({ list: "", sub: "" });
  const chosen = { list: wish.list || lists[0]?.name, sub: wish.sub || subs[0] };
  if (!chosen.list || !chosen.sub) return null;
  return html`<section class="card"><h3>Attach a list</h3><p class="row">
    <${Choice} label="List" value=${chosen.list} names=${lists.map((one) => one.name)} chosen=${(list) => set({ ...wish, list })} />
    <${Choice} label="to" value=${chosen.sub} names=${subs} chosen=${(sub) => set({ ...wish, sub })} />
    <${Act} label="Attach" done=${done} act=${() => send("PUT", `/api/sub-campaigns/${chosen.sub}/lists/${encodeURIComponent(chosen.list)}`, {})} />
  </p></section>`;
}
