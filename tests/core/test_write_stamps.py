"""Timestamps as the tree has them."""

from __future__ import annotations

import logging
import time

from hypothesis import given
from hypothesis import strategies as st

from builders import START
from logging_core.codec.times import format_time, parse_time
from logging_core.write.stamps import Stamps

moments = st.integers(0, 4_000_000_000_000_000).map(lambda micros: micros / 1e6)


@given(st.lists(moments, min_size=1))
def test_every_moment_reads_back_to_the_microsecond(times: list[float]) -> None:
    """Whatever moments follow one another, each has its own text."""
    stamps = Stamps(time.time)
    for time_s in times:
        stamp = stamps.at(time_s)
        assert len(stamp) == 26
        read = parse_time(stamp)
        assert read is not None
        shift = read - time_s  # by an hour where a clock change made two moments equal
        assert abs(shift - round(shift / 1800) * 1800) < 2e-6


def test_microseconds_are_always_there() -> None:
    """A full second has six zeros, and the last microsecond of one does not spill."""
    stamps, second = Stamps(time.time), START.timestamp()
    assert stamps.at(second) == "2026-11-23T12:00:00.000000" == format_time(second)
    assert stamps.at(second + 0.999999) == "2026-11-23T12:00:00.999999"
    assert stamps.at(second + 0.9999999) == "2026-11-23T12:00:01.000000"


def test_a_records_own_time_counts() -> None:
    """A record that waited in a queue has the time at which it was logged."""
    record = logging.makeLogRecord({})
    record.created = START.timestamp()
    assert Stamps(time.time).of(record) == "2026-11-23T12:00:00.000000"


def test_another_clock_than_the_systems_counts_for_every_record() -> None:
    """With a clock of the caller's, log records have its time too."""
    record = logging.makeLogRecord({})
    assert Stamps(START.timestamp).of(record) == "2026-11-23T12:00:00.000000"
