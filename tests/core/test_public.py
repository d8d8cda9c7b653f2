"""The public names: whatever they give has a public name itself, and paths may be texts."""

from __future__ import annotations

import inspect
import os
import typing
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import logging_core
from builders import TreeBuilder
from logging_core import FleetState, History, MessagePages, PaneFile, follow
from reading import ids


def own_types(hint: Any) -> Iterator[type]:
    """The classes of ours that a type hint names."""
    if isinstance(hint, type) and hint.__module__.startswith("logging_core"):
        yield hint
    for inner in typing.get_args(hint):
        yield from own_types(inner)


def result(function: Any) -> Any:
    """The type hint of what a function gives."""
    names = {name: getattr(logging_core, name) for name in logging_core.__all__}
    only = SimpleNamespace(__annotations__={"return": function.__annotations__.get("return")})
    return typing.get_type_hints(only, function.__globals__, names)["return"]


def given_by(thing: Any) -> Iterator[type]:
    """The classes of ours that a public thing gives: returned, or as an attribute."""
    if not isinstance(thing, type):
        yield from own_types(result(thing))
        return
    for hint in typing.get_type_hints(thing).values():
        yield from own_types(hint)
    for name, member in inspect.getmembers(thing):
        function = member.fget if isinstance(member, property) else member
        if not name.startswith("_") and inspect.isfunction(function):
            yield from own_types(result(function))


def test_what_public_functions_give_has_a_public_name() -> None:
    """Its type can be imported from `logging_core`, to annotate or to compare with."""
    public = [getattr(logging_core, name) for name in logging_core.__all__]
    hidden = {
        f"{thing.__name__} gives {kind.__name__}"
        for thing in public
        if isinstance(thing, type) or inspect.isfunction(thing)
        for kind in given_by(thing)
        if getattr(logging_core, kind.__name__, None) is not kind
    }
    assert hidden == set()
    assert set(logging_core.__all__) <= set(dir(logging_core))


class Named(os.PathLike[str]):
    """Some path of its own kind."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __fspath__(self) -> str:
        return str(self._path)


@pytest.mark.parametrize("kind", [str, Path, Named])
@pytest.mark.parametrize("relative", [False, True])
@pytest.mark.asyncio
async def test_a_root_may_be_any_kind_of_path(
    tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch, kind: Any, relative: bool
) -> None:
    """A text, a `Path` or what else `open` takes, absolute or not."""
    tree.send("a", "m1", at=1)
    tree.frame("a", "hello", at=2)
    monkeypatch.chdir(tree.root.parent)
    root = kind(Path(tree.root.name) if relative else tree.root)
    pane, pages, batches = PaneFile(root, "a"), MessagePages(root), follow(root, poll=True)
    with History(root) as history:
        history.prepare()
        assert ids(history.state_at(tree.epoch(9)).messages) == ["m1"]
    (ref,) = pane.newest(1)
    assert pane.read(ref) == "hello"
    assert ids(pages.older(9)) == ["m1"]
    await batches.aclose()


def test_a_root_may_be_below_home(tree: TreeBuilder, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is the user's home for all of them."""
    tree.send("a", "m1", at=1)
    monkeypatch.setenv("HOME", str(tree.root.parent))
    assert ids(MessagePages(f"~/{tree.root.name}").older(9)) == ["m1"]


def test_a_capture_can_be_read_as_it_was_written(tree: TreeBuilder) -> None:
    """Safe to show unless asked otherwise."""
    tree.frame("a", "\x1b[31mred\x1b[0m\x07")
    pane = PaneFile(tree.root, "a")
    (ref,) = pane.newest(1)
    assert pane.read(ref) == "\x1b[31mred\x1b[0m␇"
    assert pane.read(ref, raw=True) == "\x1b[31mred\x1b[0m\x07"


def test_a_history_gives_its_file_back_at_the_end_of_a_block(tree: TreeBuilder) -> None:
    """Messages of earlier states cannot be read after that."""
    tree.send("a", "m1", at=1)

    def look_back() -> FleetState:
        with History(tree.root) as history:
            history.prepare()
            return history.state_at(tree.epoch(2))

    state = look_back()
    with pytest.raises(ValueError, match="closed"):
        ids(state.messages)
