"""The terms of the active filter as chips."""

from __future__ import annotations

from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from logging_core.text import safe_line
from madrox_tui.filters import Word


class Chips(Widget):
    """Shows the words of a filter; an invalid one says why, a doubtful one what may be meant."""

    DEFAULT_CSS = "Chips { height: 1; width: 1fr; }"

    words: reactive[tuple[Word, ...]] = reactive((), layout=False)
    """The words shown."""

    def render(self) -> Content:
        """Draw one chip per word."""
        return Content(" ").join([_chip(word) for word in self.words])


def _chip(word: Word) -> Content:
    text = safe_line(word.text)
    if word.hint:
        hint = Content.styled(f"{word.hint} ", "italic $foreground on $line")
        return Content.styled(f"{text}  ", "$foreground on $line") + hint
    if not word.problem:
        return Content.styled(f"{text} ", "$foreground on $line")
    return Content.styled(f"{text} ✗ {safe_line(word.problem)} ", "$background on $error")
