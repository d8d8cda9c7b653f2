"""Plots made of characters: values in, lines of text out.

textual-plotext looks better, but takes 99 ms for one plot of 120x40: too slow for a panel that is
redrawn several times a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from logging_core.analyse.state import Latency

LEVELS = " ▁▂▃▄▅▆▇█"
ESTIMATED = "≈"
EIGHTHS = " ▏▎▍▌▋▊▉█"
NOTHING = "·"
"""What a sparkline shows for 0."""

_NICE = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
_POINTS = 20

Values = Sequence[float | None]
"""One value per place, in order; `None` where unknown."""


def nice_top(values: Values) -> float:
    """Return a round upper end for an axis that fits all values; 1 if there are none above 0."""
    most = max((value for value in values if value is not None), default=0.0)
    if most <= 0:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(most))
    if not unit:
        return most
    return next((nice * unit for nice in _NICE if nice * unit >= most), most)


def steady_top(values: Values, before: float | None) -> float:
    """Return the upper end of an axis whose values change: as before while that shows them well.

    Args:
        values: What is to be shown now.
        before: The upper end so far; `None` if there is none. It stays while all values fit and
            the highest reaches at least a third of it.
    """
    most = max((value for value in values if value is not None), default=0.0)
    if before is not None and before / 3 <= most <= before:
        return before
    return nice_top(values)


def resample(
    values: Values, places: int, of: Callable[[Iterable[float]], float]
) -> list[float | None]:
    """Resample a series to another number of places.

    Args:
        values: The series.
        places: The new number of places.
        of: Combines the values that fall into one place.
    """
    if not values:
        return [None] * places
    result: list[float | None] = []
    for place in range(places):
        start = place * len(values) // places
        stop = max(start + 1, (place + 1) * len(values) // places)
        known = [value for value in values[start:stop] if value is not None]
        result.append(of(known) if known else None)
    return result


def bars(values: Values, height: int, top: float) -> list[str]:
    """Draw a bar for each value, top line first: none where unknown, and 0 alone is not seen."""
    levels = [_steps(value, height * 8, top) for value in values]
    return [
        "".join(LEVELS[min(8, max(0, level - 8 * line))] for level in levels)
        for line in range(height - 1, -1, -1)
    ]


def bar(share: float, width: int) -> str:
    """Draw a bar that fills `share` (0 to 1) of `width` cells; any share above 0 is visible."""
    whole, rest = divmod(_steps(share, width * 8, 1.0), 8)
    return "█" * whole + (EIGHTHS[rest] if rest else "")


def sparkline(values: Sequence[int], width: int, most: int) -> str:
    """Draw the newest `width` values, one cell each, right-aligned.

    Args:
        values: Not negative, oldest first.
        width: Cells; fewer values are padded on the left.
        most: The value of a full block; any value above zero gets at least the lowest block.
    """
    newest = list(values[-width:]) if width else []
    return "".join(_block(value, most) for value in newest).rjust(width)


def _block(value: int, most: int) -> str:
    if value <= 0:
        return NOTHING
    return LEVELS[1 + min(7, (value * 8 - 1) // max(most, 1))]


def histogram(latencies: Iterable[Latency], places: int) -> tuple[list[float], float, float]:
    """Estimate a histogram of response times, on a logarithmic axis.

    Only some quantiles of each time span are known: between these, times are assumed to be spread
    evenly, and below the median to mirror those above it, by ratio.

    Args:
        latencies: The latencies of time spans.
        places: The number of classes; each is wider than the one before by the same factor.

    Returns:
        The number in each class; the shortest and longest time shown, in seconds, both 0 if
        nothing is known.
    """
    known = list(latencies)
    weighted = [point for latency in known for point in _points(latency)]
    positive = [seconds for seconds, _ in weighted if seconds > 0]
    if not positive:
        return [0.0] * places, 0.0, 0.0
    low, high = min(positive), max(latency.max_s or 0.0 for latency in known)
    spread = math.log(high / low)
    classes = [0.0] * places
    for seconds, weight in weighted:
        place = int(math.log(max(seconds, low) / low) / spread * places) if spread else places // 2
        classes[min(place, places - 1)] += weight
    return classes, low, high


def _points(latency: Latency) -> list[tuple[float, float]]:
    p50, p95, p99, most = latency.p50_s, latency.p95_s, latency.p99_s, latency.max_s
    if p50 is None or p95 is None or p99 is None or most is None:
        return []
    number = min(latency.count, _POINTS)
    known = ((0.5, p50), (0.95, p95), (0.99, p99), (1.0, most))
    points = []
    for index in range(number):
        rank = (index + 0.5) / number
        seconds = _quantile(known, max(rank, 1 - rank))
        if rank < 0.5 and seconds > 0:
            seconds = p50 * p50 / seconds
        points.append((seconds, latency.count / number))
    return points


def _quantile(known: Sequence[tuple[float, float]], rank: float) -> float:
    for (below, low), (above, high) in pairwise(known):
        if rank <= above:
            return low + (high - low) * (rank - below) / (above - below)
    return known[-1][1]


def _steps(value: float | None, most: int, top: float) -> int:
    if value is None or value <= 0:
        return 0
    return min(most, max(1, round(value / top * most)))
