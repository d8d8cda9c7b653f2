"""Numbers and times as people read them."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from logging_core.analyse.state import Usage
from logging_core.anomalies import AnomalyKind
from madrox_tui import format as fmt


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1.0k"),
        (1_234, "1.2k"),
        (12_345, "12.3k"),
        (99_949, "99.9k"),
        (99_950, "100k"),
        (999_499, "999k"),
        (999_500, "1.0M"),
        (1_234_567, "1.2M"),
        (12_345_678_901, "12.3G"),
        (10**15, "1.0P"),
    ],
)
def test_counts(value: int, text: str) -> None:
    """Large numbers are cut to three digits and a unit, and never show 1000k."""
    assert fmt.count(value) == text


def test_one_thing_is_not_called_many() -> None:
    """None and many are plural, one is not."""
    assert [fmt.plural(n, "file") for n in (0, 1, 2)] == ["files", "file", "files"]


def test_unknown_is_a_dash_never_zero() -> None:
    """What is not known is shown as such, in every kind of number and time."""
    texts = (fmt.tokens(None), fmt.dollars(None), fmt.duration(None), fmt.age(None))
    assert texts == ("–",) * 4
    assert (fmt.tokens(0), fmt.dollars(0), fmt.duration(0), fmt.age(0)) == (
        "0",
        "$0.00",
        "0ms",
        "0s",
    )
    assert (fmt.clock(None), fmt.moment(None)) == ("--:--:--", "–")


@pytest.mark.parametrize(
    ("usd", "text"),
    [
        (0.0, "$0.00"),
        (0.00001, "<$.0001"),
        (0.00008, "$0.0001"),
        (0.0042, "$0.0042"),
        (0.0999, "$0.0999"),
        (0.09996, "$0.10"),
        (4.12, "$4.12"),
        (999.994, "$999.99"),
        (999.996, "$1,000"),
        (12_345.6, "$12,346"),
        (99_999.9, "$100k"),
        (1_234_567.0, "$1.2M"),
        (1e9, "$1.0G"),
    ],
)
def test_dollars(usd: float, text: str) -> None:
    """An amount keeps the digits that matter, and one that is not zero never looks like zero."""
    assert fmt.dollars(usd) == text


@pytest.mark.parametrize(
    ("usage", "text"),
    [
        (Usage(), "–"),
        (Usage(requests=3, unpriced=3), "unpriced"),
        (Usage(requests=3, cost_usd=4.12), "$4.12"),
        (Usage(requests=9, cost_usd=4.12, unpriced=3), "$4.12 + 3 unpriced"),
        (Usage(requests=3, cost_usd=0.0), "$0.00"),
    ],
)
def test_money_is_honest(usage: Usage, text: str) -> None:
    """Unpriced exchanges are mentioned, and an unknown cost is never $0.00."""
    assert fmt.money(usage) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0001, "<1ms"),
        (0.0312, "31ms"),
        (0.8195, "820ms"),
        (0.9996, "1.0s"),
        (2.333, "2.3s"),
        (59.94, "59.9s"),
        (59.96, "1m00s"),
        (192, "3m12s"),
        (599.4, "9m59s"),
        (599.6, "10m"),
        (3599, "59m"),
        (3600, "1h00m"),
        (7500, "2h05m"),
        (36_000, "10h"),
        (200_000, "2d"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    """Durations have two or three digits, and roll over to the next unit in time."""
    assert fmt.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (59.9, "59s"),
        (60, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (86_399, "23h"),
        (86_400, "1d"),
        (364 * 86_400, "364d"),
        (800 * 86_400, "2y"),
    ],
)
def test_ages(seconds: float, text: str) -> None:
    """Ages are in the largest whole unit; the future is no time ago."""
    assert fmt.age(seconds) == text


@given(st.floats(-1e6, 1e9), st.floats(0, 1))
def test_an_age_reads_the_same_for_as_long_as_is_said(seconds: float, part: float) -> None:
    """An age keeps its text for as long as `age_left_s` says, and no longer."""
    left_s = fmt.age_left_s(seconds)
    assert left_s > 0
    assert fmt.age(seconds + max(0.0, left_s - 0.001) * part) == fmt.age(seconds)
    assert fmt.age(seconds + left_s + 0.001) != fmt.age(seconds)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (330, "5m"),
        (600, "10m"),
        (3600, "1h"),
        (4530, "1h15m"),
        (86_400, "1d"),
        (100 * 86_400 + 7300, "100d2h"),
    ],
)
def test_lengths_of_time(seconds: float, text: str) -> None:
    """As one types them: whole minutes, and hours from a day on."""
    assert fmt.span(seconds) == text


def test_clocks_are_local() -> None:
    """Times of day are in the local zone, as the log tree writes them."""
    time_s = datetime(2026, 11, 23, 9, 5, 7).astimezone().timestamp()
    assert fmt.clock(time_s) == "09:05:07"
    assert fmt.moment(time_s) == "2026-11-23 09:05:07"


@given(st.integers(0, 10**17), st.floats(0, 1e11))
def test_everything_fits_its_column(number: int, value: float) -> None:
    """Whatever the value, the text fits the cells that the columns give it."""
    assert cell_len(fmt.count(number)) <= 5
    assert cell_len(fmt.tokens(number)) <= 5
    assert cell_len(fmt.dollars(value)) <= 7
    assert cell_len(fmt.duration(value)) <= 5
    assert cell_len(fmt.age(value)) <= 4


@pytest.mark.parametrize(
    ("value", "text"), [(None, "–"), (0, "0B"), (999, "999B"), (12_345, "12.3kB"), (4e9, "4.0GB")]
)
def test_sizes(value: float | None, text: str) -> None:
    """Bytes are counted in thousands, as disks are."""
    assert fmt.size(value) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 4, "0%"), (0.001, 4, "<1%"), (1, 3, "33%"), (5, 4, "125%"), (99, 1, ">999%"), (0, 0, "–")],
)
def test_shares(part: float, whole: float, text: str) -> None:
    """A share above zero never looks like zero, and a share of nothing is unknown."""
    assert fmt.share(part, whole) == text


def test_rates_of_money() -> None:
    """Dollars by the hour; unknown is a dash."""
    assert (fmt.rate(1.2), fmt.rate(0), fmt.rate(None)) == ("$1.20/h", "$0.00/h", "–")
    assert (fmt.rate(1.2, is_least=True), fmt.rate(None, is_least=True)) == ("$1.20+/h", "–")


def test_times_on_an_axis() -> None:
    """The clock on an axis of a day, the date on a longer one."""
    time_s = datetime(2026, 11, 23, 9, 5, 7).timestamp()
    assert (fmt.tick(time_s, 86_400), fmt.tick(time_s, 90_000)) == ("09:05", "11-23")


def test_what_is_odd_about_a_record_is_said_in_words() -> None:
    """Fields by their names, everything else as a person would say it; nothing if all is well."""
    assert fmt.suspect(()) == ""
    assert fmt.suspect(("cost", "torn", "lossy")) == "suspect: cost, cut off, not all UTF-8"
    assert fmt.suspect((AnomalyKind.BACK,)) == "suspect: time runs backwards"
    assert fmt.suspect((AnomalyKind.REPEATED,)) == "suspect: a key twice"
