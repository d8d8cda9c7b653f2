"""The columns of the instances panel, and what each shows of a row. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from rich.cells import cell_len

from logging_core.analyse.state import InstanceState, State
from madrox_tui import format as fmt
from madrox_tui.columns import Cell, Column
from madrox_tui.panels.instances.reasons import why
from madrox_tui.panels.instances.rows import BRANCH, FOLDED, Row
from madrox_tui.plot import sparkline
from madrox_tui.states import LOOKS, NEEDS_YOU
from madrox_tui.view import ACTIVITY_MINUTES, View

NAME_WIDTHS = (9, 18, 24, 40)
"""Cells for names: the minimum, before the reason comes in, before other numbers do, and the
maximum; as wide as the longest name where that is less."""

WHY_WIDTHS = (10, 12, 24, 40, 120)
"""Cells for the reason: the minimum, before the name is longer, before open requests come in, once
all columns have, and the maximum."""

TREE_INDENT = 6
"""Extra cells for names in the tree, at most: three levels."""

MIN_COST = 6
"""Minimum cells for the cost: the heading with its mark, or tens of dollars."""

_DATE = re.compile(r"-20\d{6}$")


class Cells:
    """Formats the cells of a row, as of a view's time or later.

    Args:
        view: The view; `None` while there is none.
        tree: Whether names are indented below their parents.

    Attributes:
        at_s: The time that ages are counted to.
    """

    def __init__(self, view: View | None = None, *, tree: bool = False) -> None:
        self._view = view
        self._tree = tree
        self.at_s = view.state.at_s if view else 0.0
        self._said_s = self.at_s
        self._holds_until_s = math.inf
        self._activity: Mapping[str, tuple[int, ...]] = view.activity if view else {}
        self._most = max((max(series, default=0) for series in self._activity.values()), default=0)

    def are_stale(self) -> bool:
        """Return whether any age formatted since this was last true would now read differently."""
        if self._said_s <= self.at_s < self._holds_until_s:
            return False
        self._said_s, self._holds_until_s = self.at_s, math.inf
        return True

    def glyph(self, row: Row) -> Cell:
        """The state's glyph."""
        look = LOOKS[row.shown.state]
        return look.glyph, look.style

    def state(self, row: Row) -> Cell:
        """The state's glyph and name."""
        look = LOOKS[row.shown.state]
        return f"{look.glyph} {row.shown.state.value}", look.style

    def since(self, row: Row) -> Cell:
        """How long it has been in that state."""
        urgent = row.shown.state in NEEDS_YOU
        return self._age(row.shown.since_s), "" if urgent else "muted"

    def name(self, row: Row) -> Cell:
        """The name in the instance's own colour; indented in the tree."""
        hue = self._view.hue(row.instance.instance_id) if self._view else ""
        if not self._tree:
            return self._name(row.instance), hue
        sign = f"{FOLDED if row.folded else BRANCH} " if row.branch else "  "
        more = f" +{row.folded}" if row.folded else ""
        return "  " * row.depth + sign + self._name(row.instance) + more, hue

    @property
    def any_activity(self) -> bool:
        """Whether there is activity to show."""
        return bool(self._activity)

    def state_width(self) -> int:
        """Return the cells that glyph and name need, whatever the filter.

        The widest state is rare, so its room is taken only if some instance is in it.
        """
        states = {i.state for i in self._view.state.instances} if self._view else set()
        return 2 + max(len(state.value) for state in states | {State.TERMINATED})

    def name_widths(self, rows: Iterable[Row]) -> tuple[int, ...]:
        """Return `NAME_WIDTHS` for these names; in a flat list, whatever the filter."""
        if self._tree:
            indent, longest = TREE_INDENT, _widest(map(self.name, rows))
        else:
            indent, longest = 0, self._view.name_width if self._view else 0
        least, *others = (cells + indent for cells in NAME_WIDTHS)
        needed = max(least, longest)
        return least, *(min(needed, cells) for cells in others)

    def open(self, row: Row) -> Cell:
        """How long the oldest open request has waited, after their number if there are more."""
        requests = row.shown.open_requests
        if not requests:
            return fmt.UNKNOWN, "muted"
        told = fmt.open_requests(len(requests), self._age(requests[0].since_s))
        return told, LOOKS[row.shown.state].style

    @property
    def is_priced(self) -> bool:
        """Whether any cost is recorded, or may be: nothing was done yet; whatever the filter."""
        usages = [instance.usage for instance in self._view.state.instances] if self._view else []
        if any(usage.cost_usd is not None for usage in usages):
            return True
        return not any(usage.unpriced for usage in usages)

    @property
    def cost_title(self) -> str:
        """What the costs are headed with."""
        return fmt.cost_title(is_least=bool(self._view and self._view.counted_since()))

    def cost(self, row: Row) -> Cell:
        """The known cost; `+` if there are unpriced exchanges."""
        usage = row.shown.usage
        return fmt.money_in_short(usage), "muted" if usage.cost_usd is None else ""

    def cost_in_full(self, row: Row) -> Cell:
        """The known cost, and the number of unpriced exchanges."""
        return fmt.money(row.shown.usage), "" if row.shown.usage.cost_usd is not None else "muted"

    def activity(self, row: Row) -> Cell:
        """Records per minute, scaled to the busiest minute of any instance."""
        series = [self._activity[i] for i in row.ids if i in self._activity]
        sums = [sum(minute) for minute in zip(*series, strict=False)]
        return sparkline(sums, ACTIVITY_MINUTES, self._most), "muted"

    def seen(self, row: Row) -> Cell:
        """How long ago it was last active."""
        return self._age(row.shown.last_activity_s), "muted"

    def why(self, row: Row) -> Cell:
        """What was asked of it or what it said last, else why it is in that state.

        A folded branch that shows the state of one in it names that one.
        """
        style = "" if row.shown.state in NEEDS_YOU else "muted"
        lead = row.lead
        told = why(lead)
        return told if lead is row.instance else f"{self._name(lead)}: {told}", style

    def _name(self, instance: InstanceState) -> str:
        names = self._view.names if self._view else {}
        return names.get(instance.instance_id, instance.label)

    def _age(self, since_s: float | None) -> str:
        if since_s is None:
            return fmt.UNKNOWN
        elapsed_s = self.at_s - since_s
        until_s = self.at_s + fmt.age_left_s(elapsed_s)
        self._holds_until_s = min(self._holds_until_s, until_s)
        return fmt.age(elapsed_s)


