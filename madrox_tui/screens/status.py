"""The words of the status line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from textual.content import Content

from logging_core.analyse.state import FleetState, State
from logging_core.text import safe_line
from madrox_tui import format as fmt
from madrox_tui.key_names import KeysInForce, clickable
from madrox_tui.states import LOOKS, NEEDS_YOU
from madrox_tui.view import View
from madrox_tui.widgets.status_bar import Piece

READING = Piece(0, (Content.styled("◌ reading", "$accent"),))
"""Shown until the whole tree has been read."""

NOW = Piece(0, (Content.styled("now:", "$muted"),))
"""Precedes the newest counts while the panels show an older view."""

LAST_SEEN = Piece(0, tuple(Content.styled(t, "$error bold") for t in ("✗ as last seen:", "✗")))
"""Precedes them instead where the tree has gone away."""

MIN_LAG_S = 1.0
"""A shorter lag is not worth showing."""

QUIET_S = 300.0
"""A fleet that wrote nothing for so long may have lost its orchestrator, so it is said."""

HEALTH = "screen.health"
"""What a click on a trouble does."""

SUMS = "screen.panel('audit')"
"""What a click on a sum does."""

_COUNTED = {
    State.WAITING: "$warning bold",
    State.STUCK: "$error bold",
    State.ERROR: "$error bold",
    State.BUSY: "$success",
    State.INITIALIZING: "$accent",
    State.SUSPENDED: "$warning",
    State.IDLE: "",
    State.UNKNOWN: "$muted",
    State.TERMINATED: "$muted",
}


_SHORT = {
    State.INITIALIZING: "init",
    State.SUSPENDED: "susp",
    State.TERMINATED: "term",
}
"""Shorter words for states, each of which `state:` of a filter understands."""


def status_pieces(
    latest: View, held: View | None, keys: KeysInForce, since_s: float | None = None
) -> tuple[Piece, ...]:
    """Build the pieces: live, paused or waiting; counts per state; cost; problems and pace.

    `polling` is said where the operating system should tell what changes, and does not.

    Args:
        latest: The newest view.
        held: The older view that the screen shows; `None` when live.
        keys: The keys in force.
        since_s: Counted is what happened at or after this moment; `None`: everything.
    """
    state = latest.state
    total = len(state.instances)
    least = "" if latest.audit.counted_from_s is None else "≥ "
    pieces = [_mode(state, held, keys)]
    if held is not None:
        pieces.append(LAST_SEEN if is_lost(state) else NOW)
    pieces += _counts(latest)
    pieces += _doubts(latest)
    if since_s is not None:
        pieces.append(_piece(1, f"since {fmt.since(since_s, state.at_s)}", "$accent"))
    pieces.append(_piece(8, f"{total} {fmt.plural(total, 'instance')}", "bold"))
    if state.usage.requests:
        money = (fmt.money(state.usage), fmt.money_in_short(state.usage))
        pieces.append(_does(Piece(7, tuple(Content(least + text) for text in money)), SUMS))
        number = fmt.count(state.usage.requests)
        pieces.append(_does(_piece(9, f"{least}{number} req"), SUMS))
    if state.errors:
        errors = _piece(5, f"{least}{fmt.count(state.errors)} err", "$error")
        pieces.append(_does(errors, _narrow_to("errors>0")))
    return *pieces, *_troubles(latest)


def _doubts(latest: View) -> Iterator[Piece]:
    """Yield why what is shown may not be how it is."""
    state = latest.state
    if latest.unread is not None and (state.waiting is None or is_lost(state)):
        what, _, _ = latest.unread.partition(":")  # the log health report says why
        yield _does(_piece(2, f"◌ {what}", "$accent"), HEALTH)
    if state.caught_up and state.waiting is None and latest.silent_s > QUIET_S:
        quiet = fmt.age(latest.silent_s)
        yield _piece(2, f"nothing new for {quiet}", short=f"quiet {quiet}")


def _troubles(latest: View) -> Iterator[Piece]:
    """Yield what makes reading hard, and how much there is of it."""
    state = latest.state
    problems = state.problems.total
    if problems:
        text = f"{problems} {fmt.plural(problems, 'problem')}"
        yield _does(_piece(2, text, "$warning", short=f"{problems}!"), HEALTH)
    if state.polling:
        yield _piece(1, "polling", "$warning")
    if latest.lag_s >= MIN_LAG_S:
        yield _piece(1, f"lag {fmt.duration(latest.lag_s)}", "$warning")
    if latest.events_per_s:
        yield _piece(10, f"{_rate(latest.events_per_s)}/s", "$muted")


def preparing(records: int) -> Piece:
    """Say that an earlier state is loaded, and how many records have been read for it so far."""
    what = "◌ preparing history"
    texts = (f"{what}  {fmt.count(records)} records", what) if records else (what,)
    return Piece(0, tuple(Content.styled(text, "$accent") for text in texts))


def is_lost(state: FleetState) -> bool:
    """Return whether the tree went away after some of it was read."""
    return state.waiting is not None and bool(state.instances or state.messages)


def status_path(root: Path) -> str:
    """Return where the logs are, safe to show."""
    return safe_line(str(root))


def status_clock(latest: View) -> str:
    """Return the time."""
    return fmt.clock(latest.state.at_s)


def _piece(rank: int, text: str, style: str = "", *, short: str = "") -> Piece:
    texts = (text, text, short) if short else (text,)
    return Piece(rank, tuple(Content.styled(part, style) for part in texts))


def _does(piece: Piece, action: str) -> Piece:
    """Return a piece a click on which runs an action of the screen."""
    return piece._replace(texts=tuple(clickable(text, action) for text in piece.texts))


def _narrow_to(term: str) -> str:
    return f"screen.narrow_to({term!r})"


def _mode(state: FleetState, held: View | None, keys: KeysInForce) -> Piece:
    if held is not None and held.moment_s is not None:
        moment = fmt.at(held.moment_s, state.at_s)
        way_back = f"{keys.name('view.moment')} for live"
        return _does(_piece(0, f"◷ at {moment}  {way_back}", "$accent bold"), "screen.moment")
    if held is not None:
        new = _messages(state) - _messages(held.state)
        return _does(_piece(0, f"‖ paused  {new} new", "$warning bold"), "screen.live")
    if is_lost(state):
        why = safe_line(state.waiting or "")
        texts = (f"✗ as last seen: {why}", "✗ as last seen")  # there are counts to be shown, too
        return Piece(0, tuple(Content.styled(text, "$error bold") for text in texts))
    if state.waiting is not None:
        return _piece(0, f"◌ waiting: {safe_line(state.waiting)}", "$warning")
    if not state.caught_up:
        return READING
    return _piece(0, "● live", "$success bold")


def _messages(state: FleetState) -> int:
    return state.dropped_messages + len(state.messages)


def _counts(view: View) -> Iterator[Piece]:
    """Yield the count of each state; those that need you come first, and are dropped last."""
    for place, kind in enumerate(LOOKS):
        number, style = view.counts[kind], _COUNTED[kind]
        if number:
            words = (f"{number} {word}" for word in (kind.value, _SHORT.get(kind, kind.value)))
            texts = (*words, f"{number}{LOOKS[kind].glyph}")
            rank = 3 if kind in NEEDS_YOU else 4 if place < 5 else 6
            piece = Piece(rank, tuple(Content.styled(text, style) for text in texts))
            yield _does(piece, _narrow_to(f"state:{kind.value}"))


def _rate(events_per_s: float) -> str:
    if events_per_s < 10:
        return f"{events_per_s:.1f} events"
    return f"{fmt.count(round(events_per_s))} events"
