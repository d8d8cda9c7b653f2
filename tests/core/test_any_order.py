"""What a fleet is does not depend on how its tree is read: at once, line by line, or later.

Of everything that is remembered only so far, only what is beyond that may differ; see the limits
of `logging_core.analyse`. Here trees are small and what is read at a look is smaller, so that the
files of one are read one after the other as those of a large one are.
"""

from __future__ import annotations

import gzip
import math
import random
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stories import KINDS, Deed, Story, Write, deeds, put
from views import View, in_any_order, of_state, plain, seen

from logging_core import cache
from logging_core.analyse import counts, instance, latency, ledger, requests, series
from logging_core.analyse.fleet import FleetModel
from logging_core.analyse.grouping import GROUPINGS
from logging_core.cache import FleetCache, read_fleet
from logging_core.history import History
from logging_core.read import session
from logging_core.read.reader import TreeReader

_PANE = {"frames", "newest_frame", "pane_tail", "pane_changed_s", "state", "reason", "since_s"}
"""What the captures tell, of which only the newest is read where only the ends of logs are."""


@contextmanager
def small_looks(*, batch: int = 300) -> Iterator[None]:
    """Read little at a look, keep little until it is summed, and remember few that came before."""
    with ExitStack() as stack:
        for module, name, limit in (
            (session, "BATCH", batch),
            (session, "TURN", 200),
            (instance, "_MAX_REPLIES", 3),
            (ledger, "MAX_PENDING", 4),
            (requests, "RECENT_REPLIES", 6),
            (requests, "RECENT_FAILURES", 6),
            (requests, "MAX_OPEN", 5),
            (counts, "MAX_SINGLY", 8),
            (series, "MAX_SINGLY", 8),
            (series, "MAX_PENDING", 3),
            (latency, "_BATCH", 4),
        ):
            stack.enter_context(mock.patch.object(module, name, limit))
        yield


@pytest.fixture(autouse=True)
def _keep_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "WORTH_KEEPING", 0)


# --- what is compared --------------------------------------------------------


def past(history: History, at_s: float) -> View:
    """The same of an earlier moment."""
    view = of_state(history.state_at(at_s))
    return view | {("groups", by): plain(history.groups_at(at_s, by)) for by in GROUPINGS}


def shared(view: View, other: View, *, but: Collection[str] = ()) -> View:
    """Those of its parts that another has, too."""
    return {
        key: value
        for key, value in view.items()
        if key in other and key not in but and (type(key) is str or key[1] not in but)
    }


# --- ways to read ------------------------------------------------------------


def read(reader: TreeReader, model: FleetModel) -> FleetModel:
    batch = reader.poll()
    model.apply(batch)
    while not batch.caught_up:
        batch = reader.poll(turns=0)
        model.apply(batch)
    return model


def cold(root: Path, **options: Any) -> FleetModel:
    return read(TreeReader(root, **options), FleetModel())


def live(
    root: Path, portions: Sequence[Sequence[Write]], *, blocks: bool, rotate: random.Random
) -> FleetModel:
    """A model that follows a tree while it is written, and its logs are rotated now and then."""
    put(root, ())
    reader, model = TreeReader(root, blocks=blocks), FleetModel()
    for portion in portions:
        if rotate.random() < 0.1:
            rotate_logs(root, rotate)
        put(root, portion)
        read(reader, model)
        model.state(Story.epoch(1e6))
    return read(reader, read(reader, model))  # a metadata.json, too, that was just written


def cached(root: Path, portions: Sequence[Sequence[Write]]) -> FleetModel:
    """A model that was kept, and went on, after each portion."""
    kept = FleetCache(root, "test", root.with_name("cache"))
    model = FleetModel()
    for portion in portions:
        put(root, portion)
        model = read_fleet(root, kept)
    return model


def rotate_logs(root: Path, chance: random.Random) -> None:
    """Begin some logs anew; compress some of those that are full."""
    for path in sorted([*root.glob("instances/*/instance.log"), root / "orchestrator.log"]):
        backups = sorted(path.parent.glob(f"{path.name}.*"), reverse=True)
        if not path.exists() or len(backups) >= 3 or chance.random() < 0.5:
            continue
        for backup in backups:
            number = int(backup.name.removeprefix(path.name + ".")[0])
            name = backup.name.replace(f"log.{number}", f"log.{number + 1}")
            backup.rename(backup.with_name(name))
        first = path.rename(path.with_name(f"{path.name}.1"))
        if chance.random() < 0.5:
            first.with_name(f"{first.name}.gz").write_bytes(gzip.compress(first.read_bytes()))
            first.unlink()


def portions_of(story: Story, draw: random.Random) -> list[Sequence[Write]]:
    """Its lines a few at a time: in the order of time, of one file after the other, or mixed."""
    if draw.random() < 0.4:
        size = draw.choice((1, 3, 10))
        return [story.writes[n : n + size] for n in range(0, len(story.writes), size)]
    files: dict[str, list[Write]] = {}
    for write in story.writes:
        files.setdefault(write.relative, []).append(write)
    size = draw.choice((1, 2, 5, 1_000_000))
    portions: list[Sequence[Write]] = []
    while files:
        name = draw.choice(sorted(files))
        portions.append(files[name][:size])
        files[name] = files[name][size:]
        if not files[name]:
            del files[name]
    return portions


