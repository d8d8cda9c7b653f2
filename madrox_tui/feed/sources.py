"""Sources of what a view does not hold; the readers are imported on first use."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial
from pathlib import Path

from logging_core.records import FrameRef, Message
from logging_core.text import safe_line
from madrox_tui.panels.pane.frame_source import Frames, FrameSource
from madrox_tui.panels.timeline.message_source import MessageSource, Pages, Written


def frames_of(root: Path) -> FrameSource:
    """Return a source of every captured frame in a tree."""
    return FrameSource(partial(_open_pane, root), partial(_read_frame, root))


def messages_of(root: Path) -> MessageSource:
    """Return a source of every message in a tree."""
    return MessageSource(partial(pages_of, root))


def pages_of(root: Path, instance_ids: Collection[str] | None) -> Pages:
    """Return the messages of some instances, or of all for `None`; blocks."""
    from logging_core.read.messages import MessagePages

    return MessagePages(root, instance_ids)


def read_line(root: Path, message: Message) -> Written | None:
    """Find the line that a message was read from; blocks."""
    from logging_core.codec.lenient import repeated_keys
    from logging_core.read.messages import MessagePages

    data = MessagePages(root).line_of(message)
    if data is None:
        return None
    return Written(data, tuple(map(safe_line, repeated_keys(data))))


def _open_pane(root: Path, instance_id: str) -> Frames:
    from logging_core.read.panes import PaneFile

    return PaneFile(root, instance_id)


def _read_frame(root: Path, ref: FrameRef) -> str:
    from logging_core.read.frames import read_frame

    return read_frame(root, ref)
