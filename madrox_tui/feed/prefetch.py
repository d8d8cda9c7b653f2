"""The first view of a tree, made by another process while this one loads the screen."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from logging_core.read.frames import read_frame
from logging_core.read.panes import PaneFile
from logging_core.records import Batch, FrameRef
from madrox_tui.config import Settings
from madrox_tui.feed.first_view import FirstView
from madrox_tui.feed.opened import OpenedFleet, model_options, screen_cache
from madrox_tui.feed.pulse import Pulse
from madrox_tui.feed.view_maker import PREFETCHED, ViewMaker
from madrox_tui.panels.instances.rows import Order, ordered


def prefetch(
    root: Path,
    settings: Settings,
    *,
    by: str,
    since_s: float | None,
    now: Callable[[], float],
    enough: Callable[[], bool],
) -> FirstView:
    """Make the first view; blocks.

    Args:
        root: The log tree; need not exist.
        settings: The user's settings.
        by: What the audit panel's table is grouped by.
        since_s: Count only what happened at or after this moment; `None` for all.
        now: The clock, seconds since the epoch.
        enough: Asked between two polls; ends it early.
    """
    fleet = OpenedFleet(root, model_options(settings, since_s), screen_cache(root, since_s))
    polls = fleet.read_ahead(enough)
    views = ViewMaker(settings, Pulse(time.monotonic), time.monotonic)
    views.group_by(by)
    views.is_whole, views.unread = fleet.is_whole, fleet.unread
    capture = _capture(fleet, root, views, now())
    state = msgspec.structs.replace(fleet.model.state(now()), reordered=PREFETCHED)
    return FirstView(views.of(fleet.model, state), polls, capture)


def _capture(
    fleet: OpenedFleet, root: Path, views: ViewMaker, now_s: float
) -> tuple[FrameRef, str] | None:
    """Read the newest frame of the instance that is selected at first, and tell the model of it."""
    state = fleet.model.state(now_s)
    chosen = next(iter(ordered(views.narrowing.choose(state.instances), Order())), None)
    if chosen is None:
        return None
    try:
        if chosen.newest_frame is not None:
            return chosen.newest_frame, read_frame(root, chosen.newest_frame)
        for ref in PaneFile(root, chosen.instance_id).newest(1):
            fleet.model.apply(Batch(records=(ref,), caught_up=state.caught_up))
            return ref, read_frame(root, ref)
    except OSError:
        pass
    return None
