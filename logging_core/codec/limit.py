"""Truncation of records that are too large: long text is cut, with a note of what it was.

Sizes are those of the encoded text, in bytes, so that what is kept is as much as the limit allows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import orjson

from logging_core.codec.encode import encode_json

Measure: TypeAlias = Callable[[str], int]
"""Returns the size of a text when encoded; the sizes of its parts add up to that of the whole."""

_MIN_BYTES = 256  # texts up to this size are never cut: the note alone takes half of it
_MAX_GROWTH = 8  # a character takes at most so many bytes
_CHUNK = 1 << 18  # characters encoded at once, so that 100 MB of text are not held twice
_EMPTY = len(encode_json({"": ""}))


def encode_limited(record: Mapping[str, Any], max_bytes: int) -> bytes:
    """Encode like `encode_json`, in at most `max_bytes` if truncating text can achieve that.

    The longest strings are cut at their ends, all to the same size. What is too large without a
    long string, such as a list of a million numbers, is left out; its field then holds a note of
    the size and hash of its JSON.
    """
    cut = _cut_to_fit(record, max_bytes, 1)
    if cut is not None:
        return cut
    plain = orjson.loads(encode_json(record))
    cut = _cut_to_fit(plain, max_bytes, None)
    if cut is not None:
        return cut
    for key, value in plain.items():
        if isinstance(value, dict | list):
            plain[key] = f"[left out: {_identify_json(orjson.dumps(value))}]"
    return _cut_to_fit(plain, max_bytes, None) or encode_json(plain)


def cut_to(text: str, most: int, measure: Measure) -> str:
    """Return the beginning of a text in at most `most` bytes; if cut, with a note of the whole.

    Args:
        text: The text.
        most: Maximum size of the result; at least that of the note, about 110 bytes.
        measure: Measures a part of it.
    """
    if len(text) * _MAX_GROWTH <= most or fitting(text, most, measure) == len(text):
        return text
    note = f"… [cut: {identify(text)}]"
    return text[: fitting(text, most - len(note.encode()), measure)] + note


def fitting(text: str, most: int, measure: Measure, *, at_end: bool = False) -> int:
    """Return how many characters at the beginning, or at the end, take at most `most` bytes.

    Never encodes more than a chunk beyond `most` bytes, however long the text is.
    """

    def part(start: int, stop: int) -> str:
        return text[len(text) - stop : len(text) - start] if at_end else text[start:stop]

    count = 0
    while count < len(text):
        chunk = part(count, min(count + _CHUNK, len(text)))
        size = measure(chunk)
        if size > most:
            return count + _fitting_of_chunk(chunk, most, measure, at_end)
        most -= size
        count += _CHUNK
    return len(text)


def identify(text: str) -> str:
    """Return what identifies a text that was cut: its length, and the SHA-256 of its UTF-8."""
    from hashlib import sha256

    digest = sha256()
    for start in range(0, len(text), _CHUNK):
        digest.update(text[start : start + _CHUNK].encode("utf-8", "surrogatepass"))
    return f"{len(text)} characters, sha256 {digest.hexdigest()}"


def _cut_to_fit(record: Mapping[str, Any], max_bytes: int, depth: int | None) -> bytes | None:
    """Encode with the strings down to `depth` cut; `None` if that cannot make it small enough."""
    sizes: list[int] = []

    def leave_out(text: str) -> str:
        sizes.append(min(_json_size(text, max_bytes), max_bytes))
        return ""

    rest = len(encode_json(_map_texts(record, leave_out, depth)))
    most = _share(sizes, max_bytes - rest)
    if most < _MIN_BYTES:
        return None
    return encode_json(_map_texts(record, lambda text: cut_to(text, most, _measure_json), depth))


def _fitting_of_chunk(chunk: str, most: int, measure: Measure, at_end: bool) -> int:
    def size_of(count: int) -> int:
        return measure(chunk[len(chunk) - count :] if at_end else chunk[:count])

    return bisect_right(range(len(chunk)), most, key=size_of) - 1


def _share(sizes: Sequence[int], room: int) -> int:
    """Return the size to which the largest must be cut for all to take at most `room`."""
    for number, size in enumerate(sorted(sizes)):
        share = room // (len(sizes) - number)
        if size > share:
            return share
        room -= size
    return max([_MIN_BYTES, *sizes]) if room >= 0 else room


def _json_size(text: str, most: int) -> int:
    """Return the size of a string in JSON; if it is more than `most`, something more than that."""
    size = 0
    for start in range(0, len(text), _CHUNK):
        size += _measure_json(text[start : start + _CHUNK])
        if size > most:
            break
    return size


def _measure_json(text: str) -> int:
    return len(encode_json({"": text})) - _EMPTY


def _map_texts(value: Any, change: Callable[[str], str], depth: int | None) -> Any:
    """Change each longer string in `value`, down to `depth`.

    Args:
        value: A record, or a value in one.
        change: Makes the string to put in its place.
        depth: Levels of dicts below this one; `None`: any depth, of decoded JSON only.
    """
    if isinstance(value, str):
        return change(str.__str__(value)) if len(value) > _MIN_BYTES // _MAX_GROWTH else value
    if depth is not None and depth < 0:
        return value
    below = None if depth is None else depth - 1
    if isinstance(value, dict) and (depth is None or type(value) is dict):
        return {key: _map_texts(item, change, below) for key, item in value.items()}
    if depth is None and isinstance(value, list):
        return [_map_texts(item, change, None) for item in value]
    return value


def _identify_json(data: bytes) -> str:
    from hashlib import sha256

    return f"{len(data)} bytes, sha256 {sha256(data).hexdigest()}"
