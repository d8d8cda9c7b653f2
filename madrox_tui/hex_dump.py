"""Bytes as people compare them: offsets, hex and what is readable."""

from __future__ import annotations

MAX_BYTES = 8 * 1024
"""Of more bytes only so many are shown."""

_ROW = 16


def hex_dump(data: bytes) -> str:
    """Format bytes, 16 a row, as `hexdump -C` does; beyond `MAX_BYTES`, only how many more."""
    shown = data[:MAX_BYTES]
    rows = [_row(at, shown[at : at + _ROW]) for at in range(0, len(shown), _ROW)]
    if len(data) > MAX_BYTES:
        rows.append(f"… {len(data) - MAX_BYTES:,} bytes more")
    return "\n".join(rows)


def _row(offset: int, data: bytes) -> str:
    readable = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)
    return f"{offset:06x}  {data.hex(' '):<{3 * _ROW}} {readable}"
