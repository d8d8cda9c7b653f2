"""The captures of one pane on disk."""

from __future__ import annotations

from pathlib import Path

from logging_core.write.append import AppendFile, Shared
from logging_core.write.captures import Deduplicator
from logging_core.write.encoder import Encoder
from logging_core.write.forks import Forkable


class CaptureFile(Forkable):
    """Appends what is new in each capture, in one `write`; `captures` describes what that is.

    Args:
        path: The file.
        shared: Shared by the files of its tree.
        encoder: Encodes the frames.
        captures: Decides what is stored.
    """

    def __init__(
        self, path: Path, shared: Shared, encoder: Encoder, captures: Deduplicator
    ) -> None:
        super().__init__()
        self._file = AppendFile(path, shared)
        self._encoder = encoder
        self._captures = captures
        self._identity: tuple[int, int] | None = None
        self._size = 0

    def append(self, time_s: float, text: str, *, again: bool = False) -> bool:
        """Store a capture. It is redacted and cut first: what is compared is what is stored.

        Args:
            time_s: When it was captured, in seconds since the epoch.
            text: The capture.
            again: Store it even if it is unchanged.

        Returns:
            Whether it is in the file now.
        """
        text = self._encoder.clean(text)
        end = self._encoder.end_of(text)
        with self._lock:
            self._forget_if_replaced()
            frame = self._captures.take(time_s, end, again=again)
            if frame is None:
                return False
            is_cut = end is not text and len(frame) >= len(end)  # else it holds only what is new
            if not self._file.append(self._encoder.frame(time_s, frame, text if is_cut else None)):
                return False
            self._captures.commit()
            return True

    def close(self) -> None:
        """Close the file; the next capture reopens it."""
        self._file.close()

    def _forget_if_replaced(self) -> None:
        """Store everything again if the file was deleted, replaced or truncated."""
        identity, size = self._file.place()
        if identity != self._identity or size < self._size:
            self._captures.forget()
        self._identity, self._size = identity, size
