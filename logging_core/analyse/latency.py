"""Response times added up: exact count, mean and maximum, and quantiles of any number of values."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from itertools import chain
from typing import Self

from fastdigest import TDigest

from logging_core.analyse.state import Latency

EXACT_VALUES = 1_000
"""Up to so many values are kept, and their quantiles are exact."""

CENTROIDS = 1_000
"""How fine the sketch of more values is, unless told otherwise: it takes 16 KiB."""

_BATCH = 2_048
_QUANTILES = (0.5, 0.95, 0.99)
_PLACES = 9  # beyond a nanosecond there is only the noise of adding binary fractions


SCALE_BITS = 80
"""Sums are kept in units of 2^-80, so that they are exact and their order never matters."""

_SCALE = 2.0**SCALE_BITS


def exact_sum(values: Sequence[float]) -> int:
    """The sum of finite numbers that are not negative, in units of 2^-`SCALE_BITS`.

    What the first `fsum` rounds off the second one finds: twice as fast as adding whole numbers.
    """
    total = math.fsum(values)
    rest = math.fsum(chain(values, (-total,)))
    return int(total * _SCALE) + int(rest * _SCALE)


class LatencySketch:
    """Response times in seconds; grows to a few kilobytes and no further.

    Two sketches merge into the one that all their values would have made: exactly so for count,
    mean and maximum, within the sketch's error for the quantiles.

    Args:
        centroids: How fine the sketch is of more than `EXACT_VALUES` values.
    """

    __slots__ = ("_centroids", "_count", "_digest", "_max_s", "_sum", "_summed", "_values")

    def __init__(self, centroids: int = CENTROIDS) -> None:
        self._centroids = centroids
        self._count = 0
        self._sum = 0
        self._max_s = 0.0
        self._values = array("d")  # all of them; once there is a digest, those not yet in it
        self._summed = 0  # so many of those are in the sum and the maximum
        self._digest: TDigest | None = None

    @classmethod
    def of(cls, seconds: Sequence[float], total: int, longest_s: float) -> Self:
        """Response times that are known nearly, with their exact sum and maximum.

        Args:
            seconds: The times.
            total: Their sum, as `exact_sum` has it.
            longest_s: The longest of them.
        """
        self = cls()
        self._count = self._summed = len(seconds)
        self._values = array("d", seconds)
        self._sum, self._max_s = total, longest_s
        self._compact()
        return self

    def extend(self, seconds: Sequence[float]) -> None:
        """Count response times; each must be finite and not negative."""
        self._count += len(seconds)
        self._values.extend(seconds)
        self._compact()

    def merge(self, other: LatencySketch) -> None:
        """Add everything that `other` counted; `other` stays as it is."""
        other._sum_up()
        self._count += other._count
        self._sum_up()
        self._sum += other._sum
        self._max_s = max(self._max_s, other._max_s)
        self._values.extend(other._values)
        self._summed = len(self._values)
        if other._digest is not None:
            self._flush().merge_inplace(other._digest)
        self._compact()

    def latency(self) -> Latency:
        """What the values amount to so far."""
        if not self._count:
            return Latency()
        self._sum_up()
        if self._digest is None:
            known = quantiles(self._values, _QUANTILES)
        else:
            known = [round(q, _PLACES) for q in self._flush().quantile_vec(_QUANTILES)]
        p50, p95, p99 = (min(quantile, self._max_s) for quantile in known)
        return Latency(
            count=self._count,
            mean_s=self._sum / (self._count << SCALE_BITS),
            p50_s=p50,
            p95_s=p95,
            p99_s=p99,
            max_s=self._max_s,
        )

    def _compact(self) -> None:
        if len(self._values) > (EXACT_VALUES if self._digest is None else _BATCH):
            self._flush()

    def _sum_up(self) -> None:
        """Add what came since the last time: a few at once cost three times as much each."""
        coming = self._values[self._summed :]
        if coming:
            self._sum += exact_sum(coming)
            longest_s = max(coming)
            self._max_s = max(self._max_s, longest_s)
            self._summed = len(self._values)

    def _flush(self) -> TDigest:
        """Move the kept values into the digest: one by one would cost ten times as much."""
        if self._digest is None:
            self._digest = TDigest(max_centroids=self._centroids)
        if self._values:
            self._sum_up()
            self._digest.batch_update(self._values)
            self._values = array("d")
            self._summed = 0
        return self._digest


def quantiles(values: Sequence[float], wanted: Sequence[float]) -> list[float]:
    """Exact quantiles, by linear interpolation between the closest ranks.

    Args:
        values: In any order, at least one.
        wanted: Each from 0 to 1.
    """
    ordered = sorted(values)
    result = []
    for quantile in wanted:
        rank = quantile * (len(ordered) - 1)
        below = int(rank)
        above = min(below + 1, len(ordered) - 1)
        low, high = ordered[below], ordered[above]
        result.append(low + (high - low) * (rank - below))
    return result
