"""Reading a tree once, for a report."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.state import FleetState
from logging_core.cache import FleetCache, read_fleet
from logging_core.read.names import shown_name
from logging_core.read.raw import list_instances
from logging_core.tree import LogTree, local_path
from madrox_tui import format as fmt
from madrox_tui.arguments import StartError
from madrox_tui.config import Settings
from madrox_tui.feed.opened import model_options
from madrox_tui.filters import EXAMPLES, filter_words, parse_filter
from madrox_tui.names import names_of


class Report(msgspec.Struct, frozen=True):
    """What a report says.

    Attributes:
        state: The fleet, without the instances that the filter leaves out.
        names: What instances of the whole fleet are called on the screen, by id.
        limits: What was left out, in words; empty if nothing was.
    """

    state: FleetState
    names: Mapping[str, str]
    limits: tuple[str, ...] = ()


def read_report(
    root: Path, settings: Settings, *, since_s: float | None, now: Callable[[], float]
) -> Report:
    """Read a log tree once.

    Args:
        root: The tree.
        settings: The filter, and how to look.
        since_s: Count only what happened at or after this moment; `None` for all.
        now: The clock, seconds since the epoch. It is looked at first: what was written before
            then is in the report, and some of what was written while it was made.

    Raises:
        StartError: There is no tree, or a word of the filter means nothing: a script would be
            given other numbers than it asked for.
    """
    _check_filter(settings.filter)
    at_s = now()
    model = _read(root, settings, since_s)
    state = model.state(at_s)
    if state.waiting is not None:
        raise StartError(state.waiting)
    part, limits = _narrowed(model, state, settings.filter)
    if since_s is not None:
        limits += (f"since {fmt.moment(since_s)}",)
    return Report(part, names_of(state.instances), limits)


def metadata_as_written(root: Path) -> dict[str, Mapping[str, Any]]:
    """The metadata of each instance with nothing made safe to show, by the id that a state has."""
    entries = list_instances(LogTree(root))
    return {shown_name(local_path(entry["instance_id"])): entry for entry in entries}


def _check_filter(text: str) -> None:
    for word in filter_words(text):
        if word.problem:
            raise StartError(f"filter: {word.text}: {word.problem}; use {EXAMPLES}")


def _read(root: Path, settings: Settings, since_s: float | None) -> FleetModel:
    return read_fleet(
        root,
        FleetCache(root, "report") if since_s is None else None,
        **model_options(settings, since_s),
        by_time=False,
        max_messages=1,
    )


def _narrowed(
    model: FleetModel, state: FleetState, text: str
) -> tuple[FleetState, tuple[str, ...]]:
    """What a filter leaves, and what is to be said of it."""
    listed = parse_filter(text)
    if not listed:
        return state, ()
    chosen = listed.choose(state.instances)
    part = msgspec.structs.replace(
        state,
        instances=chosen,
        usage=model.usage_of(instance.instance_id for instance in chosen),
        errors=state.errors_about(chosen),
    )
    words = " ".join(text.split())
    return part, (f"filter: {words} · {len(chosen)} of {len(state.instances)} instances",)
