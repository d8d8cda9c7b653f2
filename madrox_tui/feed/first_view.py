"""What the screen shows at first, as another process hands it over."""

from __future__ import annotations

from typing import NamedTuple

from logging_core.records import FrameRef
from madrox_tui.view import View


class FirstView(NamedTuple):
    """What `prefetch` made. To receive it must not load what reads a tree: it delays the paint.

    Attributes:
        view: The view.
        polls: How many polls of the tree are in it.
        capture: The newest frame of the instance at the top of the list, and its text; `None` if
            there is none.
    """

    view: View
    polls: int
    capture: tuple[FrameRef, str] | None = None
