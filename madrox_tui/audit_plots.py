"""The audit panel's plots: cost and response times over time, as styled words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from madrox_tui import format as fmt
from madrox_tui.audit_figures import Word, Words
from madrox_tui.audit_view import AuditView
from madrox_tui.columns import fit
from madrox_tui.money import HOUR_S
from madrox_tui.plot import Values, bars, dots, resample, steady_top

_LABEL = 7
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
        series = _series(per_hour, max(1, width - _LABEL), _mean)
        top = self._top("cost", series.values)
        rows = bars(series.values, height, top)
        ends = axis_dollars(top), "$0"
        plot = _Plot("cost $/h", rows, ends, "good", series.finished, "plotted cost")
        return _framed(plot, audit, width)

    def _latency(self, audit: AuditView, width: int, height: int) -> list[Words]:
        p95 = [slot.usage.latency.p95_s for slot in audit.slots]
        series = _series(p95, max(1, width - _LABEL) * 2, max)
        top = self._top("latency", series.values)
        rows = dots(series.values, height, top)
        ends, finished = (fmt.duration(top), "0s"), series.finished // 2
        plot = _Plot("response time p95", rows, ends, "accent", finished, "plotted times")
        return _framed(plot, audit, width)

    def _top(self, name: str, values: Values) -> float:
        top = self._tops[name] = steady_top(values, self._tops.get(name))
        return top


class _Series(NamedTuple):
    """Values by place, and how many places are of steps that are over."""

    values: Values
    finished: int


class _Plot(NamedTuple):
    title: str
    rows: Sequence[str]
    ends: tuple[str, str]
    style: str
    finished: int
    opens: str


def _series(values: Values, places: int, of: Callable[[Iterable[float]], float]) -> _Series:
    """Resample a series whose last value is still growing: that one has its own places."""
    own = -(-(len(values) - 1) * places // len(values))
    if own < places:
        finished = resample([*values[:-1], None], places, of)[:own]
    else:  # more steps than places
        own = max(1, places - 1)
        finished = resample(values[:-1], own, of)
    return _Series([*finished, *[values[-1]] * (places - own)], own)


def axis_dollars(usd: float) -> str:
    """Format an amount for an axis, in fewer cells than elsewhere: `$.0400`, `$15.0k`."""
    text = fmt.dollars(usd)
    if len(text) < _LABEL:
        return text
    return text.replace("$0.", "$.") if usd < 1 else f"${fmt.count(round(usd))}"


def _framed(plot: _Plot, audit: AuditView, width: int) -> list[Words]:
    """Add title and axes; what is not finished is muted."""
    labels = [plot.ends[0], *[""] * (len(plot.rows) - 2), plot.ends[1]]
    cells = max(0, width - _LABEL)
    quiet = audit.quiet_since_s
    title = plot.title if quiet is None else f"nothing since {fmt.day(quiet)}"
    edge, title = " " * min(width, _LABEL), title[:cells]
    lines: list[Words] = [
        [Word(edge, "muted"), Word(title.ljust(cells), "muted", plot.opens if title else "")]
    ]
    for label, row in zip(labels, plot.rows, strict=True):
        edge = fit(label, _LABEL - 1, right=True) + ("┤" if label else "│")
        drawn = fit(row, cells)
        done, growing = drawn[: plot.finished], drawn[plot.finished :]
        lines.append([Word(edge, "muted"), Word(done, plot.style), Word(growing, "muted")])
    lines.append([Word(" " * (_LABEL - 1) + "└" + _times(audit, cells), "muted")])
    return lines


def _times(audit: AuditView, width: int) -> str:
    """Label both ends of the time axis, and its middle if there is room.

    Times of day begin with their day where they end on another one.
    """
    start_s = audit.slots[0].start_s
    span_s = len(audit.slots) * audit.step_s
    first, last = (fmt.tick(time_s, span_s) for time_s in (start_s, start_s + span_s))
    dated = f"{fmt.day(start_s)[5:]} {first}"
    turns = ":" in first and fmt.day(start_s) != fmt.day(start_s + span_s)
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
