"""The app-wide services of panels: the find line, exports, saved screens."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.actions import SkipAction
from textual.app import App
from textual.binding import Binding, BindingType
from textual.notifications import Notification, Notify
from textual.widgets import Input

from logging_core.text import safe_block, safe_line
from madrox_tui.clipboard import copy
from madrox_tui.widgets.find_bar import FindBar
from madrox_tui.widgets.key_bar import KeyBar
from madrox_tui.widgets.line_view import LineView
from madrox_tui.widgets.pointed import pointed_at
from madrox_tui.widgets.rows import Rows
from madrox_tui.widgets.settle import open_over

if TYPE_CHECKING:
    from madrox_tui.export import Export

TOASTS = 2
"""How many toasts there are at most: each one after the first covers a row."""

_LOOK_S = 0.02  # how often to look whether toasts are gone


class PanelsApp(App[None], inherit_bindings=False):
    """Handles the messages of panels on any of its screens.

    Args:
        now: The clock, seconds since the epoch; used in file names.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "unselect", "Unselect", show=False, id="view.back", priority=True),
        Binding("ctrl+c,super+c", "copy_selected", show=False, priority=True, system=True),
        Binding("ctrl+c", "help_quit", show=False, system=True),  # as Textual's, without its Ctrl+Q
    ]

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._now = now

    async def on_event(self, event: events.Event) -> None:
        """Sanitise pasted text before any widget sees it; pass other events on."""
        if not event.is_forwarded:
            if isinstance(event, events.MouseEvent) and self._is_on_what_is_gone(event):
                if not isinstance(event, events.MouseUp):
                    return
                self._mouse_down_widget = None  # it ends what it began to drag, but is no click
            if isinstance(event, events.Paste):
                event = events.Paste(safe_block(event.text))
        await super().on_event(event)

    def _is_on_what_is_gone(self, event: events.MouseEvent) -> bool:
        """Return whether what the mouse is on was removed, as a toast is by the click before.

        Textual fails when text is to be selected there.
        """
        widget = pointed_at(self.screen, event)
        return widget is not None and not widget.is_attached

    def on_notify(self, _event: Notify) -> None:
        """Make room for another toast."""
        oldest = [*self._notifications][: 1 - TOASTS]
        self._remove_toasts(oldest)
        for one in oldest:
            self._unnotify(one, refresh=False)

    def _remove_toasts(self, notifications: Iterable[Notification]) -> None:
        """Remove toasts with what holds each: Textual leaves that behind, and the toast in it."""
        ids = {f"--textual-toast-{one.identity}" for one in notifications}
        for screen in self.screen_stack:
            for holder in screen.query("ToastHolder"):
                if holder.id in ids:
                    holder.remove()

    async def open_find(self, view: Rows, *, again: bool = False) -> None:
        """Open the find line on a list's screen, or go on with what it looks for.

        Args:
            view: The list to search.
            again: Whether to ask only if no text is known, from another list.
        """
        if not view.is_attached:
            return
        screen = view.screen
        bars = screen.query(FindBar)
        bar = bars.first() if bars else FindBar()
        if not bars:
            await screen.mount(bar, before=screen.query_one_optional(KeyBar))
        if again and bar.kept:
            bar.go_on_in(view)
        else:
            bar.open_for(view)
        screen.refresh_bindings()

    @on(LineView.FindChanged)
    def _find_changed(self, event: LineView.FindChanged) -> None:
        if event.view.is_attached:  # its dialog may have closed meanwhile
            for bar in event.view.screen.query(FindBar):
                bar.follow(event.view)

    async def open_export(self, export: Export) -> None:
        """Ask for a file, and write an export there."""
        from madrox_tui.screens.export import ExportScreen

        await open_over(self, ExportScreen(export, now=self._now))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave `S` to a line that is typed into, and to others what is for a selection."""
        del parameters
        if action == "copy_selected":
            return bool(self.screen.selections) and not isinstance(self.focused, Input)
        if action == "unselect":
            return isinstance(self.focused, Rows) and self.focused.text_selection is not None
        return action != "save_screen" or not isinstance(self.focused, Input)

    def action_unselect(self) -> None:
        """Let go of what the mouse has selected, before all else that Esc does."""
        self.screen.clear_selection()

    def action_copy_selected(self) -> None:
        """Copy what the mouse has selected, wherever, and say so: Textual copies in silence."""
        if not any(widget.is_attached for widget in self.screen.selections):
            self.screen.clear_selection()  # what it was in is gone, as a toast is by a click
            raise SkipAction
        copy(self.screen.get_selected_text() or "", self.screen)

    def action_press(self, key: str) -> None:
        """Press a key, for a click on what is said of it.

        Later, as nobody's: pressed by the widget that was clicked, it would get no further than to
        that widget on its way from the focused one to the screen.
        """
        self.call_later(self.simulate_key, key)

    def action_save_screen(self) -> None:
        """Save the screen, without toasts, as SVG and as text in the current directory."""
        self._remove_toasts(self._notifications)
        self.clear_notifications()
        self._save_screen()

    def _save_screen(self) -> None:
        from madrox_tui.export import READABLE_S, toast_width, wrote
        from madrox_tui.screenshot import save_screen, shows_toasts

        self.screen.query("ToastRack").set(display=False)  # toasts go later; the next one shows it
        if shows_toasts(self):  # a widget asks for a layout when it is idle
            self.set_timer(_LOOK_S, self._save_screen)  # to look at once would let nothing else run
            return
        try:
            picture, text = save_screen(self, Path.cwd(), self._now())
        except OSError as error:
            problem = safe_line(f"cannot save the screen: {error}")
            self.notify(problem, severity="error", markup=False)
        else:
            said = wrote(picture, text, width=toast_width(self.size.width))
            self.notify(said, timeout=READABLE_S, markup=False)
