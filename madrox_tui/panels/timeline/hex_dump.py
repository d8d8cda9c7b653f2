"""Bytes as people compare them: offsets, hex and what is readable."""

from __future__ import annotations

MAX_BYTES = 8 * 1024
"""Of more bytes only so many are shown."""

_ROWS = (16, 8, 4)
"""How many bytes a row may have."""


def hex_dump(data: bytes, width: int) -> str:
    """Format bytes as `hexdump -C` does; beyond `MAX_BYTES`, only how many more.

    Args:
        data: The bytes.
        width: Cells: a row has 16 bytes where they fit, else 8, else 4.
    """
    shown = data[:MAX_BYTES]
    number = next((n for n in _ROWS if len(_row(0, bytes(n), n)) <= width), _ROWS[-1])
    rows = [_row(at, shown[at : at + number], number) for at in range(0, len(shown), number)]
    if len(data) > MAX_BYTES:
        rows.append(f"… {len(data) - MAX_BYTES:,} bytes more")
    return "\n".join(rows)


def _row(offset: int, data: bytes, number: int) -> str:
    readable = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data)
    return f"{offset:06x}  {data.hex(' '):<{3 * number}} {readable}"
