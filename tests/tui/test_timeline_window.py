"""The part of a long history that the timeline holds, over real files, wherever one goes in it."""

from __future__ import annotations

import asyncio
import math
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from hypothesis import example, given, settings
from hypothesis import strategies as st

from builders import TreeBuilder
from logging_core.analyse.fleet import FleetModel
from logging_core.read.reader import TreeReader
from logging_core.records import Message
from madrox_tui.feed.sources import pages_of
from madrox_tui.panels.timeline import message_source, older, rows
from madrox_tui.panels.timeline.held import Wanted
from madrox_tui.panels.timeline.message_source import MessageSource
from madrox_tui.panels.timeline.older import OlderMessages
from madrox_tui.panels.timeline.rows import TimelineRows
from madrox_tui.view import Narrowing, View
from reading import read

HEIGHT = 4
ALL = Wanted()
MAX_STEPS = 400
ENDS = 600
"""So many bytes of the end of each log are read before the whole tree is."""

Line = tuple[str, float]
"""Who says something, and how long after the line before, in seconds."""

SANE = st.tuples(st.sampled_from("abc"), st.sampled_from([0.0, 0.0, 0.5, 1.0, 20.0, 7200.0]))
WILD = st.tuples(st.just("a"), st.sampled_from([0.0, 1.0, 20.0, -1800.0, 9000.0]))
AGES = st.sampled_from([-50 * 365 * 86_400.0, 3 * 365 * 86_400.0])
WALKS = st.lists(
    st.sampled_from(["up", "down", "first", "newest", "there", "written"]), max_size=12
)


class Clocks(NamedTuple):
    """How the clocks of a tree go wrong.

    Attributes:
        back_from: From which line on those of `back` are an hour late.
        back: Of which instances.
        odd: Which lines are dated otherwise, in seconds.
        silent: Whose newest lines are no messages, but about their lives.
    """

    back_from: int = 0
    back: frozenset[str] = frozenset()
    odd: Mapping[int, float] = {}
    silent: frozenset[str] = frozenset()


