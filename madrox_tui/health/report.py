"""The log health report: unreadable lines, odd records, gaps, file growth, disk use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple, Protocol

import msgspec
from rich.cells import cell_len

from logging_core.analyse.state import AnomalyCount, FleetState
from logging_core.anomalies import Anomaly, AnomalyKind
from logging_core.read.disk import DiskUse, growth
from logging_core.records import Message, Problem
from logging_core.text import safe_line
from madrox_tui import format as fmt
from madrox_tui.columns import Line, fit
from madrox_tui.plot import bar

AHEAD_S = 300.0
"""A time further ahead of the clock than this is reported as odd."""

_SPOKEN = frozenset({"message_sent", "message_received"})
_MAX_FILES = 10
_MAX_INSTANCES = 20
_BAR = 12
_MAX_BAR_WIDTH = 32
_PER_MINUTE = "/min"
_MAX_NAME_WIDTH = 24
_FRAME_ODD: dict[str, str] = {AnomalyKind.BACK: "out of time order", AnomalyKind.TORN: "cut off"}


class DiskSource(Protocol):
    """Measures the tree's disk use without blocking the screen."""

    async def disk(self) -> DiskUse:
        """Measure what the tree takes now."""
        ...


class DiskLooks(msgspec.Struct, frozen=True, eq=False):
    """The tree's disk use at the first and the latest measurement; `None` before the first."""

    first: DiskUse | None = None
    last: DiskUse | None = None

    def then(self, use: DiskUse) -> DiskLooks:
        """Return a copy with one more measurement."""
        return DiskLooks(self.first or use, use)


class _Suspect(NamedTuple):
    """What is odd, and in which way; only `thing` is put in the plural."""

    thing: str
    what: str


def health_lines(
    state: FleetState,
    disk: DiskLooks,
    width: int,
    *,
    older: Sequence[Problem] = (),
    unread: str | None = None,
) -> list[Line]:
    """Build the report, section by section; every text in it is safe to show.

    Args:
        state: The fleet.
        disk: The first and latest measurement: the difference is the growth.
        width: Cells.
        older: What could not be read of messages older than the state's: files that it does not
            count, as only their newest parts are read for it.
        unread: What of the tree is still to be read, see `View`.
    """
    names = {i.instance_id: i.instance_name for i in state.instances if i.instance_name}
    sections = [_problems(state, width, unread), *([_older(older, width)] if older else [])]
    sections += [_anomalies(state, width), _odd_files(state.anomalies, width)]
    sections.append(_jumps_and_gaps(state, width))
    sections += [_growing(disk, names, width), _disk(disk.last, names, width)]
    return [line for section in sections for line in (*section, [])][:-1]


def _problems(state: FleetState, width: int, unread: str | None) -> list[Line]:
    problems = state.problems
    if not problems.total:
        none = "none: every line was read" if unread is None else f"none so far: {unread}"
        return [_title("Problems"), _quiet(none)]
    where = _number(len(problems.files), "file")
    kinds = [
        _number(number, thing)
        for number, thing in (
            (problems.unreadable_lines, "line"),
            (problems.unreadable_files, "whole file"),
            (problems.gaps, "gap"),
        )
        if number
    ]
    how_many = f"{problems.total:,} in {where}: {', '.join(kinds)}; newest first"
    section: list[Line] = [_title("Problems", how_many)]
    return section + [line for p in reversed(problems.newest) for line in _problem(p, width)]


def _older(problems: Sequence[Problem], width: int) -> list[Line]:
    """What could not be read when somebody scrolled back."""
    number = _number(len(problems), "file")
    title = _title("Older messages", f"{number} not read, or only in part, when scrolling back")
    return [title] + [line for problem in problems for line in _problem(problem, width)]


def _problem(problem: Problem, width: int) -> list[Line]:
    place = [("  ✗ ", "bad"), (safe_line(problem.path), "strong"), (_where(problem), "muted")]
    shown = _told(place, safe_line(problem.reason), width)
    return [*shown, [("    " + safe_line(problem.line), "muted")]] if problem.line else shown


def _where(problem: Problem) -> str:
    if problem.offset is not None:
        return f"  byte {problem.offset:,}"
    return "" if problem.is_gap else "  the whole file"


