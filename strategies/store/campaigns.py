"""Sub-campaigns: their snapshots, and how they stand; whose turn it is in them is left to `lanes`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from redis.asyncio.client import Pipeline

from strategies.campaign import Campaign
from strategies.state import Attachment, SubCampaign
from strategies.store.codec import read_sub, text
from strategies.store.errors import StoreError
from strategies.store.lines import packed
from strategies.store.people import People
from strategies.store.plans import Plans, mark
from strategies.vocabulary import Kind, RunState

BATCH = 1000  # contacts enrolled in one step: some milliseconds of the server


class Campaigns(People, Plans):
    """What runs, and the stop switch."""

    _snapshots: dict[str, SubCampaign]  # as launched
    _told: dict[str, SubCampaign]  # as they stood when they were last read

    async def next_sub_name(self, campaign: str) -> str:
        """A name nobody had: `CAMPAIGN/N`."""
        return f"{campaign}/{await self._command('HINCRBY', self._keys.numbering, campaign, 1)}"

    async def create_sub(self, sub: SubCampaign, *, by: str = "") -> None:
        """Keep the snapshot of a sub-campaign, which never changes again but for its run state; `by`: who
        launched it.

        Raises StoreError if the name is taken."""
        made = await self._call(
            "create_sub",
            (
                self._keys.subs,
                self._keys.run,
                self._keys.ledger,
                self._keys.figures(sub.name),
                self._keys.control(sub.name),
                self._keys.open,
            ),
            {
                "sub": sub.name,
                "record": text(replace(sub, passes_ended={}, attached={})),
                "lists": list(dict.fromkeys(sub.lists)),
                "state": sub.run_state,
                "lines": self._run_state_line(sub.name, sub.run_state, by=by),
            },
        )
        if not made:
            raise StoreError(f"there is a sub-campaign {sub.name} already: take its name from next_sub_name")

    async def subs(self) -> list[SubCampaign]:
        """All sub-campaigns, the oldest first."""
        return await self._as_they_stand(await self._command("HKEYS", self._keys.subs))

    async def open_subs(self) -> list[SubCampaign]:
        """Those that are not over, or still have contacts to end; the oldest first."""
        return await self._as_they_stand(await self._command("SMEMBERS", self._keys.open))

    async def close_sub(self, name: str) -> None:
        """Nothing is left to do in a sub-campaign that is over: `open_subs` tells of it no more."""
        await self._command("SREM", self._keys.open, name)

    async def sub(self, name: str) -> SubCampaign | None:
        """The sub-campaign as it stands."""
        found = await self._as_they_stand([name.encode()])
        return found[0] if found else None

    async def _as_they_stand(self, names: Sequence[bytes]) -> list[SubCampaign]:
        """Those that there are, the oldest first; the snapshots, which never change, are read once."""
        await self._read_snapshots([name.decode() for name in names])
        kept = [self._snapshots[name.decode()] for name in names if name.decode() in self._snapshots]
        kept.sort(key=lambda sub: (sub.created, sub.name))

        def fill(pipe: Pipeline) -> None:
            for sub in kept:
                pipe.execute_command("HGET", self._keys.run, sub.name)
                pipe.execute_command("HGETALL", self._keys.passes_ended(sub.name))
                pipe.execute_command("HGETALL", self._keys.control(sub.name))

        answers = await self._pipeline(fill) if kept else []
        found = [
            _as_it_stands(await self._with_plan(sub, control), state, ended, control)
            for sub, state, ended, control in zip(
                kept, answers[::3], answers[1::3], answers[2::3], strict=True
            )
        ]
        self._told |= {sub.name: sub for sub in found}
        return found

    async def _read_snapshots(self, names: Sequence[str]) -> None:
        missing = [name for name in names if name not in self._snapshots]
        raws = await self._command("HMGET", self._keys.subs, *missing) if missing else []
        self._snapshots |= {name: read_sub(raw) for name, raw in zip(missing, raws, strict=True) if raw}

    async def _snapshot(self, name: str) -> SubCampaign:
        """The snapshot without what changes."""
        await self._read_snapshots([name])
        if name not in self._snapshots:
            raise StoreError(f"there is no sub-campaign {name}")
        return self._snapshots[name]

    async def _in_force(self, name: str) -> Campaign:
        """The campaign as whoever writes now last read it: what they decided by."""
        told = self._told.get(name)
        return told.campaign if told is not None else (await self._snapshot(name)).campaign

    async def _list_name(self, name: str, index: int) -> str | None:
        """The list of that index in a sub-campaign; None where no list was attached."""
        for read in (self._told.get(name), None):
            known = read or await self.sub(name)
            for listed, attachment in (known.attached if known is not None else {}).items():
                if attachment.index == index:
                    return listed
        return None

    def _phase(self, name: str) -> str:
        """The overrides they decided by, as the server's functions compare them."""
        told = self._told.get(name)
        return mark(told.overrides if told is not None else ())

    async def set_run_state(self, name: str, state: RunState, *, by: str) -> bool:
        """Start, pause, stop; False if there is no such sub-campaign or it is over, which is final."""
        done = await self._call(
            "set_run_state",
            (self._keys.run, self._keys.ledger, *self._keys.of_sub(name)),
            {"sub": name, "state": state, "lines": self._run_state_line(name, state, by=by)},
        )
        return bool(done)

    def _run_state_line(self, sub: str, state: RunState, *, by: str) -> list[list[object]]:
        line = {"kind": Kind.RUN_STATE, "campaign": sub, "result": state, "by": by or None}
        return packed([line], at=self._clock())

    async def hang_up_ringing(self, name: str) -> None:
        """Wish that calls of a sub-campaign which nobody has answered are hung up."""
        await self._command("SADD", self._keys.hang_up, name)

    async def to_hang_up(self) -> frozenset[str]:
        """The sub-campaigns for which that was wished."""
        return frozenset(name.decode() for name in await self._command("SMEMBERS", self._keys.hang_up))

    async def hung_up(self, name: str) -> None:
        """No call of the sub-campaign rings any more."""
        await self._command("SREM", self._keys.hang_up, name)

    async def halt(self, *, by: str) -> None:
        """The stop switch: no claim of any sub-campaign succeeds until `unhalt`."""
        await self._command("SET", self._keys.halted, by)
        await self._note("halted", by)

    async def unhalt(self, *, by: str = "") -> None:
        """Release the stop switch."""
        names = [name.decode() for name in await self._command("SMEMBERS", self._keys.open)]
        await self._call(
            "unhalt", (self._keys.halted, *(key for name in names for key in self._keys.of_sub(name)))
        )
        await self._note("unhalted", by)

    async def _note(self, what: str, by: str) -> None:
        """A line of the audit on the stop switch; the switch comes first, whatever becomes of the line."""
        line = {"kind": Kind.CHANGED, "what": what, "by": by or None}
        lines = packed([line], at=self._clock())
        await self._call("append", (self._keys.ledger, self._keys.figures("")), {"lines": lines})

    async def halted_by(self) -> str | None:
        """Who threw the stop switch."""
        raw = await self._command("GET", self._keys.halted)
        return raw.decode() if raw is not None else None


def _as_it_stands(
    sub: SubCampaign, state: bytes, ended: Mapping[bytes, bytes], control: Mapping[bytes, bytes]
) -> SubCampaign:
    """The snapshot with what has changed since."""
    return replace(
        sub,
        run_state=RunState(state.decode()),
        passes_ended={name.decode(): float(at) for name, at in ended.items()},
        attached=_attached(control),
    )


def _attached(control: Mapping[bytes, bytes]) -> dict[str, Attachment]:
    """The lists ever attached, by the order in which they were."""
    indices = {name[5:].decode(): int(index) for name, index in control.items() if name.startswith(b"list:")}
    return {
        name: Attachment(
            index,
            weight=float(control.get(b"weight:%d" % index, 1)),
            paused=control.get(b"%d" % index) == b"paused",
            detached=control.get(b"%d" % index) == b"detached",
        )
        for name, index in sorted(indices.items(), key=lambda pair: pair[1])
    }