class Reader:
    """Somebody in the timeline of a tree, who sees `HEIGHT` rows."""

    def __init__(self, root: Path, lines: list[Line], clocks: Clocks, *, held: int) -> None:
        self._is_whole = held % 2 == 0
        self._clocks = clocks
        self._tree = TreeBuilder(root)
        self._lines = iter(lines)
        self._at = 0.0
        self.written: list[str] = []
        for instance_id in "abc":
            self._tree.spawn(instance_id, instance_id, at=0)
        self._write(len(lines) * 3 // 4)
        for instance_id in clocks.silent:
            self._lives_on(instance_id)
        self._reader = TreeReader(root, history_bytes=None if self._is_whole else ENDS)
        self._model = FleetModel(max_messages=held)
        self.rows = TimelineRows()
        self.older = OlderMessages(self.rows, MessageSource(lambda ids: pages_of(root, ids)))
        self.top = 0
        self.follow = True
        self._look()

    def _write(self, count: int) -> None:
        for instance_id, pause in islice(self._lines, count):
            self._at += pause
            number, clocks = len(self.written), self._clocks
            is_late = instance_id in clocks.back and number >= clocks.back_from
            at = clocks.odd.get(number, self._at - is_late * 3600.0)
            self._tree.send(instance_id, f"m{number}", f"m{number}", at=at)
            self.written.append(f"m{number}")

    def _lives_on(self, instance_id: str) -> None:
        self._tree.audit("message_exchange", instance_id, {}, at=self._at)
        line = {"timestamp": TreeBuilder.when(self._at), "event_type": "instance_alive"}
        for _ in range(20):
            self._tree.json(f"instances/{instance_id}/communication.jsonl", line)

    def _look(self) -> None:
        for batch in read(self._reader):
            self._model.apply(batch)
        state = self._model.state(TreeBuilder.epoch(self._at))
        self.older.view = View(
            state, Narrowing(), state.instances, state.usage, is_whole=self._is_whole
        )
        added = self.rows.update(state, ALL, self.older.known, following=self.follow)
        if added is None:
            self.older.begin_anew()

    @property
    def ids(self) -> list[str]:
        """Those of the messages among the rows."""
        return [row.message_id or "" for row in self.rows.rows if isinstance(row, Message)]

    async def goes(self, where: str) -> None:
        """Go somewhere, and wait for what is to be read there."""
        last = max(0, len(self.rows.rows) - HEIGHT)
        self.follow = where == "newest"
        if where == "up":
            self.top = 0
        elif where == "down":
            self.top = last
            self.follow = not self.rows.is_cut
        elif where == "first":
            self.top = 0
            self.older.jump_to(-math.inf)
        elif where == "there":
            self.older.jump_to(TreeBuilder.epoch(self._at / 2))
        elif where == "newest":
            if self.rows.is_cut:
                self.rows.begin_anew()
                self.older.begin_anew()
            self.top = max(0, len(self.rows.rows) - HEIGHT)
        else:
            self._write(3)
            self._look()
        await self._reads()

    async def _reads(self) -> None:
        """Read what is due, at most a page above and one below: those bring others near."""
        for _ in range(2):
            if not self.older.is_due(self.top, HEIGHT, following=self.follow):
                return
            self.older.begin(self.top, HEIGHT, following=self.follow)
            page = await self.older.read()
            if page is not None and self.older.is_wanted:
                self.older.take_in(page, self.top, HEIGHT)
            doubled = [name for name, times in Counter(self.ids).items() if times > 1]
            assert not doubled, f"there twice: {doubled}"

    async def sees_all_above(self) -> set[str]:
        """All that comes by on the way from the newest message to the first."""
        await self.goes("newest")
        seen = set(self.ids)
        for _ in range(MAX_STEPS):
            if self.rows.floor()[1] == -math.inf:
                break
            await self.goes("up")
            seen.update(self.ids)
        return seen

    async def sees_all(self) -> set[str]:
        """All that comes by on the way from the first message to the newest."""
        for _ in range(MAX_STEPS):
            await self.goes("first")
            if self.rows.floor()[1] == -math.inf:
                break
        seen = set(self.ids)
        for _ in range(MAX_STEPS):
            await self.goes("down")
            seen.update(self.ids)
            if not self.rows.is_cut:
                break
        return seen


def walk(
    lines: list[Line],
    ways: list[str],
    held: int,
    check: Callable[[Reader], None] = lambda _: None,
    clocks: Clocks = Clocks(),  # noqa: B008 - frozen
) -> None:
    """Go some ways, and then through all there is; a check holds at each stop."""

    async def goes() -> None:
        with tempfile.TemporaryDirectory() as below:
            reader = Reader(Path(below) / "logs", lines, clocks, held=held)
            for where in ways:
                await reader.goes(where)
                check(reader)
            assert await reader.sees_all_above() == set(reader.written)
            assert await reader.sees_all() == set(reader.written)
            check(reader)

    with (
        mock.patch.object(message_source, "PAGE", 6),
        mock.patch.object(message_source, "MOST", 2),
        mock.patch.object(rows, "MAX_KEPT", 24),
        mock.patch.object(older, "NEAR", 3),
    ):
        asyncio.run(goes())


@given(st.lists(SANE, min_size=4, max_size=90), WALKS, st.integers(1, 12))
@settings(max_examples=60)
def test_no_message_is_missing_wherever_one_goes(
    lines: list[Line], ways: list[str], held: int
) -> None:
    """Between the first row and the last there are all messages, each once, in their order."""
    times = [0.0]
    for _, pause in lines:
        times.append(times[-1] + pause)

    def is_whole(reader: Reader) -> None:
        floor, _ = reader.rows.floor()
        shown = [row for row in reader.rows.rows[floor:] if isinstance(row, Message)]
        numbers = [int((message.message_id or "m").removeprefix("m")) for message in shown]
        seconds = [times[number + 1] for number in numbers]
        assert seconds == sorted(seconds)
        between = range(len(reader.written))
        if numbers:
            low, high = seconds[0], seconds[-1]
            inner = {n for n in between if low < times[n + 1] < high}
            assert inner <= set(numbers), f"missing: {inner - set(numbers)}"

    walk(lines, ways, held, is_whole)


@given(st.lists(WILD, min_size=4, max_size=60), WALKS, st.integers(1, 12))
@settings(max_examples=60)
def test_clocks_that_are_put_back_lose_nothing(
    lines: list[Line], ways: list[str], held: int
) -> None:
    """All messages come by, and none is there twice."""
    walk(lines, ways, held)


@given(
    st.lists(SANE, min_size=4, max_size=90),
    WALKS.filter(lambda ways: "written" not in ways),
    st.integers(1, 12),
    st.builds(
        Clocks,
        st.integers(0, 90),
        st.frozensets(st.sampled_from("abc")),
        st.just({}),
        st.frozensets(st.sampled_from("abc")),
    ),
)
@example([("b", 1.0), ("a", 1.0)] * 30, [], 11, Clocks(silent=frozenset("b")))
@example([*[("a", 60.0), ("c", 60.0)] * 15, *[("a", 60.0)] * 50], [], 8, Clocks(30, frozenset("a")))
@settings(max_examples=60)
def test_nobody_is_missing_whose_clock_or_whose_silence_is_their_own(
    lines: list[Line], ways: list[str], held: int, clocks: Clocks
) -> None:
    """All come by, each once: of clocks that are put back over some, and of whoever is silent.

    The ends of their logs, or the newest messages of all, may then hold no message of theirs.
    """
    walk(lines, ways, held, clocks=clocks)


@given(
    st.lists(SANE, min_size=20, max_size=90),
    WALKS.filter(lambda ways: "written" not in ways),
    st.integers(6, 12),
    st.integers(4, 14),
    AGES,
)
@settings(max_examples=60)
def test_a_line_of_another_age_hides_no_other(
    lines: list[Line], ways: list[str], held: int, place: int, age_s: float
) -> None:
    """Nor is it there twice, nor does the way to the newest message ever end before it."""
    walk(lines, ways, held, clocks=Clocks(odd={place: age_s}))


def test_nobody_is_missing_whose_clock_is_hours_ahead() -> None:
    """Also once enough was said by others since, and before it is as late as that clock said."""
    lines = [*[("b", 60.0)] * 120, ("a", 1.0), *[("b", 60.0)] * 39]
    ways = ["newest", *["written"] * 13, "newest"]
    walk(lines, ways, 12, clocks=Clocks(odd={120: 25_000.0}))


def test_a_search_finds_only_what_is_not_among_the_rows(tmp_path: Path) -> None:
    """Of one moment some messages are there and others not."""
    reader = Reader(tmp_path / "logs", [("a", 0.0)] * 40, Clocks(), held=6)

    async def found(name: str) -> str | None:
        def holding(page: Sequence[Message]) -> list[int]:
            return [place for place, one in enumerate(page) if one.message_id == name]

        one = await reader.older.search(-1, holding, lambda: True)
        return None if one is None else one.message.message_id

    beyond = [name for name in reader.written if asyncio.run(found(name)) == name]
    assert beyond == reader.written[: -len(reader.ids)]
