"""The global key bindings, and the map of all keys."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches

from textual.binding import Binding

from madrox_tui.key_names import (
    CLOSE,
    Group,
    KeysInForce,
    at_once,
    is_key,
    one_key_name,
    own_bindings,
)
from madrox_tui.panels.audit.panel import AuditPanel
from madrox_tui.panels.instances.panel import InstancesPanel
from madrox_tui.panels.pane.panel import ReplayPanel
from madrox_tui.panels.timeline.panel import TimelinePanel
from madrox_tui.widgets.line_view import LineView

PANELS = {"instances": "Instances", "pane": "Pane", "timeline": "Timeline", "audit": "Audit"}
"""The panels' ids and names, in the order of their keys."""

PANEL_TYPES: dict[str, type[LineView]] = {
    "instances": InstancesPanel,
    "pane": ReplayPanel,
    "timeline": TimelinePanel,
    "audit": AuditPanel,
}
"""Their classes, by id."""

GLOBAL = at_once(
    *(
        Binding(str(n), f"panel('{name}')", f"Focus {title}", show=False, id=f"panel.{name}")
        for n, (name, title) in enumerate(PANELS.items(), start=1)
    ),
    Binding(
        "a",
        "needy",
        "Needs you",
        id="fleet.needy",
        tooltip="Go to next instance that needs you",
    ),
    Binding(
        "slash", "filter", "Filter", id="filter.edit", tooltip="Filter instances in every panel"
    ),
    Binding(
        "at",
        "moment",
        "As of then",
        id="view.moment",
        tooltip="Show all panels at the selected row's time / leave that time",
    ),
    Binding(
        "space",
        "pause",
        "Pause",
        id="view.pause",
        tooltip="Pause / resume (nothing is lost), or play / pause a rewound pane",
    ),
    Binding(
        "i",
        "only",
        "Only this",
        id="filter.only",
        tooltip="Show only the selected instance or folded branch / show all",
    ),
    Binding(
        "escape",
        "clear",
        "Back",
        show=False,
        id="view.back",
        tooltip="Back from find, past, pause / rewound pane, filter, opened pane",
    ),
    Binding("tab", "next_panel(1)", "Focus next panel", show=False, id="panel.next"),
    Binding("shift+tab", "next_panel(-1)", "Focus previous panel", show=False, id="panel.previous"),
    Binding("z", "zoom", "Zoom", id="panel.zoom", tooltip="Maximise panel / restore"),
    Binding("equals_sign", "grow(1)", "Grow panel", show=False, id="panel.grow"),
    Binding("minus", "grow(-1)", "Shrink panel", show=False, id="panel.shrink"),
    Binding("T", "go_to", "Time", id="view.go_to", tooltip="Go to a time"),
    Binding(
        "c",
        "changes",
        "Changes",
        id="view.changes",
        tooltip="What changed since you looked away",
    ),
    Binding(
        "colon",
        "palette",
        "Commands",
        id="app.palette",
        tooltip="Open command palette: actions, instances, themes",
    ),
    Binding(
        "A",
        "attach",
        "Attach",
        id="fleet.attach",
        tooltip="Copy the tmux command that attaches to the selected instance",
    ),
    Binding(
        "tilde",
        "health",
        "Log health",
        id="view.health",
        tooltip="Show log health: problems, file growth, disk use",
    ),
    Binding("q", "leave", "Quit", id="app.quit"),
    Binding("question_mark", "keys", "Help", id="app.help", tooltip="Explain all keys and signs"),
)
"""Bindings of the panels' screen."""

APP = [
    Binding(
        "ctrl+p",
        "command_palette",
        "Commands",
        show=False,
        id="app.commands",
        tooltip="Open command palette, also while typing or over a dialog",
        priority=True,
    ),
    Binding(
        "S",
        "save_screen",
        "Save screen",
        show=False,
        id="app.save",
        tooltip="Save the screen as SVG and text",
        priority=True,
    ),
    Binding(
        "ctrl+z",
        "suspend_process",
        "Suspend",
        show=False,
        id="app.suspend",
        tooltip="Suspend to the shell; fg resumes",
        priority=True,
    ),
]
"""Bindings of the app: active on every screen, dialogs included."""

FIXED = {"message.bytes": ("b",), "rows.open": ("enter",), "changes.select": ("enter",)}
"""Keys of dialogs that the user cannot change, by action."""

DIALOGS = (
    ("timeline.other_half", "pane.wrap", "message.bytes"),
    ("audit.sort", "rows.open"),
    ("pane.previous", "pane.next", "view.go_to", "view.moment", "view.changes", "changes.select"),
)
"""The actions of a message, of events, and of changes, besides those of every list and dialog."""

