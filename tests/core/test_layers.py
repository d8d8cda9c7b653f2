"""What may import what: the direction that data takes, held to by tests."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

import logging_core
import madrox_tui
from builders import TreeBuilder

PACKAGES = [Path(package.__path__[0]) for package in (logging_core, madrox_tui)]
BASICS = (
    "arguments",
    "errors",
    "config",
    "tree",
    "anomalies",
    "event_types",
    "exchanges",
    "records",
    "replacing",
    "text",
    "wall_clock",
    "codec",
)

VALUES = ("format", "columns", "sorting", "find", "plot", "export", "clipboard", "typed_times")
SETTINGS = ("arguments", "config", "config_errors", "remember", "forked", "heap")
CHOICE = ("filter_terms", "filters", "scope", "states", "names", "completion")
PANELS = ("panels", "events", "changes")
DRAWN = {
    "audit": ("figures_view", "panel"),
    "instances": ("instance_list", "panel"),
    "pane": ("frame_view", "scrubbed_view", "replay_view", "search_view", "panel"),
    "timeline": ("entry_list", "message_half", "message_screen", "paged_list", "panel"),
}
DRAWERS = [f"panels.{panel}.{name}" for panel, names in DRAWN.items() for name in names]
DIALOGS = ("events.event_list", "events.screen", "health", "help")
SUMS = [f"panels.audit.{name}" for name in ("money", "rates", "view", "sums")]
LAYERS: list[tuple[str, ...]] = [
    (*VALUES, *SETTINGS, *CHOICE, "key_names"),
    (*SUMS, "view", "colours"),
    PANELS,  # but for what draws them
    ("feed", "report"),
    ("widgets",),
    (*DRAWERS, *DIALOGS, "changes.change_list", "bindings"),
    ("screens", "changes.screen"),
    ("app", "panels_app", "commands", "driver", "screenshot"),
    ("cli", "__main__"),
]
"""The modules and folders of the dashboard, from below: from values to what is run."""

SHOWN = ("view", "widgets", "screens", "colours", "help", *PANELS)
GIVEN = (
    *("analyse.state", "analyse.errors", "analyse.error_kinds", "analyse.lives"),
    *("event_types", "records", "text", "threads", "codec"),
)


class Import(NamedTuple):
    """`module` imports `name` (dotted); `lazily` if only when a function is called."""

    module: str
    name: str
    lazily: bool


def imports_of(source: str, module: str) -> list[Import]:
    """Every name that a module's source imports, absolute."""
    found: list[Import] = []

    def walk(node: ast.AST, *, lazily: bool) -> None:
        for child in ast.iter_child_nodes(node):
            inside = lazily or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            if isinstance(child, ast.Import):
                found.extend(Import(module, alias.name, inside) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{module} imports relatively"
                names = [f"{child.module}.{alias.name}" for alias in child.names]
                found.extend(Import(module, name, inside) for name in names)
            walk(child, lazily=inside)

    walk(ast.parse(source), lazily=False)
    return found


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            parts = path.relative_to(package.parent).with_suffix("").parts
            yield ".".join(part for part in parts if part != "__init__"), path


ALL = [found for name, path in modules() for found in imports_of(path.read_text(), name)]


def within(name: str, *roots: str) -> bool:
    return any(name == root or name.startswith(f"{root}.") for root in roots)


def importing(*importers: str) -> list[Import]:
    found = [entry for entry in ALL if within(entry.module, *importers)]
    assert found, f"no module in {importers}"
    return found


def offenders(entries: list[Import], *roots: str) -> list[Import]:
    return [entry for entry in entries if within(entry.name, *roots)]


def test_the_test_itself_sees_imports() -> None:
    """Imports of all forms are seen, at the top and inside functions."""
    source = "import a.b\nfrom c import d\nclass X:\n  def f(self):\n    import rich.text as t\n"
    assert imports_of(source, "m") == [
        Import("m", "a.b", lazily=False),
        Import("m", "c.d", lazily=False),
        Import("m", "rich.text", lazily=True),
    ]


def test_writing_and_reading_know_nothing_of_each_other() -> None:
    """An agent that logs loads no reader, and the dashboard no writer."""
    assert offenders(importing("logging_core.write"), "logging_core.read") == []
    assert offenders(importing("logging_core.read"), "logging_core.write") == []


def test_the_basics_import_nothing_above_them() -> None:
    """Paths, records, text and codec import only one another."""
    basics = [f"logging_core.{name}" for name in BASICS]
    entries = [entry for entry in importing(*basics) if within(entry.name, "logging_core")]
    assert [entry for entry in entries if not within(entry.name, *basics)] == []


def test_the_analysis_knows_records_only() -> None:
    """From records to state without a file, a codec or a screen."""
    entries = importing("logging_core.analyse")
    ours = [e for e in entries if within(e.name, "logging_core", "madrox_tui")]
    pure = [
        f"logging_core.{name}"
        for name in ("anomalies", "event_types", "exchanges", "records", "text", "wall_clock")
    ]
    allowed = (*pure, "logging_core.analyse")
    assert [entry for entry in ours if not within(entry.name, *allowed)] == []
    assert offenders(entries, "os", "pathlib", "io", "time") == []


def test_reading_and_analysing_meet_above_both() -> None:
    """Reading knows no state; only what joins the two, and keeps it, knows both."""
    assert offenders(importing("logging_core.read"), "logging_core.analyse") == []
    joining = importing(*(f"logging_core.{name}" for name in ("cache", "history", "summing")))
    assert offenders(joining, "logging_core.write", "logging_core.manager") == []


def test_logging_core_knows_no_screen() -> None:
    """Nothing in logging_core imports Textual, Rich or the dashboard, not even lazily."""
    assert offenders(importing("logging_core"), "textual", "rich", "madrox_tui") == []


def test_the_watcher_is_loaded_by_whoever_watches() -> None:
    """The watcher is imported inside the function that watches, never with a module."""
    eager = [entry for entry in ALL if not entry.lazily]
    assert offenders(eager, "watchfiles") == []


@pytest.mark.fault("R66")
def test_no_file_is_mapped_into_memory() -> None:
    """A file that is cut by others would end the process that has it mapped."""
    assert offenders(ALL, "mmap") == []


def test_what_is_shown_is_given() -> None:
    """Panels, widgets and screens know states and records, neither files nor how these are read."""
    entries = importing(*(f"madrox_tui.{name}" for name in SHOWN))
    ours = [entry for entry in entries if within(entry.name, "logging_core")]
    names = [f"logging_core.{name}" for name in GIVEN]
    assert [entry for entry in ours if not within(entry.name, *names)] == []


def layer_of(name: str) -> int:
    """The layer of a module of the dashboard; where two names are of it, the longer one counts."""
    known = [
        (len(prefix), layer)
        for layer, prefixes in enumerate(LAYERS)
        for prefix in prefixes
        if within(name, f"madrox_tui.{prefix}")
    ]
    assert known, f"{name} is in no layer"
    return max(known)[1]


def test_the_dashboard_is_made_of_layers() -> None:
    """Each module imports, at any time, only what is in its own layer or in one below."""
    names = {name for name, _ in modules() if "." in name}
    for entry in importing("madrox_tui"):
        if entry.module == "madrox_tui" or not entry.name.startswith("madrox_tui."):
            continue
        module = entry.name if entry.name in names else entry.name.rpartition(".")[0]
        if module != "madrox_tui":
            assert layer_of(module) <= layer_of(entry.module), entry


def test_only_what_draws_knows_textual() -> None:
    """Values, views, what panels show, the feed and the reports do without it."""
    drawing = LAYERS.index(("widgets",))
    below = [entry for entry in importing("madrox_tui") if "." in entry.module]
    entries = [entry for entry in below if layer_of(entry.module) < drawing]
    names = {entry.module.removeprefix("madrox_tui.") for entry in offenders(entries, "textual")}
    assert {name for name in names if not within(name, "colours")} == {"clipboard", "key_names"}


def test_the_dashboard_only_ever_reads() -> None:
    """Nothing in madrox_tui imports the writer."""
    writers = ("logging_core.write", "logging_core.manager", "logging_core.LoggingManager")
    assert offenders(importing("madrox_tui"), *writers) == []


@pytest.mark.parametrize("name", ["arguments", "cli", "filters", "format", "report"])
def test_what_needs_no_screen_imports_none(name: str) -> None:
    """Formatting, filtering and reporting work without Textual."""
    eager = [entry for entry in importing(f"madrox_tui.{name}") if not entry.lazily]
    assert offenders(eager, "textual", "madrox_tui.app") == []
    if name != "cli":
        assert offenders(importing(f"madrox_tui.{name}"), "textual") == []


def loaded_by(code: str) -> set[str]:
    """The top-level modules that a fresh interpreter has loaded after `code`."""
    report = "import sys, json; print(); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\n{report}"], capture_output=True, text=True, check=True
    )
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return {name.partition(".")[0] for name in names}


def test_views_are_made_without_a_screen() -> None:
    """What reads the tree, and makes views of it, loads no Textual."""
    feed = [name for name, _ in modules() if within(name, "madrox_tui.feed")]
    assert "textual" not in loaded_by(f"import {', '.join(feed)}")


def test_importing_logging_core_is_light() -> None:
    """A process that only logs loads no terminal library and no watcher."""
    heavy = {"textual", "rich", "watchfiles", "anyio", "fastdigest", "madrox_tui"}
    assert loaded_by("import logging_core") & heavy == set()


def test_reports_do_without_textual(tmp_path: Path) -> None:
    """`--json` loads neither Textual nor Rich, `--once` no Textual, and neither the watcher."""
    TreeBuilder(tmp_path).spawn("a", "Atlas")

    def run(flag: str) -> set[str]:
        code = f"from madrox_tui.cli import main; assert main([{str(tmp_path)!r}, {flag!r}]) == 0"
        return loaded_by(code)

    assert run("--json") & {"textual", "rich", "watchfiles"} == set()
    assert run("--once") & {"textual", "watchfiles"} == set()
