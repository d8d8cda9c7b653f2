"""The state of the fleet as JSON and as plain text, for scripts, pipes and mails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate, takewhile
from typing import Any, NamedTuple

from logging_core.analyse.state import FleetState, InstanceState, Latency, State, Usage
from logging_core.codec.times import format_time_aware
from logging_core.text import safe_line
from madrox_tui import format as fmt

SCHEMA = 1
"""Changes when a key of the JSON report changes its meaning or goes away."""


def to_json(state: FleetState, log_dir: str) -> dict[str, Any]:
    """The report for programs, made of dicts, lists, texts, numbers and `None` only.

    `None` is unknown. Times are ISO 8601 with their offset, costs US dollars, response times
    seconds. `problems.files` are the paths, relative to `log_dir`, in which something could not
    be read.
    """
    return {
        "schema": SCHEMA,
        "log_dir": safe_line(log_dir),
        "generated_at": format_time_aware(state.at_s),
        "instances": [_instance(instance) for instance in state.instances],
        "totals": {
            "instances": len(state.instances),
            **_usage(state.usage),
            "errors": state.errors,
            "response_time_s": _latency(state.usage.latency),
        },
        "problems": {
            "unreadable_lines": state.problems.unreadable_lines,
            "files": [safe_line(path) for path in state.problems.files],
        },
    }


def _instance(instance: InstanceState) -> dict[str, Any]:
    return {
        "instance_id": instance.instance_id,
        "instance_name": instance.instance_name,
        "role": instance.role,
        "instance_type": instance.instance_type,
        "model": instance.model,
        "parent_instance_id": instance.parent_instance_id,
        "state": instance.state.value,
        "created_at": _time(instance.created_s),
        "last_activity": _time(instance.last_activity_s),
        **_usage(instance.usage),
        "response_time_s": _latency(instance.usage.latency),
        "open_requests": len(instance.open_requests),
        "frames": instance.frames,
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "requests": usage.requests,
        "tokens": usage.tokens,
        "cost_usd": usage.cost_usd,
        "unpriced": usage.unpriced,
    }


def _latency(latency: Latency) -> dict[str, Any]:
    return {
        "count": latency.count,
        "mean": latency.mean_s,
        "p50": latency.p50_s,
        "p95": latency.p95_s,
        "p99": latency.p99_s,
        "max": latency.max_s,
    }


def _time(time_s: float | None) -> str | None:
    return None if time_s is None else format_time_aware(time_s)


_WIDEST = 40
"""Cells of a column at most, but for the last: one long name must not push all others away."""


class _Column(NamedTuple):
    title: str
    cell: Callable[[InstanceState, float], str]
    right: bool = False


_COLUMNS = (
    _Column("STATE", lambda i, _: i.state.value),
    _Column("FOR", lambda i, now_s: _ago(i.since_s, now_s), right=True),
    _Column("NAME", lambda i, _: i.label),
    _Column("ROLE", lambda i, _: i.role or fmt.UNKNOWN),
    _Column("MODEL", lambda i, _: i.model or i.instance_type or fmt.UNKNOWN),
    _Column("OPEN", lambda i, _: str(len(i.open_requests)), right=True),
    _Column("REQ", lambda i, _: fmt.count(i.usage.requests), right=True),
    _Column("TOKENS", lambda i, _: fmt.tokens(i.usage.tokens), right=True),
    _Column("COST", lambda i, _: fmt.dollars(i.usage.cost_usd), right=True),
    _Column("P95", lambda i, _: fmt.duration(i.usage.latency.p95_s), right=True),
    _Column("FRAMES", lambda i, _: fmt.count(i.frames), right=True),
    _Column("SEEN", lambda i, now_s: _ago(i.last_activity_s, now_s), right=True),
    _Column("WHY", lambda i, _: i.reason),
)


def to_text(state: FleetState, log_dir: str, width: int | None = None) -> str:
    """The report for people: what `madrox-top` would show, as lines of plain text.

    Args:
        state: The fleet; its texts must be safe to show already.
        log_dir: Where it was read from.
        width: Cells after which a line is cut; `None` cuts none, only cells that are too long.

    Returns:
        Lines, each ended by a newline; no escape sequences, no colours.
    """
    lines = [
        f"madrox-top  {safe_line(log_dir)}  {fmt.moment(state.at_s)}",
        _fleet(state.instances),
        _totals(state),
        "",
        *_table(state),
    ]
    problems = state.problems
    if problems.files:
        files = ", ".join(map(safe_line, problems.files))
        unreadable = _number(problems.unreadable_lines, "unreadable line")
        if problems.unreadable_files:
            unreadable += f", {_number(problems.unreadable_files, 'unreadable file')}"
        lines += ["", f"{unreadable}; problems in {files}"]
    if width is not None:
        lines = [_cut(line, width) for line in lines]
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _fleet(instances: Sequence[InstanceState]) -> str:
    counts = Counter(instance.state for instance in instances)
    parts = [f"{counts[state]} {state.value}" for state in State if counts[state]]
    return ": ".join([_number(len(instances), "instance"), *([", ".join(parts)] if parts else [])])


def _totals(state: FleetState) -> str:
    usage, latency = state.usage, state.usage.latency
    return "  ".join(
        [
            _number(usage.requests, "request"),
            f"{fmt.tokens(usage.tokens)} {fmt.plural(usage.tokens or 0, 'token')}",
            f"cost {fmt.money(usage)}",
            _number(state.errors, "error"),
            f"response p50 {fmt.duration(latency.p50_s)}",
            f"p95 {fmt.duration(latency.p95_s)}",
            f"p99 {fmt.duration(latency.p99_s)}",
            f"max {fmt.duration(latency.max_s)}",
        ]
    )


def _table(state: FleetState) -> list[str]:
    if not state.instances:
        return ["no instances yet"]
    rows = [[column.title for column in _COLUMNS]]
    rows += [_row(instance, state.at_s) for instance in state.instances]
    widths = [max(map(_cells, cells)) for cells in zip(*rows, strict=True)]
    return ["  ".join(map(_pad, row, widths, _COLUMNS)) for row in rows]


def _row(instance: InstanceState, now_s: float) -> list[str]:
    """The cells of an instance; only the last one pushes nothing away, however long it is."""
    *cells, last = (column.cell(instance, now_s) for column in _COLUMNS)
    return [*(_cut(cell, _WIDEST) for cell in cells), last]


def _pad(text: str, width: int, column: _Column) -> str:
    padding = " " * (width - _cells(text))
    return padding + text if column.right else text + padding


def _cells(text: str) -> int:
    from rich.cells import cell_len  # noqa: PLC0415 - the JSON report must not pay for Rich

    return cell_len(text)


def _cut(line: str, width: int) -> str:
    if _cells(line) <= width:
        return line
    ends = accumulate(map(_cells, line))
    fits = sum(1 for _ in takewhile(lambda end: end < width, ends))
    return f"{line[:fits].rstrip()}…"


def _ago(time_s: float | None, now_s: float) -> str:
    return fmt.age(None if time_s is None else now_s - time_s)


def _number(value: int, what: str) -> str:
    return f"{fmt.count(value)} {fmt.plural(value, what)}"
