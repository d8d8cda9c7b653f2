"""Captures through the manager: what is on disk after many, whatever happens to the file."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from builders import RULE
from logging_core import LoggingManager
from logging_core.codec.pane import restore_pane
from logging_core.write.append import AppendFile
from written import Clock

SCREEN = 4


class Panes:
    """A manager, its clock, and the frames that it stored of instance `a`."""

    def __init__(self, root: Path, **options: Any) -> None:
        self.clock = Clock()
        options = {"pane_rows": SCREEN, **options}
        self.manager = LoggingManager(root, clock=self.clock, **options)
        self.file = self.manager.instances_dir / "a/tmux_output.log"

    def capture(self, rows: int, spinner: str = "") -> None:
        self.clock.now_s += 1
        lines = [*(f"row {n}" for n in range(rows)), f"> {spinner}"]
        self.manager.log_tmux_output("a", "\n".join(lines))

    @property
    def frames(self) -> list[list[str]]:
        bodies = self.file.read_text().split(f"\n{RULE}\n")[2::2]
        return [restore_pane(body.removesuffix("\n")).split("\n") for body in bodies]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Callable[..., Panes]]:
    made: list[Panes] = []

    def make(**options: Any) -> Panes:
        made.append(Panes(tmp_path / "logs", **options))
        return made[-1]

    yield make
    for panes in made:
        panes.manager.close()


def test_a_scrollback_is_stored_once(make: Callable[..., Panes]) -> None:
    """After a thousand captures of a growing pane, each line is stored once, and the windows."""
    panes = make()
    for rows in range(10, 1010):
        panes.capture(rows, str(rows))
    assert [frame[-1] for frame in panes.frames] == [f"> {rows}" for rows in range(10, 1010)]
    assert all(len(frame) <= SCREEN + 1 for frame in panes.frames[1:])
    scrolled = [line for frame in panes.frames for line in frame[:-SCREEN]]
    assert scrolled == [f"row {n}" for n in range(1006)]


def test_an_unchanged_pane_costs_a_heartbeat_a_minute(make: Callable[..., Panes]) -> None:
    """Ten minutes of the same screen, every second: eleven frames."""
    panes = make()
    for _ in range(601):
        panes.capture(100)
    assert len(panes.frames) == 11
    assert all(frame == panes.frames[0][-SCREEN:] for frame in panes.frames[1:])


@pytest.mark.parametrize("heartbeat_s", [60.0, float("inf")])
def test_a_record_is_followed_by_a_capture(make: Callable[..., Panes], heartbeat_s: float) -> None:
    """An unchanged pane is stored once more after any record: it shows what it showed before it."""
    panes = make(heartbeat_s=heartbeat_s)
    manager, told = panes.manager, []
    for log in (
        lambda: manager.get_instance_logger("a").info("text"),
        lambda: manager.log_communication("a", "outbound", "note", "hello"),
        lambda: manager.log_audit_event("probe", "a"),
        lambda: manager.log_audit_event("probe", "a"),
        lambda: manager.audit_logger.info("probe", extra={"instance_id": "a"}),
        lambda: manager.orchestrator_logger.info("probe", extra={"instance_id": "a"}),
        lambda: manager.log_audit_event("probe", "b"),
        lambda: manager.get_instance_logger("a"),
    ):
        panes.capture(9)
        before = len(panes.frames)
        log()
        log()
        panes.capture(9)
        panes.capture(9)
        told.append(len(panes.frames) - before)
    assert told == [1, 1, 1, 1, 1, 1, 0, 0]


def test_a_record_counts_until_a_capture_is_stored(
    make: Callable[..., Panes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If that capture cannot be written, the next one is."""
    panes = make()
    panes.capture(9)
    panes.manager.get_instance_logger("a").info("text")
    with monkeypatch.context() as patch:
        patch.setattr(AppendFile, "append", lambda *_: False)
        panes.capture(9)
    assert len(panes.frames) == 1
    panes.capture(9)
    panes.capture(9)
    assert len(panes.frames) == 2


def test_full_captures_are_stored_as_they_were_handed_over(make: Callable[..., Panes]) -> None:
    """The opt-out: each capture whole, the same one again, too."""
    panes = make(full_captures=True)
    for _ in range(3):
        panes.capture(20)
    assert [len(frame) for frame in panes.frames] == [21, 21, 21]


def delete(path: Path) -> None:
    path.unlink()


def put_aside(path: Path) -> None:
    path.rename(path.with_name("tmux_output.log.old"))


def empty(path: Path) -> None:
    os.truncate(path, 0)


def delete_all(path: Path) -> None:
    for file in path.parent.iterdir():
        file.unlink()
    path.parent.rmdir()


@pytest.mark.parametrize("harm", [delete, put_aside, empty, delete_all])
def test_a_new_file_begins_with_the_whole_pane(
    make: Callable[..., Panes], harm: Callable[[Path], None]
) -> None:
    """When the file was deleted, renamed or emptied, nothing is missing from the one after it."""
    panes = make()
    panes.capture(50)
    panes.capture(60)
    harm(panes.file)
    panes.capture(70)
    assert len(panes.frames) == 1
    assert len(panes.frames[0]) == 71


def test_a_new_process_begins_with_the_whole_pane(make: Callable[..., Panes]) -> None:
    """A new process stores the whole pane first, as nobody knows what happened in between."""
    make().capture(50)
    panes = make()
    panes.capture(55)
    assert [len(frame) for frame in panes.frames] == [51, 56]


def test_threads_may_capture_the_same_pane(make: Callable[..., Panes]) -> None:
    """Whatever the order in which they come, every line is there."""
    panes = make()

    def capture(first: int) -> None:
        for n in range(first, 200, 4):
            panes.manager.log_tmux_output("a", "\n".join(f"row {m}" for m in range(n)))

    threads = [threading.Thread(target=capture, args=(first,)) for first in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = {line for frame in panes.frames for line in frame}
    assert {f"row {n}" for n in range(199)} <= stored


def test_a_capture_that_could_not_be_written_is_part_of_the_next(
    make: Callable[..., Panes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a full disk no line is missing."""
    panes = make()
    panes.capture(50)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda _fd, _data: (_ for _ in ()).throw(OSError(28, "full")))
        panes.capture(60)
    panes.capture(61)
    assert panes.frames[-1] == [*(f"row {n}" for n in range(47, 61)), "> "]
