"""Bytes in hex."""

from __future__ import annotations

import pytest

from madrox_tui.panels.timeline.hex_dump import MAX_BYTES, hex_dump


def test_bytes_are_shown_with_their_place_and_what_is_readable_of_them() -> None:
    """16 a row, aligned; nothing that a terminal would obey comes through."""
    assert hex_dump(b"caf\xe9 \x1b[31m noir, \xff!", 80).split("\n") == [
        "000000  63 61 66 e9 20 1b 5b 33 31 6d 20 6e 6f 69 72 2c  caf. .[31m noir,",
        "000010  20 ff 21                                          .!",
    ]
    assert hex_dump(b"", 80) == ""


@pytest.mark.parametrize(("width", "number"), [(200, 16), (73, 16), (72, 8), (41, 8), (40, 4)])
def test_a_row_of_bytes_fits_a_line(width: int, number: int) -> None:
    """There are as many bytes in it as fit, by powers of two."""
    rows = hex_dump(bytes(range(64)), width).split("\n")
    assert len(rows) == 64 // number
    assert max(map(len, rows)) <= width
    assert rows[1].startswith(f"{number:06x}  {number:02x} ")


def test_of_many_bytes_the_first_are_shown() -> None:
    """And how many more there are."""
    rows = hex_dump(bytes(MAX_BYTES + 5), 80).split("\n")
    assert len(rows) == MAX_BYTES // 16 + 1
    assert rows[-1] == "… 5 bytes more"
