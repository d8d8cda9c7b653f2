"""The words of the status line."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from textual.content import Content

from logging_core.analyse.state import FleetState, State
from logging_core.text import safe_line
from madrox_tui import format as fmt
from madrox_tui.view import View

READING = Content.styled("◌ reading", "$accent")
"""Shown until the whole tree has been read."""

PREPARING = Content.styled("◌ preparing history", "$accent")
"""Shown while an earlier state is loaded."""

NOW = Content.styled("now:", "$muted")
"""Precedes the newest counts while the panels show an older view."""

LEAST_LAG_S = 1.0
"""A shorter lag is not worth showing."""

_COUNTED = {
    State.WAITING: "$warning bold",
    State.STUCK: "$error bold",
    State.ERROR: "$error bold",
    State.BUSY: "$success",
    State.INITIALIZING: "$accent",
    State.IDLE: "",
    State.SUSPENDED: "$warning",
    State.TERMINATED: "$muted",
    State.UNKNOWN: "$muted",
}


def status_pieces(
    latest: View, held: View | None, since_s: float | None = None
) -> tuple[Content, ...]:
    """Build the pieces: live, paused or waiting; who needs you; problems; cost; the rest.

    Args:
        latest: The newest view.
        held: The older view that the screen shows; `None` when live.
        since_s: Counted is what happened at or after this moment; `None`: everything.
    """
    state = latest.state
    total = len(state.instances)
    problems = state.problems.total
    counts = _counts(latest)
    needs_you = (State.WAITING, State.STUCK, State.ERROR)
    urgent = [counts.pop(kind) for kind in needs_you if kind in counts]
    pieces = [_mode(state, held), *([NOW] if held is not None else []), *urgent]
    if since_s is not None:
        pieces.append(Content.styled(f"since {fmt.since(since_s, state.at_s)}", "$accent"))
    if latest.lag_s >= LEAST_LAG_S:
        pieces.append(Content.styled(f"lag {fmt.duration(latest.lag_s)}", "$warning"))
    if problems:
        pieces.append(Content.styled(f"{problems} {fmt.plural(problems, 'problem')}", "$warning"))
    pieces.append(Content.styled(f"{total} {fmt.plural(total, 'instance')}", "bold"))
    if state.usage.requests:
        pieces.append(Content(fmt.money(state.usage)))
        pieces.append(Content(f"{fmt.count(state.usage.requests)} req"))
    if latest.events_per_s:
        pieces.append(Content.styled(f"{_rate(latest.events_per_s)}/s", "$muted"))
    return (*pieces, *counts.values())


def status_right(latest: View, root: Path) -> str:
    """Return where the logs are, and the time."""
    return f"{safe_line(str(root))}  {fmt.clock(latest.state.at_s)}"


def _mode(state: FleetState, held: View | None) -> Content:
    if held is not None and held.moment_s is not None:
        moment = datetime.fromtimestamp(held.moment_s).isoformat(" ", "seconds")
        return Content.styled(f"◷ at {moment}  @ for live", "$accent bold")
    if held is not None:
        new = _messages(state) - _messages(held.state)
        return Content.styled(f"‖ paused  {new} new", "$warning bold")
    if state.waiting is not None:
        return Content.styled(f"◌ waiting: {safe_line(state.waiting)}", "$warning")
    if not state.caught_up:
        return READING
    return Content.styled("● live", "$success bold")


def _messages(state: FleetState) -> int:
    return state.dropped_messages + len(state.messages)


def _counts(view: View) -> dict[State, Content]:
    return {
        kind: Content.styled(f"{view.counts[kind]} {kind.value}", style)
        for kind, style in _COUNTED.items()
        if view.counts[kind]
    }


def _rate(events_per_s: float) -> str:
    if events_per_s < 10:
        return f"{events_per_s:.1f} events"
    return f"{fmt.count(round(events_per_s))} events"
