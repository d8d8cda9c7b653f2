"""From what is logged to the bytes of a record, which are never larger than the configured size."""

from __future__ import annotations

from typing import Any

from logging_core.codec.encode import encode_json, encode_lifecycle
from logging_core.codec.limit import cut_text, encode_limited, identify
from logging_core.codec.pane import encode_frame
from logging_core.write.redact import Redactor

_OURS = frozenset({"timestamp", "level", "logger", "module", "function"})  # never a caller's words
DEFAULT_MAX_BYTES = 16 * 1024 * 1024


class Lines:
    """Makes the records of a tree. Nothing here raises.

    Args:
        max_bytes: Largest record. A longer text is cut, and its length and SHA-256 are given: of
            a capture the beginning goes, of everything else the end.
        redactor: Takes secrets out, before anything is cut; `None`: nobody does.
    """

    def __init__(
        self, max_bytes: int = DEFAULT_MAX_BYTES, redactor: Redactor | None = None
    ) -> None:
        self._max_bytes = max_bytes
        self._redactor = redactor

    def json(self, fields: dict[str, Any]) -> bytes:
        """A line of JSON."""
        redactor = self._redactor
        if redactor is not None and not redactor.passes(fields, _OURS):
            fields = redactor.redact_value(fields)
        data = encode_json(fields)
        return data if len(data) <= self._max_bytes else encode_limited(fields, self._max_bytes)

    def lifecycle(self, stamp: str, level: str, text: str) -> bytes:
        """An entry of an `instance.log`."""
        text = self.clean(text)
        entry = encode_lifecycle(stamp, level, cut_text(text, self._max_bytes))
        if len(entry) <= self._max_bytes:
            return entry
        return encode_lifecycle(stamp, level, cut_text(text, self._max_bytes // 16))

    def clean(self, text: str) -> str:
        """A text without its secrets."""
        return text if self._redactor is None else self._redactor.redact(text)

    def frame(self, time_s: float, text: str) -> bytes:
        """A frame of a `tmux_output.log`; its text is cleaned already (see `InstanceFiles`)."""
        most = self._max_bytes // 4  # a character has four bytes at most
        if len(text) > most:
            text = f"[cut: the last of {identify(text)}]\n{text[-most:]}"
        return encode_frame(time_s, text)
