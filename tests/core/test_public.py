"""The public names: whatever they give has a public name itself, and paths may be texts."""

from __future__ import annotations

import ast
import inspect
import os
import re
import typing
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import logging_core
from builders import TreeBuilder
from logging_core import (
    AnomalyKind,
    FleetState,
    History,
    MessagePages,
    PaneFile,
    State,
    follow,
)
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


FILES = {"orchestrator", "instance", "communication", "tmux_output", "metadata"}
"""What the files of a tree are called, as are some modules."""


def names_of_ours() -> tuple[set[str], set[str]]:
    """The modules of `logging_core`, and what is defined at the top of one but is not public."""
    root = Path(logging_core.__path__[0])
    paths = [path for path in root.rglob("*.py") if not path.name.startswith("__")]
    defined: set[str] = set()
    for path in paths:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                defined.add(node.name)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                defined |= {target.id for target in targets if isinstance(target, ast.Name)}
    modules = {path.stem for path in paths} | {path.parent.name for path in paths}
    return modules, defined - set(logging_core.__all__)


def documented(thing: Any) -> Iterator[tuple[Any, set[str]]]:
    """What a public thing documents: itself and its methods, each with the names of its own."""
    members = {
        name: member.fget if isinstance(member, property) else member
        for name, member in inspect.getmembers(thing)
        if not name.startswith("_") and isinstance(thing, type)
    }
    own = {*members, *getattr(thing, "__annotations__", ())}
    for function in (thing, *filter(inspect.isfunction, members.values())):
        called = vars(function).get("__init__") if isinstance(function, type) else function
        takes = inspect.signature(called).parameters if inspect.isfunction(called) else ()
        yield function, own | set(takes)


def test_no_public_docstring_points_at_what_is_not_public() -> None:
    """Whatever a reader's documentation refers to can be imported from `logging_core`."""
    modules, hidden = names_of_ours()
    pointers = set()
    for thing in map(partial(getattr, logging_core), logging_core.__all__):
        if not isinstance(thing, type) and not inspect.isfunction(thing):
            continue
        for function, own in documented(thing):
            if function.__module__.startswith("logging_core.write"):
                continue
            for name in re.findall(r"`([A-Za-z_][\w.]*)`", inspect.getdoc(function) or ""):
                head, _, rest = name.partition(".")
                if (head in hidden and head not in own) or (rest and head in modules - FILES):
                    pointers.add(f"{function.__qualname__} points at {name}")
    assert pointers == set()


def test_help_tells_what_each_kind_of_anomaly_means() -> None:
    """And each state of an instance: what follows a member in the source is not shown."""
    for kind in (AnomalyKind, State):
        shown = inspect.getdoc(kind) or ""
        for member in kind:
            assert re.search(rf"^ +{member.name}: \w", shown, re.MULTILINE), member


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
