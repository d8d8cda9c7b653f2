"""What one instance's exchanges of long ago add up to."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from logging_core.analyse.cells import Cells
from logging_core.analyse.columns import MAX_COST_USD, MAX_RESPONSE_S, MAX_TOKENS, Numbers
from logging_core.analyse.latency import quantiles
from logging_core.analyse.state import Usage
from logging_core.analyse.summary import Tally


def said(seconds: Sequence[float], *, cost_usd: float = 0.1, tokens: int = 7) -> Numbers:
    count = len(seconds)
    return Numbers(count, [tokens] * count, [cost_usd] * count, seconds)


def usage(cells: Cells, start: int, stop: int) -> Usage:
    return cells.between(start, stop).tally().usage()


def test_hours_add_up_in_whatever_order_they_come() -> None:
    """Counts, sums and maxima are those of the exchanges, whichever came first."""
    source = random.Random(4)
    parts = [(hour, [source.expovariate(1) for _ in range(3)]) for hour in [7, 3, 9, 3, -1, 7] * 4]
    cells, exact = Cells(), Tally()
    for hour, seconds in parts:
        cells.add(hour, said(seconds))
        if 2 <= hour < 9:
            exact.extend(said(seconds))
    assert list(cells.hours) == [-1, 3, 7, 9]
    found, wanted = usage(cells, 2, 9), exact.usage()
    assert (found.requests, found.tokens, found.cost_usd) == (48, 336, wanted.cost_usd)
    assert (found.latency.mean_s, found.latency.max_s) == (
        wanted.latency.mean_s,
        wanted.latency.max_s,
    )
    assert found.latency.p95_s == pytest.approx(wanted.latency.p95_s, rel=3e-4)
    assert usage(cells, 4, 7).requests == 0


def test_quantiles_are_within_three_in_ten_thousand() -> None:
    """Of response times of any size, from a microsecond to the longest that counts."""
    source = random.Random(5)
    seconds = [10 ** source.uniform(-6, 9) for _ in range(900)]
    cells = Cells()
    cells.add(5, said(seconds))
    latency = usage(cells, 5, 6).latency
    exact = quantiles(seconds, (0.5, 0.95, 0.99))
    assert [latency.p50_s, latency.p95_s, latency.p99_s] == pytest.approx(exact, rel=3e-4)


def test_the_extremes_are_kept() -> None:
    """What took no time, and the most that is believed, come back; no sum overflows."""
    cells = Cells()
    for _ in range(70):
        most = said([MAX_RESPONSE_S] * 1_000, cost_usd=MAX_COST_USD, tokens=MAX_TOKENS)
        cells.add(1, most)
    cells.add(2, said([0.0]))
    found = usage(cells, 1, 2)
    assert (found.tokens, found.cost_usd) == (70_000 * MAX_TOKENS, 70_000 * MAX_COST_USD)
    assert (found.latency.max_s, found.latency.mean_s) == (MAX_RESPONSE_S, MAX_RESPONSE_S)
    assert found.latency.p50_s == pytest.approx(MAX_RESPONSE_S, rel=3e-4)
    assert found.latency.p99_s is not None
    assert found.latency.p99_s <= MAX_RESPONSE_S
    assert usage(cells, 2, 3).latency.p50_s == 0.0


def test_what_is_unknown_stays_unknown() -> None:
    """Exchanges that say neither tokens nor cost nor time are counted, and unpriced."""
    cells = Cells()
    cells.add(1, Numbers(3, [], [], []))
    found = usage(cells, 0, 5)
    assert (found.requests, found.tokens, found.cost_usd, found.unpriced) == (3, None, None, 3)
    assert found.latency.count == 0


def test_days_are_the_sums_of_their_hours() -> None:
    """Merged, what was before an hour is known by the day, what is later by the hour as before."""
    cells, exact = Cells(), Tally()
    for hour in range(20, 60):
        cells.add(hour, said([float(hour)]))
        if 24 <= hour < 48:
            exact.extend(said([float(hour)]))
    later = usage(cells, 48, 60)
    cells.merge_days(48)
    assert list(cells.hours) == [0, 24, *range(48, 60)]
    day, wanted = usage(cells, 24, 25), exact.usage()
    assert (day.requests, day.tokens, day.cost_usd) == (24, wanted.tokens, wanted.cost_usd)
    assert day.latency.p50_s == pytest.approx(wanted.latency.p50_s, rel=3e-4)
    assert repr(usage(cells, 48, 60)) == repr(later)
    cells.merge_days(48)
    assert usage(cells, 0, 60).requests == 40
