"""What of a list is drawn already."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any

from textual._styles_cache import StylesCache
from textual.cache import LRUCache
from textual.color import Color
from textual.css.styles import StylesBase
from textual.geometry import Size
from textual.strip import Strip
from textual.style import Style

SPARE = 8
"""So many more lines are kept than are on the screen: those that new rows push out together."""


class LineCache(StylesCache):
    """Keeps drawn lines by what they show, too: one that only moved is not drawn again.

    Textual keeps them by where they are, and drops them when anything around them changes.

    Args:
        shown: Returns what a line shows, counted within the border; `None` if that is not all that
            it looks like depends on.
    """

    def __init__(self, shown: Callable[[int], Hashable | None]) -> None:
        super().__init__()
        self._shown = shown
        self._strips: LRUCache[Hashable, Strip] = LRUCache(SPARE)

    def clear(self) -> None:
        """Drop everything."""
        super().clear()
        self._strips.clear()

    def get_inner_outer(self, base_background: Color, background: Color) -> tuple[Style, Style]:  # type: ignore[override] # there it is a cache
        """Return the backgrounds within the border and without."""
        return _inner_outer(base_background, background)

    def render_line(
        self,
        styles: StylesBase,
        y: int,
        size: Size,
        content_size: Size,
        *args: Any,
        **kwargs: Any,
    ) -> Strip:
        """Draw a line, unless one that shows the same is drawn already."""
        if self._strips.maxsize != content_size.height + SPARE:
            self._strips = LRUCache(content_size.height + SPARE)
        place = y - styles.gutter.top
        shown = self._shown(place) if 0 <= place < content_size.height else None
        strip = None if shown is None else self._strips.get(shown)
        if strip is None:
            strip = super().render_line(styles, y, size, content_size, *args, **kwargs)
            if shown is not None:
                self._strips[shown] = strip
        return strip


@lru_cache(64)
def _inner_outer(base_background: Color, background: Color) -> tuple[Style, Style]:
    """Textual's own keeps whoever asked as well, and so the rows of many a list that is closed."""
    return Style(background=base_background + background), Style(background=base_background)
