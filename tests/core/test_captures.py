"""What is stored of captures that repeat the whole scrollback, and that nothing is missing."""

from __future__ import annotations

import math
import os
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.style import Style

from builders import TreeBuilder
from logging_core.read.frames import read_frame
from logging_core.read.raw import read_tail_lines
from logging_core.read.reader import TreeReader
from logging_core.records import FrameRef
from logging_core.tree import LogTree
from logging_core.write.captures import Deduplicator


def lines_of(text: str) -> list[str]:
    """Its lines; a newline at the end ends a line and begins none."""
    return text.removesuffix("\n").split("\n")


def numbered(first: int, last: int) -> str:
    return "\n".join(f"row {n}" for n in range(first, last))


class File:
    """What a capture file holds, and what its reader makes of it."""

    def __init__(self, rows: int, *, heartbeat_s: float = math.inf) -> None:
        self.log = Deduplicator(screen_rows=rows, heartbeat_s=heartbeat_s)
        self.rows = rows
        self.frames: list[str] = []

    def capture(self, text: str, *, at: float = 0, written: bool = True) -> str | None:
        frame = self.log.take(at, text)
        if frame is not None and written:
            self.frames.append(frame)
            self.log.commit()
        return frame

    @property
    def scrolled_off(self) -> list[str]:
        """The frames without their windows, one after the other."""
        return [line for frame in self.frames for line in lines_of(frame)[: -self.rows]]

    @property
    def window(self) -> list[str]:
        return lines_of(self.frames[-1])[-self.rows :]


