"""The log health report: unreadable lines, odd records, gaps, file growth, disk use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import NamedTuple

from logging_core.analyse.state import AnomalyCount, FleetState
from logging_core.anomalies import Anomaly, AnomalyKind
from logging_core.event_types import RECEIVED, SENT
from logging_core.records import Message, Problem
from logging_core.text import safe_line
from madrox_tui import format as fmt
from madrox_tui.columns import Line
from madrox_tui.health.disk import DiskLooks, disk_use, growing_files
from madrox_tui.health.parts import counted, heading, remark
from madrox_tui.names import names_of

AHEAD_S = 300.0
"""A time further ahead of the clock than this is reported as odd."""

_HAVE_IDS = frozenset({SENT, RECEIVED})
_MAX_FILES = 10
_MAX_INSTANCES = 20
_FRAME_ODD: dict[str, str] = {AnomalyKind.BACK: "out of time order", AnomalyKind.TORN: "cut off"}


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
    called = names_of(state.instances)
    names = {i.instance_id: called[i.instance_id] for i in state.instances if i.instance_name}
    sections = [_problems(state, width, unread), *([_older(older, width)] if older else [])]
    sections += [_anomalies(state, called, width), _odd_files(state.anomalies, width)]
    sections.append(_jumps_and_gaps(state, width))
    sections += [growing_files(disk, names, width), disk_use(disk.last, names, width)]
    return [line for section in sections for line in (*section, [])][:-1]


def _problems(state: FleetState, width: int, unread: str | None) -> list[Line]:
    problems = state.problems
    if not problems.total:
        none = "none: every line was read" if unread is None else f"none so far: {unread}"
        return [heading("Problems"), remark(none)]
    where = counted(len(problems.files), "place")
    kinds = [
        said
        for count, said in (
            (problems.unreadable_lines, counted(problems.unreadable_lines, "line")),
            (problems.unreadable_files, fmt.whole_places(problems.unreadable_files)),
            (problems.gaps, counted(problems.gaps, "gap")),
        )
        if count
    ]
    how_many = f"{problems.total:,} in {where}: {', '.join(kinds)}; newest first"
    section: list[Line] = [heading("Problems", how_many)]
    if unread is not None:
        section.append(remark(f"so far: {unread}"))
    return section + [line for p in reversed(problems.newest) for line in _problem(p, width)]


def _older(problems: Sequence[Problem], width: int) -> list[Line]:
    """What could not be read when somebody scrolled back."""
    number = counted(len(problems), "file")
    title = heading("Older messages", f"{number} not read, or only in part, when scrolling back")
    return [title] + [line for problem in problems for line in _problem(problem, width)]


def _problem(problem: Problem, width: int) -> list[Line]:
    place = [("  ✗ ", "bad"), (safe_line(problem.path), "strong"), (_where(problem), "muted")]
    shown = _told(place, safe_line(problem.reason), width)
    return [*shown, [("    " + safe_line(problem.line), "muted")]] if problem.line else shown


def _where(problem: Problem) -> str:
    return "" if problem.offset is None else f"  byte {problem.offset:,}"


def _anomalies(state: FleetState, names: Mapping[str, str], width: int) -> list[Line]:
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
    section: list[Line] = [
        heading("Odd records", "among the newest messages and each pane's last frame")
    ]
    for (odd, instance_id, place), number in counts.most_common(_MAX_INSTANCES):
        what = f"{fmt.plural(number, odd.thing)} {odd.what}"
        label = safe_line(names.get(instance_id, instance_id))
        times = f"{number:>6,}  "
        line: Line = [("  ! ", "warn"), (times, "strong"), (what, ""), (f"  {label}", "muted")]
        section += _told(line, safe_line(place), width, "muted") if place else [line]
    if not counts:
        section.append(remark("none: every message has an id and a plausible time"))
    return section


def _odd(message: Message, at_s: float) -> Iterable[_Suspect]:
    if message.event_type in _HAVE_IDS and message.message_id is None:
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
            heading(title),
            remark("none: what was read is whole, its lines UTF-8, no file named twice"),
        ]
    section: list[Line] = [heading(title, "by file, then newest first")]
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
        quiet = remark("none: no time more than 5 minutes before the last, and no lines were lost")
        return [heading("Clock jumps and gaps"), quiet]
    section: list[Line] = [heading("Clock jumps and gaps", "by file, then newest first")]
    counts = [("clock jumps", file.clock_jumps, file.path) for file in odd.files]
    counts += [("gaps", file.gaps, file.path) for file in odd.files]
    section += _worst(counts)
    if sum(map(bool, map(itemgetter(1), counts))) > _MAX_FILES:
        section.append(remark(f"{odd.clock_jumps:,} clock jumps and {odd.gaps:,} gaps in all"))
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
