"""Truncation of records that are too large: long text is cut, with a note of what it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from logging_core.codec.encode import encode_json

_MIN_CHARS = 64
_CHUNK = 1 << 18  # characters encoded at once, so that 100 MB of text are not held twice


def encode_limited(record: Mapping[str, Any], max_bytes: int) -> bytes:
    """Encode like `encode_json`, in at most `max_bytes` if truncating text can achieve that.

    Every string that is too long to fit is cut at its end. What is too large without a long string,
    such as a list of a million numbers, is left out; its field then holds a note of the size and
    hash of its JSON.
    """
    data = encode_json(record)
    if len(data) <= max_bytes:
        return data
    most = max_bytes // 8  # a character takes at most 8 bytes: enough if one string is too long
    cut = encode_json({key: _cut_inside(value, most, 1) for key, value in record.items()})
    if len(cut) <= max_bytes:
        return cut
    plain = orjson.loads(data)
    del data
    while len(cut) > max_bytes and most > _MIN_CHARS:
        cut = encode_json({key: _cut_inside(value, most, None) for key, value in plain.items()})
        most //= 4
    if len(cut) <= max_bytes:
        return cut
    kept = orjson.loads(cut)
    for key, value in plain.items():
        if isinstance(value, dict | list):
            kept[key] = f"[left out: {_identify_json(orjson.dumps(value))}]"
    return encode_json(kept)


def cut_text(text: str, most: int) -> str:
    """Cut a text to `most` characters, with a note of the length and hash of the whole."""
    return text if len(text) <= most else f"{text[:most]}… [cut: {identify(text)}]"


def identify(text: str) -> str:
    """Return what identifies a text that was cut: its length, and the SHA-256 of its UTF-8."""
    from hashlib import sha256

    digest = sha256()
    for start in range(0, len(text), _CHUNK):
        digest.update(text[start : start + _CHUNK].encode("utf-8", "surrogatepass"))
    return f"{len(text)} characters, sha256 {digest.hexdigest()}"


def _cut_inside(value: Any, most: int, depth: int | None) -> Any:
    """Cut every string in `value`, down to `depth`; `None`: any depth, of decoded JSON only."""
    if isinstance(value, str):
        return cut_text(str(value), most) if len(value) > most else value
    if depth == 0:
        return value
    below = None if depth is None else depth - 1
    if type(value) is dict:
        return {key: _cut_inside(item, most, below) for key, item in value.items()}
    if depth is None and isinstance(value, list):
        return [_cut_inside(item, most, None) for item in value]
    return value


def _identify_json(data: bytes) -> str:
    from hashlib import sha256

    return f"{len(data)} bytes, sha256 {sha256(data).hexdigest()}"
