// One sub-campaign: its passes as a funnel, results, recovery, rules, overrides, and why nobody is called.

import { html, useState } from "/page/vendor/preact-htm.js";
import { get, send } from "/page/api.js";
import { Act, Bars, Choice, Gauge, Pairs, Table, Trouble, useAsked, when, words } from "/page/parts.js";
import { Shares } from "/page/plots.js";

export function Campaign({ name, live }) {
  const seen = live[`sub:${name}`];
  const path = `/api/sub-campaigns/${name}`;
  // One that has ended is in the live figures no more: asked for anew, it tells how it ended.
  const [asked, error] = useAsked(() => get(path), [name, !seen]);
  const one = seen || asked;
  if (!one) return html`<h2>${name}</h2><${Trouble} error=${error} />`;
  const rules = seen?.rules || [];
  return html`
    <h2>${name} <span class=${`state ${one.state}`}>${one.state}</span></h2>
    <p class="quiet">strategy ${one.strategy}; overrides in force: ${one.overrides.join(", ") || "none"}</p>
    <${Controls} name=${name} state=${one.state} />
    <div class="cards">
      <${Pairs} title="Contacts" pairs=${{ total: one.contacts, attempted: one.attempted, remaining: one.remaining, in_progress: one.in_progress, attempts: one.attempts }} />
      <${Gauge} title="Abandoned of live answers" share=${one.abandon_rate} cap=${one.abandon_cap} />
      <${Pairs} title="Queue" pairs=${{ agents_free: one.queue.agents_free ?? "–", waiting: one.queue.waiting ?? "–", with_an_agent: one.connected_to_agent }} />
      <${Pairs} title="Recovery" pairs=${{ lost: one.recovery.triggered, reached: one.recovery.reached, ...one.recovery.ended }} />
    </div>
    <${Funnel} passes=${one.passes} />
    <div class="cards">
      <${Bars} title="Results" counts=${one.by_result} />
      <${Bars} title="Responses" counts=${Object.keys(one.by_group).length ? one.by_group : one.by_response} />
      <${Bars} title="Contacts that ended" counts=${one.ended_by} />
      <${Shares} title="Recovered, of those lost by each trigger" empty="nobody was lost" rows=${Object.entries(one.recovery.by_trigger).map(([trigger, lost]) => (
        { name: trigger, share: (one.recovery.reached_by_trigger[trigger] || 0) / lost, of: `${one.recovery.reached_by_trigger[trigger] || 0} of ${lost}` }))} />
    </div>
    <${Table} caption="Lists" columns=${["list", "contacts", "remaining", "attempts", "results"]} empty="no list is attached"
      rows=${Object.entries(one.list_figures).map(([list, each]) => [list, each.contacts, each.remaining, each.attempts, counted(each.by_result)])} />
    <${Table} caption="Rules over live figures" empty="the campaign has none" columns=${["rule", "does", "stands", "since", "figures now", "last fired"]}
      rows=${rules.map((rule) => [rule.rule, rule.do, html`<span class=${`state ${rule.stand}`}>${rule.stand}</span>`, when(rule.since) || "–",
        Object.entries(rule.figures).map(([figure, value]) => `${words(figure)} ${value === null ? "unknown" : Number(value.toPrecision(4))}`).join(", "),
        when(rule.last_fired) || "never"])} />
    <${Why} path=${path} />
    <${Overrides} path=${path} passes=${Object.keys(one.passes)} />`;
}

const counted = (results) => Object.entries(results).map(([result, count]) => `${words(result)} ${count}`).join(", ") || "nothing yet";

function Controls({ name, state }) {
  const to = (wanted) => () => send("PUT", `/api/sub-campaigns/${name}/state`, { state: wanted });
  return html`<p class="row">
    ${state === "running" && html`<${Act} label="Pause" act=${to("paused")} />`}
    ${state === "paused" && html`<${Act} label="Resume" act=${to("running")} />`}
    ${["running", "paused", "scheduled"].includes(state) && html`<${Act} label="Stop for good" kind="danger"
      confirm=${`End ${name} for good, with everybody in it?`} act=${to("stopped")} />`}
  </p>`;
}

