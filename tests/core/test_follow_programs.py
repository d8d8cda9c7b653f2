"""Whatever happens to a tree, and whatever is noticed of it: each record is told once, in order."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import virtual
from accounts import Follower, clocks_of
from accumulated import Summary
from callers import Callers
from happenings import FILES, World
from hypothesis import given, settings
from hypothesis import strategies as st

Step = tuple[str, dict[str, Any]]

LOGS, WHO = st.sampled_from(FILES), st.sampled_from("abc")
COUNT, WHICH = st.integers(1, 3), st.integers(0, 1)
TURNS = st.sampled_from((0, 1, 2, 4))
SELDOM = st.sampled_from((False,) * 4 + (True,))


def step(name: str, **options: st.SearchStrategy[Any]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(name), st.fixed_dictionaries(options))


WRITES = [
    *[step("append", log=LOGS, count=COUNT, half=st.booleans(), is_garbage=SELDOM)] * 4,
    step("metadata", who=WHO, in_place=st.booleans()),
    step("make", who=WHO),
    *[step("rotate", log=LOGS)] * 2,
    step("compress", log=LOGS),
    step("copy_up", log=LOGS),
    step("remove", who=WHO),
    step("put_away", who=WHO),
    step("bring_back", who=WHO, copied=st.booleans()),
    step("delete", log=LOGS),
    step("truncate", log=LOGS, to=st.integers(0, 2)),
    step("rewrite", log=LOGS, count=COUNT, in_place=st.booleans(), same_size=st.booleans()),
    step("remove_root"),
    step("put_root_aside"),
    step("put_root_back"),
]
HOW = st.sampled_from(("all", "half", "none", "lost", "twice"))
LOOKS = [
    *[step("look", which=WHICH, how=HOW, turns=TURNS)] * 8,
    step("restart", which=WHICH),
    step("be_away", who=WHO, copied=st.booleans()),
    step("wait", ns=st.sampled_from((10**6, 5 * 10**9, 60 * 10**9))),
]
WHILE_FOLLOWED = [
    *[step("sleep", seconds=st.sampled_from((0.02, 0.1, 0.3, 0.6, 2.0, 3.0, 10.0, 70.0)))] * 8,
    step("notices_come", how=st.sampled_from(("at once", "late", "twice", "never"))),
    step("be_slow", which=WHICH, seconds=st.sampled_from((0.0, 0.3, 5.0))),
    step("break_watches", is_broken=st.booleans()),
    step("be_away", who=WHO, copied=st.booleans()),
]
RIGHTS = [step("deny", log=LOGS), step("permit")]
ONCE_MORE = [step("come", blocks=st.booleans()), step("restart", which=WHICH)]


def programs(*kinds: st.SearchStrategy[Step]) -> st.SearchStrategy[list[Step]]:
    return st.lists(st.one_of(*kinds), min_size=10, max_size=50)


@contextmanager
def world(below: Path) -> Iterator[World]:
    """A tree in which each log has a record."""
    with tempfile.TemporaryDirectory(dir=below) as directory:
        made = World(Path(directory))
        for log in FILES:
            made.append(log, 1, half=False)
        with clocks_of(made):
            yield made


class Readers:
    """Two readers that are told of changes as a test says."""

    def __init__(self, tree: World) -> None:
        self.all = [Follower(tree, blocks=blocks) for blocks in (False, True)]
        for reader in self.all:
            reader.poll((), 1)
        self._tree = tree
        self._summary = Summary(tree.root)

    def look(self, which: int, how: str, turns: int) -> None:
        """One look of one of them, told of all changes, half of them, or none."""
        reader = self.all[which]
        told, left = reader.notices, list[str]()
        if how == "half":
            told, left = told[::2], told[1::2]
        elif how in {"none", "lost"}:
            told, left = [], told if how == "none" else []
        elif how == "twice":
            left = list(told)
        reader.notices = left
        reader.poll(told, turns)

    def be_away(self, who: str, *, copied: bool) -> None:
        """The directory of an instance is away for so long that it is missed."""
        self._tree.put_away(who)
        for reader in self.all * 2:
            reader.poll((), 1)
        self._tree.bring_back(who, copied=copied)

    def restart(self, which: int) -> None:
        """Another reader goes on after one of them."""
        self.all[which].restart()

    def sum_up(self) -> None:
        """The tree is summed up, after what was kept of the last time."""
        self._summary.check(self._tree.now_s, all_readable=not self._tree.denied)


@pytest.mark.fault("R30", "R44", "R46", "R56", "R58")
@given(programs(*WRITES, *LOOKS))
@settings(max_examples=50)
def test_everything_is_told_once_in_whatever_order_it_happens(
    trees: Path, steps: list[Step]
) -> None:
    """What a look was told of comes with it, whatever sweep is due; the rest with the sweeps."""
    with world(trees) as tree:
        readers = Readers(tree)
        for name, options in steps:
            getattr(tree if hasattr(tree, name) else readers, name)(**options)
        for reader in readers.all:
            reader.settle()


@pytest.mark.fault("R30", "R44", "R46", "R56", "R58")
@given(programs(*WRITES, *WHILE_FOLLOWED))
@settings(max_examples=90)
def test_everything_is_told_in_time_to_all_who_follow(trees: Path, steps: list[Step]) -> None:
    """With the first look after a notice, else by the sweeps; however slow one of them is."""
    with world(trees) as tree:

        async def follow_it() -> None:
            await Callers(tree).run(steps)

        virtual.run(follow_it())


@pytest.mark.fault("R30", "R44", "R46")
@given(programs(*WRITES, *RIGHTS, *LOOKS, step("sum_up")))
@settings(max_examples=40)
def test_nor_does_it_matter_what_could_not_be_read_or_was_kept(
    trees: Path, steps: list[Step]
) -> None:
    """A file is tried again until it can be read; a tree is summed up as if nothing was kept."""
    with world(trees) as tree:
        readers = Readers(tree)
        for name, options in steps:
            getattr(tree if hasattr(tree, name) else readers, name)(**options)
        for reader in readers.all:
            reader.settle()
        readers.sum_up()


@pytest.mark.fault("R30", "R44", "R46")
@given(programs(*WRITES, *RIGHTS, *WHILE_FOLLOWED, *ONCE_MORE))
@settings(max_examples=30)
def test_also_to_those_who_come_late_or_go_on_after_others(trees: Path, steps: list[Step]) -> None:
    """Whoever goes on with a cursor is told the rest, and whoever comes late is told all."""
    with world(trees) as tree:

        async def follow_it() -> None:
            await Callers(tree).run(steps)

        virtual.run(follow_it())
