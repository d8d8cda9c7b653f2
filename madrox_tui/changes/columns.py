"""The columns of the changes, and their sums in a line. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from rich.cells import cell_len

from logging_core.analyse.state import FleetState, State, Usage
from madrox_tui import format as fmt
from madrox_tui.changes.comparison import Change, Comparison, Kind
from madrox_tui.changes.spells import Spell
from madrox_tui.columns import Cell, Column
from madrox_tui.key_names import SEPARATOR
from madrox_tui.panels.instances.reasons import why
from madrox_tui.states import LOOKS

NAME_WIDTHS = (10, 24)
"""Cells for names: the minimum, and the maximum."""

CHANGE_WIDTHS = (9, 26)
"""Cells for what changed: the minimum, and the maximum."""

_LASTED = {State.WAITING: "waited", State.STUCK: "stuck", State.ERROR: "failed"}


class ChangeCells:
    """Formats the cells of changes.

    Args:
        changes: The changes.
        now: The fleet at the later moment.
        hue: Returns the cell style of an instance's colour.
        names: What instances are called on the screen, by id.
    """

    def __init__(
        self,
        changes: Sequence[Change],
        now: FleetState,
        hue: Callable[[str], str],
        names: Mapping[str, str],
    ) -> None:
        self._changes = changes
        self._now = now
        self._hue = hue
        self._names = names
        times = [change.at_s for change in self._changes if change.at_s is not None]
        self._is_one_day = {fmt.day(time_s) for time_s in times} <= {fmt.day(now.at_s)}

    def columns(self) -> list[Column[Change]]:
        """Return the columns: those in which no change says anything are left out."""
        columns = [
            Column("TIME", 8 if self._is_one_day else 11, self.time),
            self._fitted("INSTANCE", self.name, 1, NAME_WIDTHS, inner=True),
            self._fitted("CHANGE", self.change, 2, CHANGE_WIDTHS),
            Column("+REQ", 5, self.requests, 5, right=True),
            Column("+TOKENS", 7, self.tokens, 7, right=True),
            Column("+COST", 8, self.cost, 4, right=True),
            Column("+ERR", 5, self.errors, 6, right=True),
            Column("OPEN", 6, self.open, 8, right=True),
        ]
        told = [c for c in columns if any(c.cell(change)[0] for change in self._changes)]
        return [*told, Column("WHY", 10, self.why, 3, growth=((4.5, 24), (9, 120)))]

    def _fitted(
        self,
        title: str,
        cell: Callable[[Change], Cell],
        priority: float,
        widths: tuple[int, int],
        *,
        inner: bool = False,
    ) -> Column[Change]:
        """A column that is always shown, and as wide as its content once there is room."""
        least, most = widths
        longest = max((cell_len(cell(change)[0]) for change in self._changes), default=0)
        growth = ((priority, min(max(least, longest), most)),)
        return Column(title, least, cell, growth=growth, inner=inner)

    def time(self, change: Change) -> Cell:
        """When it began; of another day than today's with the day, and without seconds."""
        if change.at_s is None:
            return "", ""
        if fmt.day(change.at_s) == fmt.day(self._now.at_s):
            return fmt.clock(change.at_s), "muted"
        return f"{datetime.fromtimestamp(change.at_s):%m-%d %H:%M}", "muted"

    def name(self, change: Change) -> Cell:
        """Of whom, in the instance's own colour."""
        return self._names.get(change.instance_id, change.label), self._hue(change.instance_id)

    def change(self, change: Change) -> Cell:
        """What changed, in a few words."""
        if change.spell is not None:
            return lasted(change.spell, self._now.at_s, change.times), ""
        before, after = change.before, change.after
        if after is None:
            return "deleted", "muted"
        look, state = LOOKS[after.state], after.state.value
        if change.kind in {Kind.NEEDS, Kind.FAILED}:
            return f"{look.glyph} {state}", look.style
        if before is None or change.respawns:
            return f"{_begun(change.respawns)}, {state}", look.style
        if before.state is after.state:
            return state, look.style
        return f"{before.state.value} → {state}", look.style

    def requests(self, change: Change) -> Cell:
        """How many exchanges there were."""
        return self._used(change, lambda usage: fmt.count(usage.requests))

    def tokens(self, change: Change) -> Cell:
        """How many tokens these took."""
        return self._used(change, lambda usage: fmt.tokens(usage.tokens))

    def cost(self, change: Change) -> Cell:
        """What they cost; `+` if there are unpriced ones."""
        return self._used(change, fmt.money_in_short)

    def _used(self, change: Change, cell: Callable[[Usage], str]) -> Cell:
        usage = change.added.usage
        if usage is None:
            return fmt.UNKNOWN, "muted"
        return (cell(usage) if usage.requests else ""), ""

    def errors(self, change: Change) -> Cell:
        """How many errors there were."""
        errors = change.added.errors
        if errors is None:
            return fmt.UNKNOWN, "muted"
        return (fmt.count(errors) if errors else ""), "bad"

    def open(self, change: Change) -> Cell:
        """How long the oldest open request waits, after their number if there are more."""
        requests = change.after.open_requests if change.after is not None else ()
        if not requests or change.after is None:
            return "", ""
        age = fmt.ago(requests[0].since_s, self._now.at_s)
        return fmt.open_requests(len(requests), age), LOOKS[change.after.state].style

    def why(self, change: Change) -> Cell:
        """The question, the request, what it said last, or why it is in its state."""
        if change.spell is not None:
            return change.spell.reason, ""
        if change.after is None:
            return "", ""
        style = "" if change.kind in {Kind.NEEDS, Kind.FAILED} else "muted"
        return why(change.after), style


