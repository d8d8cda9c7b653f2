"""Exporting rows as CSV or JSON lines: readable by the owner only, and safe in a spreadsheet."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from logging_core.codec.times import format_time_aware
from logging_core.text import safe_block, safe_line
from logging_core.tree import expand_user

Value = str | int | float | None
"""The value of a cell; `None` is unknown."""

FORMULA = ("=", "+", "-", "@")
"""A spreadsheet would evaluate a cell that starts with one of these."""

READABLE_S = 10.0
"""How long a notice of what was written stays: a whole path takes its time to read."""

DIGITS = 12
"""How many of a number are written: sums of millions of numbers are exact in these."""

SUFFIXES = (".csv", ".jsonl")
"""The formats, by file suffix."""


_BESIDE_TOASTS = 2  # cells: Textual keeps room for a scrollbar
_TOAST_FRAME = 3  # a border on the left, and a blank on both sides


class Export(msgspec.Struct, frozen=True):
    """What a panel shows, as values.

    Attributes:
        name: What the rows are, for the file name: `instances`.
        columns: Column names, units included.
        rows: One value per column.
        note: What is not among them; `''` if nothing is missing.
    """

    name: str
    columns: tuple[str, ...]
    rows: Iterable[tuple[Value, ...]]
    note: str = ""


def encode(export: Export, suffix: str) -> str:
    """Encode the rows in the format of a suffix.

    Raises:
        ValueError: The suffix is not one of `SUFFIXES`.
    """
    if suffix not in SUFFIXES:
        raise ValueError(f"cannot write {suffix or 'a file without a suffix'}: use .csv or .jsonl")
    return to_csv(export) if suffix == ".csv" else to_jsonl(export)


def to_csv(export: Export) -> str:
    """Encode as CSV with a header; text that looks like a formula is prefixed by an apostrophe."""
    import csv  # imported on the first export

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(export.columns)
    writer.writerows([_csv_cell(value) for value in row] for row in export.rows)
    return out.getvalue()


def to_jsonl(export: Export) -> str:
    """Encode as one JSON object per line; unknown is `null`."""
    records = (dict(zip(export.columns, map(_safe, row), strict=True)) for row in export.rows)
    return "".join(msgspec.json.encode(record).decode() + "\n" for record in records)


def clean(number: Value) -> Value:
    """Return a number without what adding up leaves in its last digits: 0.3, not 0.1 + 0.2.

    Not rounded to a fraction of a dollar: the cost of a few tokens may be less.
    """
    return float(f"{number:.{DIGITS}g}") if isinstance(number, float) else number


def iso_time(time_s: float | None) -> str | None:
    """Return a moment as ISO 8601 with its offset; `None` if it is unknown."""
    return None if time_s is None else format_time_aware(time_s)


def file_name(name: str, at_s: float, suffix: str) -> str:
    """Return a file name: `madrox-instances-20261123-143000.csv`, in local time."""
    return f"madrox-{name}-{datetime.fromtimestamp(at_s):%Y%m%d-%H%M%S}{suffix}"


def file_at(text: str) -> Path:
    """Return the absolute path of a typed file name; a leading `~` is a home directory.

    Raises:
        ValueError: There is no such home directory.
    """
    return expand_user(text)


def toast_width(width: int) -> int:
    """Return how many cells of a line a toast has at most, on a screen so wide; as of its style."""
    return (width - _BESIDE_TOASTS) * 9 // 10 - _TOAST_FRAME


def wrote(*paths: Path, width: int) -> str:
    """Say which files were written, all to one directory; below one's home it begins with `~`.

    Args:
        paths: The files.
        width: The cells of a line: a path that does not fit in one is broken before its directory.
    """
    from rich.cells import cell_len  # reports do without

    first, *others = (safe_line(path.name) for path in paths)
    directory = _from_home(paths[0].parent)
    line = f"wrote {safe_line(str(directory / paths[0].name))}"
    lines = [line] if cell_len(line) <= width else [f"wrote {first}"]
    lines += (f"and {name}" for name in others)
    return "\n".join(lines if lines[0] == line else [*lines, f"in {safe_line(str(directory))}"])


def _from_home(directory: Path) -> Path:
    try:
        return "~" / directory.relative_to(expand_user("~"))
    except ValueError:  # it is elsewhere, or there is no home
        return directory


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner can read.

    Raises:
        FileExistsError: The file, or a link, already exists; it is left as it is.
        OSError: The file cannot be written; nothing of it is left.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8", newline="") as file:
        try:
            file.write(text)
            file.flush()
        except OSError:
            path.unlink()
            raise


def _safe(value: Value) -> Value:
    return safe_block(value) if isinstance(value, str) else clean(value)


def _csv_cell(value: Value) -> Value:
    safe = _safe(value)
    return f"'{safe}" if isinstance(safe, str) and safe.startswith(FORMULA) else safe
