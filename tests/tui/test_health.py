"""The log health report: it shows everything that is wrong, and is safe to display."""

from __future__ import annotations

import asyncio

import pytest

from alone import Alone
from audits import NOW_S, FakeDisk, sick_state
from keyboard import KEYS
from logging_core.analyse.state import AnomalyCount, FileAnomalies, FleetState, ProblemCount
from logging_core.anomalies import Anomaly, AnomalyKind
from logging_core.read.disk import DiskUse, FileSize
from logging_core.records import Message, Problem
from madrox_tui.health.disk import DiskLooks
from madrox_tui.health.report import health_lines
from madrox_tui.health.screen import HealthScreen
from madrox_tui.panels.audit.panel import AuditPanel


def report(state: FleetState, disk: DiskLooks, width: int = 100) -> str:
    lines = health_lines(state, disk, width)
    return "\n".join("".join(text for text, _ in line) for line in lines)


def test_an_unreadable_line_is_shown_with_where_and_why() -> None:
    """File, offset, reason and the line itself, the newest first; a file as a whole has none."""
    text = report(sick_state(), DiskLooks())
    assert "Problems  2 in 2 places: 1 line, 1 file or directory; newest first" in text
    assert "audit/audit_20261123.jsonl  byte 1,234,567  no JSON: unexpected end" in text
    assert '{"timestamp": "2026-11-23T14:0 ␛]52;c;[red]' in text
    assert "communication.jsonl  the file is missing" in text
    assert text.index("audit_20261123") < text.index("the file is missing")


@pytest.mark.parametrize("problems", [ProblemCount(), sick_state().problems])
def test_what_was_not_read_is_told_with_why(problems: ProblemCount) -> None:
    """Whether or not lines that were read are unreadable: there may be more in the rest."""
    state = FleetState(at_s=NOW_S, problems=problems)
    lines = health_lines(state, DiskLooks(), 100, unread="history not read: no space left")
    text = "\n".join("".join(part for part, _ in line) for line in lines)
    assert "so far: history not read: no space left\n" in text


def test_a_reason_without_room_has_its_own_line() -> None:
    """In a narrow terminal why a line is unreadable is not cut off."""
    lines = report(sick_state(), DiskLooks(), 50).split("\n")
    assert lines[1:3] == [
        "  ✗ audit/audit_20261123.jsonl  byte 1,234,567",
        "    no JSON: unexpected end",
    ]


def test_odd_records_are_counted_by_instance() -> None:
    """Missing ids, unreadable and future times, impossible values, forged frames."""
    lines = report(sick_state(), DiskLooks()).split("\n")
    for what, whose in (
        ("message without an id", "atlas"),
        ("message without a readable time", "atlas"),
        ("message ahead of the clock", "ghost"),
        ("invalid value of cost_usd", "ghost"),
        ("newest frame out of time order", "harbor"),
    ):
        assert any(f"1  {what}  {whose}" in line for line in lines), what


@pytest.mark.parametrize("width", [60, 200])
def test_an_odd_record_is_found_by_its_file(width: int) -> None:
    """Beside it or below it: the file, and of a frame the first byte."""
    text = report(sick_state(), DiskLooks(), width)
    between = "  " if width == 200 else "\n    "
    path = "instances/atlas-0000/communication.jsonl"
    assert f"message without an id  atlas{between}{path}\n" in text
    assert f"newest frame out of time order  harbor{between}p  byte 0" in text


def test_one_is_not_called_many() -> None:
    """Counts of records and files use the singular and the plural correctly."""
    message = Message(instance_id="a1", event_type="message_sent", time_s=NOW_S)
    use = DiskUse(at_s=NOW_S, files={(1, 1): FileSize("a", 1)})
    text = report(FleetState(at_s=NOW_S, messages=[message] * 2), DiskLooks(use, use))
    assert "2  messages without an id  a1" in text
    assert " in 1 file, " in text


