"""The words of the kept filter, each on its own ground."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from logging_core.text import safe_line
from madrox_tui.filters import Word


class Chips(Widget):
    """As many words as fit; one that cannot work says why."""

    DEFAULT_CSS = "Chips { height: 1; width: 1fr; }"

    words: reactive[tuple[Word, ...]] = reactive((), layout=False)
    """What is shown."""

    def render(self) -> Content:
        """One chip after the other."""
        return Content(" ").join([_chip(word) for word in self.words])


def _chip(word: Word) -> Content:
    text = safe_line(word.text)
    if not word.problem:
        return Content.styled(f"{text} ", "$foreground on $line")
    return Content.styled(f"{text} ✗ {safe_line(word.problem)} ", "$error on $line")
