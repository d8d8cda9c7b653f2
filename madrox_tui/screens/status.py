"""The words of the status line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from logging_core.analyse.state import FleetState, State
from logging_core.text import safe_line
from madrox_tui import format as fmt
from madrox_tui.key_names import KeysInForce
from madrox_tui.states import LOOKS, NEEDS_YOU
from madrox_tui.view import View
from madrox_tui.widgets.status_bar import Piece

READING = Piece(0, ("◌ reading",), "accent")
"""Shown until the whole tree has been read."""

NOW = Piece(0, ("now:",), "muted")
"""Precedes the newest counts while the panels show an older view."""

LAST_SEEN = Piece(0, ("✗ as last seen:", "✗"), "strong-bad")
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
    State.WAITING: "strong-warn",
    State.STUCK: "strong-bad",
    State.ERROR: "strong-bad",
    State.BUSY: "good",
    State.INITIALIZING: "accent",
    State.SUSPENDED: "warn",
    State.IDLE: "",
    State.UNKNOWN: "muted",
    State.TERMINATED: "muted",
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
    pieces = [_mode(latest, held, keys)]
    if held is not None:
        pieces.append(LAST_SEEN if is_lost(state) else NOW)
    pieces += _counts(latest)
    pieces += _doubts(latest)
    if since_s is not None:
        pieces.append(Piece(1, (f"since {fmt.since(since_s, state.at_s)}",), "accent"))
    pieces.append(Piece(8, (f"{total} {fmt.plural(total, 'instance')}",), "strong"))
    if state.usage.requests:
        money = (fmt.money(state.usage), fmt.money_in_short(state.usage))
        pieces.append(Piece(7, tuple(least + text for text in money), action=SUMS))
        number = fmt.count(state.usage.requests)
        pieces.append(Piece(9, (f"{least}{number} req",), action=SUMS))
    if state.errors:
        errors = f"{least}{fmt.count(state.errors)} err"
        pieces.append(Piece(5, (errors,), "bad", _narrow_to("errors>0")))
    return *pieces, *_troubles(latest)


def _doubts(latest: View) -> Iterator[Piece]:
    """Yield why what is shown may not be how it is."""
    state = latest.state
    if latest.unread is not None and (state.waiting is None or is_lost(state)):
        what, _, _ = latest.unread.partition(":")  # the log health report says why
        yield Piece(2, (f"◌ {what}",), "accent", HEALTH)
    if state.caught_up and state.waiting is None and latest.silent_s > QUIET_S:
        quiet = fmt.age(latest.silent_s)
        long = f"nothing new for {quiet}"
        yield Piece(2, (long, long, f"quiet {quiet}"))


def _troubles(latest: View) -> Iterator[Piece]:
    """Yield what makes reading hard, and how much there is of it."""
    state = latest.state
    problems = state.problems.total
    if problems:
        text = f"{problems} {fmt.plural(problems, 'problem')}"
        yield Piece(2, (text, text, f"{problems}!"), "warn", HEALTH)
    if state.polling:
        yield Piece(1, ("polling",), "warn")
    if latest.lag_s >= MIN_LAG_S:
        yield Piece(1, (f"lag {fmt.duration(latest.lag_s)}",), "warn")
    if latest.events_per_s:
        yield Piece(10, (f"{_rate(latest.events_per_s)}/s",), "muted")


def preparing(records: int) -> Piece:
    """Say that an earlier state is loaded, and how many records have been read for it so far."""
    what = "◌ preparing history"
    texts = (f"{what}  {fmt.count(records)} records", what) if records else (what,)
    return Piece(0, texts, "accent")


def is_lost(state: FleetState) -> bool:
    """Return whether the tree went away after some of it was read."""
    return state.waiting is not None and bool(state.instances or state.messages)


def status_path(root: Path) -> str:
    """Return where the logs are, safe to show."""
    return safe_line(str(root))


def status_clock(latest: View) -> str:
    """Return the time."""
    return fmt.clock(latest.state.at_s)


def _narrow_to(term: str) -> str:
    return f"screen.narrow_to({term!r})"


def _mode(latest: View, held: View | None, keys: KeysInForce) -> Piece:
    state = latest.state
    if held is not None and held.moment_s is not None:
        moment = fmt.at(held.moment_s, state.at_s)
        said = f"◷ at {moment}  {keys.name('view.moment')} for live"
        return Piece(0, (said,), "strong-accent", "screen.moment")
    if held is not None:
        new = fmt.count(latest.records - held.records)
        return Piece(0, (f"‖ paused  {new} new",), "strong-warn", "screen.live")
    if is_lost(state):
        why = safe_line(state.waiting or "")
        # There are counts to be shown, too.
        texts = f"✗ as last seen: {why}", "✗ no tree: as last seen", "✗ as last seen"
        return Piece(0, texts, "strong-bad")
    if state.waiting is not None:
        return Piece(0, (f"◌ waiting: {safe_line(state.waiting)}",), "warn")
    if not state.caught_up:
        return READING
    return Piece(0, ("● live",), "strong-good")


def _counts(view: View) -> Iterator[Piece]:
    """Yield the count of each state; those that need you come first, and are dropped last."""
    for place, kind in enumerate(LOOKS):
        number, style = view.counts[kind], _COUNTED[kind]
        if number:
            words = (f"{number} {word}" for word in (kind.value, _SHORT.get(kind, kind.value)))
            texts = (*words, f"{number}{LOOKS[kind].glyph}")
            rank = 3 if kind in NEEDS_YOU else 4 if place < 5 else 6
            yield Piece(rank, texts, style, _narrow_to(f"state:{kind.value}"))


def _rate(events_per_s: float) -> str:
    if events_per_s < 10:
        return f"{events_per_s:.1f} events"
    return f"{fmt.count(round(events_per_s))} events"