class Terminal:
    """A pane as a terminal keeps it: a screen with a box at its bottom that is redrawn at will."""

    def __init__(self, height: int, limit: float = math.inf) -> None:
        self.height, self.limit = height, limit
        self.history: list[str] = []  # all there ever was
        self.dropped = 0
        self.body: list[str] = []
        self.box = ["> "]
        self.other: list[str] | None = None
        self.printed = 0

    def do(self, action: str, size: int) -> None:
        getattr(self, action)(size)
        while len(self.body) + len(self.box) > self.height:
            self.history.append(self.body.pop(0))
            if len(self.history) - self.dropped > self.limit:
                self.dropped += max(1, int(self.limit) // 10)  # as tmux does

    def print_new(self, size: int) -> None:
        self.body += [f"row {n}" for n in range(self.printed, self.printed + size)]
        self.printed += size

    def print_same(self, size: int) -> None:
        self.body += ["", "same"][size % 2 :] * size

    def redraw(self, size: int) -> None:
        self.box = [f"spinner {size}"] * min(1 + size % 3, self.height)

    def clear(self, size: int) -> None:
        self.history += self.body
        self.body = []

    def clear_history(self, size: int) -> None:
        self.dropped = len(self.history)

    def alternate(self, size: int) -> None:
        self.other = None if self.other else [f"editor {size}"] * self.height

    def resize(self, size: int) -> None:
        self.height, self.other = 2 + size % 7, None
        self.box = self.box[: self.height]

    def bring_back(self, size: int) -> None:
        """Lines of the history come back on the screen, as when a pane grows in tmux."""
        room = max(0, self.height - len(self.body) - len(self.box))
        back = self.history[max(self.dropped, len(self.history) - room) :]
        del self.history[len(self.history) - len(back) :]
        self.body = back + self.body

    def text(self, first: int, *, padded: bool) -> str:
        """What a capture gives, from line `first` of the history on."""
        screen = self.other or self.body + self.box
        blank = [""] * (self.height - len(screen))
        text = "\n".join([*self.history[first:], *screen, *blank])
        return text + "\n" if padded else text.rstrip("\n")


def batches(actions: Sequence[str], most: int) -> st.SearchStrategy[list[list[tuple[str, int]]]]:
    """What happens between a capture and the next."""
    action = st.tuples(st.sampled_from(actions), st.integers(0, 25))
    return st.lists(st.lists(action, min_size=1, max_size=most), max_size=25)


def assert_complete(file: File, terminal: Terminal, *, padded: bool) -> None:
    everything = lines_of(terminal.text(0, padded=padded))
    scrolled_off = file.scrolled_off
    assert scrolled_off == everything[: len(scrolled_off)]
    assert file.window == everything[-file.rows :]
    assert len(scrolled_off) + file.rows >= len(everything)


QUIET = ["print_new", "redraw", "clear", "alternate", "resize"]


@given(batches([*QUIET, "print_same"], 3), st.booleans(), st.data())
def test_scrollback_is_stored_once_and_in_order(
    steps: list[list[tuple[str, int]]], padded: bool, data: st.DataObject
) -> None:
    """Whatever scrolls, is redrawn, cleared or resized: each line once, then the screen."""
    file, terminal = File(rows=8), Terminal(height=6)
    for step in steps:
        for action, size in step:
            terminal.do(action, size)
        written = data.draw(st.booleans())
        failed = file.capture(terminal.text(0, padded=padded), written=written) and not written
        if not failed and file.frames:
            assert_complete(file, terminal, padded=padded)


@given(batches(QUIET, 2), st.booleans())
def test_lines_that_the_terminal_drops_are_kept(
    steps: list[list[tuple[str, int]]], padded: bool
) -> None:
    """At the history limit the file goes on without a gap, and without anything twice."""
    file, terminal = File(rows=8), Terminal(height=6, limit=100)
    for step in steps:
        for action, size in step:
            terminal.do(action, size)
        file.capture(terminal.text(terminal.dropped, padded=padded))
        assert_complete(file, terminal, padded=padded)


@given(
    batches([*QUIET, "clear_history", "bring_back"], 6),
    st.integers(1, 8),
    st.integers(5, 40),
    st.data(),
)
def test_nothing_that_was_captured_is_missing(
    steps: list[list[tuple[str, int]]], rows: int, limit: int, data: st.DataObject
) -> None:
    """Floods, cleared histories, wrapped lines, panes too high: every line is there, in order."""
    file, terminal = File(rows), Terminal(height=6, limit=limit)
    for step in steps:
        for action, size in step:
            terminal.do(action, size)
        text = terminal.text(terminal.dropped, padded=False)
        if data.draw(st.booleans()):
            text = text.replace("row", "wrapped\nrow")
        file.capture(text)
        assert lines_of(text)[-rows:] == file.window
        stored = [line for frame in file.frames for line in lines_of(frame)]
        assert set(lines_of(text)) <= set(stored)
        first = [int(line[4:]) for line in dict.fromkeys(stored) if line.startswith("row")]
        assert first == sorted(first)


texts = st.lists(st.sampled_from(["", "a", "b", "c"]), max_size=12).map("\n".join)


@given(st.lists(texts, max_size=12), st.integers(1, 4))
def test_what_a_frame_leaves_out_was_stored_before(captures: list[str], rows: int) -> None:
    """For any text, a frame is the capture's end, and what it leaves out was stored before."""
    file, before = File(rows), list[str]()
    for text in captures:
        file.capture(text)
        captured, frame = lines_of(text), lines_of(file.frames[-1])
        assert file.window == captured[-rows:]
        left_out = captured[: max(0, len(captured) - max(len(frame), rows))]
        size = len(left_out)
        assert any(before[at : at + size] == left_out for at in range(len(before) + 1))
        before = captured


@given(st.lists(st.tuples(st.floats(-5, 20), texts), max_size=20), st.floats(0, 30))
def test_an_unchanged_pane_is_stored_as_a_heartbeat_only(
    captures: list[tuple[float, str]], heartbeat_s: float
) -> None:
    """The newest frame shows the newest capture and is never older than the heartbeat."""
    file, now_s, stored_s = File(rows=3, heartbeat_s=heartbeat_s), 0.0, -math.inf
    for pause_s, text in captures:
        now_s += pause_s
        unchanged = bool(file.frames) and file.window == lines_of(text)[-3:]
        if file.capture(text, at=now_s) is not None:
            stored_s = now_s
        elif heartbeat_s > 0:
            assert unchanged
            assert 0 <= now_s - stored_s < heartbeat_s
        assert file.window == lines_of(text)[-3:]


def test_a_spinner_stores_the_window_and_nothing_else() -> None:
    """Lines that stand still above the window are not stored again."""
    file = File(rows=3)
    assert file.capture(numbered(0, 100) + "\n| 1s") == numbered(0, 100) + "\n| 1s"
    assert file.capture(numbered(0, 100) + "\n/ 2s") == "row 98\nrow 99\n/ 2s"
    assert file.capture(numbered(0, 102) + "\n- 3s") == numbered(98, 102) + "\n- 3s"
    assert file.capture(numbered(0, 102) + "\n- 3s") is None


def test_a_heartbeat_is_the_window() -> None:
    """After 60 s an unchanged pane is stored once more: its window, a whole frame."""
    log = Deduplicator(screen_rows=3)
    for at in range(0, 125, 5):
        frame = log.take(at, numbered(0, 10))
        assert frame == {0: numbered(0, 10), 60: numbered(7, 10), 120: numbered(7, 10)}.get(at)
        log.commit()


def test_a_frame_that_was_not_written_is_part_of_the_next() -> None:
    """After a full disk the file goes on where it ended."""
    file = File(rows=2)
    file.capture(numbered(0, 10))
    assert file.capture(numbered(0, 20), written=False) == numbered(8, 20)
    assert file.capture(numbered(0, 20), written=False) == numbered(8, 20)
    assert file.capture(numbered(0, 21)) == numbered(8, 21)


def test_a_cleared_history_is_stored_from_its_new_beginning() -> None:
    """After a clear the whole capture is stored, even if it begins like what was there."""
    file = File(rows=5)
    file.capture("$ clear\n" * 3 + numbered(0, 40))
    cleared = "$ clear\n" + numbered(40, 60)
    assert file.capture(cleared) == cleared


def test_lines_that_are_wrapped_anew_are_stored_again() -> None:
    """After a resize it is stored from the first line that differs."""
    file = File(rows=5)
    file.capture(numbered(0, 20) + "\na long line\n" + numbered(20, 40))
    assert file.capture(wrapped := numbered(0, 20) + "\na long\nline\n" + numbered(20, 40))
    assert file.frames[-1] == wrapped[wrapped.index("a long") :]


def test_blank_lines_are_joined_like_others() -> None:
    """A history that begins with blank lines after it was cut goes on without anything twice."""
    for n in range(2000):
        file = File(rows=2)
        file.capture(f"row {n}" + "\n" * 9 + "b")
        assert file.capture("\n" * 8 + "b\nc") == "\nb\nc"
        assert file.capture("\n" * 7 + "b\nc\nd") == "b\nc\nd"


def test_a_repeated_line_at_the_limit_stores_little() -> None:
    """A history of one repeated line counts as unchanged, not as new."""
    file = File(rows=5)
    file.capture("y\n" * 2000)
    assert file.capture("y\n" * 2000 + "done") == "y\n" * 5 + "done"


def test_a_deleted_file_begins_with_the_whole_capture() -> None:
    """After `forget`, as in a new process, the scrollback is stored whole."""
    file = File(rows=2)
    file.capture(numbered(0, 10))
    file.log.forget()
    assert file.capture(numbered(0, 10)) == numbered(0, 10)


def test_full_stores_everything() -> None:
    """With `full` each capture is stored as it is, the same one again too."""
    log = Deduplicator(full=True, screen_rows=2)
    for _ in range(3):
        assert log.take(0, numbered(0, 9)) == numbered(0, 9)
        log.commit()


@pytest.mark.parametrize(
    "options", [{"screen_rows": 0}, {"heartbeat_s": -1.0}, {"heartbeat_s": math.nan}]
)
def test_senseless_options_are_refused(options: dict[str, float]) -> None:
    """Zero rows or an invalid heartbeat is a `ValueError` that says what to use."""
    with pytest.raises(ValueError, match="use"):
        Deduplicator(**options)  # type: ignore[arg-type]  # the wrong type is not what is tested


SGR = re.compile(r"\x1b\[[0-9;]*m")
PARAMETERS = [
    "",
    *map(str, (0, 1, 2, 3, 4, 7, 9, 22, 23, 24, 27, 29, 31, 97, 39, 44, 104, 49, 53, 55)),
]
EXTENDED = ["38;5;200", "48;2;1;2;3", "38;2;1;2;3;1", "0;4;38;5;9", "1;31", "31;0", "99;3"]
sequences = st.sampled_from([*PARAMETERS, *EXTENDED]).map(lambda given: f"\x1b[{given}m")
coloured = st.lists(st.one_of(sequences, st.just("x")), max_size=5).map("".join)


def looks(text: str, count: int) -> list[list[tuple[str, ...]]]:
    """How each character of the last `count` lines looks."""
    decoder, console = AnsiDecoder(), Console()
    decoded = [decoder.decode_line(line) for line in lines_of(text)][-count:]
    return [
        [look_of(line.get_style_at_offset(console, at)) for at in range(len(line))]
        for line in decoded
    ]


def look_of(style: Style) -> tuple[str, ...]:
    names = ("bold", "dim", "italic", "underline", "reverse", "strike", "overline")
    colours = (color.name if color else "default" for color in (style.color, style.bgcolor))
    return (*(name for name in names if getattr(style, name)), *colours)


steps_of_colour = st.tuples(st.lists(coloured, max_size=6), st.integers(0, 8), st.booleans())


@given(st.lists(steps_of_colour, min_size=1, max_size=12))
def test_every_frame_has_its_colours(steps: list[tuple[list[str], int, bool]]) -> None:
    """A frame alone shows the colours that the whole capture shows there."""
    file, captured = File(rows=3), list[str]()
    for lines, fewer, anew in steps:
        captured = [*(captured[: max(0, len(captured) - fewer)] if not anew else ()), *lines]
        text = "\n".join(captured)
        if (frame := file.capture(text)) is not None:
            count = len(lines_of(frame))
            assert looks(frame, count) == looks(text, count)


def test_the_newest_of_several_colours_is_in_force() -> None:
    """Red, green, red again and bold: bold and red at the top of the next frame."""
    file, above = File(rows=1), "\x1b[31mone\n\x1b[32mtwo\n\x1b[31;1mthree\n\x1b[32m\x1b[31m\n"
    file.capture(above)
    assert looks(str(file.capture(above + "new")), 1) == [[("bold", "color(1)", "default")] * 3]


def test_the_window_has_its_colours_after_it_moved_up() -> None:
    """When the lower half of the screen is erased, older lines come back in their colours."""
    file, text = File(rows=3), "\x1b[31mone\ntwo\n\x1b[32mthree\nfour"
    file.capture(f"{text}\nfive\nsix")
    assert looks(str(file.capture(text)), 3) == looks(text, 3)


class Pane:
    """A pane of 60x10 with a history of 50 lines, on a tmux server of our own."""

    def __init__(self, directory: Path) -> None:
        config = directory / "tmux.conf"
        config.write_text("set -g history-limit 50\n")
        self._base = ["tmux", "-S", str(directory / "tmux.sock"), "-f", str(config)]
        self.tmux("new-session", "-d", "-s", "a", "-x", "60", "-y", "10", "sleep 600")
        self._tty = Path(self.tmux("display", "-p", "-t", "a", "#{pane_tty}").strip())

    def tmux(self, *arguments: str) -> str:
        # Without env= a child inherits COLUMNS and LINES, which readline sets behind os.environ.
        command = [*self._base, *arguments]
        environment = dict(os.environ)
        return subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment
        ).stdout

    def shows(self, text: str, until: str) -> str:
        """Print, and capture the whole scrollback once tmux has taken it in."""
        with self._tty.open("w") as tty:
            tty.write(text)
        end = time.monotonic() + 20
        while until not in (
            captured := self.tmux("capture-pane", "-p", "-e", "-S", "-", "-t", "a")
        ):
            assert time.monotonic() < end, captured
            time.sleep(0.01)
        return captured


