"""What the mouse points at."""

from __future__ import annotations

from typing import Any

from textual.errors import NoWidget
from textual.events import MouseEvent
from textual.screen import Screen
from textual.widget import Widget


def pointed_at(screen: Screen[Any], event: MouseEvent) -> Widget | None:
    """Return what is where the mouse was; `None` if the terminal has become smaller since."""
    try:
        widget, _ = screen.get_widget_at(*event.screen_offset)
    except NoWidget:
        return None
    return widget
