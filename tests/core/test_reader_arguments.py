from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from builders import TreeBuilder
from logging_core import History, MessagePages, PaneFile, follow
from logging_core.read.reader import TreeReader
from reading import ids

WHOLE = ["x", -1, 1.5, None, math.nan]
TIMES = ["x", math.nan, [5]]


@pytest.fixture
def told(tree: TreeBuilder) -> TreeBuilder:
    """A tree of two instances with a message, an exchange and a capture each."""
    for number, name in enumerate(("inst-001", "i")):
        tree.send(name, f"m-{name}", at=number)
        details = {"message_id": f"m-{name}", "tokens": 5}
        tree.audit("message_exchange", name, at=number, details=details)
        tree.frame(name, "pane", at=number)
    return tree


@pytest.fixture
def history(told: TreeBuilder) -> Iterator[History]:
    """The tree's states."""
    with History(told.root) as history:
        history.prepare()
        yield history


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("history_bytes", value) for value in WHOLE if value is not None),
        *(("sweep_s", value) for value in ("a", -1, 0, math.nan, None)),
        ("cursor", {"version": 0}),
    ],
)
def test_follow_refuses_at_the_call(tree: TreeBuilder, name: str, value: Any) -> None:
    """Nothing is read or started, and the text says what is wrong."""
    with pytest.raises(ValueError, match=name):
        follow(tree.root, **{name: value})


@pytest.mark.parametrize("name", ["history_bytes", "audit_bytes"])
def test_a_reader_refuses_what_is_no_number_of_bytes(tree: TreeBuilder, name: str) -> None:
    """And the text says which one."""
    options: dict[str, Any] = {name: -1}
    with pytest.raises(ValueError, match=name):
        TreeReader(tree.root, **options)


@pytest.mark.parametrize("count", WHOLE)
def test_a_number_of_things_is_a_whole_one(told: TreeBuilder, count: Any) -> None:
    """And not negative; 0 gives none."""
    pages, pane = MessagePages(told.root), PaneFile(told.root, "i")
    (ref,) = pane.newest(1)
    calls: list[Callable[[Any], list[Any]]] = [
        pages.older,
        pane.newest,
        lambda count: pane.before(ref, count),
        lambda count: pane.after(ref, count),
    ]
    for call in calls:
        assert call(0) == []
        with pytest.raises(ValueError, match=r"count is .*: use a whole number, 0 or more"):
            call(count)
    with pytest.raises(ValueError, match=r"max_messages is .*: use a whole number, 0 or more"):
        History(told.root, max_messages=count)
    for buckets in (count, 0):
        with pytest.raises(ValueError, match=r"buckets is .*: use a whole number, 1 or more"):
            pane.density(buckets)


@pytest.mark.parametrize("time", TIMES)
def test_a_moment_is_a_number(told: TreeBuilder, history: History, time: Any) -> None:
    """Of seconds; what is none is refused by name."""
    pages, pane = MessagePages(told.root), PaneFile(told.root, "i")
    calls: list[tuple[str, Callable[[], object]]] = [
        ("time_s", lambda: pages.start_before(time)),
        ("time_s", lambda: pane.at(time)),
        ("from_s", lambda: pane.density(2, time)),
        ("to_s", lambda: pane.density(2, None, time)),
        ("at_s", lambda: history.state_at(time)),
        ("at_s", lambda: history.usage_at(time, ["i"])),
        ("at_s", lambda: history.groups_at(time, "instance")),
        ("at_s", lambda: history.note_gone("i", time)),
        ("since_s", lambda: History(told.root, since_s=time)),
    ]
    for name, call in calls:
        with pytest.raises(ValueError, match=f"^{name} is "):
            call()
    with pytest.raises(ValueError, match=r"stuck_after_s is .*: use a number of seconds"):
        History(told.root, stuck_after_s=time)


def test_a_density_without_end_is_refused(told: TreeBuilder) -> None:
    """There are no equal stretches of it."""
    pane = PaneFile(told.root, "i")
    with pytest.raises(ValueError, match="to_s is inf: use seconds since the epoch"):
        pane.density(2, to_s=math.inf)


def test_one_id_is_taken_for_itself(told: TreeBuilder, history: History) -> None:
    """Where ids of instances are meant, a text is one of them, and not its letters."""
    assert ids(MessagePages(told.root, "inst-001").older(9)) == ["m-inst-001"]
    assert history.usage_at(told.epoch(9), "inst-001").tokens == 5
    (group,) = history.groups_at(told.epoch(9), "instance", "inst-001")
    assert group.label == "inst-001"


@pytest.mark.parametrize("wrong", [b"inst-001", 5, [None], [["inst-001"]]])
def test_what_is_no_id_is_refused(told: TreeBuilder, history: History, wrong: Any) -> None:
    """It is no silent nothing."""
    calls: list[Callable[[], object]] = [
        lambda: MessagePages(told.root, wrong),
        lambda: history.usage_at(told.epoch(9), wrong),
        lambda: history.groups_at(told.epoch(9), "instance", wrong),
    ]
    for call in calls:
        with pytest.raises(TypeError):
            call()
    with pytest.raises(TypeError):
        PaneFile(told.root, wrong)
