"""Rows as files that other programs read: CSV and JSON lines, private and harmless."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec
import orjson

from logging_core.text import safe_block
from logging_core.tree import expand_user

Value = str | int | float | None
"""What a cell holds; `None` is unknown."""

FORMULA = ("=", "+", "-", "@")
"""How a cell begins that a spreadsheet would calculate."""

SUFFIXES = (".csv", ".jsonl")
"""The formats, by the file's suffix."""


class Export(msgspec.Struct, frozen=True):
    """What a panel shows, as values.

    Attributes:
        name: What the rows are, for the file's name: `instances`.
        columns: The names of the columns, units included.
        rows: A value per column each.
    """

    name: str
    columns: tuple[str, ...]
    rows: Iterable[tuple[Value, ...]]


def encode(export: Export, suffix: str) -> str:
    """The rows in the format of a suffix.

    Raises:
        ValueError: There is no such format.
    """
    if suffix not in SUFFIXES:
        raise ValueError(f"cannot write {suffix or 'a file without suffix'}: use .csv or .jsonl")
    return to_csv(export) if suffix == ".csv" else to_jsonl(export)


def to_csv(export: Export) -> str:
    """A heading and a line per row; texts that look like formulas begin with an apostrophe."""
    import csv  # not before somebody exports

    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(export.columns)
    writer.writerows([_csv_cell(value) for value in row] for row in export.rows)
    return out.getvalue()


def to_jsonl(export: Export) -> str:
    """An object per line; unknown is `null`."""
    records = (dict(zip(export.columns, map(_safe, row), strict=True)) for row in export.rows)
    return "".join(orjson.dumps(record).decode() + "\n" for record in records)


def file_name(name: str, at_s: float, suffix: str) -> str:
    """How a file is called: `madrox-instances-20261123-143000.csv`."""
    return f"madrox-{name}-{datetime.fromtimestamp(at_s):%Y%m%d-%H%M%S}{suffix}"


def file_at(text: str) -> Path:
    """The file that a person means; a leading `~` is a home directory.

    Raises:
        ValueError: There is no such home.
    """
    return expand_user(text)


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner can read.

    Raises:
        FileExistsError: There is one already, or a link; it is left as it is.
        OSError: It cannot be written.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8", newline="") as file:
        file.write(text)


def _safe(value: Value) -> Value:
    return safe_block(value) if isinstance(value, str) else value


def _csv_cell(value: Value) -> Value:
    safe = _safe(value)
    return f"'{safe}" if isinstance(safe, str) and safe.startswith(FORMULA) else safe
