// The floor as a supervisor sees it, and one agent's own desk: the call, what to pursue, what came of it.

import { html, useEffect, useState } from "/page/vendor/preact-htm.js";
import { get, send } from "/page/api.js";
import { Act, Pairs, Table, Trouble, useAsked, words } from "/page/parts.js";

const EVERY = 1000; // milliseconds between two looks
const ASKED_OF = 2; // calls: an agent tells of the one they have, and of the one before it
const SELDOM = 15000; // the same at what changes by the agent's own doing, mostly

export function Agents() {
  const [rows, error] = useAsked(() => get("/api/agents"), [], EVERY);
  return html`<h2>Agents</h2><${Trouble} error=${error} />
    <${Table} caption="What everybody is at" columns=${["agent", "name", "queues", "state", "seconds", "line", "call"]} empty="nobody is in a queue"
      rows=${(rows || []).map((one) => [one.agent, one.name, one.queues, html`<span class=${`state ${one.state}`}>${words(one.state)}</span>`,
        one.seconds, one.line, one.call])} />`;
}

export function AgentDesk({ left }) {
  const [desk, error] = useAsked(() => get("/api/desk"), [], EVERY);
  const [callbacks, , again] = useAsked(() => get("/api/desk/callbacks"), [], SELDOM);
  // What came of a call is asked for until it is said, though the call is over and the next one has come.
  const [calls, keep] = useState([]);
  const [noted, note] = useState([]);
  useEffect(() => void (desk?.call && keep((old) => [desk.call, ...old.filter((one) => one.id !== desk.call.id)].slice(0, ASKED_OF))),
    [desk?.call?.id, desk?.call?.objective]);
  useEffect(() => void (error?.status === 401 && left(error)), [error]);
  const [call, before] = calls.filter((one) => one.id === desk?.call?.id || !noted.includes(one.id));
  const said = (one) => () => note((old) => [one.id, ...old].slice(0, ASKED_OF));
  return html`<header><h1>secondpass</h1><p role="status" class=${error ? "unlinked" : "linked"}>${error ? "no link" : "live"}</p>
      <button type="button" onClick=${() => left(null)}>Leave</button></header>
    <main tabindex="-1"><${Trouble} error=${error} />
      ${desk && html`<h2>${desk.name || desk.agent} <span class=${`state ${desk.state}`}>${words(desk.state)}</span></h2>
        ${desk.known ? null : html`<p class="trouble" role="alert">nobody tells what you are at: secondpass is not linked to Asterisk</p>`}
        <p class="quiet">${desk.queues ? `queues ${desk.queues}, for ${desk.seconds} s` : "in no queue: log in at your telephone"}</p>
        <${Breaks} state=${desk.state} />`}
      ${call ? html`<${CallCard} call=${call} over=${call.id !== desk?.call?.id} />
        <${Note} title="What came of it?" call=${call} key=${call.id} done=${said(call)} />
        <${Wishes} call=${call} promised=${again} key=${`wishes ${call.id}`} />`
        : html`<p class="large quiet">no call</p>`}
      ${before && html`<${Note} title=${`What came of the call before, with ${before.contact.id || "somebody unknown"}?`} call=${before} key=${before.id} done=${said(before)} />`}
      <${Offers} />
      <${Promises} rows=${callbacks} />
    </main>`;
}

const REASONS = ["break", "lunch", "training", "back office"];

function Breaks({ state }) {
  const [reason, set] = useState(REASONS[0]);
  return state === "paused"
    ? html`<p><${Act} label="Ready again" act=${() => send("PUT", "/api/desk/pause", { paused: false })} /></p>`
    : html`<p class="row"><label>Pause for <select onChange=${(event) => set(event.target.value)}>
        ${REASONS.map((one) => html`<option key=${one} value=${one} selected=${one === reason}>${one}</option>`)}</select></label>
        <${Act} label="Pause" act=${() => send("PUT", "/api/desk/pause", { paused: true, reason })} /></p>`;
}

