"""The directory of an instance is gone, and back: what is in it is told once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from views import in_any_order, seen

from builders import TreeBuilder
from logging_core.analyse.fleet import FleetModel
from logging_core.read.reader import TreeReader
from logging_core.records import Batch, InstanceGone, InstanceSeen
from reading import ids, only, read


def moved(there: Path, away: Path) -> None:
    """Moved back."""
    away.rename(there)


def copied(there: Path, away: Path) -> None:
    """As a backup has it: other files with the same bytes."""
    shutil.copytree(away, there)
    shutil.rmtree(away)


def fill(tree: TreeBuilder, who: str) -> None:
    """An instance of which every log tells something that counts."""
    tree.spawn(who, f"agent-{who}", at=0)
    tree.lifecycle(who, "Instance failed: boom", level="ERROR", at=1)
    tree.send(who, f"{who}1", at=2)
    tree.receive(who, f"{who}1", at=4)
    tree.send(who, f"{who}2", at=5)
    tree.frame(who, "$ make", at=6)


class Watched:
    """A tree with two instances, and a model of what one reader tells of it."""

    def __init__(self, tree: TreeBuilder) -> None:
        self.tree = tree
        self.reader = TreeReader(tree.root, blocks=True)
        self.model = FleetModel()
        for who in "ab":
            fill(tree, who)
        self.look()
        self.there, self.away = tree.root / "instances/a", tree.root.with_name("away")

    def look(self) -> list[Batch]:
        batches = read(self.reader)
        for batch in batches:
            self.model.apply(batch)
        return batches

    def put_away(self) -> None:
        self.there.rename(self.away)
        gone = [record for _ in range(2) for batch in self.look() for record in batch.records]
        assert gone == [InstanceGone(instance_id="a")]

    def restart(self) -> None:
        """Another reader goes on after this one, with the same model."""
        cursor = json.loads(json.dumps(self.reader.cursor))
        self.reader = TreeReader(self.tree.root, cursor=cursor, blocks=True)

    def check(self) -> None:
        """The model tells what that of a reader who comes now does."""
        later, now_s = FleetModel(), TreeBuilder.epoch(100)
        for batch in read(TreeReader(self.tree.root, blocks=True)):
            later.apply(batch)
        assert in_any_order(seen(self.model, now_s)) == in_any_order(seen(later, now_s))
        assert later.state(now_s).errors == 2


@pytest.fixture
def watched(tree: TreeBuilder) -> Watched:
    return Watched(tree)


@pytest.mark.parametrize("come_back", [moved, copied])
@pytest.mark.parametrize("is_resumed", [False, True])
def test_what_is_back_counts_once(
    watched: Watched, come_back: Callable[[Path, Path], None], is_resumed: bool
) -> None:
    """All is told again, once, and what was told before is void: also for a later reader."""
    watched.put_away()
    if is_resumed:
        watched.restart()
        watched.look()
    come_back(watched.there, watched.away)
    first, *_ = watched.look()
    assert first.reset
    assert ids(first.records).count("a1") == 2
    assert len(only(InstanceSeen, first.records)) == 2
    watched.check()
    assert [batch.count for batch in watched.look()] == [0]


def test_a_reader_that_goes_on_meanwhile_knows_it(watched: Watched) -> None:
    """Also before anybody has missed the directory, when its files alone were seen to be gone."""
    watched.there.rename(watched.away)
    watched.model.apply(watched.reader.poll([str(watched.there)], turns=0))
    watched.restart()
    watched.away.rename(watched.there)
    assert any(batch.reset for batch in watched.look())
    watched.check()


def test_all_instances_may_be_away_for_a_while(watched: Watched) -> None:
    """As where somebody moves a directory by mistake, and back."""
    below = watched.tree.root / "instances"
    below.rename(watched.away)
    for _ in range(2):
        watched.look()
    watched.away.rename(below)
    assert next(batch.reset for batch in watched.look())
    watched.check()


def test_another_directory_of_that_name_is_only_read(watched: Watched) -> None:
    """What was never told comes, and nothing else is void."""
    watched.put_away()
    watched.tree.send("a", "a9", at=50)
    batches = watched.look()
    assert not any(batch.reset for batch in batches)
    assert ids([record for batch in batches for record in batch.records]) == ["a9"]


def test_it_may_have_been_replaced_meanwhile(watched: Watched) -> None:
    """It is known whatever stood in its place in the meantime."""
    watched.put_away()
    watched.tree.send("a", "a9", at=50)
    watched.look()
    shutil.rmtree(watched.there)
    for _ in range(2):
        watched.look()
    watched.away.rename(watched.there)
    assert any(batch.reset for batch in watched.look())
    watched.check()
