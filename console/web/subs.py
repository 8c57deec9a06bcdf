"""Operations on campaigns and sub-campaigns: start, pause, resume, stop, and every figure of theirs."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from console import campaigns, explain, results, rules
from console.campaigns import FINAL, named
from console.launch import Timeframe
from console.moments import moment_of
from console.refusal import Reason, RefusedError
from console.web.access import Role
from console.web.operations import Body, Call, Operation, Query, Told
from console.web.problems import Problem
from strategies.campaign import Campaign
from strategies.state import SubCampaign
from strategies.vocabulary import RunState


class CampaignTold(Told):
    """A campaign of the files."""

    name: str
    purpose: str
    country: str
    zone: str
    queue: str
    version: str
    lists: list[str]
    passes: list[str]
    running: list[str]


class Halted(Told):
    """Who threw the stop switch over everything; null while it is released."""

    halted_by: str | None


class PassFigures(Told):
    """What became of one pass."""

    medium: str
    out: bool
    attempts: int
    in_progress: int
    remaining: int
    by_result: dict[str, int]
    passed_over: dict[str, int]


class ListFigures(Told):
    """What became of one list in a sub-campaign."""

    contacts: int
    remaining: int
    attempts: int
    by_result: dict[str, int]


class RecoveryFigures(Told):
    """People lost on the way to an agent, and what became of them."""

    triggered: int
    reached: int
    by_trigger: dict[str, int]
    reached_by_trigger: dict[str, int]
    ended: dict[str, int]
    by_day: list[dict[str, str | int]]


class Figures(Told):
    """A sub-campaign with every figure shown of it, each equal to a recount of the ledger."""

    sub_campaign: str
    state: str
    lists: list[str]
    strategy: str
    overrides: list[str]
    total: int
    contacts: int
    eligible: int
    attempted: int
    ended: int
    remaining: int
    attempts: int
    in_progress: int
    connected_to_agent: int
    abandon_rate: float | None
    abandon_cap: float | None
    by_result: dict[str, int]
    by_pass: dict[str, int]
    by_list: dict[str, int]
    by_medium: dict[str, int]
    by_response: dict[str, int]
    by_group: dict[str, int]
    ended_by: dict[str, int]
    skipped: dict[str, int]
    passes: dict[str, PassFigures]
    list_figures: dict[str, ListFigures]
    recovery: RecoveryFigures
    queue: dict[str, int]


class SubTold(Told):
    """A sub-campaign in one line."""

    sub_campaign: str
    state: str
    lists: list[str]
    contacts: int
    ended: int
    attempts: int
    in_progress: int
    passes_ended: list[str]
    halted_by: str | None


class RuleTold(Told):
    """A rule over live figures as it stands: calm, near or fired."""

    rule: str
    lasting: float
    do: str
    stand: str
    since: str | None
    fired: str | None
    last_fired: str | None
    figures: dict[str, float | None]


class Why(Told):
    """One reason why contacts are not called now."""

    reason: str
    contacts: int
    words: str
    next: str | None


class Explained(Told):
    """Why nobody is being called now."""

    sub_campaign: str
    state: str
    at: str
    holds: list[str]
    dialer: dict[str, str]
    overrides: list[str]
    contacts: int
    reasons: list[Why]
    done: dict[str, int]


class Start(Body):
    """Over which lists (the campaign's own if not said), from when, until when: ISO moments, local to the
    campaign's zone where they have no offset."""

    lists: list[str] | None = None
    from_: str | None = Field(None, alias="from")
    until: str | None = None


class Started(Told):
    """What was started."""

    sub_campaign: str
    state: str
    lists: list[str]
    contacts: int


class Change(Body):
    """The run state wanted. `hang_up_ringing`, with `stopped`: cancel calls that nobody has answered yet."""

    state: Literal["running", "paused", "stopped"]
    hang_up_ringing: bool = False


class Changed(Told):
    """What was changed."""

    sub_campaigns: list[str]


class Which(Query):
    """`over`: those that have ended, too."""

    over: bool = False


def of(call: Call) -> str:
    """The sub-campaign that the path names."""
    return f"{call.path['name']}/{call.path['number']}"


async def sub_of(call: Call) -> SubCampaign:
    """The sub-campaign that the path names. Raises RefusedError."""
    return (await named(call.store, of(call)))[0]


def campaign_of(call: Call) -> Campaign:
    """The campaign of the files that the path names. Raises RefusedError."""
    found = call.project.campaigns.get(call.path["name"])
    if found is None:
        there = ", ".join(sorted(call.project.campaigns)) or "none"
        raise RefusedError(
            f'there is no campaign "{call.path["name"]}"', [Reason(f"there are: {there}", "name one of them")]
        )
    return found


async def campaigns_told(call: Call) -> list[dict[str, Any]]:
    running = [sub for sub in await call.store.open_subs() if sub.run_state not in FINAL]
    return [
        {
            "name": one.name,
            "purpose": str(one.purpose),
            "country": one.country,
            "zone": one.zone,
            "queue": one.queue,
            "version": one.version,
            "lists": list(one.lists),
            "passes": [each.name for each in one.passes],
            "running": [sub.name for sub in running if sub.campaign.name == one.name],
        }
        for _, one in sorted(call.project.campaigns.items())
    ]


async def start(call: Call) -> dict[str, Any]:
    wish, campaign = call.brought(Start), campaign_of(call)
    frame: Timeframe = (
        _moment(wish.from_, campaign.zone, "from"),
        _moment(wish.until, campaign.zone, "until"),
    )
    lists = tuple(wish.lists) if wish.lists is not None else campaign.lists
    sub, enrolled = await campaigns.launch(call.store, call.project, campaign, lists, frame, by=call.who.name)
    return {
        "sub_campaign": sub.name,
        "state": sub.run_state.value,
        "lists": list(sub.lists),
        "contacts": enrolled,
    }


def _moment(text: str | None, zone: str, where: str) -> float | None:
    try:
        return None if text is None else moment_of(text, zone)
    except (ValueError, OverflowError):
        raise Problem(422, f"{where} is no moment", "write 2030-01-31T09:00") from None


async def change(call: Call) -> dict[str, Any]:
    wish = call.brought(Change)
    if wish.hang_up_ringing and wish.state != "stopped":
        raise Problem(422, "hang_up_ringing goes with the state stopped", "leave it out")
    changed = await campaigns.set_state(
        call.store,
        of(call),
        RunState(wish.state),
        by=call.who.name,
        hang_up_ringing=wish.hang_up_ringing,
    )
    return {"sub_campaigns": changed}


async def subs_told(call: Call) -> list[dict[str, Any]]:
    rows, _, _ = await campaigns.status_of(call.store, None)
    return rows if call.asked(Which).over else [row for row in rows if RunState(row["state"]) not in FINAL]


async def figures(call: Call) -> dict[str, Any]:
    return (await results.figures_of(call.store, of(call)))[0]


async def explained(call: Call) -> dict[str, Any]:
    told = await explain.explained(call.store, call.project, await sub_of(call))
    return {key: value for key, value in told.items() if key != "rules"}


async def rules_told(call: Call) -> list[dict[str, Any]]:
    sub, kept = await sub_of(call), await call.store.rules()
    rows = rules.rows_of(sub, kept)
    return [{"lasting": row["for"], **{k: v for k, v in row.items() if k != "for"}} for row in rows]


async def halted(call: Call) -> dict[str, Any]:
    return {"halted_by": await call.store.halted_by()}


async def halt(call: Call) -> dict[str, Any]:
    await call.store.halt(by=call.who.name)
    return {"halted_by": call.who.name}


async def unhalt(call: Call) -> dict[str, Any]:
    await call.store.unhalt(by=call.who.name)
    return {"halted_by": None}


SUB = "/api/sub-campaigns/{name}/{number}"
OPERATIONS = (
    Operation("GET", "/api/campaigns", "The campaigns of the files", campaigns_told, list[CampaignTold]),
    Operation(
        "POST",
        "/api/campaigns/{name}/start",
        "Start a campaign over its lists",
        start,
        Started,
        Role.SUPERVISOR,
        body=Start,
        status=201,
    ),
    Operation("GET", "/api/sub-campaigns", "What runs", subs_told, list[SubTold], query=Which),
    Operation("GET", SUB, "Every figure of a sub-campaign", figures, Figures),
    Operation(
        "PUT",
        f"{SUB}/state",
        "Pause it, let it go on, or stop it for good",
        change,
        Changed,
        Role.SUPERVISOR,
        body=Change,
    ),
    Operation("GET", f"{SUB}/explain", "Why nobody is being called now", explained, Explained),
    Operation("GET", f"{SUB}/rules", "Its rules over live figures", rules_told, list[RuleTold]),
    Operation("GET", "/api/halt", "The stop switch over everything", halted, Halted),
    Operation("PUT", "/api/halt", "Dial nobody any more", halt, Halted, Role.SUPERVISOR),
    Operation("DELETE", "/api/halt", "Release the stop switch", unhalt, Halted, Role.SUPERVISOR),
)
