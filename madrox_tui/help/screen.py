"""The help dialog: every key, generated from the bindings, and what the signs mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from madrox_tui.help.legend import legend
from madrox_tui.help.lines import help_lines
from madrox_tui.key_names import CLOSES, Group, KeysInForce, overlay_keys
from madrox_tui.widgets.dialog import Dialog
from madrox_tui.widgets.line_report import LineReport


class HelpScreen(Dialog[None]):
    """Shows what the keys do, and what is seen.

    Args:
        about: Describes the focused panel in a sentence; may be empty.
        groups: Headings and the bindings that work in it, in order.
        others: The same for those that do not.
        stuck_after_s: The setting of that name.
        keys: The keys in force.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *CLOSES,
        Binding("question_mark", "dismiss", "Close", id="app.help"),
    ]

    def __init__(
        self,
        about: str,
        groups: Sequence[Group],
        others: Sequence[Group],
        stuck_after_s: float,
        keys: KeysInForce,
    ) -> None:
        super().__init__()
        self._report = LineReport()
        self._about = about
        self._groups = groups
        self._others = others
        self._stuck_after_s = stuck_after_s
        self._keys = keys

    def compose(self) -> ComposeResult:
        """A frame with the map in it."""
        with Vertical(classes="dialog -tall") as dialog:
            dialog.border_title = Content("Keys and signs")
            dialog.border_subtitle = overlay_keys(self._keys)
            yield self._report

    def on_resize(self, _event: events.Resize) -> None:
        """Fit the map to its new width."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        signs = legend(self._stuck_after_s)
        self._report.show_lines(
            help_lines(self._about, self._groups, self._others, signs, self._report.row_width)
        )
