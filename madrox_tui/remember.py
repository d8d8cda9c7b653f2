"""What is kept from one run to the next: theme, layout, and what panels ask to keep."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Any, Protocol, runtime_checkable

import msgspec
from msgspec import Meta
from platformdirs import user_state_path

MOST_BYTES = 64 * 1024
"""A larger file is none of ours."""

Share = Annotated[int, Meta(ge=10, le=90)]


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """How the screen was left.

    Attributes:
        theme: The theme's name; `None` if none was chosen.
        panel: The panel that had the focus.
        zoomed: Whether it had the screen to itself.
        columns: Per cent of the width that the left panels have.
        rows: Per cent of the height that the upper panels have.
        panels: By panel: what it asked to keep.
        filters: The filters that were kept last, the newest last.
    """

    theme: str | None = None
    panel: str = "instances"
    zoomed: bool = False
    columns: Share = 46
    rows: Share = 60
    panels: dict[str, dict[str, Any]] = {}
    filters: tuple[str, ...] = ()


@runtime_checkable
class Remembers(Protocol):
    """A panel that is found as it was left."""

    def kept(self) -> dict[str, Any]:
        """What to keep; values that JSON knows."""

    def restore(self, kept: dict[str, Any]) -> None:
        """Take up what was kept; it may be anything, and what makes no sense is left alone."""


class Memory:
    """A small file; that it is missing, corrupt or cannot be written costs nothing but memory.

    Args:
        path: The file; `None` keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path

    def load(self) -> Remembered:
        """What was saved last; the defaults if there is nothing that can be read."""
        if self._path is None:
            return Remembered()
        try:
            with self._path.open("rb") as file:
                return msgspec.json.decode(file.read(MOST_BYTES), type=Remembered)
        except (OSError, ValueError, RecursionError):
            return Remembered()

    def save(self, remembered: Remembered) -> None:
        """Put the file in the place of the one before, whole or not at all."""
        if self._path is None:
            return
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _replace(self._path, msgspec.json.encode(remembered))


def state_path() -> Path:
    """The user's own file."""
    return user_state_path("madrox-top") / "screen.json"


def _replace(path: Path, data: bytes) -> None:
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        new = Path(file.name)  # the file is made with mode 0600
        try:
            file.write(data)
            file.flush()
            new.replace(path)
        except OSError:
            new.unlink()
            raise
