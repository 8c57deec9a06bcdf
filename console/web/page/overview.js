// Everything that runs, in one look.

import { html } from "/page/vendor/preact-htm.js";
import { send } from "/page/api.js";
import { Act, Line, Table, percent } from "/page/parts.js";

export function Overview({ live, pace }) {
  const seen = live.overview;
  if (!seen) return html`<p class="quiet">asking for the figures…</p>`;
  const rows = seen.sub_campaigns.map((one) => [
    html`<a href=${`#/campaign/${one.sub_campaign}`}>${one.sub_campaign}</a>`,
    html`<span class=${`state ${one.state}`}>${one.state}</span>`,
    one.contacts, one.remaining, one.attempts, one.in_progress, one.connected_to_agent, one.recovered,
    percent(one.abandon_rate), one.overrides.join(", ") || "none",
    one.rules.length ? one.rules.map((rule, at) => html`<span key=${at} class=${`state ${rule.stand}`}>${rule.rule}: ${rule.stand}</span> `) : "calm",
  ]);
  const queues = Object.entries(seen.queues).map(([name, one]) =>
    [name, one.agents_free, one.waiting, `${Math.round(one.longest_wait)} s`]);
  return html`
    <h2>Overview</h2>
    ${seen.halted_by && html`<div class="trouble" role="alert">
      <p>The stop switch is thrown by ${seen.halted_by}: nobody is dialled.</p>
      <${Act} label="Release the stop switch" act=${() => send("DELETE", "/api/halt")} /></div>`}
    ${!seen.bridge && html`<div class="trouble" role="alert"><p>No bridge runs: nobody is dialled – start it with secondpass up</p></div>`}
    <div class="cards">
      <${Line} title="Attempts a minute" points=${pace.map((each) => each.rate)} value=${pace.at(-1)?.rate ?? 0} />
      <${Line} title="In progress" points=${pace.map((each) => each.busy)} value=${pace.at(-1)?.busy ?? 0} />
    </div>
    <${Table} caption="Running sub-campaigns" rows=${rows} empty="nothing runs – start a campaign below"
      columns=${["sub-campaign", "state", "contacts", "remaining", "attempts", "in progress", "with an agent", "recovered", "abandoned", "overrides", "rules"]} />
    <${Table} caption="Agents' queues" rows=${queues} empty="no bridge has told of a queue"
      columns=${["queue", "agents free", "waiting", "longest wait"]} />
    ${!seen.halted_by && html`<${Act} label="Stop everything" kind="danger" confirm="Dial nobody any more, in any campaign?"
      act=${() => send("PUT", "/api/halt")} />`}`;
}
