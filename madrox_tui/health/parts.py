"""The parts that all sections of the log health report are made of."""

from __future__ import annotations

from madrox_tui import format as fmt
from madrox_tui.columns import Line


def counted(value: int, thing: str) -> str:
    """Return a number of things: `1 file`, `1,200 files`."""
    return f"{value:,} {fmt.plural(value, thing)}"


def heading(text: str, more: str = "") -> Line:
    """Return the heading of a section, and what is said beside it."""
    return [(text, "head"), (f"  {more}" if more else "", "muted")]


def remark(text: str) -> Line:
    """Return what a section says where it has nothing to list."""
    return [(f"  {text}", "muted")]
