"""The keys that mean the same everywhere, and the map of all keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches

from textual.binding import Binding

from madrox_tui.keymap import Group, one_key_name, own_bindings
from madrox_tui.panels.audit import AuditPanel
from madrox_tui.panels.instances import InstancesPanel
from madrox_tui.panels.replay import ReplayPanel
from madrox_tui.panels.timeline import TimelinePanel
from madrox_tui.widgets.line_view import LineView

PANELS = {"instances": "Instances", "pane": "Pane", "timeline": "Timeline", "audit": "Audit"}
"""The panels' ids and names, in the order of their keys."""

PANEL_NAMES: dict[type[LineView], str] = {
    InstancesPanel: "Instances",
    ReplayPanel: "Pane",
    TimelinePanel: "Timeline",
    AuditPanel: "Audit",
}

# Priority: a key is acted upon before the next one is looked at, so that of keys typed in a
# burst each reaches the panel or the line that the one before it chose.
GLOBAL = [
    replace(binding, priority=True)
    for binding in (
        Binding("1", "panel('instances')", "Instances", show=False, id="panel.instances"),
        Binding("2", "panel('pane')", "Pane", show=False, id="panel.pane"),
        Binding("3", "panel('timeline')", "Timeline", show=False, id="panel.timeline"),
        Binding("4", "panel('audit')", "Audit", show=False, id="panel.audit"),
        Binding("tab", "next_panel(1)", "Next panel", id="panel.next"),
        Binding("shift+tab", "next_panel(-1)", "Previous panel", show=False, id="panel.previous"),
        Binding("z", "zoom", "Zoom", id="panel.zoom", tooltip="Only this panel, or all again"),
        Binding("equals_sign", "grow(1)", "Larger panel", show=False, id="panel.grow"),
        Binding("minus", "grow(-1)", "Smaller panel", show=False, id="panel.shrink"),
        Binding("slash", "filter", "Filter", id="filter.edit"),
        Binding(
            "escape",
            "clear",
            "Back",
            show=False,
            id="view.back",
            tooltip="Back to live from an earlier time; else drop the filter",
        ),
        Binding(
            "i",
            "only",
            "Only this",
            id="filter.only",
            tooltip="Only the selected instance in every panel, or all again",
        ),
        Binding(
            "space",
            "pause",
            "Pause",
            id="view.pause",
            tooltip="Hold the screen, or go on; nothing is lost",
        ),
        Binding(
            "at",
            "moment",
            "As of then",
            show=False,
            id="view.moment",
            tooltip="Every panel at the selected row's moment, or live again",
        ),
        Binding("T", "go_to", "Go to a time", show=False, id="view.go_to"),
        Binding("a", "needy", "Next that needs you", show=False, id="fleet.needy"),
        Binding("S", "app.save_screen", "Save the screen", show=False, id="app.save"),
        Binding(
            "colon",
            "palette",
            "Commands",
            show=False,
            id="app.palette",
            tooltip="Every action, instance and theme by name; also Ctrl+P",
        ),
        Binding(
            "tilde",
            "health",
            "Log health",
            show=False,
            id="view.health",
            tooltip="What could not be read, what is odd, what grows, and the disk",
        ),
        Binding("question_mark", "keys", "Help", id="app.help"),
        Binding("q", "leave", "Quit", id="app.quit"),
    )
]

APP = [
    Binding(
        "ctrl+z",
        "suspend_process",
        "Suspend",
        show=False,
        id="app.suspend",
        tooltip="Suspend; fg in the shell brings it back",
        priority=True,
    ),
]
"""What keys do on every screen, also on one over the panels."""

OWN_ACTIONS = frozenset(binding.action.partition("(")[0] for binding in GLOBAL)
"""What the keys of the main screen do."""


def key_groups(*panels: type[LineView]) -> list[Group]:
    """The keys of some panels, then those that every panel has."""
    groups = [*_groups_of(panels), *_COMMON]
    return [(title, bindings) for title, bindings in groups if bindings]


def help_groups(current: type[LineView]) -> list[Group]:
    """The whole map: one panel's keys, those that every panel has, the other panels'."""
    others = [panel for panel in PANEL_NAMES if panel is not current]
    groups = [*_groups_of([current]), *reversed(_COMMON), *_groups_of(others)]
    return [(title, bindings) for title, bindings in groups if bindings]


_COMMON: list[Group] = [("every list", own_bindings(LineView)), ("everywhere", [*GLOBAL, *APP])]


def _groups_of(panels: Iterable[type[LineView]]) -> list[Group]:
    return [(PANEL_NAMES[panel], own_bindings(panel)) for panel in panels]


def all_keys() -> dict[str, tuple[str, tuple[str, ...]]]:
    """By the id of a binding: what it does, and its built-in keys."""
    return {
        binding.id: (binding.tooltip or binding.description, _keys(binding.key))
        for _, bindings in key_groups(*PANEL_NAMES)
        for binding in bindings
        if binding.id
    }


def keymap(wanted: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """The keys of the settings as Textual takes them.

    Raises:
        ValueError: There is no such action, or a key would have two meanings; names the action.
    """
    known = all_keys()
    for name, keys in wanted.items():
        if name not in known:
            close = get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else "--print-config lists them"
            raise ValueError(f"keys.{name}: no such action; {hint}")
        if not keys or not all(key.strip() == key != "" and "," not in key for key in keys):
            raise ValueError(f"keys.{name}: needs at least one key, as 'f5' or 'ctrl+g'")
    _check_meanings({name: wanted.get(name, keys) for name, (_, keys) in known.items()}, known)
    return {name: ",".join(keys) for name, keys in wanted.items()}


def _check_meanings(
    keys: Mapping[str, tuple[str, ...]], known: Mapping[str, tuple[str, tuple[str, ...]]]
) -> None:
    """Two panels may use one key; a panel and what is everywhere may not."""
    for owner in _owners():
        meant: dict[str, str] = {}
        for name in owner:
            for key in keys[name]:
                other = meant.setdefault(one_key_name(key), name)
                if other != name and not (key in known[name][1] and key in known[other][1]):
                    raise ValueError(f"keys.{name}: {key!r} is already the key of {other}")


def _owners() -> list[list[str]]:
    common = [b.id for b in (*GLOBAL, *APP, *own_bindings(LineView)) if b.id]
    return [common + [b.id for b in own_bindings(panel) if b.id] for panel in PANEL_NAMES]


def _keys(key: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in key.split(","))
