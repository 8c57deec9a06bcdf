"""Lays the patches of overrides over a campaign's file and checks the result like any other campaign; when
an override holds is left to `strategies.overrides`, reading a patch from a file to `config.overrides_file`.

A patch can make nothing that a file could not make, and three things it cannot change at all: what a pass is
called, which pass it runs beside and which it recovers. Mistakes are told at their place in the patch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from config.campaign_build import campaign as build
from config.checking import Problems
from config.errors import ConfigError, ConfigErrors, Path_, shown
from config.pass_rules import FOREIGN, MESSAGE_RESULTS, Scripts
from config.scalars import nearest
from config.yaml_reader import Document
from strategies.campaign import Campaign
from strategies.overrides import Override, Patch, Phase, merged, stretches
from strategies.records import is_main
from strategies.state import SubCampaign
from strategies.vocabulary import VOICE, Medium
from strategies.windows import END_OF_DAY

CAMPAIGN = "campaign"
PATCHED = ("filter", "window", "order")  # what may be patched of the campaign itself
FIXED = ("name", "with", "recovers")  # what a pass is: nothing that holds for today
_PASSES: Path_ = ("strategy", "passes")


def phases(
    launched: SubCampaign,
    overrides: Sequence[Override],
    scripts: Scripts,
    *,
    now: float,
    written: Mapping[str, Document] | None = None,
) -> tuple[Phase, ...]:
    """What holds from `now` (epoch seconds) on, for every stretch in which an override is in force.

    `launched`: the sub-campaign as it was launched; `overrides` in the order in which they were set;
    `scripts`: those a patch may name beside the ones the launched campaign has; `written`: by the id of an
    override, the document its patch stands in. Raises ConfigErrors with every mistake in them.
    """
    strategy = launched.campaign
    own = {one.script.name: one.script for one in strategy.passes if one.script is not None}
    known = replace(scripts, found={**scripts.found, **own})
    base = Document(Path(f"{strategy.name}.yaml"), launched.source, {})
    return tuple(
        Phase(
            stretch.begins,
            stretch.ends,
            tuple(one.id for one in stretch.overrides),
            replace(
                patched(base, [_document(one, written or {}) for one in stretch.overrides], known),
                version=strategy.version,
            ),
        )
        for stretch in stretches(overrides, now)
    )


def patched(base: Document, patches: Sequence[Document], scripts: Scripts) -> Campaign:
    """The campaign of `base` with these patches laid over it, the later ones over the earlier. A pass that is
    taken out keeps its place. Raises ConfigErrors."""
    source = deepcopy(base.data)
    if not isinstance(source, dict) or not source:
        raise ConfigErrors([base.error((), "the campaign's own file is not known", "start it anew")])
    if errors := [error for patch in patches for error in misplaced(patch, source)]:
        raise ConfigErrors(errors)
    changes = merged(patch.data for patch in patches)  # type: ignore[misc]  # mappings, as just checked
    overlaid = _Overlaid(base.file, source, {}, patches=tuple(patches))
    overlaid = replace(overlaid, excused=_silent_recoveries(apply(changes, source)))
    found, problems = build(overlaid, scripts)
    if found is not None:
        found = _without_those_taken_out(found, changes)
        _check_lawful(found, changes, problems)
        _check_left(found, problems)
    if found is None or problems.errors:
        raise ConfigErrors(problems.errors)
    return found


@dataclass(frozen=True, slots=True)
class _Overlaid(Document):
    """A campaign's file with patches laid over it: a mistake is told at its place in the last patch that has
    to do with it."""

    patches: tuple[Document, ...] = ()

    def error(self, path: Path_, message: str, mend: str = "") -> ConfigError:
        """An error at that path of the campaign's file."""
        place = self._in_a_patch(path)
        patch = next((one for one in reversed(self.patches) if _has(one, place)), self.patches[-1])
        return patch.error(place, message, mend)

    def _in_a_patch(self, path: Path_) -> Path_:
        if path[:2] == _PASSES and len(path) > 2:
            return (_passes(self.data)[int(path[2])]["name"], *path[3:])
        return (CAMPAIGN, *path) if path[:1] and path[0] in PATCHED else path


def _has(patch: Document, place: Path_) -> bool:
    """Whether the patch says something of the key a place lies in, or, of a key that is nowhere, of its
    pass."""
    keys = patch.data.get(place[0]) if isinstance(patch.data, dict) and place else None
    return keys is not None and (len(place) == 1 or place[1] in keys or "medium" in keys)


def _document(override: Override, written: Mapping[str, Document]) -> Document:
    return written.get(override.id) or Document(Path(f"override {override.id}"), override.patch, {})


def _passes(source: object) -> list[dict[str, Any]]:
    """The passes of a campaign that was checked when it was launched."""
    assert isinstance(source, dict)  # noqa: S101 - as the only caller has seen
    return list(source["strategy"]["passes"])