// Each pass with how many were tried, and of them how it came out.
function Funnel({ passes }) {
  const most = Math.max(1, ...Object.values(passes).map((one) => one.attempts + one.remaining));
  return html`<section class="card"><h3>Passes</h3>
    <ol class="funnel">${Object.entries(passes).map(([name, one]) => html`<li key=${name} class=${one.out ? "out" : ""}>
      <span>${name} <em>${one.medium}${one.out ? ", taken out" : ""}</em></span>
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="done" width=${(100 * one.attempts) / most} height="10" />
        <rect class="left" x=${(100 * one.attempts) / most} width=${(100 * one.remaining) / most} height="10" />
      </svg>
      <strong>${one.attempts} attempts, ${one.remaining} not through</strong>
      <small>${counted(one.by_result)}</small>
    </li>`)}</ol>
  </section>`;
}

function Why({ path }) {
  const [told, error, again] = useAsked(() => get(`${path}/explain`), [path]);
  return html`<section class="card"><h3>Why is nobody being called now?</h3>
    <${Trouble} error=${error} />
    ${told?.holds.map((hold) => html`<p class="bad">${hold}</p>`)}
    ${Object.entries(told?.dialer || {}).map(([pass, why]) => html`<p>The next call of ${pass}: ${why}</p>`)}
    <${Table} caption=${`Contacts by reason${told ? `, at ${when(told.at)}` : ""}`} columns=${["contacts", "reason", "who", "next look"]}
      rows=${(told?.reasons || []).map((one) => [one.contacts, one.reason, one.words, when(one.next) || "–"])} empty="everybody is through" />
    <button type="button" onClick=${again}>Look again</button>
  </section>`;
}

const OUT = "taken out";
const OF_A_PASS = { where: "text", devices: "list", window: "hours", medium: "text", message: "text", retry: "json", pacing: "json", [OUT]: "nothing" };
const OF_ALL = { filter: "text", window: "hours", order: "list" };
const WHOLE = "campaign"; // in the place of a pass: what holds for all of them
const changesOf = (target) => (target === WHOLE ? OF_ALL : OF_A_PASS);

// A patch as it was written, in one line for each thing it changes.
const patched = (patch) => Object.entries(patch).flatMap(([target, keys]) =>
  keys === null ? [`${target} is taken out`] : Object.entries(keys).map(([key, value]) => `${target} ${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`));