def _anomalies(state: FleetState, width: int) -> list[Line]:
    names = {instance.instance_id: instance.label for instance in state.instances}
    counts: Counter[tuple[_Suspect, str, str]] = Counter()
    for message in state.messages:
        path = f"instances/{message.instance_id}/communication.jsonl"
        counts.update((odd, message.instance_id, path) for odd in _odd(message, state.at_s))
    for instance in state.instances:
        frame = instance.newest_frame
        if frame is not None:
            odd_ways = (_Suspect("newest frame", _FRAME_ODD[name]) for name in frame.suspect)
            place = f"{frame.path}  byte {frame.offset:,}"
            counts.update((odd, instance.instance_id, place) for odd in odd_ways)
        if instance.created_s is not None and instance.created_s > state.at_s + AHEAD_S:
            counts[_Suspect("creation", "ahead of the clock"), instance.instance_id, ""] += 1
    section: list[Line] = [_title("Odd records", "among the newest messages and frames")]
    for (odd, instance_id, place), number in counts.most_common(_MAX_INSTANCES):
        what = f"{fmt.plural(number, odd.thing)} {odd.what}"
        label = safe_line(names.get(instance_id, instance_id))
        times = f"{number:>6,}  "
        line: Line = [("  ! ", "warn"), (times, "strong"), (what, ""), (f"  {label}", "muted")]
        section += _told(line, safe_line(place), width, "muted") if place else [line]
    if not counts:
        section.append(_quiet("none: every message has an id and a plausible time"))
    return section


def _odd(message: Message, at_s: float) -> Iterable[_Suspect]:
    if message.event_type in _SPOKEN and message.message_id is None:
        yield _Suspect("message", "without an id")
    if message.time_s is None:
        yield _Suspect("message", "without a readable time")
    elif message.time_s > at_s + AHEAD_S:
        yield _Suspect("message", "ahead of the clock")
    for name in message.suspect:
        if name not in fmt.ODD:  # of the others all are counted, by file
            yield _Suspect("invalid value", f"of {safe_line(name)}")


def _odd_files(odd: AnomalyCount, width: int) -> list[Line]:
    title = "Torn, garbled and linked"
    if not odd.torn and not odd.lossy and not odd.links:
        return [
            _title(title),
            _quiet("none: every record whole, every line UTF-8, no file named twice"),
        ]
    section: list[Line] = [_title(title, "by file, then newest first")]
    section += _worst(
        [
            *(("records cut off", file.torn, file.path) for file in odd.files),
            *(("records not all UTF-8", file.lossy, file.path) for file in odd.files),
        ]
    )
    for anomaly in reversed(odd.newest_odd[-_MAX_FILES:]):
        if anomaly.kind is not AnomalyKind.TORN:
            what = _in_words(anomaly)
            section += _told([("    ", ""), (safe_line(anomaly.path), "strong")], what, width)
    return section


def _jumps_and_gaps(state: FleetState, width: int) -> list[Line]:
    odd = state.anomalies
    if not odd.clock_jumps and not odd.gaps:
        quiet = _quiet("none: times only move forward in every file, and no lines were lost")
        return [_title("Clock jumps and gaps"), quiet]
    section: list[Line] = [_title("Clock jumps and gaps", "by file, then newest first")]
    counts = [("clock jumps", file.clock_jumps, file.path) for file in odd.files]
    counts += [("gaps", file.gaps, file.path) for file in odd.files]
    section += _worst(counts)
    if sum(map(bool, map(itemgetter(1), counts))) > _MAX_FILES:
        section.append(_quiet(f"{odd.clock_jumps:,} clock jumps and {odd.gaps:,} gaps in all"))
    for anomaly in reversed(odd.newest[-_MAX_FILES:]):
        when, path = fmt.moment(anomaly.time_s), safe_line(anomaly.path)
        place: Line = [(f"    {when}", "muted"), (f"  {path}", "strong")]
        section += _told(place, _in_words(anomaly), width)
    return section


def _worst(counts: Sequence[tuple[str, int, str]]) -> list[Line]:
    """The files with the most of something: what it is, how many, and where."""
    counts = sorted(filter(itemgetter(1), counts), key=itemgetter(1), reverse=True)[:_MAX_FILES]
    widest = max((len(what) for what, _, _ in counts), default=0)
    return [
        [
            ("  ! ", "warn"),
            (f"{number:>6,}  ", "strong"),
            (f"{what:<{widest}}", ""),
            (f"  {safe_line(path)}", "muted"),
        ]
        for what, number, path in counts
    ]


