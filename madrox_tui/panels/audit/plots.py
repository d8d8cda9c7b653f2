"""The audit panel's plots: cost and response times over time, as styled words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from madrox_tui import format as fmt
from madrox_tui.columns import fit
from madrox_tui.panels.audit.figures import Word, Words
from madrox_tui.panels.audit.money import HOUR_S
from madrox_tui.panels.audit.view import AuditView
from madrox_tui.plot import Values, bars, resample, steady_top

_LABEL = 8
"""Cells left of a plot: the longest amount, and the axis."""

_BESIDE = 64
"""From this many cells on, the two plots are drawn side by side."""

_GAP = 3


class AuditPlots:
    """Draws a panel's plots; remembers their scales, so that these stay while the values fit."""

    def __init__(self) -> None:
        self._tops: dict[str, float] = {}
        self._drawn: tuple[tuple[AuditView, int, int] | None, Sequence[Words]] = (None, ())

    def draw(self, audit: AuditView, width: int, height: int) -> Sequence[Words]:
        """Plot cost and response times over time: side by side, or only one of them.

        Without a price there is no cost to plot; in a narrow panel cost comes first. The same
        plots are not drawn twice: several views a second show the same sums.

        Args:
            audit: The series.
            width: Cells.
            height: Lines of the plots themselves, without their titles and axes.
        """
        wanted = audit, width, height
        if self._drawn[0] != wanted:
            self._drawn = wanted, self._plots(audit, width, height)
        return self._drawn[1]

    def _plots(self, audit: AuditView, width: int, height: int) -> Sequence[Words]:
        priced = any(slot.usage.cost_usd is not None for slot in audit.slots)
        pictures: list[Callable[[int], list[Words]]] = []
        if priced:
            pictures.append(lambda cells: self._cost(audit, cells, height))
        if not priced or width >= _BESIDE:
            pictures.append(lambda cells: self._latency(audit, cells, height))
        cells = (width - _GAP * (len(pictures) - 1)) // len(pictures)
        drawn = [picture(cells) for picture in pictures]
        if len(drawn) == 1:
            return drawn[0]
        return [[*left, Word(" " * _GAP, ""), *right] for left, right in zip(*drawn, strict=True)]

    def _cost(self, audit: AuditView, width: int, height: int) -> list[Words]:
        known = [slot.usage.cost_usd for slot in audit.slots]
        # A column shows its slots' mean per hour, so heights do not depend on the panel's width.
        per_hour = [(cost or 0.0) / audit.step_s * HOUR_S for cost in known]
        return self._bars(_COST, _series(per_hour, width - _LABEL, _mean), audit, width, height)

    def _latency(self, audit: AuditView, width: int, height: int) -> list[Words]:
        p95 = [slot.usage.latency.p95_s for slot in audit.slots]
        return self._bars(_TIMES, _series(p95, width - _LABEL, max), audit, width, height)

    def _bars(
        self, plot: _Plot, series: _Series, audit: AuditView, width: int, height: int
    ) -> list[Words]:
        top = steady_top(series.values, self._tops.get(plot.title))
        self._tops[plot.title] = top
        return _framed(plot, series, bars(series.values, height, top), top, audit, width)


class _Series(NamedTuple):
    """Values by place, and how many places are of steps that are over."""

    values: Values
    finished: int


class _Plot(NamedTuple):
    """What one plot shows.

    Attributes:
        title: Its title, which is also its name.
        amount: Formats a value of its axis.
        nothing: What 0 is called there.
        style: The cell style of its bars.
        opens: The figure that it is.
    """

    title: str
    amount: Callable[[float], str]
    nothing: str
    style: str
    opens: str


_COST = _Plot("cost $/h", fmt.dollars, "$0", "good", "plotted cost")
_TIMES = _Plot("response time p95", fmt.duration, "0s", "accent", "plotted times")


def _series(values: Values, places: int, of: Callable[[Iterable[float]], float]) -> _Series:
    """Resample a series whose last value is still growing: that one has its own places."""
    places = max(1, places)
    own = -(-(len(values) - 1) * places // len(values))
    if own < places:
        finished = resample([*values[:-1], None], places, of)[:own]
    else:  # more steps than places
        own = max(1, places - 1)
        finished = resample(values[:-1], own, of)
    return _Series([*finished, *[values[-1]] * (places - own)], own)


def _framed(
    plot: _Plot, series: _Series, rows: Sequence[str], top: float, audit: AuditView, width: int
) -> list[Words]:
    """Add title and axes; what is not finished is muted."""
    labels = [plot.amount(top), *[""] * (len(rows) - 2), plot.nothing]
    cells = max(0, width - _LABEL)
    edge, title = " " * min(width, _LABEL), _titled(plot, audit, cells)[:cells]
    lines: list[Words] = [
        [Word(edge, "muted"), Word(title.ljust(cells), "muted", plot.opens if title else "")]
    ]
    for label, row in zip(labels, rows, strict=True):
        edge = fit(label, _LABEL - 1, right=True) + ("┤" if label else "│")
        drawn = fit(row, cells)
        done, growing = drawn[: series.finished], drawn[series.finished :]
        lines.append([Word(edge, "muted"), Word(done, plot.style), Word(growing, "muted")])
    lines.append([Word(" " * (_LABEL - 1) + "└" + _times(audit, cells), "muted")])
    return lines


def _titled(plot: _Plot, audit: AuditView, cells: int) -> str:
    """Return what is plotted of which window, or that there is nothing to plot."""
    window = audit.plotted_window
    if audit.quiet_since_s is not None:
        when = f"in the last {window}" if window else f"since {fmt.day(audit.quiet_since_s)}"
        return f"nothing {when}"
    if window is None:
        return plot.title
    whole = f"{plot.title} · last {window}"
    return whole if len(whole) <= cells else f"{plot.title} · {window}"


def _times(audit: AuditView, width: int) -> str:
    """Label both ends of the time axis, and its middle if there is room.

    The last step is under way: the axis ends at the moment that it has reached. Times of day begin
    with their day where they end on another one.
    """
    start_s = audit.slots[0].start_s
    span_s = len(audit.slots) * audit.step_s
    end_s = start_s + span_s if audit.at_s is None else audit.at_s
    first, last = (fmt.tick(time_s, span_s) for time_s in (start_s, end_s))
    dated = f"{fmt.day(start_s)[5:]} {first}"
    turns = ":" in first and fmt.day(start_s) != fmt.day(end_s)
    if turns and width > len(dated) + len(last):
        first = dated
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