function Overrides({ path, passes }) {
  const [kept, error, again] = useAsked(() => get(`${path}/overrides`), [path], 5000);
  const [wish, set] = useState({ pass: passes[0], key: "where", value: "", at: "", until: "", reason: "" });
  const [effect, show] = useState(null);
  const at = (one) => `${path}/overrides/${one.id.split(".").at(-1)}`;
  const change = (name) => (value) => (show(null), set({ ...wish, [name]: value }));
  const typed = (name) => (event) => change(name)(event.target.value);
  const aimed = (pass) => (show(null), set({ ...wish, pass, key: wish.key in changesOf(pass) ? wish.key : Object.keys(changesOf(pass))[0] }));
  const kind = changesOf(wish.pass)[wish.key];
  const body = () => ({
    patch: { [wish.pass]: wish.key === OUT ? null : { [wish.key]: valueOf(wish, kind) } },
    ...(wish.at ? { at: wish.at } : {}),
    ...(wish.until ? { until: wish.until } : {}),
    reason: wish.reason,
  });
  return html`<section class="card"><h3>Overrides for today</h3>
    <${Trouble} error=${error} />
    <${Table} caption="Overrides" empty="none was ever set" columns=${["id", "state", "what", "from", "until", "by", "why", "do"]}
      rows=${(kept || []).map((one) => [one.id, html`<span class=${`state ${one.state}`}>${one.state}</span>`,
        patched(one.patch).map((line) => html`<div key=${line}>${line}</div>`), when(one.at), when(one.until), one.by, one.reason,
        html`<span class="row">${["in_force", "to_come"].includes(one.state) && html`<${Act} label=${one.state === "to_come" ? "Cancel it" : "End it"} done=${again}
          act=${() => send("DELETE", at(one))} />`}<${Act} label="Keep it for ever" done=${again}
          confirm=${`Write ${one.id} into the campaign's file, for every start to come?`} act=${() => send("POST", `${at(one)}/promote`)} /></span>`])} />
    <form class="grid" onSubmit=${(event) => event.preventDefault()}>
      <${Choice} label="Pass" value=${wish.pass} names=${[...passes, WHOLE]} chosen=${aimed} />
      <${Choice} label="What" value=${wish.key} names=${Object.keys(changesOf(wish.pass))} chosen=${change("key")} />
      ${kind !== "nothing" && html`<label>becomes <input value=${wish.value} onInput=${typed("value")} placeholder=${EXAMPLES[wish.key] || ""} /></label>`}
      <label>from <input value=${wish.at} onInput=${typed("at")} placeholder="14:00; else now" /></label>
      <label>until <input value=${wish.until} onInput=${typed("until")} placeholder="17:00; else midnight" /></label>
      <label>why <input value=${wish.reason} onInput=${typed("reason")} maxlength="500" /></label>
    </form>
    <p class="row">
      <${Act} label="See the effect" act=${() => send("POST", `${path}/overrides/preview`, body())} done=${show} />
      ${effect && html`<${Act} label="Apply" kind="danger" act=${() => send("POST", `${path}/overrides`, body())} done=${() => (show(null), again())} />`}
    </p>
    <div aria-live="polite">${effect && html`<${Effect} effect=${effect} />`}</div>
  </section>`;
}

const EXAMPLES = {
  where: "contact.balance > 100", filter: "contact.balance > 100", order: "-contact.balance", devices: "work, home", window: "09:00-20:00 mon tue wed",
  retry: '{"busy": {"after": ["5m"], "then": "next_device"}}', pacing: '{"method": "rate", "calls_per_minute": 60}',
};

// What was typed as the API takes it. Raises with an example where it cannot be read.
function valueOf({ key, value }, kind) {
  if (kind === "list") return value.split(",").map((part) => part.trim()).filter(Boolean);
  if (kind === "hours") return hours(value);
  if (kind !== "json") return value;
  try {
    return JSON.parse(value);
  } catch {
    throw new Error(`${key} is written as JSON, such as ${EXAMPLES[key]}`);
  }
}

function hours(value) {
  const [, from, to, days] = value.trim().match(/^(\S+?)\s*-\s*(\S+)\s*(.*)$/) || [];
  if (!from) throw new Error(`the window is written as ${EXAMPLES.window}; the days may be left out`);
  return { from, to, ...(days ? { days: days.split(/[\s,]+/) } : {}) };
}

function Effect({ effect }) {
  return html`<p>From ${when(effect.override.at)} until ${when(effect.override.until)}:</p>
    ${effect.changes.length === 0 && html`<p>Nothing would be otherwise.</p>`}
    ${effect.changes.map((one) => html`<div class="effect" key=${one.pass_name}>
      <h4>${one.pass_name}, ${one.contacts} contacts</h4>
      <ul>${one.no_more.map((line) => html`<li><del>${line}</del></li>`)}${one.instead.map((line) => html`<li><ins>${line}</ins></li>`)}</ul>
    </div>`)}
    <${NextSteps} steps=${effect.next_steps} />`;
}

// Whom it would concern: the next step of each contact with it and without.
function NextSteps({ steps }) {
  const all = steps.contacts > steps.looked_at ? ` looked at, of ${steps.contacts}` : "";
  return html`<div class="effect"><h4>${steps.others} of ${steps.looked_at} contacts${all} would have another next step</h4>
    ${steps.steps.length > 0 && html`<${Table} caption="Next steps that would change" columns=${["contacts", "would", "instead of"]}
      rows=${steps.steps.map((one) => [one.contacts, html`<ins>${one.after}</ins>`, html`<del>${one.before}</del>`])} />`}
  </div>`;
}
