"""The columns of the audit panel's table, and what each shows and sorts by. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from rich.cells import cell_len

from logging_core.analyse.state import Group, Latency
from madrox_tui import format as fmt
from madrox_tui.columns import Cell, Column, Fitted, Table
from madrox_tui.panels.audit.view import COUNTED, GROUPINGS, HAVE_IDS
from madrox_tui.plot import bar
from madrox_tui.sorting import SortKey
from madrox_tui.view import View

BAR_WIDTHS = (10, 40)
"""Cells for bars: the minimum, and the maximum, once labels are shown in full."""

LABEL_WIDTHS = (10, 24, 48)
"""Cells for labels: the minimum, before other columns come in, and the maximum; in between, as wide
as the longest."""

MIN_COST = 6
"""Minimum cells for the cost: the heading with its mark, or tens of dollars."""

ORDERS: Mapping[str, SortKey[Group]] = {
    "requests": SortKey(lambda g: g.usage.requests),
    "tokens": SortKey(lambda g: g.usage.tokens),
    "cost": SortKey(lambda g: g.usage.cost_usd),
    "p50": SortKey(lambda g: g.usage.latency.p50_s),
    "p95": SortKey(lambda g: g.usage.latency.p95_s),
    "max": SortKey(lambda g: g.usage.latency.max_s),
    "unpriced": SortKey(lambda g: g.usage.unpriced),
    "instances": SortKey(lambda g: len(g.instance_ids)),
}
"""The sort keys besides the label."""


class AuditTable:
    """The groups of a view in their order, and what the columns show of them.

    Args:
        view: The view; `None` while there is none.
        by: What the groups are grouped by: one of `GROUPINGS`.
        key: What to sort by; what has no column here is not what these are sorted by.
        reverse: Whether the key's default direction is reversed.

    Attributes:
        by: What the groups are grouped by.
        key: What they are sorted by: the cost, or the number where there is none, unless chosen.
        mark: The sign of the direction.
        groups: The groups in order; equal ones the most expensive first, else the busiest.
    """

    def __init__(
        self,
        view: View | None = None,
        by: str = GROUPINGS[0],
        key: str = "",
        *,
        reverse: bool = False,
    ) -> None:
        self.by = by
        self._cells = _Cells(view, by)
        self._table = Table(self._cells.columns())
        self.key = key if key in self._table.keys else self._default_key
        order = ORDERS.get(self.key) or SortKey(self._cells.alphabetic, largest_first=False)
        self.groups: Sequence[Group] = order.sort(self._cells.groups, reverse=reverse)
        self.mark = order.mark(reverse=reverse)

    @property
    def next_key(self) -> str:
        """The key of the next column."""
        keys = self._table.keys
        return keys[(keys.index(self.key) + 1) % len(keys)]

    def at(self, width: int) -> Fitted[Group]:
        """Return the columns that fit into `width` cells."""
        return self._table.at(width, self.key)

    def called(self, group: Group) -> str:
        """Return what a group is called."""
        return self._cells.called(group)

    def note(self, width: int) -> str:
        """Return the note that shares are not of the cost, if they are shown in so many cells."""
        shown = any(column.title == "SHARE" for column in self.at(width).columns)
        is_other = shown and self._cells.most and not self._cells.is_priced
        return " · share of requests" if is_other else ""

    @property
    def _default_key(self) -> str:
        return "cost" if "cost" in self._table.keys else "requests"


class _Cells:
    """What the columns show of the groups of a view.

    Apart from the table: with it each would keep the other in memory, and the view with them.
    """

    def __init__(self, view: View | None, by: str) -> None:
        self._view = view
        self._by = by
        self._has_ids = by in HAVE_IDS
        self.groups: Sequence[Group] = () if view is None or view.missing else view.audit.groups
        costs = [group.usage.cost_usd for group in self.groups]
        self.is_priced = not costs or any(cost is not None for cost in costs)
        self.most = max(map(self._weight, self.groups), default=0.0)

    @property
    def _cost_title(self) -> str:
        view = self._view
        is_least = view is not None and bool(view.counted_since(view.audit.from_s))
        return fmt.cost_title(is_least=is_least)

    def called(self, group: Group) -> str:
        """Return what a group is called."""
        label = group.label
        if label is None:
            return "others" if self._by in COUNTED else "unknown"
        return self._view.names.get(label, label) if self._has_ids and self._view else label

    def alphabetic(self, group: Group) -> str | None:
        """Return what labels are sorted by."""
        return None if group.label is None else self.called(group).casefold()

    def columns(self) -> list[Column[Group]]:
        """Return all columns that there are for these groups."""
        title = said(self._by).upper()
        least, roomy, most = LABEL_WIDTHS
        narrow, wide = BAR_WIDTHS
        share = Column[Group](
            "",
            narrow,
            partial(self._bar, width=narrow),
            6,
            growth=((12, wide),),
            sized=self._bar,
        )
        if self._by in COUNTED:
            return [
                Column(title, least, self._named, 0, ((9, self._label_width(120)),), key="label"),
                share,
                _numbers("TIMES", 6, _number, 1, "requests"),
                _numbers("IN", 5, _members, 2, "instances"),
            ]
        priority, key = (2, "cost") if self.is_priced else (11, "")
        cost = _numbers(self._cost_title, self._cost_width(), self._cost, priority, key)
        growth = (0.5, self._label_width(roomy)), (11, self._label_width(most))
        columns = [
            Column(title, least, self._named, growth=growth, key="label", inner=True),
            share,
            _numbers("SHARE", 5, self._percent, 7),
            _numbers("REQ", 5, _number, 1, "requests"),
            _numbers("TOKENS", 7, lambda g: (fmt.tokens(g.usage.tokens), ""), 4, "tokens"),
            cost,
            _numbers("P50", 5, _latency(lambda x: x.p50_s), 5, "p50"),
            _numbers("P95", 5, _latency(lambda x: x.p95_s), 3, "p95"),
            _numbers("MAX", 5, _latency(lambda x: x.max_s), 8, "max"),
        ]
        if self.is_priced:
            columns.append(_numbers("UNPRICED", 9, _unpriced, 9, "unpriced"))
        if self._by != "instance":
            columns.append(_numbers("INST", 5, _members, 10, "instances"))
        return columns

    def _label_width(self, most: int) -> int:
        longest = max((cell_len(self.called(group)) for group in self.groups), default=0)
        return max(LABEL_WIDTHS[0], min(longest, most))

    def _cost_width(self) -> int:
        return max([MIN_COST, *(len(self._cost(group)[0]) for group in self.groups)])

    def _named(self, group: Group) -> Cell:
        return self.called(group), self._hue(group) or ("" if group.label else "muted")

    def _hue(self, group: Group) -> str:
        if self._view is None or group.label is None or not self._has_ids:
            return ""
        return self._view.hue(group.label)

    def _bar(self, group: Group, width: int) -> Cell:
        part = self._weight(group) / self.most if self.most else 0.0
        return bar(part, width), self._hue(group) or "accent"

    def _percent(self, group: Group) -> Cell:
        """Share of the total shown; subtrees overlap, so their shares add up to more than 100 %."""
        if self._view is None or (self.is_priced and group.usage.cost_usd is None):
            return fmt.UNKNOWN, "muted"
        usage = self._view.audit.whole or self._view.usage
        whole = (usage.cost_usd or 0.0) if self.is_priced else usage.requests
        return fmt.share(self._weight(group), whole), "muted"

    def _cost(self, group: Group) -> Cell:
        """The known cost; what is not priced is said of each only where something is."""
        if group.usage.cost_usd is not None:
            return fmt.money_in_short(group.usage), ""
        return fmt.money_in_short(group.usage) if self.is_priced else fmt.UNKNOWN, "muted"

    def _weight(self, group: Group) -> float:
        """Return what bar and share measure: cost, or the count for events and unpriced fleets."""
        counted = self._by in COUNTED or not self.is_priced
        return group.usage.requests if counted else group.usage.cost_usd or 0.0


def said(by: str) -> str:
    """Return what a grouping is called on the screen."""
    return {"instance_type": "type", "event_type": "event"}.get(by, by)


def _numbers(
    title: str, width: int, cell: Callable[[Group], Cell], priority: float, key: str = ""
) -> Column[Group]:
    return Column(title, width, cell, priority, right=True, key=key)


def _latency(of: Callable[[Latency], float | None]) -> Callable[[Group], Cell]:
    return lambda group: (fmt.duration(of(group.usage.latency)), "")


def _number(group: Group) -> Cell:
    return fmt.count(group.usage.requests), ""


def _members(group: Group) -> Cell:
    return fmt.count(len(group.instance_ids)), "muted"


def _unpriced(group: Group) -> Cell:
    number = group.usage.unpriced
    return (fmt.count(number) if number else fmt.UNKNOWN), "muted"