def _told(place: Line, what: str, width: int, style: str = "warn") -> list[Line]:
    """What was found at a place, beside it, or below it and a little to the right."""
    if sum(len(text) for text, _ in place) + len(what) + 2 <= width:
        return [[*place, (f"  {what}", style)]]
    first = place[0][0]
    indent = " " * (len(first) - len(first.lstrip(" ")) + 2)
    return [place, [(indent + what, style)]]


def _in_words(anomaly: Anomaly) -> str:
    if anomaly.kind is AnomalyKind.LINKED:
        return f"second name of {safe_line(anomaly.detail)}, which is read once"
    if anomaly.kind is AnomalyKind.LOSSY:
        return f"not all UTF-8: {safe_line(anomaly.detail)}"
    if anomaly.kind is AnomalyKind.GAP:
        return "truncated or replaced: lines may be lost"
    by = fmt.duration(anomaly.by_s)
    return f"went back {by}" if anomaly.kind is AnomalyKind.BACK else f"{by} ahead of the clock"


def _growing(disk: DiskLooks, names: Mapping[str, str], width: int) -> list[Line]:
    before, after = disk.first, disk.last
    section: list[Line] = [_title("Fastest growing files", "bytes per minute")]
    if before is None or after is None or after.at_s <= before.at_s:
        return [*section, _quiet("measuring")]
    grown = growth(before, after)
    if not grown:
        return [*section, _quiet(f"none grew in {fmt.age(after.at_s - before.at_s)}")]
    most = grown[0].bytes_per_minute
    rows = [(_short(one.path, names), one.bytes_per_minute) for one in grown[:_MAX_FILES]]
    return section + [_measured(path, value, most, width, _PER_MINUTE) for path, value in rows]


def _short(path: str, names: Mapping[str, str]) -> str:
    """Replace an instance's directory in a path by the instance's name: `atlas: …`."""
    top, _, rest = path.partition("/")
    instance_id, _, file = rest.partition("/")
    named = top == "instances" and file and instance_id in names
    return f"{names[instance_id]}: {file}" if named else path


def _disk(use: DiskUse | None, names: Mapping[str, str], width: int) -> list[Line]:
    if use is None:
        return [_title("Disk"), _quiet("measuring")]
    files = f"{fmt.size(use.size)} in {_number(len(use.files), 'file')}"
    files += f", {fmt.size(use.allocated)} allocated"
    if not use.complete:
        files += "; incomplete: not everything could be measured"
    section: list[Line] = [_title("Disk", files)]
    section += [_measured(kind, size, use.size, width) for kind, size in use.by_kind.items()]
    ranked = list(use.by_instance.items())
    if ranked:
        section += [[], _title("Disk by instance")]
    shown = ranked[:_MAX_INSTANCES]
    widest = max((cell_len(names.get(one, "")) for one, _ in shown), default=0)
    for instance_id, size in shown:
        name = fit(names.get(instance_id, ""), min(widest, _MAX_NAME_WIDTH))
        section.append(_measured(f"{name}  {instance_id}", size, shown[0][1], width))
    left = ranked[_MAX_INSTANCES:]
    if left:
        rest = fmt.size(sum(size for _, size in left))
        section.append(_quiet(f"{len(left):,} more, {rest} together"))
    return section


def _measured(name: str, size: float, most: float, width: int, per: str = "") -> Line:
    """Format a name, its size, and the size as a bar."""
    room = max(8, min(_MAX_NAME_WIDTH + 40, width - _BAR - 20))
    shown = fit(safe_line(name.encode("utf-8", "replace").decode()), room)
    amount = f"{fmt.size(size):>7}{per:<{len(_PER_MINUTE)}}  "
    cells = max(_BAR, min(_MAX_BAR_WIDTH, width - room - len(amount) - 3))
    return [("  ", ""), (shown, ""), (amount, "strong"), (bar(size / (most or 1), cells), "accent")]


def _number(number: int, thing: str) -> str:
    return f"{number:,} {fmt.plural(number, thing)}"


def _title(text: str, more: str = "") -> Line:
    return [(text, "head"), (f"  {more}" if more else "", "muted")]


def _quiet(text: str) -> Line:
    return [(f"  {text}", "muted")]
