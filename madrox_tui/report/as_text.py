"""The fleet's state as plain text, for pipes and for a quick look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate, takewhile
from types import MappingProxyType
from typing import NamedTuple

from rich.cells import cell_len

from logging_core.analyse.state import FleetState, InstanceState
from logging_core.text import safe_line
from madrox_tui import format as fmt
from madrox_tui.columns import fit, fit_inner
from madrox_tui.panels.instances.reasons import why
from madrox_tui.states import LOOKS

_WIDEST = 128
"""Maximum cells of a column, except the last: no id is longer."""

_NARROWED = 40
"""Where not all columns fit, none but the last is wider: one long name must not push them out."""

_MIN_LAST = 24
"""Cells reserved for the last column, at most a third of the width: other columns give way."""

_GAP = "  "


class _Context(NamedTuple):
    """What cells are made with: the present, and what instances are called, by id."""

    now_s: float
    names: Mapping[str, str]


class _Column(NamedTuple):
    """A column; if not all fit, the highest rank is dropped first, 0 never."""

    title: str
    cell: Callable[[InstanceState, _Context], str]
    rank: int
    right: bool = False


def _open(instance: InstanceState, context: _Context) -> str:
    requests = instance.open_requests
    oldest = fmt.ago(requests[0].since_s, context.now_s) if requests else ""
    return fmt.open_requests(len(requests), oldest)


_COLUMNS = (
    _Column("STATE", lambda i, _: i.state.value, 0),
    _Column("FOR", lambda i, context: fmt.ago(i.since_s, context.now_s), 0, right=True),
    _Column("NAME", lambda i, context: context.names.get(i.instance_id, i.label), 0),
    _Column("ROLE", lambda i, _: i.role or fmt.UNKNOWN, 6),
    _Column("MODEL", lambda i, _: fmt.model(i.instance_type, i.model) or fmt.UNKNOWN, 7),
    _Column("OPEN", _open, 3, right=True),
    _Column("REQ", lambda i, _: fmt.count(i.usage.requests), 4, right=True),
    _Column("TOKENS", lambda i, _: fmt.tokens(i.usage.tokens), 5, right=True),
    _Column("COST", lambda i, _: fmt.money_in_short(i.usage), 2, right=True),
    _Column("P95", lambda i, _: fmt.duration(i.usage.latency.p95_s), 8, right=True),
    _Column("FRAMES", lambda i, _: fmt.count(i.frames), 10, right=True),
    _Column("SEEN", lambda i, context: fmt.ago(i.last_activity_s, context.now_s), 9, right=True),
    _Column("WHY", lambda i, _: why(i), 1),
)


def to_text(
    state: FleetState,
    log_dir: str,
    width: int | None = None,
    *,
    names: Mapping[str, str] = MappingProxyType({}),
    limits: Sequence[str] = (),
) -> str:
    """Build the plain-text report: what `madrox-top` would show.

    Instances that need someone come first.

    Args:
        state: The fleet; its texts must already be safe to show.
        log_dir: Where it was read from.
        width: Cells per line: totals wrap, the table drops columns, and what is still too long is
            truncated. `None`: lines of any length; only long cells are truncated.
        names: What instances are called on the screen, by id; others by their labels.
        limits: What is left out, and why, in words.

    Returns:
        Lines, each ended by a newline; no escape sequences, no colours.
    """
    lines = [
        *_flow(["madrox-top", safe_line(log_dir), fmt.moment(state.at_s)], _GAP, width),
        *_flow(map(safe_line, limits), _GAP, width),
        *_flow(_fleet(state.instances), ", ", width),
        *_flow(_totals(state), _GAP, width),
        "",
        *_table(state, names, width),
    ]
    problems = state.problems
    if problems.files:
        files = ", ".join(map(safe_line, problems.files))
        unreadable = _number(problems.unreadable_lines, "unreadable line")
        if problems.unreadable_files:
            unreadable += f", {fmt.whole_places(problems.unreadable_files)} not read"
        if problems.gaps:
            unreadable += f", {_number(problems.gaps, 'gap')}"
        lines += ["", f"{unreadable}; problems in {files}"]
    if width is not None:
        lines = [_cut(line.rstrip(), width) for line in lines]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _fleet(instances: Sequence[InstanceState]) -> list[str]:
    counts = Counter(instance.state for instance in instances)
    total = _number(len(instances), "instance")
    parts = [f"{counts[state]} {state.value}" for state in LOOKS if counts[state]]
    return [f"{total}: {parts[0]}", *parts[1:]] if parts else [total]


def _totals(state: FleetState) -> list[str]:
    usage, latency = state.usage, state.usage.latency
    return [
        _number(usage.requests, "request"),
        f"{fmt.tokens(usage.tokens)} {fmt.plural(usage.tokens or 0, 'token')}",
        f"cost {fmt.money(usage)}",
        _number(state.errors, "error"),
        f"response p50 {fmt.duration(latency.p50_s)}",
        f"p95 {fmt.duration(latency.p95_s)}",
        f"p99 {fmt.duration(latency.p99_s)}",
        f"max {fmt.duration(latency.max_s)}",
    ]


def _flow(parts: Iterable[str], gap: str, width: int | None) -> list[str]:
    """Join parts into lines, wrapping between parts."""
    lines: list[str] = []
    for part in parts:
        longer = f"{lines[-1]}{gap}{part}" if lines else part
        if lines and (width is None or cell_len(longer) <= width):
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _table(state: FleetState, names: Mapping[str, str], width: int | None) -> list[str]:
    if not state.instances:
        return ["no instances"]
    urgent = sorted(state.instances, key=lambda i: LOOKS[i.state].rank)
    rows = [[column.title for column in _COLUMNS]]
    context = _Context(state.at_s, names)
    rows += [[column.cell(i, context) for column in _COLUMNS] for i in urgent]
    widths = _widths([max(map(cell_len, cells)) for cells in zip(*rows, strict=True)], width)
    pads = [(place, widths[place], _COLUMNS[place].right) for place in _fitting(widths, width)]
    return [
        _GAP.join(_pad(row[place], room, right=right) for place, room, right in pads)
        for row in rows
    ]


def _widths(longest: Sequence[int], width: int | None) -> list[int]:
    """Return how wide columns are whose longest cells are given: all but the last are limited."""
    *others, last = longest
    limit = _WIDEST
    if width is not None:
        while (
            limit > _NARROWED and _needed([*(min(w, limit) for w in others), last], width) > width
        ):
            limit -= 1
    return [*(min(cells, limit) for cells in others), last]


def _needed(widths: Sequence[int], width: int) -> int:
    """Return the cells that columns need; the last one can do with part of its own."""
    *others, last = widths
    return sum(others) + len(_GAP) * len(others) + min(last, _MIN_LAST, width // 3)


def _fitting(widths: Sequence[int], width: int | None) -> list[int]:
    """Return the columns that fit."""
    shown = list(range(len(widths)))
    while width is not None and _needed([widths[place] for place in shown], width) > width:
        goes = max(shown, key=lambda i: _COLUMNS[i].rank)
        if not _COLUMNS[goes].rank:
            break
        shown.remove(goes)
    return shown


def _pad(text: str, width: int, *, right: bool) -> str:
    is_long = cell_len(text) > width
    return fit_inner(text, width) if is_long else fit(text, width, right=right)


def _cut(line: str, width: int) -> str:
    if cell_len(line) <= width:
        return line
    ends = accumulate(map(cell_len, line))
    fits = sum(1 for _ in takewhile(lambda end: end < width, ends))
    return f"{line[:fits].rstrip(' …')}…"


def _number(value: int, what: str) -> str:
    return f"{fmt.count(value)} {fmt.plural(value, what)}"
