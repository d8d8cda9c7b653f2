"""Encoding of records as bytes: redacted, and cut to the configured size."""

from __future__ import annotations

from typing import Any

from logging_core.codec.encode import encode_json, encode_lifecycle, text_of
from logging_core.codec.limit import cut_to, encode_limited, fitting, identify
from logging_core.codec.pane import defuse_pane, encode_frame
from logging_core.write.redact import Redactor

_OURS = frozenset({"timestamp", "level", "module", "function"})  # never a caller's text
_BARE_ENTRY = len(encode_lifecycle("", "", ""))
_PLAIN = frozenset({str, int, float, bool, type(None)})
_HEADER_BYTES = 512  # of a frame, with a note of what was cut and the colours in force
DEFAULT_MAX_BYTES = 16 * 1024 * 1024


class Encoder:
    """Encodes the records of a tree. Nothing here raises.

    Args:
        max_bytes: Maximum size of a record. Longer text is truncated, with a note of its length
            and SHA-256: a capture keeps its end, everything else its beginning.
        redactor: Replaces secrets before anything is truncated; `None`: no redaction.
    """

    def __init__(
        self, max_bytes: int = DEFAULT_MAX_BYTES, redactor: Redactor | None = None
    ) -> None:
        self._max_bytes = max_bytes
        self._redactor = redactor

    def json(self, fields: dict[str, Any]) -> bytes:
        """Encode a line of JSON.

        If a value's own code raises, as that of a proxy without its object does, every value in
        `fields` and in the dicts in it that is not a plain one is written as text.
        """
        try:
            return self._encode(fields)
        except Exception:  # noqa: BLE001 - it may raise anything, and logging must not fail over it
            return self._encode(_as_texts(fields, 1))

    def lifecycle(self, stamp: str, level: str, text: str) -> bytes:
        """Encode an entry of `instance.log`."""
        most = self._max_bytes - len(encode_lifecycle(stamp, level, ""))
        return encode_lifecycle(stamp, level, cut_to(self.clean(text), most, _measure_lifecycle))

    def clean(self, text: str) -> str:
        """Return the text with its secrets replaced."""
        return text if self._redactor is None else self._redactor.redact(text)

    def end_of(self, text: str) -> str:
        """Return as much of a capture's end as a frame may hold, if possible from a line's start.

        The same object if that is all of it.
        """
        most = self._max_bytes - _HEADER_BYTES
        if len(text) * 4 <= most:  # a character takes at most four bytes
            return text
        start = len(text) - fitting(text, most, _measure_pane, at_end=True)
        if not start:
            return text
        return text[text.find("\n", start - 1, -1) + 1 or start :]

    def frame(self, time_s: float, text: str, whole: str | None = None) -> bytes:
        """Encode a frame of `tmux_output.log`; its text is already redacted (see `CaptureFile`).

        Args:
            time_s: When it was captured, in seconds since the epoch.
            text: The text.
            whole: The capture that this is only the end of, which a note identifies.
        """
        if whole is not None:
            text = f"[cut: the last of {identify(whole)}]\n{text}"
        return encode_frame(time_s, text)

    def _encode(self, fields: dict[str, Any]) -> bytes:
        redactor = self._redactor
        if redactor is not None and not redactor.passes(fields, _OURS):
            fields = redactor.redact_value(fields)
        data = encode_json(fields)
        if len(data) <= self._max_bytes:
            return data
        del data  # before it is encoded again
        return encode_limited(fields, self._max_bytes)


def _measure_lifecycle(text: str) -> int:
    return len(encode_lifecycle("", "", text)) - _BARE_ENTRY


def _measure_pane(text: str) -> int:
    return len(defuse_pane(text).encode("utf-8", "backslashreplace"))


def _as_texts(fields: dict[Any, Any], depth: int) -> dict[str, Any]:
    texts: dict[str, Any] = {}
    for key, value in fields.copy().items():
        if depth and type(value) is dict:
            shown: Any = _as_texts(value, depth - 1)
        else:
            shown = value if type(value) in _PLAIN else text_of(value)
        texts[text_of(key)] = shown
    return texts
