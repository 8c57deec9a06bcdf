// What is looked up: one contact's story, do-not-call, the audit; and campaigns that can be started.

import { html, useState } from "/page/vendor/preact-htm.js";
import { get, send } from "/page/api.js";
import { Act, Pairs, Table, Trouble, useAsked, when, words } from "/page/parts.js";

export function Person({ id }) {
  const [typed, type] = useState(id || "");
  return html`<h2>One contact's story</h2>
    <form class="row" onSubmit=${(event) => (event.preventDefault(), (location.hash = `#/person/${encodeURIComponent(typed)}`))}>
      <label>Contact <input placeholder="id, or +number" value=${typed} onInput=${(event) => type(event.target.value)} required /></label><button>Look</button>
    </form>
    ${id && html`<${Story} id=${id} key=${id} />`}`;
}

function Story({ id }) {
  const [told, error] = useAsked(() => get(`/api/contacts/${encodeURIComponent(id)}`), [id], 3000);
  if (!told) return html`<${Trouble} error=${error} />`;
  const { devices = {}, attributes = {}, zone } = told.contact;
  const against = Object.values(told.do_not_call).join(", ") || "no";
  return html`<${Trouble} error=${error} />
    <div class="cards">
      <${Pairs} title=${`Contact ${told.contact.id}`} pairs=${{ lists: told.lists.join(", ") || "none", ...devices, zone: zone || "by its number", segment: told.segment || "default", do_not_call: against }} />
      <${Pairs} title="Attributes" pairs=${attributes} />
      ${told.campaigns.map((one) => html`<${Pairs} key=${one.sub_campaign} title=${`${one.sub_campaign}, ${one.state}`} pairs=${{
        next: one.next.words || one.next.reason || "–", at: when(one.next.at || one.looked_at_again) || "–", attempts: one.attempts, today: one.attempts_today,
        last_result: one.last_result ? words(one.last_result) : "none yet", ended: one.ended ? words(one.ended) : "no" }} />`)}
    </div>
    <${Table} caption="What happened" columns=${["at", "campaign", "what", "result", "device", "address", "why"]}
      rows=${told.story.map((line) => [when(line.at), line.campaign || "", words(line.kind), words(line.result || ""), line.device || "", line.address || "", line.reason || line.trigger || ""])} />`;
}

const MORE = 200; // lines of the audit shown at once

export function Audit() {
  const [count, ask] = useState(MORE);
  const [rows, error] = useAsked(() => get(`/api/audit?limit=${count}`), [count], 15000);
  return html`<h2>Audit</h2><${Trouble} error=${error} />
    <${Table} caption="Who changed what, the newest first" columns=${["at", "who", "what", "of", "old", "new"]}
      rows=${[...(rows || [])].reverse().map((one) => [when(one.at), one.by, words(one.what), one.of, plain(one.old), plain(one.new)])} />
    ${rows?.length === count && html`<button type="button" onClick=${() => ask(count + MORE)}>Older ones</button>`}`;
}

const plain = (value) => (typeof value === "object" && value !== null ? JSON.stringify(value) : String(value ?? ""));

export function Campaigns() {
  const [found, error, again] = useAsked(() => get("/api/campaigns"), [], 5000);
  const [callbacks] = useAsked(() => get("/api/callbacks"), [], 5000);
  const [address, type] = useState("");
  return html`<h2>Campaigns of the files</h2><${Trouble} error=${error} />
    <${Table} caption="Campaigns" columns=${["campaign", "purpose", "passes", "lists", "queue", "running", ""]} empty="the configuration has none"
      rows=${(found || []).map((one) => [one.name, one.purpose, one.passes.join(", "), one.lists.join(", "), one.queue,
        one.running.map((name) => html`<a href=${`#/campaign/${name}`}>${name}</a> `),
        html`<${Act} label="Start" done=${again} confirm=${`Start ${one.name} over ${one.lists.join(", ")}?`}
          act=${() => send("POST", `/api/campaigns/${one.name}/start`, {})} />`])} />
    <${Table} caption="Calls that are promised" columns=${["contact", "sub-campaign", "at", "until", "number", "agent", "by", "tries"]} empty="none"
      rows=${(callbacks || []).map((one) => [one.contact, one.sub_campaign, when(one.at), when(one.until) || "–", one.number, one.agent || "anybody", one.by, one.tries])} />
    <section class="card"><h3>Do not call</h3><p class="row">
      <label>Number or email <input value=${address} onInput=${(event) => type(event.target.value)} /></label>
      <${Act} label="Never call again" kind="danger" act=${() => send("POST", "/api/do-not-call", { addresses: [address] })} done=${() => type("")} />
    </p></section>`;
}
