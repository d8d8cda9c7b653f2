"""Saving the screen as SVG and as text."""

from __future__ import annotations

from itertools import count
from os.path import lexists
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
        at_s: The time that the files are named after; numbered if there are such files.

    Raises:
        OSError: They cannot be written.
    """
    picture, text = _free(directory, at_s)
    write_private(picture, app.export_screenshot())
    write_private(text, screen_text(app))
    return picture, text


def _free(directory: Path, at_s: float) -> tuple[Path, Path]:
    """Return names that no file has, not even a link to one that is gone."""
    for number in count(1):
        end = "" if number == 1 else f"-{number}"
        picture, text = (
            directory / file_name("screen", at_s, f"{end}{suffix}") for suffix in (".svg", ".txt")
        )
        if not (lexists(picture) or lexists(text)):
            break
    return picture, text
