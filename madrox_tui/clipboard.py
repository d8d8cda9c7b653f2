"""What goes into the clipboard: sanitised, bounded, and never ending in a newline."""

from __future__ import annotations

from logging_core.text import safe_block

MAX_CHARS = 64 * 1024
"""Terminals drop longer OSC 52 sequences, some of them silently."""


def clip(text: str) -> str:
    """The text as it is copied: pasting it into a shell runs nothing by itself."""
    lines = (line.rstrip() for line in safe_block(text).split("\n"))
    return "\n".join(lines).strip("\n")[:MAX_CHARS].rstrip("\n")


def copied(text: str) -> str:
    """What was copied, in a few words: its beginning, or how many lines."""
    if not text:
        return "nothing to copy"
    lines = text.count("\n") + 1
    if lines > 1:
        return f"copied {lines:,} lines"
    return f"copied {text}" if len(text) <= 60 else f"copied {text[:59]}…"
