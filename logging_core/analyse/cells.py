"""What one instance's exchanges of long ago add up to, in few bytes."""

from __future__ import annotations

import math
import struct
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import groupby
from typing import NamedTuple, Self

from logging_core.analyse.columns import Numbers
from logging_core.analyse.hours import DAY_H
from logging_core.analyse.latency import LatencySketch, exact_sum
from logging_core.analyse.summary import Tally

_RECORD = struct.Struct("<II12sI20s20sd")
_LEAST_S, _MOST_S = 1e-6, 1e9
_OFFSET = math.log(_LEAST_S)
_STEPS = (1 << 16) - 2
_STEP = (math.log(_MOST_S) - _OFFSET) / _STEPS  # from one code to the next


class _Sums(NamedTuple):
    """What exchanges add up to but for quantiles; `cost` and `seconds` are as of `exact_sum`."""

    requests: int
    sized: int
    tokens: int
    priced: int
    cost: int
    seconds: int
    longest_s: float

    @classmethod
    def of(cls, said: Numbers) -> Self:
        return cls(
            said.requests,
            len(said.tokens),
            sum(said.tokens),
            len(said.costs),
            exact_sum(said.costs),
            exact_sum(said.seconds),
            max(said.seconds, default=0.0),
        )

    @classmethod
    def together(cls, some: Iterable[_Sums]) -> Self:
        requests, sized, tokens, priced, cost, seconds, longest = zip(*some, strict=True)
        return cls(
            sum(requests),
            sum(sized),
            sum(tokens),
            sum(priced),
            sum(cost),
            sum(seconds),
            max(longest),
        )

    @classmethod
    def unpacked(cls, data: array[int]) -> Iterator[Self]:
        for requests, sized, tokens, priced, cost, seconds, longest_s in _RECORD.iter_unpack(data):
            yield cls(
                requests,
                sized,
                int.from_bytes(tokens, "little"),
                priced,
                int.from_bytes(cost, "little"),
                int.from_bytes(seconds, "little"),
                longest_s,
            )

    def packed(self) -> array[int]:
        data = _RECORD.pack(
            self.requests,
            self.sized,
            self.tokens.to_bytes(12, "little"),
            self.priced,
            self.cost.to_bytes(20, "little"),
            self.seconds.to_bytes(20, "little"),
            self.longest_s,
        )
        return array("B", data)


class Stretch(NamedTuple):
    """What exchanges of some time add up to, of one instance or of several.

    Attributes:
        sums: As packed, any number of them.
        codes: The response times.
    """

    sums: array[int]
    codes: array[int]

    @classmethod
    def together(cls, some: Iterable[Stretch]) -> Self:
        """Several as one."""
        sums, codes = array("B"), array("H")
        for stretch in some:
            sums += stretch.sums
            codes += stretch.codes
        return cls(sums, codes)

    def tally(self) -> Tally:
        """Its sums."""
        if not self.sums:
            return Tally()
        sums = _Sums.together(_Sums.unpacked(self.sums))
        seconds = [*_times_s(self.codes)]
        return Tally.of(
            requests=sums.requests,
            tokens=sums.tokens,
            sized=sums.sized,
            cost=sums.cost,
            priced=sums.priced,
            latency=LatencySketch.of(seconds, sums.seconds, sums.longest_s),
        )


class Cells:
    """The sums of each hour that has any exchanges; of what is still older, of each day.

    They are exact, but for quantiles, which are within 0.03 %. Each takes 80 bytes, and 2 for every
    response time.
    """

    __slots__ = ("_codes", "_hours", "_sums", "_timed")

    def __init__(self) -> None:
        self._hours = array("i")  # since the epoch: when each begins
        self._timed = array("I")  # how many response times each has
        self._codes = array("H")  # these, of one after the other
        self._sums = array("B")  # as packed

    @property
    def hours(self) -> Sequence[int]:
        """When each begins, in hours since the epoch, in order."""
        return self._hours

    def add(self, hour: int, said: Numbers) -> None:
        """Count exchanges in what begins with an hour."""
        place = bisect_left(self._hours, hour)
        begin = sum(self._timed[:place])
        sums = _Sums.of(said)
        if self._hours[place : place + 1] == array("i", [hour]):
            sums = _Sums.together((sums, *_Sums.unpacked(self._sums[_bytes(place, place + 1)])))
            self._sums[_bytes(place, place + 1)] = sums.packed()
            self._timed[place] += len(said.seconds)
        else:
            self._hours.insert(place, hour)
            self._timed.insert(place, len(said.seconds))
            self._sums[_bytes(place, place)] = sums.packed()
        self._codes[begin:begin] = _codes(said.seconds)

    def between(self, start: int, stop: int) -> Stretch:
        """What begins from one hour to before another."""
        first, last = bisect_left(self._hours, start), bisect_left(self._hours, stop)
        begin = sum(self._timed[:first])
        end = begin + sum(self._timed[first:last])
        return Stretch(self._sums[_bytes(first, last)], self._codes[begin:end])

    def merge_days(self, before: int) -> None:
        """Keep only the sums of whole days of what began before an hour, the first of its day."""
        stop = bisect_left(self._hours, before)
        hours, timed, packed = array("i"), array("I"), array("B")
        for day, places in groupby(range(stop), key=lambda place: self._hours[place] // DAY_H):
            first, *others = places
            end = first + len(others) + 1
            hours.append(day * DAY_H)
            timed.append(sum(self._timed[first:end]))
            packed += _Sums.together(_Sums.unpacked(self._sums[_bytes(first, end)])).packed()
        self._hours[:stop], self._timed[:stop] = hours, timed
        self._sums[_bytes(0, stop)] = packed


def _bytes(first: int, end: int) -> slice:
    return slice(first * _RECORD.size, end * _RECORD.size)


def _codes(times_s: Iterable[float]) -> array[int]:
    """Response times in 16 bits each; 0 stands for nothing that could be measured."""
    log, per_step, first = math.log, 1 / _STEP, 1.5 - _OFFSET / _STEP
    return array("H", [int(log(s) * per_step + first) if s >= _LEAST_S else 0 for s in times_s])


def _times_s(codes: Iterable[int]) -> Iterator[float]:
    return map(_all_times_s().__getitem__, codes)


@cache
def _all_times_s() -> array[float]:
    """What each code stands for."""
    return array("d", [0.0, *(math.exp(_OFFSET + step * _STEP) for step in range(_STEPS + 1))])