def misplaced(patch: Document, source: Mapping[str, Any]) -> list[ConfigError]:
    """What a patch names that there is not, or that no override may change."""
    names = [one["name"] for one in _passes(source)]
    if not isinstance(patch.data, dict) or not patch.data:
        mend = f"write a pass and what changes: {{{names[0]}: {{devices: [mobile]}}}}"
        told = f"{shown(patch.data)} is no patch" if patch.data else "changes nothing"
        return [patch.error((), told, mend)]
    errors = []
    for name, keys in patch.data.items():
        if name not in names and name != CAMPAIGN:
            errors.append(
                patch.error((name,), f"there is no pass {shown(name)}", nearest(name, [*names, CAMPAIGN]))
            )
        elif keys is None and name == CAMPAIGN:
            errors.append(patch.error((name,), "the campaign cannot be taken out", "pause it"))
        elif keys is not None and not isinstance(keys, dict):
            mend = "write keys and values, or null to take the pass out"
            errors.append(patch.error((name,), f"{shown(keys)} is not a mapping", mend))
        else:
            errors += [_fixed(patch, name, key) for key in keys or () if not _may_change(name, key)]
    return errors


def _may_change(name: str, key: str) -> bool:
    return key in PATCHED if name == CAMPAIGN else key not in FIXED


def _fixed(patch: Document, name: str, key: str) -> ConfigError:
    if name == CAMPAIGN:
        return patch.error((name, key), "is not for an override to change", nearest(key, list(PATCHED)))
    return patch.error((name, key), "is what the pass is, not how it goes today", "remove it")


def apply(changes: Patch, source: dict[str, Any]) -> dict[str, Any]:
    """Writes the changes into a campaign's file, which is returned; passes taken out are left as they are."""
    passes = _passes(source)
    media = {one["name"]: one["medium"] for one in passes}
    _keep_devices_of_recoveries(passes, changes)
    _lay(changes.get(CAMPAIGN) or {}, source)
    for one in passes:
        keys = changes.get(one["name"]) or {}
        _lay(keys, one)
        if one.get("medium") != media[one["name"]]:
            _drop_what_is_foreign(one, keys)
    return source


def _silent_recoveries(source: dict[str, Any]) -> frozenset[Path_]:
    """Where a fault is meant: recoveries of a pass that loses nobody while it sends messages."""
    passes = _passes(source)
    silent = {one["name"] for one in passes if one.get("medium") in (Medium.TEXT, Medium.EMAIL)}
    return frozenset(
        (*_PASSES, index, "recovers") for index, one in enumerate(passes) if _recovered(one) in silent
    )


def _lay(keys: Mapping[str, Any], over: dict[str, Any]) -> None:
    """Each key replaced whole; null is as if it had never been written."""
    over.update(deepcopy(dict(keys)))
    for key in [key for key, value in keys.items() if value is None]:
        del over[key]


def _recovered(one: Mapping[str, Any]) -> str | None:
    """The pass that a pass recovers; None where it recovers a queue, or nobody."""
    return one["recovers"] if isinstance(one.get("recovers"), str) else None


def _keep_devices_of_recoveries(passes: Sequence[dict[str, Any]], changes: Patch) -> None:
    """Who was lost in a call is called back on a telephone, whatever the pass has become since."""
    devices = {one["name"]: one.get("devices") for one in passes}
    for one in passes:
        recovered = _recovered(one)
        if recovered is not None and "medium" in (changes.get(recovered) or {}) and devices[recovered]:
            one.setdefault("devices", devices[recovered])


def _drop_what_is_foreign(one: dict[str, Any], keys: Mapping[str, Any]) -> None:
    """After a change of medium: what only the old one has falls away, unless the patch says it itself."""
    medium = one.get("medium")
    if medium not in list(Medium):
        return  # which the check tells
    foreign = {*FOREIGN[Medium(medium)], "devices", "pacing", "machine"} - {"recovers"}
    for key in foreign - keys.keys():
        one.pop(key, None)
    retry = one.get("retry")
    if isinstance(retry, dict) and "retry" not in keys:
        sends = medium not in VOICE
        one["retry"] = {
            result: then for result, then in retry.items() if (result in MESSAGE_RESULTS) is sends
        }


def _without_those_taken_out(found: Campaign, changes: Patch) -> Campaign:
    taken = {name for name, keys in changes.items() if keys is None}
    return replace(
        found, passes=tuple(replace(one, out=True) if one.name in taken else one for one in found.passes)
    )


def _check_lawful(found: Campaign, changes: Patch, problems: Problems) -> None:
    """Notes hours beyond the law's: a file's are cut to them, but who overrides should know."""
    law = found.legal_window
    hours = f"{law.opens:%H:%M} to {law.closes:%H:%M}, {', '.join(law.days)}"
    places: list[tuple[Path_, str, Any]] = [(("window",), CAMPAIGN, found.window)]
    places += [((*_PASSES, index, "window"), one.name, one.window) for index, one in enumerate(found.passes)]
    for path, name, window in places:
        if "window" in (changes.get(name) or {}) and window is not None:
            late = law.closes != END_OF_DAY and (window.closes == END_OF_DAY or window.closes > law.closes)
            if late or window.opens < law.opens:
                problems.add(path, f"leaves the hours the law gives ({hours})", "stay inside them")


def _check_left(found: Campaign, problems: Problems) -> None:
    """Notes that nobody could be reached; a recovery alone has nobody to recover."""
    if not any(is_main(one) and not one.out for one in found.passes):
        last = max(index for index, one in enumerate(found.passes) if one.out)
        mend = "leave one in, or pause the campaign"
        problems.add((*_PASSES, last), "no pass is left that people could be reached by", mend)
