"""The first view of a tree, made by another process while the screen is loaded."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from logging_core.read.frames import read_frame
from logging_core.read.panes import PaneFile
from logging_core.records import Batch, FrameRef
from madrox_tui.config import Settings
from madrox_tui.feed.opened import OpenedFleet, model_options, screen_cache
from madrox_tui.feed.pulse import Pulse
from madrox_tui.feed.view_maker import AHEAD, Views
from madrox_tui.instances.rows import Order, ordered
from madrox_tui.view import View


class First(NamedTuple):
    """What there is to be seen at first.

    Attributes:
        view: The view.
        looks: How many looks at the tree are in it.
        capture: The newest frame of who needs somebody most, and its text; `None` if there is
            none.
    """

    view: View
    looks: int
    capture: tuple[FrameRef, str] | None = None


def look_first(
    root: Path,
    settings: Settings,
    *,
    by: str,
    since_s: float | None,
    now: Callable[[], float],
    enough: Callable[[], bool],
) -> First:
    """What there is, blocking.

    Args:
        root: The log tree; need not exist.
        settings: The filter, and how to look.
        by: What the audit panel sums by.
        since_s: Count only what happened at or after this moment; `None` for all.
        now: The clock, seconds since the epoch.
        enough: Ends it early, between two looks.
    """
    fleet = OpenedFleet(root, model_options(settings, since_s), screen_cache(root, since_s))
    looks = fleet.look_ahead(enough)
    views = Views(settings, Pulse(time.monotonic), time.monotonic)
    views.group_by(by)
    views.is_whole, views.unread = fleet.is_whole, fleet.unread
    capture = _capture(fleet, root, views, now())
    state = msgspec.structs.replace(fleet.model.state(now()), reordered=AHEAD)
    return First(views.of(fleet.model, state), looks, capture)


def _capture(
    fleet: OpenedFleet, root: Path, views: Views, now_s: float
) -> tuple[FrameRef, str] | None:
    """The newest frame of whom the list selects if it is sorted as at first.

    The model knows of it from now on.
    """
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