function CallCard({ call, over }) {
  const segments = call.second && call.second !== call.first ? `${call.first} → ${call.second}` : call.first || "–";
  return html`<div class="cards">
    <section class="card prompt" aria-live="polite"><h3>${over ? "The last call was about" : "This call is about"}</h3>
      <p class="large">${call.objective ? words(call.objective) : "no objective"}</p>
      ${call.offer && html`<p>Offer: <strong>${words(call.offer)}</strong></p>`}${call.prompt && html`<p>Say: <strong>${call.prompt}</strong></p>`}
    </section>
    <${Pairs} title="Segment" pairs=${{ segment: segments, why: call.reason ? words(call.reason) : "–" }} />
    <${Pairs} title="Who" pairs=${Object.keys(call.contact).length ? call.contact : { contact: "unknown" }} />
  </div>`;
}

function Note({ title, call, done }) {
  const [said, say] = useState({ pursued: null, achieved: null, disposition: "" });
  const set = (name, value) => say({ ...said, [name]: value });
  const choice = (name, legend) => html`<fieldset><legend>${legend}</legend>${[["yes", true], ["no", false]].map(([label, value]) =>
    html`<label key=${label}><input type="radio" name=${`${name} ${call.id}`} checked=${said[name] === value} onChange=${() => set(name, value)} /> ${label}</label>`)}</fieldset>`;
  return html`<section class="card"><h3>${title}</h3><div class="row">
      ${choice("pursued", "Did you pursue the objective?")}${choice("achieved", "Was it achieved?")}
      <label>In a word <input value=${said.disposition} onInput=${(event) => set("disposition", event.target.value)} pattern="[a-z][a-z0-9_]*" placeholder="sold" /></label>
    </div>
    <${Act} label="Note it" done=${done} act=${() => send("POST", "/api/desk/notes", {
      call: call.id, disposition: said.disposition,
      ...(said.pursued === null ? {} : { pursued: said.pursued }), ...(said.achieved === null ? {} : { achieved: said.achieved }) })} />
  </section>`;
}

// What a caller asks for: another call at a moment of the agent's own clock, or none any more.
function Wishes({ call, promised }) {
  const [wish, set] = useState({ at: "", mine: false });
  const [told, tell] = useState("");
  if (!call.contact.id) return null;
  const made = (callback) => (tell(`they are called at ${moment(callback.at)}`), promised());
  return html`<section class="card"><h3>What do they ask for?</h3><div class="row">
    <label>A call at <input type="datetime-local" value=${wish.at} onInput=${(event) => set({ ...wish, at: event.target.value })} /></label>
    <label><input type="checkbox" checked=${wish.mine} onChange=${(event) => set({ ...wish, mine: event.target.checked })} /> by me</label>
    <${Act} label="Promise it" done=${made} act=${() => send("POST", "/api/desk/callbacks",
      { call: call.id, at: wish.at && new Date(wish.at).toISOString(), mine: wish.mine })} />
    <${Act} label="Never call again" kind="danger" confirm=${`Take ${call.contact.id} off every campaign?`}
      done=${() => (tell("nobody calls them any more"), promised())} act=${() => send("POST", "/api/desk/do-not-call", { call: call.id })} />
  </div><p role="status">${told}</p></section>`;
}

const moment = (iso) => new Date(iso).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

function Promises({ rows }) {
  if (!rows?.length) return null;
  return html`<${Table} caption="Calls you promised, or are promised for you" columns=${["at", "contact", "campaign", "number", "by"]}
    rows=${rows.map((one) => [moment(one.at), one.contact, one.sub_campaign, one.number, one.agent || "anybody"])} />`;
}

function Offers() {
  const [rows, error, again] = useAsked(() => get("/api/offers"), [], EVERY);
  const answer = (one, accepted) => () => send("POST", "/api/offers/answers", { sub_campaign: one.sub_campaign, contact: one.contact, accepted });
  if (!rows?.length) return html`<${Trouble} error=${error} />`;
  return html`<${Table} caption="People to call next" columns=${["contact", "campaign", "pass", "number", "until", ""]}
    rows=${rows.map((one) => [one.contact, one.sub_campaign, one.pass_name, one.address, one.until,
      one.agent ? "you are called next" : html`<span class="row"><${Act} label=${`Call ${one.contact}`} act=${answer(one, true)} done=${again} />
        <${Act} label=${`Skip ${one.contact}`} act=${answer(one, false)} done=${again} /></span>`])} />`;
}
