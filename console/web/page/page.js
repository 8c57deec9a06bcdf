// The page: who looks, which view, and the live figures that all views share.

import { html, render, useEffect, useState } from "/page/vendor/preact-htm.js";
import { get, token, watch } from "/page/api.js";
import { Campaign } from "/page/campaign.js";
import { AgentDesk, Agents } from "/page/agents.js";
import { Audit, Campaigns, Person } from "/page/desk.js";
import { Lists } from "/page/lists.js";
import { Overview } from "/page/overview.js";
import { Trouble } from "/page/parts.js";
import { Segments } from "/page/segments.js";

const VIEWS = { "": "Overview", campaigns: "Campaigns", lists: "Lists", agents: "Agents", segments: "Segments", person: "Contact", audit: "Audit" };
const KEPT = 120; // looks at the pace that the lines show, one a second

const place = () => location.hash.replace(/^#\/?/, "").split("/").map(plain);

// A part of an address as it is meant; what cannot be decoded was typed so.
function plain(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// An agent's token opens the agent's desk, every other the whole page. Raises where it opens neither.
async function whoami() {
  return (await get("/api/me")).agent ? "desk" : "page";
}

function Login({ error, done }) {
  const [typed, type] = useState("");
  const [refused, refuse] = useState(error);
  const enter = async (event) => {
    event.preventDefault();
    token.set(typed.trim());
    try {
      done(await whoami());
    } catch (problem) {
      token.clear();
      refuse(problem);
    }
  };
  return html`<main class="login"><h1>secondpass</h1><form onSubmit=${enter}>
      <input type="text" name="username" autocomplete="username" value="secondpass" hidden />
      <label>Token <input type="password" autocomplete="current-password" value=${typed} onInput=${(event) => type(event.target.value)} required /></label>
      <button>Enter</button>
      <p class="quiet">An admin makes one: secondpass token add NAME --role viewer</p>
      <${Trouble} error=${refused} />
    </form></main>`;
}

// The figures as they come. A topic that is gone is null; one that went while the link was cut is not told of, so
// a new link begins with nothing.
function useLive(left) {
  const [live, set] = useState({});
  const [linked, link] = useState(false);
  useEffect(() => watch(
    (topic, value) => set((old) => ({ ...old, [topic]: value })),
    (is, error) => (is && set({}), link(is), error && left(error)),
  ), []);
  return [live, linked];
}

// Attempts a minute and calls in progress, sampled each second while the page is open.
function usePace(live) {
  const [pace, set] = useState([]);
  useEffect(() => {
    const sum = (name) => (live.overview?.sub_campaigns || []).reduce((all, one) => all + one[name], 0);
    const timer = setInterval(() => live.overview && set((old) => {
      const attempts = sum("attempts");
      const minute = old.length > 60 ? old[old.length - 60] : old[0];
      const since = minute ? Math.max(0, attempts - minute.attempts) : 0;
      return [...old, { attempts, rate: since, busy: sum("in_progress") }].slice(-KEPT);
    }), 1000);
    return () => clearInterval(timer);
  }, [live]);
  return pace;
}

function Views({ left }) {
  const [[view, ...rest], go] = useState(place());
  const [live, linked] = useLive(left);
  const pace = usePace(live);
  useEffect(() => {
    const moved = () => (go(place()), document.querySelector("main")?.focus());
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  const shown = {
    campaigns: () => html`<${Campaigns} />`,
    campaign: () => html`<${Campaign} name=${rest.join("/")} live=${live} key=${rest.join("/")} />`,
    agents: () => html`<${Agents} />`,
    segments: () => html`<${Segments} />`,
    lists: () => html`<${Lists} live=${live} />`,
    person: () => html`<${Person} id=${rest[0]} />`,
    audit: () => html`<${Audit} />`,
  }[view] || (() => html`<${Overview} live=${live} pace=${pace} />`);
  return html`<header>
      <h1><a href="#/">secondpass</a></h1>
      <nav aria-label="Views">${Object.entries(VIEWS).map(([name, label]) => html`<a key=${name} href=${`#/${name}`}
        aria-current=${name === view ? "page" : undefined}>${label}</a>`)}</nav>
      <p role="status" class=${linked ? "linked" : "unlinked"}>${live.trouble?.detail || (linked ? "live" : "no link – figures stand still")}</p>
      <button type="button" onClick=${() => left(null)}>Leave</button>
    </header>
    <main tabindex="-1">${shown()}</main>`;
}

function Page() {
  const [opens, open] = useState(token.get() ? "asking" : "nothing");
  const [error, tell] = useState(null);
  const left = (problem) => (token.clear(), tell(problem), open("nothing"));
  // A server that is away for a moment costs nobody their token.
  const failed = (problem) => ([401, 403].includes(problem.status) ? left(problem) : (tell(problem), open("away")));
  useEffect(() => void (opens === "asking" && whoami().then(open, failed)), [opens]);
  if (opens === "page") return html`<${Views} left=${left} />`;
  if (opens === "desk") return html`<${AgentDesk} left=${left} />`;
  if (opens === "away") return html`<main class="login"><h1>secondpass</h1><${Trouble} error=${error} />
    <button type="button" onClick=${() => open("asking")}>Try again</button></main>`;
  return opens === "asking" ? html`<p class="quiet">asking…</p>` : html`<${Login} error=${error} done=${open} />`;
}

render(html`<${Page} />`, document.getElementById("page"));