def test_clock_jumps_and_gaps_are_shown_by_file_and_one_by_one() -> None:
    """How many each file has, and of the newest when and by how much; names are made safe."""
    lines = report(sick_state(), DiskLooks()).split("\n")
    atlas = "instances/atlas-0000/communication.jsonl"
    start = lines.index("Clock jumps and gaps  by file, then newest first")
    assert lines[start + 1 : lines.index("", start)] == [
        f"  !      2  clock jumps  {atlas}",
        "  !      1  clock jumps  audit/␛[31m.jsonl",
        f"  !      1  gaps         {atlas}",
        f"    2026-11-23 14:29:00  {atlas}",
        "      truncated or replaced: lines may be lost",
        f"    2026-11-23 14:36:40  {atlas}  6m40s ahead of the clock",
        "    2026-11-23 14:15:00  audit/␛[31m.jsonl  went back 1h05m",
    ]


def test_a_gap_is_not_called_an_unreadable_file() -> None:
    """It is a problem of its own, and no file is said to be unreadable."""
    gap = Problem(path="audit/x", reason="truncated or rewritten", is_gap=True)
    problems = ProblemCount(files=("audit/x",), newest=(gap,), gaps=1)
    text = report(FleetState(at_s=NOW_S, problems=problems), DiskLooks())
    assert "Problems  1 in 1 place: 1 gap; newest first" in text
    assert "  ✗ audit/x  truncated or rewritten" in text
    assert "file or directory" not in text


@pytest.mark.fault("R01", "R04", "R38")
def test_torn_and_garbled_records_and_second_names_are_shown() -> None:
    """How many each file has, the newest bad bytes in hex, and both names of a file."""
    lossy = Anomaly(path="audit/x", kind=AnomalyKind.LOSSY, time_s=NOW_S, detail="61 ff 62")
    linked = Anomaly(path="audit/y", kind=AnomalyKind.LINKED, time_s=NOW_S, detail="audit/x")
    torn = Anomaly(path="audit/x", kind=AnomalyKind.TORN, time_s=NOW_S)
    files = (FileAnomalies("audit/x", torn=1, lossy=3), FileAnomalies("audit/y", links=1))
    odd = AnomalyCount(files=files, torn=1, lossy=3, links=1, newest_odd=(lossy, torn, linked))
    lines = report(FleetState(at_s=NOW_S, anomalies=odd), DiskLooks(), 70).split("\n")
    start = lines.index("Torn, garbled and linked  by file, then newest first")
    assert lines[start + 1 : lines.index("", start)] == [
        "  !      3  records not all UTF-8  audit/x",
        "  !      1  records cut off        audit/x",
        "    audit/y  second name of audit/x, which is read once",
        "    audit/x  not all UTF-8: 61 ff 62",
    ]
    assert "none: no time more than 5 minutes before" in "\n".join(lines)


def test_what_could_not_be_read_when_scrolling_back_is_told() -> None:
    """In a section of its own: the fleet's state does not count those files."""
    older = [Problem(path="instances/a/communication.jsonl.1.gz", reason="damaged")]
    lines = health_lines(FleetState(at_s=NOW_S), DiskLooks(), 100, older=older)
    text = "\n".join("".join(part for part, _ in line) for line in lines)
    assert "Older messages  1 file not read, or only in part, when scrolling back" in text
    assert "  ✗ instances/a/communication.jsonl.1.gz  damaged" in text
    assert "Older messages" not in report(FleetState(at_s=NOW_S), DiskLooks())


def test_of_many_odd_files_the_worst_are_shown() -> None:
    """Only the worst files are listed; the totals include the rest."""
    files = tuple(FileAnomalies(f"audit/{number:02}", number + 1) for number in range(12))
    odd = AnomalyCount(78, 0, files)
    text = report(FleetState(at_s=NOW_S, anomalies=odd), DiskLooks())
    assert "    12  clock jumps  audit/11" in text
    assert "audit/01" not in text
    assert "78 clock jumps and 0 gaps in all" in text


def test_healthy_logs_say_so() -> None:
    """Where nothing is wrong, the report says what was looked at, and promises no more."""
    text = report(FleetState(at_s=NOW_S), DiskLooks())
    assert "among the newest messages and each pane's last frame" in text
    assert "none: every line was read" in text
    assert "none: every message has an id and a plausible time" in text
    assert "none: no time more than 5 minutes before the last, and no lines were lost" in text
    assert "none: what was read is whole, its lines UTF-8, no file named twice" in text
    assert text.count("measuring") == 2


