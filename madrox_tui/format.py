"""Formatting of numbers and times, the same in every panel and report.

Unknown is `–`, never zero. Every result fits the cells that its docstring names.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from logging_core.analyse.state import Usage
from logging_core.anomalies import AnomalyKind

UNKNOWN = "–"

ODD: dict[str, str] = {
    AnomalyKind.BACK: "time runs backwards",
    AnomalyKind.TORN: "cut off",
    AnomalyKind.LOSSY: "not all UTF-8",
    AnomalyKind.REPEATED: "a key twice",
}
"""What is odd about a record, in words, by how its `suspect` calls it."""

_UNITS = ("", "k", "M", "G", "T", "P")
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


def count(value: int) -> str:
    """Format a count: `999`, `12.3k`, `4.0M`; at most 5 cells."""
    if value < 1000:
        return str(value)
    scaled, unit = float(value), 0
    while scaled >= 999.5 and unit < len(_UNITS) - 1:
        scaled /= 1000
        unit += 1
    return f"{scaled:.1f}{_UNITS[unit]}" if scaled < 99.95 else f"{scaled:.0f}{_UNITS[unit]}"


def plural(number: int, thing: str) -> str:
    """Return the singular or plural: `file` for 1, else `files`."""
    return thing if number == 1 else f"{thing}s"


def whole_places(number: int) -> str:
    """Count what could not be read as a whole: `1 file or directory`."""
    return f"{number:,} {'file or directory' if number == 1 else 'files or directories'}"


def suspect(names: Iterable[str]) -> str:
    """Say what is odd about a record: `suspect: cost, cut off`; empty if nothing is."""
    said = ", ".join(ODD.get(name, name) for name in names)
    return f"suspect: {said}" if said else ""


def tokens(value: int | None) -> str:
    """Format a number of tokens like `count`; at most 5 cells."""
    return UNKNOWN if value is None else count(value)


def open_requests(number: int, oldest: str) -> str:
    """Format requests without a reply: the age of the oldest one, after their number if several.

    Args:
        number: How many there are.
        oldest: The age of the oldest one, as `age` formats it.
    """
    if not number:
        return UNKNOWN
    return f"{count(number)} {oldest}" if number > 1 else oldest


def dollars(usd: float | None) -> str:
    """Format an amount: `$0.0042`, `$4.12`, `$1,234`, `$12.3M`; at most 7 cells.

    Small amounts have four decimals, and a nonzero amount never looks like zero.
    """
    if usd is None:
        return UNKNOWN
    if 0 < usd < 0.00005:
        return "<$.0001"
    if 0 < usd < 0.09995:
        return f"${usd:.4f}"
    if usd < 999.995:
        return f"${usd:.2f}"
    if usd < 99_999.5:
        return f"${usd:,.0f}"
    return f"${count(round(usd))}"


def cost_title(*, is_least: bool) -> str:
    """Return the heading of costs; `is_least`: of some, older exchanges are still to be read."""
    return "≥COST" if is_least else "COST"


def money(usage: Usage) -> str:
    """Format the cost of exchanges: `$4.12`, `$4.12 + 3 unpriced`, `unpriced`."""
    if usage.cost_usd is None:
        return "unpriced" if usage.requests else UNKNOWN
    amount = dollars(usage.cost_usd)
    return f"{amount} + {count(usage.unpriced)} unpriced" if usage.unpriced else amount


def money_in_short(usage: Usage) -> str:
    """The known cost, with a `+` if there are exchanges that nobody priced; at most 8 cells."""
    if usage.cost_usd is None:
        return money(usage)
    return dollars(usage.cost_usd) + ("+" if usage.unpriced else "")


def rate(usd_per_hour: float | None, *, is_least: bool = False) -> str:
    """Format a spending rate: `$1.20/h`, `$1.20+/h`; at most 10 cells.

    Args:
        usd_per_hour: The rate; `None` if unknown.
        is_least: Whether some of the exchanges are not priced.
    """
    if usd_per_hour is None:
        return UNKNOWN
    return f"{dollars(usd_per_hour)}{'+' if is_least else ''}/h"


def size(value: float | None) -> str:
    """Format a number of bytes in powers of 1000: `999B`, `12.3kB`, `4.0GB`; at most 6 cells."""
    return UNKNOWN if value is None else f"{count(round(value))}B"


def share(part: float, whole: float) -> str:
    """Format a share in percent: `<1%`, `42%`; `–` if the whole is 0; at most 5 cells."""
    if whole <= 0:
        return UNKNOWN
    percent = 100 * part / whole
    if 0 < percent < 0.5:
        return "<1%"
    return f"{percent:.0f}%" if percent < 999.5 else ">999%"


def duration(seconds: float | None) -> str:
    """Format a duration: `<1ms`, `820ms`, `2.3s`, `3m12s`, `2h05m`; at most 5 cells."""
    if seconds is None:
        return UNKNOWN
    if seconds < 0.9995:
        milliseconds = round(seconds * 1000)
        return f"{milliseconds}ms" if milliseconds or not seconds else "<1ms"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    return _long_duration(round(seconds))


def _long_duration(seconds: int) -> str:
    if seconds < 10 * _MINUTE:
        return f"{seconds // _MINUTE}m{seconds % _MINUTE:02}s"
    if _HOUR <= seconds < 10 * _HOUR:
        return f"{seconds // _HOUR}h{seconds % _HOUR // _MINUTE:02}m"
    return age(seconds)


def span(seconds: float) -> str:
    """Format a length of time of whole minutes: `10m`, `1h`, `1h15m`; from a day on, `2d3h`."""
    minutes = int(seconds // _MINUTE)
    days, hours = minutes // (24 * 60), minutes // 60 % 24
    parts = ((days, "d"), (hours, "h"), (0 if days else minutes % 60, "m"))
    return "".join(f"{number}{unit}" for number, unit in parts if number)


def age(seconds: float | None) -> str:
    """Format an age in the largest whole unit: `42s`, `6m`, `3h`, `12d`, `2y`; at most 4 cells.

    The age of a time in the future is `0s`.
    """
    if seconds is None:
        return UNKNOWN
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < _DAY:
        return f"{whole // _HOUR}h"
    if whole < _YEAR:
        return f"{whole // _DAY}d"
    return f"{min(whole // _YEAR, 999)}y"


def ago(time_s: float | None, now_s: float) -> str:
    """Format how long ago a moment was, like `age`."""
    return age(None if time_s is None else now_s - time_s)


def age_left_s(seconds: float) -> float:
    """Return for how many more seconds `age` gives the same text."""
    units = ((_MINUTE, 1), (_HOUR, _MINUTE), (_DAY, _HOUR), (_YEAR, _DAY))
    unit = next((unit for below, unit in units if seconds < below), _YEAR)
    return unit - max(0.0, seconds) % unit - min(0.0, seconds)


def model(kind: str | None, name: str | None) -> str | None:
    """Name a model after its type, unless it begins with that; without a model, only the type."""
    if not (kind and name):
        return name or kind
    return name if name.startswith(kind) else f"{kind}/{name}"


def clock(time_s: float | None) -> str:
    """Format the local time of day: `12:31:10`; always 8 cells."""
    return "--:--:--" if time_s is None else f"{datetime.fromtimestamp(time_s):%H:%M:%S}"


def moment(time_s: float | None) -> str:
    """Format the local date and time: `2026-11-23 12:31:10`."""
    return UNKNOWN if time_s is None else f"{datetime.fromtimestamp(time_s):%Y-%m-%d %H:%M:%S}"


def day(time_s: float) -> str:
    """Format the local day: `2026-11-23`; always 10 cells."""
    return f"{datetime.fromtimestamp(time_s):%Y-%m-%d}"


def at(time_s: float, now_s: float) -> str:
    """Format a moment to the second: `12:31:10`, and its day if that is not today; local."""
    return clock(time_s) if day(time_s) == day(now_s) else moment(time_s)


def since(time_s: float, now_s: float) -> str:
    """A moment from which on is counted: `12:31`, and its day if that is not today; local."""
    then, now = datetime.fromtimestamp(time_s), datetime.fromtimestamp(now_s)
    return f"{then:{'%H:%M' if then.date() == now.date() else '%Y-%m-%d %H:%M'}}"


def tick(time_s: float, span_s: float) -> str:
    """Format a time on an axis of `span_s` seconds: `12:31`, `11-23`; local, always 5 cells."""
    return f"{datetime.fromtimestamp(time_s):{'%H:%M' if span_s <= _DAY else '%m-%d'}}"
