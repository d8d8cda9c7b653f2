"""Saving the screen as SVG and as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.app import App
from textual.widgets._toast import Toast

from madrox_tui.export import file_name, write_private


def screen_text(app: App[Any]) -> str:
    """Return the text on the screen, one line per row, without trailing blanks."""
    # Textual has no public access to the rendered text; its own screenshots use this, too.
    strips = app.screen._compositor.render_strips()
    return "".join(f"{strip.text.rstrip()}\n" for strip in strips)


def shows_toasts(app: App[Any]) -> bool:
    """Return whether a toast is on the screen as it was laid out last, be it removed since."""
    return any(isinstance(widget, Toast) for widget in app.screen._compositor.visible_widgets)


def save_screen(app: App[Any], directory: Path, at_s: float) -> tuple[Path, Path]:
    """Write what is on the screen as SVG and as text, readable by their owner only.

    Args:
        app: The app whose screen is saved.
        directory: Where to write the files.
        at_s: The time that the files are named after.

    Raises:
        FileExistsError: A screen was already saved in the same second.
        OSError: They cannot be written.
    """
    picture = directory / file_name("screen", at_s, ".svg")
    text = directory / file_name("screen", at_s, ".txt")
    write_private(picture, app.export_screenshot())
    write_private(text, screen_text(app))
    return picture, text