@pytest.mark.asyncio
async def test_growth_and_disk_are_measured_twice() -> None:
    """Bytes per minute, fastest first; the whole by kind and by instance; names made safe."""
    source = FakeDisk()
    looks = DiskLooks().then(await source.disk())
    assert "measuring" in report(sick_state(), looks)
    text = report(sick_state(), looks.then(await source.disk()))
    assert "atlas: tmux_output.log" in text
    assert "60.0kB/min" in text
    assert text.index("60.0kB/min") < text.index("10B/min")
    assert "audit/␛[31m?.jsonl" in text
    assert "\x1b" not in text
    assert "412MB in 2 files, 415MB allocated; incomplete" in text
    assert "  harbor  harbor-0001 " in text
    assert "5 more, " in text


@pytest.mark.asyncio
async def test_the_report_opens_scrolls_and_closes() -> None:
    """Over the panels; it is measured again while it is open, and keys scroll it."""
    source = FakeDisk()
    app = Alone(AuditPanel(KEYS))
    async with app.run_test(size=(100, 20)) as pilot:
        await app.push_screen(HealthScreen(sick_state, source, KEYS, every_s=0.1))
        while source.measured < 3:
            await pilot.pause(0.01)
        await pilot.pause()

        def text() -> str:
            return "\n".join(s.text for s in app.screen._compositor.render_strips())

        assert "Log health" in text()
        assert "byte 1,234,567" in text()
        assert "Disk by instance" not in text()
        await pilot.press("G")
        await pilot.pause()
        assert "5 more, " in text()
        await pilot.press("escape")
        await pilot.pause()
        assert not isinstance(app.screen, HealthScreen)


@pytest.mark.asyncio
async def test_a_disk_that_takes_long_is_measured_all_the_same() -> None:
    """A walk that takes longer than the pause between two is not given up for the next one."""
    source = SlowDisk()
    app = Alone(AuditPanel(KEYS))
    async with app.run_test(size=(100, 60)) as pilot:
        await app.push_screen(HealthScreen(sick_state, source, KEYS, every_s=0.1))
        while source.asked < 3:
            await source.started.wait()
            source.started.clear()
            await pilot.pause(0.05)
            source.let_go.set()
        await pilot.pause()
        assert source.given_up == 0
        assert "412MB in 2 files" in "\n".join(
            s.text for s in app.screen._compositor.render_strips()
        )


class SlowDisk(FakeDisk):
    """Answers when it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = self.given_up = 0
        self.started, self.let_go = asyncio.Event(), asyncio.Event()

    async def disk(self) -> DiskUse:
        self.asked += 1
        self.started.set()
        try:
            await self.let_go.wait()
        except asyncio.CancelledError:
            self.given_up += 1
            raise
        self.let_go.clear()
        return await super().disk()


@pytest.mark.asyncio
async def test_the_report_tells_what_goes_wrong_while_it_is_open() -> None:
    """A line that turns out to be unreadable appears without opening the report again."""
    states = [FleetState(at_s=NOW_S)]
    app = Alone(AuditPanel(KEYS))
    async with app.run_test(size=(100, 20)) as pilot:

        def text() -> str:
            return "\n".join(s.text for s in app.screen._compositor.render_strips())

        await app.push_screen(HealthScreen(lambda: states[-1], FakeDisk(), KEYS, every_s=0.1))
        while "every line was read" not in text():
            await pilot.pause(0.01)
        states.append(sick_state())
        while "byte 1,234,567" not in text():
            await pilot.pause(0.01)


@pytest.mark.asyncio
async def test_ids_stand_below_each_other() -> None:
    """However long the names are, the ids of the instances begin in one column."""
    use = await FakeDisk().disk()
    lines = report(sick_state(), DiskLooks(use, use)).split("\n")
    ids = [i.instance_id for i in sick_state().instances]
    begin = {line.index(f" {one} ") for one in ids for line in lines[-30:] if f" {one} " in line}
    assert len(begin) == 1


def test_what_is_not_read_yet_is_not_called_read() -> None:
    """While only the ends of the logs are known, the report does not speak for all lines."""
    lines = health_lines(FleetState(at_s=NOW_S), DiskLooks(), 100, unread="reading history")
    text = "\n".join("".join(text for text, _ in line) for line in lines)
    assert "none so far: reading history" in text
    assert "every line was read" not in text