def role(row: Row) -> Cell:
    """The role as spawned."""
    return row.instance.role or fmt.UNKNOWN, ""


def requests(row: Row) -> Cell:
    """The number of exchanges."""
    return fmt.count(row.shown.usage.requests), ""


def tokens(row: Row) -> Cell:
    """The number of tokens."""
    return fmt.tokens(row.shown.usage.tokens), ""


def p95(row: Row) -> Cell:
    """The 95th percentile of the response times."""
    return fmt.duration(row.shown.usage.latency.p95_s), ""


def model(row: Row) -> Cell:
    """Type and model, without repeating the type, and without the day the model is of."""
    shown = fmt.model(row.instance.instance_type, row.instance.model)
    return _DATE.sub("", shown) if shown else fmt.UNKNOWN, "muted"


def instance_columns(cells: Cells, rows: Sequence[Row] = ()) -> list[Column[Row]]:
    """Return all columns; state, its duration and the name are always shown, even in 20 cells.

    Then come most of the name, the reason and the cost; then open requests, the rest of the name
    and the other columns. Costs that are all unknown come last, and tokens early instead; after
    them come long reasons: that of the selected instance is in the border, too.

    Args:
        cells: What the columns show.
        rows: The rows to be shown.
    """
    least, middle, long, most = cells.name_widths(rows)
    why, *longer_whys = WHY_WIDTHS
    short, full = _cost_widths(rows)
    columns: list[Column[Row]] = [
        Column(
            "  STATE",
            1,
            cells.glyph,
            growth=((0.5, cells.state_width()),),
            key="state",
            roomy=cells.state,
        ),
        Column("FOR", 4, cells.since, right=True, key="since"),
        Column(
            "NAME",
            least,
            cells.name,
            growth=((1, middle), (4.3, long), (6.5, most)),
            key="name",
            inner=True,
        ),
        Column("ROLE", 17, role, 11, growth=((14.5, 28),), key="role"),
        Column("MODEL", 17, model, 13, growth=((14.5, 28),), key="model"),
        Column("OPEN", 6, cells.open, 5, right=True, key="open"),
        Column("REQ", 5, requests, 8, right=True, key="requests"),
        Column("TOKENS", 7, tokens, 9 if cells.is_priced else 5.5, right=True, key="tokens"),
        Column(
            cells.cost_title,
            short,
            cells.cost,
            3.5 if cells.is_priced else 14,
            growth=((14, full),),
            right=True,
            key="cost",
            roomy=cells.cost_in_full,
        ),
        Column("P95", 5, p95, 10, right=True, key="p95"),
        Column("SEEN", 5, cells.seen, 12, right=True, key="seen"),
        Column(
            "WHY", why, cells.why, 3, growth=tuple(zip((4, 4.5, 14, 15), longer_whys, strict=True))
        ),
    ]
    if cells.any_activity:
        title = f"LAST {ACTIVITY_MINUTES}m"
        columns.insert(-2, Column(title, ACTIVITY_MINUTES, cells.activity, 7))
    return columns


def _cost_widths(rows: Sequence[Row]) -> tuple[int, int]:
    """Return the cells that costs need, in short and in full; their texts have one per letter."""
    usages = [row.shown.usage for row in rows]
    short = max((len(fmt.money_in_short(usage)) for usage in usages), default=0)
    full = max((len(fmt.money(usage)) for usage in usages if usage.unpriced), default=0)
    return max(MIN_COST, short), max(MIN_COST, short, full)


def _widest(cells: Iterable[Cell]) -> int:
    return max((cell_len(text) for text, _ in cells), default=0)
