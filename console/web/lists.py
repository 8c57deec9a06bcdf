"""Operations on lists: what there is, the matrix of lists by campaigns, and lists in campaigns while they
run."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from console import list_campaigns
from console import lists as imports_of
from console.list_matrix import matrix_rows
from console.web.access import Role
from console.web.operations import Body, Call, Operation, Told
from console.web.problems import Problem
from console.web.subs import SUB, Changed, Which, of


class ListTold(Told):
    """A list, and how many contacts it has."""

    name: str
    contacts: int


class Cell(Told):
    """How a list stands in a sub-campaign; all but `list` and `contacts` is null where it is in
    none."""

    list: str
    sub_campaign: str | None
    state: Literal["attached", "paused", "detached"] | None
    weight: float | None
    contacts: int
    due: int | None
    in_progress: int | None
    ended: int | None


class Attach(Body):
    """`weight`: its share of the work beside other lists'."""

    weight: float | None = Field(None, ge=0.001, le=1e6)


class Attached(Told):
    """How many contacts are new in the sub-campaign, and how many are back."""

    sub_campaign: str
    new: int
    back: int


class Setting(Body):
    """What is to be otherwise; what is not said stays."""

    weight: float | None = Field(None, ge=0.001, le=1e6)
    paused: bool | None = None


class TakenBack(Told):
    """What became of the contacts of an import that was undone, such as `removed`, `restored`, `enrolled`."""

    list: str
    contacts: dict[str, int]


async def lists(call: Call) -> list[dict[str, Any]]:
    return [{"name": name, "contacts": size} for name, size in sorted((await call.store.lists()).items())]


async def matrix(call: Call) -> list[dict[str, Any]]:
    return await matrix_rows(call.store, over=call.asked(Which).over)


async def attach(call: Call) -> dict[str, Any]:
    weight = call.brought(Attach).weight
    (done,) = await list_campaigns.attach_list(
        call.store, call.path["list_name"], of(call), weight, by=call.who.name
    )
    return done


async def detach(call: Call) -> dict[str, Any]:
    done = await list_campaigns.detach_list(call.store, call.path["list_name"], of(call), by=call.who.name)
    return {"sub_campaigns": done}


async def set_one(call: Call) -> dict[str, Any]:
    wish = call.brought(Setting)
    if wish.weight is None and wish.paused is None:
        raise Problem(422, "nothing is to be otherwise", "say weight, or paused")
    done = await list_campaigns.set_list(
        call.store,
        call.path["list_name"],
        of(call),
        by=call.who.name,
        share=wish.weight,
        paused=wish.paused,
    )
    return {"sub_campaigns": done}


async def take_back(call: Call) -> dict[str, Any]:
    name = call.path["list_name"]
    return {"list": name, "contacts": await imports_of.take_back(call.store, name, by=call.who.name)}


IN_SUB = f"{SUB}/lists/{{list_name}}"
OPERATIONS = (
    Operation("GET", "/api/lists", "The lists there are", lists, list[ListTold]),
    Operation("GET", "/api/matrix", "Lists by campaigns", matrix, list[Cell], query=Which),
    Operation("PUT", IN_SUB, "Attach a list to what runs", attach, Attached, Role.SUPERVISOR, body=Attach),
    Operation(
        "PATCH", IN_SUB, "Weigh, pause or resume it there", set_one, Changed, Role.SUPERVISOR, body=Setting
    ),
    Operation(
        "DELETE", IN_SUB, "Detach it: nobody of it is called from now on", detach, Changed, Role.SUPERVISOR
    ),
    Operation(
        "DELETE",
        "/api/lists/{list_name}/imports/latest",
        "Take the latest import of a list back",
        take_back,
        TakenBack,
        Role.SUPERVISOR,
    ),
)
