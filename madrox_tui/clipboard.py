"""Text for the clipboard: sanitised, bounded, and never ending in a newline."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING, NamedTuple

from logging_core.text import safe_block, shortened

if TYPE_CHECKING:
    from textual.widget import Widget

MAX_CHARS = 64 * 1024
"""Terminals drop longer OSC 52 sequences, some of them silently."""

_MAX_SHOWN = 60


class Clip(NamedTuple):
    """A text to copy, and the toast that says so.

    Attributes:
        text: The text for the clipboard; `''` if there is nothing to copy.
        notice: The toast: the text itself if it is short, else how much was copied.
    """

    text: str
    notice: str


def clip(text: str) -> Clip:
    """Prepare a text for copying: pasting it into a shell runs nothing by itself."""
    lines = (line.rstrip() for line in safe_block(text).split("\n"))
    whole = "\n".join(lines).strip("\n")
    return Clip(whole[:MAX_CHARS].rstrip("\n"), _notice(whole))


def copy(text: str, widget: Widget) -> None:
    """Copy a text by way of the terminal that a widget is in, and say so in a toast."""
    copied, notice = clip(text)
    if copied:
        widget.app.copy_to_clipboard(copied)
    widget.notify(notice, markup=False)


def attach_command(session: str) -> str:
    """Return the shell command that attaches to a tmux session, whatever its name holds."""
    return f"tmux attach -t {quote(f'={session}')}"  # `=`: that one, not one that begins alike


def _notice(whole: str) -> str:
    if not whole:
        return "nothing to copy"
    if len(whole) > MAX_CHARS:
        return f"copied the first {MAX_CHARS:,} of {len(whole):,} characters"
    if lines := whole.count("\n"):
        return f"copied {lines + 1:,} lines"
    return f"copied {shortened(whole, _MAX_SHOWN)}"