def is_between(story: Story, step: int) -> bool:
    """Whether a whole second passed before a deed: an instance.log tells no more exactly."""
    return math.floor(story.times[step]) > story.times[step - 1] + 1


class Trees:
    """Directories for the trees of one story."""

    def __init__(self, below: Path) -> None:
        self._directory = Path(tempfile.mkdtemp(dir=below))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._directory)

    def new(self, writes: Sequence[Write] = ()) -> Path:
        root = Path(tempfile.mkdtemp(dir=self._directory)) / "logs"
        put(root, writes)
        return root


# --- what has to be the same -------------------------------------------------


def check_readers(
    trees: Path, story: Story, chance: random.Random, *, rows: Callable[[View], View] = dict
) -> None:
    """Compare all ways to read a tree; `rows` takes off what of their order is not told."""
    now_s = story.end_s
    with Trees(trees) as made:
        root = made.new(story.writes)
        expected = seen(cold(root, blocks=True), now_s)
        assert rows(seen(cold(root), now_s)) == rows(expected)
        ends = seen(cold(root, blocks=True, history_bytes=1 << 20), now_s)
        captures = any(write.relative.endswith("tmux_output.log") for write in story.writes)
        but = {*_PANE, "last_activity_s", "activity"} if captures else set()
        assert shared(in_any_order(ends), ends, but=but) == shared(
            in_any_order(expected), ends, but=but
        )
        portions = portions_of(story, chance)
        followed = live(made.new(), portions, blocks=chance.random() < 0.5, rotate=chance)
        assert in_any_order(seen(followed, now_s)) == in_any_order(expected)
        cuts = sorted(chance.sample(range(len(story.writes)), min(2, len(story.writes))))
        pieces = [
            story.writes[start:stop]
            for start, stop in zip([0, *cuts], [*cuts, len(story.writes)], strict=True)
        ]
        assert in_any_order(seen(cached(made.new(), pieces), now_s)) == in_any_order(expected)
        for _ in range(2):
            rotate_logs(root, chance)
        assert rows(seen(cold(root, blocks=True), now_s)) == rows(expected)


def check_past(trees: Path, story: Story, chance: random.Random) -> None:
    """Compare moments of the past with what a reader saw who came then."""
    with Trees(trees) as made, History(made.new(story.writes), max_messages=100_000) as history:
        history.prepare()
        steps = [n for n in range(1, len(story.times)) if is_between(story, n)]
        for step in [*chance.sample(steps, min(3, len(steps))), len(story.times)]:
            now_s = story.epoch(story.times[step - 1] + 1)
            then = seen(cold(made.new([w for w in story.writes if w.step < step])), now_s)
            found = past(history, now_s)
            assert in_any_order(found) == shared(in_any_order(then), found)
        final = seen(cold(made.new(story.writes), blocks=True), story.end_s)
        found = past(history, story.end_s)
        assert found == shared(final, found)


@settings(max_examples=60)
@given(deeds(), st.integers(0, 1 << 32))
def test_it_does_not_matter_how_a_tree_is_read(trees: Path, told: list[Deed], seed: int) -> None:
    """At once or while it is written, kept and gone on with, its logs rotated: all is the same."""
    with small_looks():
        check_readers(trees, Story(told), random.Random(seed))


@settings(max_examples=30)
@given(deeds(waits=(0, 0.3, 2, 700, 20_000, 50_000)), st.integers(0, 1 << 32))
def test_nor_on_which_day_it_was(trees: Path, told: list[Deed], seed: int) -> None:
    """Of several days, of which the newest is read first."""
    with small_looks():
        check_readers(trees, Story(told, no_repeats=True), random.Random(seed))


@settings(max_examples=30)
@given(deeds(waits=(0, 0.3, 1, 6, 30, -7, -400, -3600)), st.integers(0, 1 << 32))
def test_nor_whether_clocks_were_put_back(trees: Path, told: list[Deed], seed: int) -> None:
    """Only where among those of other files a line from then stands is not certain."""
    with small_looks():
        story, chance = Story(told, no_repeats=True), random.Random(seed)
        check_readers(trees, story, chance, rows=in_any_order)


@settings(max_examples=40)
@given(deeds(), st.integers(0, 1 << 32))
def test_the_past_is_what_was_seen_then(trees: Path, told: list[Deed], seed: int) -> None:
    """A state of an earlier moment is that of a reader to whom there were only the lines so far."""
    with small_looks():
        check_past(trees, Story(told), random.Random(seed))


@pytest.mark.parametrize("seed", [1])
def test_thousands_of_records_are_read_as_a_few_are(trees: Path, seed: int) -> None:
    """Of two instances with thousands of records each, too, with all limits as they are."""
    chance = random.Random(seed)
    told = [
        Deed(
            chance.choice(KINDS),
            chance.choice("ab"),
            chance.choice(("m1", "m2", f"m-{n}")),
            chance.choice((0, 0.1, 0.5, 1, 3, 6)),
            chance.randrange(12),
        )
        for n in range(4_000)
    ]
    with mock.patch.object(session, "BATCH", 50_000), mock.patch.object(session, "TURN", 10_000):
        check_readers(trees, Story(told), chance)
