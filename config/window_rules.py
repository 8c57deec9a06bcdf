"""What hours and days must not say: half a window, or a pass that is never open."""

from __future__ import annotations

from config.campaign_file import WindowFile
from config.checking import Problems
from config.errors import Path_
from strategies.campaign import Campaign, Window
from strategies.windows import END_OF_DAY, pass_window


def check_both_ends(path: Path_, window: WindowFile, problems: Problems) -> None:
    """Notes a window that has one end only."""
    for key, value in (("from", window.opens), ("to", window.closes)):
        if value is None and (window.opens or window.closes):
            problems.add((*path, key), "is missing", 'write both, such as {from: "09:00", to: "18:00"}')


def check_open(campaign: Campaign, problems: Problems) -> None:
    """Notes every pass that the law's, the campaign's and its own hours and days leave no moment."""
    if _never(campaign.window):
        problems.add(("window",), "closes before it opens", "write the earlier time under from")
        return
    for index, one in enumerate(campaign.passes):
        path: Path_ = ("strategy", "passes", index)
        both = pass_window(campaign, one)
        hours = f"{campaign.legal_window.opens:%H:%M} to {campaign.legal_window.closes:%H:%M}"
        if one.window is not None and _never(one.window):
            problems.add((*path, "window"), "closes before it opens", "write the earlier time under from")
        elif not both.days:
            message = "no weekday is allowed both by the campaign and by the pass"
            problems.add((*path, "days" if one.window is None else "window"), message, "let them share a day")
        elif _never(both):
            message = f"is never open: the campaign's hours, the pass's and the law's ({hours}) do not meet"
            problems.add((*path, "window") if one.window else ("window",), message, "let them overlap")
        elif one.pacing.finish_by is not None and one.pacing.finish_by <= both.opens:
            message = f"{one.pacing.finish_by:%H:%M} has passed when the pass opens at {both.opens:%H:%M}"
            problems.add((*path, "pacing", "finish_by"), message, "write a time inside the window")


def _never(window: Window) -> bool:
    return window.closes != END_OF_DAY and window.closes <= window.opens
