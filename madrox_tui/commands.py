"""The command palette: all actions with their keys, all instances, all themes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import partial
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import ActiveBinding, Binding, BindingType
from textual.command import (
    CommandInput,
    CommandList,
    CommandPalette,
    DiscoveryHit,
    Hit,
    Hits,
    Provider,
)
from textual.content import Content
from textual.events import Click
from textual.fuzzy import Matcher

from madrox_tui.bindings import PANELS, all_keys
from madrox_tui.key_names import KEY_WIDTH, key_names, meaning, one_key_name, own_bindings
from madrox_tui.screens.main import MainScreen
from madrox_tui.widgets.line_input import KeysInOrder
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.pointed import pointed_at

_KNOWN = frozenset(all_keys())


class _Command(NamedTuple):
    text: str
    run: Callable[[], object]


class _Line(CommandInput, KeysInOrder):  # styles are those of the first
    """What is typed into; its cursor does not blink, which costs a paint each time."""

    def __init__(self, placeholder: str) -> None:
        super().__init__(placeholder=placeholder, select_on_focus=False)
        self.cursor_blink = False


class _List(CommandList):
    """Textual's, which fails where what was clicked is no longer found."""

    def on_click(self, event: Click) -> None:
        """Let a click go that waited while the list became shorter."""
        if event.style.meta.get("option", -1) >= self.option_count:
            event.prevent_default()


class Palette(CommandPalette):
    """Textual's, which fails where a page is turned of a list that has no room on the screen.

    Its line is like any other of ours.

    Args:
        possible: By key, what could be done when it was opened: its line leaves no letter to keys.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        # With priority it comes in the order of what opens a palette, and not after the letters.
        Binding("escape", "escape", "Close palette", show=False, priority=True),
    ]

    def __init__(self, possible: Mapping[str, ActiveBinding]) -> None:
        super().__init__()  # without Textual's id: the one before may still be on its way out
        self.possible = possible

    def compose(self) -> ComposeResult:
        """See `CommandPalette`."""
        for widget in super().compose():
            match widget:
                case CommandInput():
                    yield _Line(widget.placeholder)
                case CommandList():
                    yield _List()
                case _:
                    yield widget

    def on_click(self, event: Click) -> None:
        """Let a click go that waited while the terminal became smaller: Textual fails there."""
        if pointed_at(self, event) is None:
            event.prevent_default()

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close; unless Esc did before what Enter chose was known: another screen would close.

        So it would where another key has opened one over it.
        """
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def _watch__list_visible(self) -> None:
        """Show or hide the list, unless it went while what matches was still being found."""
        if self.query(CommandList):
            super()._watch__list_visible()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Move in no list that is not there yet; turn no page of one without room."""
        if action not in {"command_list", "cursor_down"}:
            return super().check_action(action, parameters)
        commands = self.query_one_optional(CommandList)
        turns_page = parameters in {("page_up",), ("page_down",)}
        return commands is not None and (not turns_page or bool(commands.scrollable_content_region))


class Commands(Provider):
    """Provides the commands of the main screen; none while another screen is on top."""

    async def discover(self) -> Hits:
        """Yield every action: the focused panel's, the screen's, other panels', then the rest."""
        for command in self._actions():
            yield DiscoveryHit(Content(command.text), command.run, command.text)

    async def search(self, query: str) -> Hits:
        """Yield the actions, instances and themes that match."""
        matcher = self.matcher(query)
        for command in (*self._actions(), *self._instances(), *self._themes()):
            if (score := matcher.match(command.text)) > 0:
                shown = _marked(matcher, command.text)
                yield Hit(score, shown, command.run, command.text)

    def _actions(self) -> Iterator[_Command]:
        screen, palette = self.screen, self.app.screen
        if not isinstance(screen, MainScreen) or not isinstance(palette, Palette):
            return
        keys: dict[str, list[str]] = {}
        actions: dict[str, ActiveBinding] = {}
        for key, active in palette.possible.items():
            name = active.binding.id or ""
            if name in _KNOWN and active.enabled:
                keys.setdefault(name, []).append(one_key_name(key))
                actions.setdefault(name, active)
        of_lists = [name for name in actions if name.startswith("line.")]
        for name in (name for name in actions if name not in of_lists):
            yield self._command(keys[name], actions[name])
        yield from self._elsewhere(screen, set(actions))
        for name in of_lists:
            yield self._command(keys[name], actions[name])
        reset = "Reset layout: borders, zoom; keeps sort, tree, grouping, theme"
        yield _Command(f"{'layout':<{KEY_WIDTH}} {reset}", screen.reset_layout)

    def _command(self, keys: Iterable[str], active: ActiveBinding) -> _Command:
        text = f"{' '.join(keys):<{KEY_WIDTH}} {meaning(active.binding)}"
        return _Command(text, partial(self._run, active))

    async def _run(self, active: ActiveBinding) -> None:
        await self.app.run_action(active.binding.action, default_namespace=active.node)

    def _elsewhere(self, screen: MainScreen, known: Container[str]) -> Iterator[_Command]:
        """The actions of the panels that have not the focus."""
        for panel_id, name in PANELS.items():
            panel = screen.query_one(f"#{panel_id}", LineView)
            for binding in own_bindings(type(panel)):
                if binding.id and binding.id not in known:
                    shown = key_names(screen.keys.rebound(binding))
                    text = f"{shown:<{KEY_WIDTH}} {name}: {meaning(binding)}"
                    yield _Command(text, partial(self._go_and_run, screen, panel, binding))

    async def _go_and_run(self, screen: MainScreen, panel: LineView, binding: Binding) -> None:
        screen.action_panel(panel.id or "")
        await self.app.run_action(binding.action, default_namespace=panel)

    def _instances(self) -> Iterator[_Command]:
        screen = self.screen
        if isinstance(screen, MainScreen) and screen.view is not None:
            named = Counter(instance.label for instance in screen.view.instances)
            for instance in screen.view.instances:
                name = instance.label
                if named[name] > 1:
                    name = f"{name}  {instance.instance_id}"
                text = f"{'instance':<{KEY_WIDTH}} {name}  {instance.state.value}"
                yield _Command(text, partial(screen.go_to_instance, instance.instance_id))

    def _themes(self) -> Iterator[_Command]:
        for name in sorted(self.app.available_themes):
            change = partial(setattr, self.app, "theme", name)
            yield _Command(f"{'theme':<{KEY_WIDTH}} {name}", change)


def _marked(matcher: Matcher, text: str) -> Content:
    """Highlight what matched; unlike the matcher's own method, parse no markup."""
    _, places = matcher.fuzzy_search.match(matcher.query, text)
    content = Content(text)
    for place in places:
        content = content.stylize(matcher.match_style, place, place + 1)
    return content