@pytest.fixture
def pane(tmp_path: Path) -> Iterator[Pane]:
    pane = Pane(tmp_path)
    yield pane
    pane.tmux("kill-server")


def test_a_real_pane_is_stored_whole(pane: Pane) -> None:
    """With real tmux, colours, a spinner, an editor and a short history: every line once."""
    file, made = File(rows=12), 0
    for turn in range(40):
        rows = range(made, made + turn * 7 % 13)
        made = rows.stop
        back = ""
        if turn % 5 == 3:
            file.capture(pane.shows(f"\x1b[?1049h\x1b[Heditor {turn}", f"editor {turn}"))
            back = "\x1b[?1049l"
        text = "".join(f"\x1b[{n % 2};{31 + n % 3 * 3}mrow {n}\n" for n in rows)
        spinner = f"spinner {turn}"
        captured = pane.shows(f"{back}\r\x1b[2K{text}\r\x1b[2K{spinner}", spinner)
        frame = file.capture(captured)
        assert frame is not None
        count = len(lines_of(frame))
        assert looks(frame, count) == looks(captured, count)
    stored = [SGR.sub("", line) for line in file.scrolled_off + file.window]
    assert [line for line in stored if line.startswith("row")] == [f"row {n}" for n in range(made)]
    assert made > 150


def test_the_documented_recipe_shows_the_screen(tree: TreeBuilder) -> None:
    """The last 50 lines of the file are what the pane shows; every frame is read back as stored."""
    log, text = Deduplicator(), ""
    for turn in range(4):
        text = f"{numbered(0, 90 + 30 * turn)}\nspinner {turn}"
        frame = log.take(tree.epoch(turn), text)
        assert frame is not None
        tree.frame("a1", frame, at=turn)
        log.commit()
    tail = read_tail_lines(LogTree(tree.root), "a1", "tmux_output", 50)
    assert tail == lines_of(text)[-50:]
    refs = [
        record for record in TreeReader(tree.root).poll().records if isinstance(record, FrameRef)
    ]
    shown = [lines_of(read_frame(tree.root, ref)) for ref in refs]
    assert [len(lines) for lines in shown] == [91, 80, 80, 80]
    assert shown[-1] == lines_of(text)[-80:]
