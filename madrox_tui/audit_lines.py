"""The lines above the audit panel's table: as many as fit, as styled words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from logging_core.analyse.state import Latency, Usage
from madrox_tui import format as fmt
from madrox_tui.audit_view import AuditView
from madrox_tui.columns import Cell, fit
from madrox_tui.lines import Line
from madrox_tui.money import HOUR_S, Budget, Rate
from madrox_tui.plot import LEVELS, bar, bars, dots, histogram, nice_top, resample
from madrox_tui.view import View

TABLE_ROWS = 3
"""The table's headings and two rows take precedence over everything but the totals."""

_MAX_PLOT = 8
_LABEL = 7
_BESIDE = 64
"""From this many cells on, the two plots are drawn side by side."""

_HISTOGRAM = 16
_GAP = 3


def audit_lines(view: View, audit: AuditView, errors: int, width: int, height: int) -> list[Line]:
    """Build the lines above the table's headings; only the most important if not all fit.

    Args:
        view: The fleet, and the instances shown.
        audit: The sums over those instances.
        errors: Number of errors of the instances shown.
        width: Cells.
        height: Lines of the whole panel.
    """
    room = height - TABLE_ROWS
    usage = view.usage
    wanted = [
        (0, _totals(usage, errors, width)),
        (4, _fleet(view.state.usage, view.state.errors) if view.narrowed else None),
        (2, _rates(audit.rates, width) if usage.requests else None),
        (1, _latency(audit, usage.latency, width) if usage.requests else None),
        (3, _budget(audit.budget, view.state.at_s, width) if audit.budget else None),
    ]
    lines = [(rank, line) for rank, line in wanted if line]
    kept = sorted(lines, key=lambda ranked: ranked[0])[: max(1, room)]
    shown = [line for ranked in lines if ranked in kept for line in ranked[1:]]
    plot = min(_MAX_PLOT, (height - len(shown)) // 3, room - len(shown) - 3)
    if plot >= 2 and audit.slots and usage.requests:
        shown += [[], *_plots(audit, width, plot)]
    if len(shown) < room - 2:
        shown.append([])
    return shown


def _totals(usage: Usage, errors: int, width: int) -> Line:
    pairs = [
        (fmt.money(usage), "", "strong"),
        (fmt.count(usage.requests), "req", "strong"),
        (fmt.count(errors), "err", "bad" if errors else "strong"),
        (fmt.tokens(usage.tokens), "tok", "strong"),
    ]
    return _pairs(pairs, width)


def _fleet(usage: Usage, errors: int) -> Line:
    parts = (
        fmt.money(usage),
        f"{fmt.count(usage.requests)} req",
        f"{fmt.count(errors)} err",
        f"{fmt.tokens(usage.tokens)} tok",
    )
    return [("fleet  " + "  ".join(parts), "muted")]


def _rates(rates: Iterable[Rate], width: int) -> Line:
    return _pairs([(fmt.rate(r.usd_per_hour), r.window, "strong") for r in rates], width)


def _latency(audit: AuditView, latency: Latency, width: int) -> Line:
    values = {
        "p50": latency.p50_s,
        "p95": latency.p95_s,
        "p99": latency.p99_s,
        "max": latency.max_s,
    }
    line = _pairs([(fmt.duration(value), name, "strong") for name, value in values.items()], width)
    picture = _spread(audit)
    if sum(len(text) for text, _ in (*line, *picture)) > width:
        return line
    return [*line, *picture]


# Cached: several views a second show the same sums, and drawing them takes 3 ms.
@lru_cache(maxsize=2)
def _spread(audit: AuditView) -> Line:
    """Draw roughly how the response times spread, from the shortest to the longest."""
    classes, low, high = histogram([slot.latency for slot in audit.slots], _HISTOGRAM)
    if high <= low:
        return []
    return [
        (f"≈{fmt.duration(low)} ", "muted"),
        (_levels(classes), "accent"),
        (f" {fmt.duration(high)}", "muted"),
    ]


def _levels(classes: Sequence[float]) -> str:
    most = max(classes) or 1.0
    return "".join(LEVELS[max(1, round(number / most * 8)) if number else 0] for number in classes)


def _budget(budget: Budget, now_s: float, width: int) -> Line:
    style = "bad" if budget.used >= 1 else "warn" if budget.used >= 0.8 else "good"
    spent = f"{fmt.dollars(budget.spent_usd)} of {fmt.dollars(budget.limit_usd)}"
    if budget.unpriced:
        spent = f"≥ {spent}"
    part = fmt.share(budget.spent_usd, budget.limit_usd)
    words: list[Cell] = [("budget ", "muted"), (spent, "strong"), (f"  {part}", style)]
    left = width - sum(len(text) for text, _ in words) - 2
    end = next((text for text in _ends(budget, now_s) if len(text) <= left), "")
    words.append((f"  {end}" if end else "", "muted" if budget.reached_s is None else style))
    left -= len(end) + 2
    if left >= 8:
        cells = min(left, 30)
        words[1:1] = [
            (bar(min(1.0, budget.used), cells).ljust(cells, "░"), style),
            ("  ", ""),
        ]
    return words


def _ends(budget: Budget, now_s: float) -> Sequence[str]:
    """Say when the budget will be used up, the longest wording first."""
    if budget.used >= 1:
        return ["spent"]
    if budget.reached_s is None:
        return ["not reached at this rate"]
    left = fmt.age(budget.reached_s - now_s)
    return [f"reached in {left}, {_when(budget.reached_s, now_s)}", f"{left} left"]


def _when(time_s: float, now_s: float) -> str:
    return fmt.clock(time_s)[:5] if time_s - now_s < 86400 else fmt.moment(time_s)[:10]


@lru_cache(maxsize=2)
def _plots(audit: AuditView, width: int, height: int) -> Sequence[Line]:
    """Plot cost and response times over time: side by side, or only one of them.

    Without a price there is no cost to plot; in a narrow panel cost comes first.
    """
    slots = audit.slots
    priced = any(slot.cost_usd is not None for slot in slots)
    pictures: list[Callable[[int], list[Line]]] = []
    if priced:
        pictures.append(lambda cells: _cost_plot(audit, cells, height))
    if not priced or width >= _BESIDE:
        pictures.append(lambda cells: _latency_plot(audit, cells, height))
    cells = (width - _GAP * (len(pictures) - 1)) // len(pictures)
    drawn = [picture(cells) for picture in pictures]
    if len(drawn) == 1:
        return drawn[0]
    return [[*left, (" " * _GAP, ""), *right] for left, right in zip(*drawn, strict=True)]


def _cost_plot(audit: AuditView, width: int, height: int) -> list[Line]:
    cells = max(1, width - _LABEL)
    known = [slot.cost_usd for slot in audit.slots]
    # A column shows its slots' mean per hour, so heights do not depend on the panel's width.
    per_hour = [None if cost is None else cost / audit.step_s * HOUR_S for cost in known]
    filled = [value or 0.0 for value in per_hour]
    values = resample(filled, cells, _mean)
    top = nice_top(values)
    rows = bars(values, height, top)
    return _framed("cost $/h", rows, (axis_dollars(top), "$0"), "good", audit, width)


def axis_dollars(usd: float) -> str:
    """Format an amount for an axis, in fewer cells than elsewhere: `$.0400`, `$15.0k`."""
    text = fmt.dollars(usd)
    if len(text) < _LABEL:
        return text
    return text.replace("$0.", "$.") if usd < 1 else f"${fmt.count(round(usd))}"


def _latency_plot(audit: AuditView, width: int, height: int) -> list[Line]:
    cells = max(1, width - _LABEL)
    values = resample([slot.latency.p95_s for slot in audit.slots], cells * 2, max)
    top = nice_top(values)
    rows = dots(values, height, top)
    labels = (fmt.duration(top), "0s")
    return _framed("response time p95", rows, labels, "accent", audit, width)


def _framed(
    title: str,
    rows: Sequence[str],
    ends: tuple[str, str],
    style: str,
    audit: AuditView,
    width: int,
) -> list[Line]:
    labels = [ends[0], *[""] * (len(rows) - 2), ends[1]]
    plot = width - _LABEL
    lines: list[Line] = [[(fit(f"{'':{_LABEL}}{title}", width), "muted")]]
    for label, row in zip(labels, rows, strict=True):
        edge = fit(label, _LABEL - 1, right=True) + ("┤" if label else "│")
        lines.append([(edge, "muted"), (fit(row, plot), style)])
    lines.append([(" " * (_LABEL - 1) + "└" + _times(audit, plot), "muted")])
    return lines


def _times(audit: AuditView, width: int) -> str:
    """Label both ends of the time axis, and its middle if there is room."""
    start_s = audit.slots[0].start_s
    span_s = len(audit.slots) * audit.step_s
    first, last = (fmt.tick(time_s, span_s) for time_s in (start_s, start_s + span_s))
    if width < len(first) + len(last) + 1:
        return fit(first, max(0, width))
    between = width - len(first) - len(last)
    middle = fmt.tick(start_s + span_s / 2, span_s)
    if between < len(middle) + 8:
        return first + " " * between + last
    return first + middle.center(between) + last


def _mean(values: Iterable[float]) -> float:
    known = list(values)
    return sum(known) / len(known)


def _pairs(pairs: Sequence[tuple[str, str, str]], width: int) -> Line:
    """Format values with their labels, as many as fit whole; always the first."""
    cells: list[Cell] = []
    left = width
    for value, label, style in pairs:
        after = f" {label}  " if label else "  "
        left -= len(value) + len(after.rstrip())
        if cells and left < 0:
            break
        left -= len(after) - len(after.rstrip())
        cells += [(value, style), (after, "muted")]
    return cells
