"""State saved from one run to the next: theme, layout, filters, and each panel's own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from platformdirs import user_state_path

from logging_core.replacing import replace_file

MAX_BYTES = 64 * 1024
"""A larger file is not one of ours."""

_BLOCK = 4096  # bytes: where there is no room for these, there is none for a file

Share = Annotated[int, Meta(ge=10, le=90)]


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """How the screen was left.

    Attributes:
        theme: The theme's name; `None` if none was chosen.
        panel: The panel that had the focus.
        zoomed: Whether it was maximised.
        columns: Width of the left panels, in per cent; `None` for what they need.
        heights: Heights of the upper left and right panels, in per cent, `None` for what they need.
        panels: What each panel saved, by panel id.
        filters: The last filters used, newest last.
    """

    theme: str | None = None
    panel: str = "instances"
    zoomed: bool = False
    columns: Share | None = None
    heights: tuple[Share | None, Share | None] = (None, None)
    panels: dict[str, dict[str, Any]] = {}
    filters: tuple[str, ...] = ()


class Memory:
    """A small state file; if it is missing, corrupt or not writable, the state is just not kept.

    Args:
        path: The file; `None` saves nothing.

    Attributes:
        trouble: Why it could not be written last, as text to show; `None` if it could.
    """

    def __init__(self, path: Path | None) -> None:
        self.trouble: str | None = None
        self._path = path

    def load(self) -> Remembered:
        """Return what was saved last; the defaults if it cannot be read."""
        if self._path is None:
            return Remembered()
        try:
            with self._path.open("rb") as file:
                return msgspec.json.decode(file.read(MAX_BYTES), type=Remembered)
        except (OSError, ValueError, RecursionError):
            return Remembered()

    def save(self, remembered: Remembered) -> None:
        """Replace the file atomically; on failure, set `trouble` instead of raising."""
        data = msgspec.json.encode(remembered)
        self._attempt(partial(replace_file, write=lambda file: file.write(data)))

    def try_out(self) -> None:
        """Set `trouble` if nothing could be saved now; nothing is."""
        self._attempt(_try_out)

    def _attempt(self, write: Callable[[Path], object]) -> None:
        if self._path is None:
            return
        self.trouble = None
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write(self._path)
        except OSError as error:
            self.trouble = f"{self._path}: {error.strerror or error}"


def state_path() -> Path:
    """Return the path of the user's state file."""
    return user_state_path("madrox-top") / "screen.json"


def _try_out(path: Path) -> None:
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as file:
        file.write(bytes(_BLOCK))
        file.flush()