def lasted(spell: Spell, now_s: float, times: int = 1) -> str:
    """Say how long somebody was needed, and how that ended: `waited 5m, answered 14:12`.

    Args:
        spell: That time.
        now_s: The present.
        times: How often; if more than once, that is said, and not how long the last time was.
    """
    since_s, until_s = spell.since_s, spell.until_s
    age = "" if since_s is None else f" {fmt.age(until_s - since_s)}"
    if times > 1:
        age = f" {fmt.count(times)}×"
    return f"{_LASTED[spell.state]}{age}, {spell.end} {fmt.since(until_s, now_s)}"


def _begun(respawns: int) -> str:
    if not respawns:
        return "spawned"
    return "respawned" if respawns == 1 else f"respawned {fmt.count(respawns)}×"


def sums_line(compared: Comparison, whose: str) -> str:
    """Say in a line what was added, and how many instances did not change.

    Args:
        compared: The changes.
        whose: Whose sums these are: `fleet`.
    """
    return SEPARATOR.join(_sums(compared, whose))


def _sums(compared: Comparison, whose: str) -> Iterator[str]:
    usage = compared.added.usage
    yield f"{whose} {_money(usage)}"
    yield _counted(None if usage is None else usage.requests, "request")
    yield _counted(compared.added.errors, "error")
    if compared.problems != 0:
        yield _counted(compared.problems, "new problem")
    yield f"{compared.unchanged} of {compared.compared} unchanged"


def _money(usage: Usage | None) -> str:
    if usage is None:
        return fmt.UNKNOWN
    if usage.cost_usd is None:
        return "unpriced" if usage.requests else "$0"
    return fmt.money_in_short(usage)


def _counted(number: int | None, thing: str) -> str:
    if number is None:
        return f"{fmt.UNKNOWN} {thing}s"
    return f"{fmt.count(number)} {fmt.plural(number, thing)}"


def heading(since_s: float, now_s: float, *, is_past: bool = False) -> str:
    """Return a title: `What changed since 14:05 (25m ago)`.

    Args:
        since_s: The moment since when changes are shown.
        now_s: The moment up to which they are shown.
        is_past: Whether that is an earlier moment than the present; then it is said, too.
    """
    if is_past:
        return f"What changed from {fmt.since(since_s, now_s)} to {fmt.moment(now_s)}"
    return f"What changed since {fmt.since(since_s, now_s)} ({fmt.age(now_s - since_s)} ago)"