OWN_ACTIONS = frozenset(binding.action.partition("(")[0] for binding in GLOBAL)
"""Names of the actions bound in `GLOBAL`."""


_COMMON: list[Group] = [("every list", own_bindings(LineView)), ("everywhere", [*GLOBAL, *APP])]


def key_groups() -> list[Group]:
    """Return the bindings of each panel, then those common to all panels."""
    return [*_groups_of(PANELS), *_COMMON]


def keys_in_force(replaced: Mapping[str, tuple[str, ...]]) -> KeysInForce:
    """Return the keys of all bindings.

    Args:
        replaced: By action, the keys that replace the built-in ones.
    """
    return KeysInForce((b for _, bindings in key_groups() for b in bindings), replaced)


def help_groups(panel_id: str, keys: KeysInForce) -> tuple[list[Group], list[Group]]:
    """Return the bindings of a panel and the common ones; and the other panels'."""
    others = [other for other in PANELS if other != panel_id]
    here = [*_groups_of([panel_id]), *reversed(_COMMON)]
    return _with_keys(here, keys), _with_keys(_groups_of(others), keys)


def works_in(key: str, keys: KeysInForce) -> str:
    """Say in which panels a key does something, and which keys go there; `''` if in none.

    Args:
        key: As Textual calls it.
        keys: The keys in force.
    """
    name = one_key_name(key)
    places = [
        f"{title} ({keys.name(f'panel.{panel}')})"
        for panel, (title, bindings) in zip(PANELS, _groups_of(PANELS), strict=True)
        if any(name == one_key_name(k) for b in bindings for k in _keys(keys.rebound(b).key))
    ]
    return f"{name} works in {' and '.join(places)}" if places else ""


def _with_keys(groups: Iterable[Group], keys: KeysInForce) -> list[Group]:
    return [(title, [*map(keys.rebound, bindings)]) for title, bindings in groups]


def _groups_of(panel_ids: Iterable[str]) -> list[Group]:
    return [(PANELS[name], own_bindings(PANEL_TYPES[name])) for name in panel_ids]


def all_keys() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Map each binding's id to its description and its built-in keys."""
    return {
        binding.id: (binding.tooltip or binding.description, _keys(binding.key))
        for _, bindings in key_groups()
        for binding in bindings
        if binding.id
    }


def keymap(wanted: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Convert the `[keys]` setting to a Textual keymap.

    Raises:
        ValueError: An action is unknown, or a key would have two meanings; names the action.
    """
    known = all_keys()
    for name, keys in wanted.items():
        if name not in known:
            close = get_close_matches(name, known, 1)
            hint = f"did you mean {close[0]}?" if close else "--print-config lists them"
            what = "its key is fixed" if name in FIXED else f"no such action; {hint}"
            raise ValueError(f"keys.{name}: {what}")
        if not keys:
            raise ValueError(f"keys.{name}: needs at least one key, such as 'f5' or 'ctrl+g'")
        for key in keys:
            if key == "," or not is_key(key):
                hint = "use Textual's names, such as 'q', 'f5', 'ctrl+g', 'slash'"
                raise ValueError(f"keys.{name}: {key!r} is not a key; {hint}")
    built_in = {name: keys for name, (_, keys) in known.items()} | FIXED
    _check_meanings(wanted, built_in)
    meant = {name: ",".join(keys) for name, keys in wanted.items()}
    if "view.back" in wanted:
        meant[CLOSE] = ",".join(dict.fromkeys((*wanted["view.back"], "escape")))
    return meant


def _check_meanings(
    wanted: Mapping[str, tuple[str, ...]], built_in: Mapping[str, tuple[str, ...]]
) -> None:
    """Let two panels or dialogs share a key, but not two actions in one of them."""
    for place in _places():
        meant: dict[str, str] = {}
        for name in place:
            for key in wanted.get(name, built_in[name]):
                other = meant.setdefault(one_key_name(key), name)
                if other != name and not (key in built_in[name] and key in built_in[other]):
                    theirs, mine = (other, name) if name in wanted else (name, other)
                    raise ValueError(f"keys.{mine}: {key!r} is already bound to {theirs}")


def _places() -> Iterator[list[str]]:
    """Yield the actions that can be done in each panel, then in each dialog."""
    anywhere = _ids((*APP, *own_bindings(LineView)))
    for panel in PANEL_TYPES.values():
        yield [*_ids(GLOBAL), *anywhere, *_ids(own_bindings(panel))]
    for actions in DIALOGS:
        yield ["view.back", "app.quit", *anywhere, *actions]


def _ids(bindings: Iterable[Binding]) -> list[str]:
    return [binding.id for binding in bindings if binding.id]


def _keys(key: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in key.split(","))
