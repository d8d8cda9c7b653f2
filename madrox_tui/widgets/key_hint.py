"""What the keys of a dialog do, in words."""

from __future__ import annotations

from itertools import starmap

from textual.content import Content
from textual.widgets import Label

from madrox_tui.key_names import pressing


class KeyHint(Label):
    """Says what keys do, side by side; a click presses one.

    Args:
        keys: Each as Textual calls it, and the words: `("escape", "Esc: cancel")`.
    """

    DEFAULT_CSS = "KeyHint { width: 1fr; color: $muted; }"

    def __init__(self, *keys: tuple[str, str]) -> None:
        super().__init__(Content("   ").join(starmap(pressing, keys)))
        self.auto_links = False  # the words keep their colour
