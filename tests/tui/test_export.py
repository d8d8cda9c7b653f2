"""What leaves the dashboard: files and the clipboard."""

from __future__ import annotations

import csv
import io
import json
import resource
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import TreeBuilder
from driver import Driver, dashboard
from madrox_tui.clipboard import MAX_CHARS, clip
from madrox_tui.export import (
    FORMULA,
    Export,
    clean,
    encode,
    file_name,
    to_csv,
    to_jsonl,
    toast_width,
    write_private,
    wrote,
)

EXPORT = Export(
    "instances",
    ("name", "cost_usd", "change"),
    [("atlas", 0.5, -2), ("=HYPERLINK(1)", None, 0), ('a,"b"\x1b[2J\nc', 1.0, 1)],
)


def test_csv_is_read_back() -> None:
    """Commas, quotes and newlines survive; escape sequences are shown, unknown is empty."""
    header, first, second, third = csv.reader(io.StringIO(to_csv(EXPORT), newline=""))
    assert header == ["name", "cost_usd", "change"]
    assert first == ["atlas", "0.5", "-2"]
    assert second == ["'=HYPERLINK(1)", "", "0"]
    assert third[0] == 'a,"b"␛[2J\nc'


@given(st.sampled_from(FORMULA), st.text())
def test_no_text_is_a_formula(begin: str, rest: str) -> None:
    """A cell that a spreadsheet would calculate begins with an apostrophe."""
    rows = list(csv.reader(io.StringIO(to_csv(Export("x", ("a",), [(begin + rest,)])), newline="")))
    assert rows[1][0].startswith(f"'{begin}")


def test_json_lines_are_objects() -> None:
    """An object per row; unknown and infinite numbers are null, texts are sanitised."""
    records = [json.loads(line) for line in to_jsonl(EXPORT).splitlines()]
    assert records[0] == {"name": "atlas", "cost_usd": 0.5, "change": -2}
    assert records[1] == {"name": "=HYPERLINK(1)", "cost_usd": None, "change": 0}
    assert "\x1b" not in records[2]["name"]
    assert to_jsonl(Export("x", ("a",), [(float("inf"),)])) == '{"a":null}\n'


def test_sums_are_written_without_noise() -> None:
    """A sum of cents is one, and what is less than a millionth of a dollar is not nothing."""
    cost, third, tiny = sum([0.1] * 3), 100 / 3, 4.5e-7
    sums = Export("x", ("a", "b", "c"), [(cost, third, tiny)])
    assert to_csv(sums).splitlines()[1] == "0.3,33.3333333333,4.5e-07"
    assert json.loads(to_jsonl(sums)) == {"a": 0.3, "b": 33.3333333333, "c": 4.5e-7}
    assert [clean(unknown) for unknown in (None, 3)] == [None, 3]


def test_the_suffix_is_the_format() -> None:
    """`.csv` and `.jsonl` are written, anything else is an error that names them."""
    assert encode(EXPORT, ".csv") == to_csv(EXPORT)
    assert encode(EXPORT, ".jsonl") == to_jsonl(EXPORT)
    for suffix in ("", ".txt"):
        with pytest.raises(ValueError, match=r"use \.csv or \.jsonl"):
            encode(EXPORT, suffix)


def test_of_what_does_not_fit_nothing_is_left(tmp_path: Path) -> None:
    """On a full disk no half of a file remains, and the same name can be written later."""
    path = tmp_path / "instances.csv"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_private(path, "a" * 10_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not path.exists()
    write_private(path, "a\n")
    assert path.read_text() == "a\n"


def test_a_file_is_private_and_new(tmp_path: Path) -> None:
    """Only the owner reads it; a file or link that is there already is not touched."""
    path = tmp_path / file_name("instances", 0.0, ".csv")
    write_private(path, "a\n")
    assert path.read_text() == "a\n"
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        write_private(path, "b\n")
    assert path.read_text() == "a\n"
    link = tmp_path / "link.csv"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        write_private(link, "b\n")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(
    ("directory", "width", "said"),
    [
        ("/srv/logs", 23, "wrote /srv/logs/one.csv"),
        ("/srv/logs", 22, "wrote one.csv\nin /srv/logs"),
        ("/home/ada", 80, "wrote ~/one.csv"),
        ("/home/ada/fleet", 80, "wrote ~/fleet/one.csv"),
        ("/home/adam", 80, "wrote /home/adam/one.csv"),
        ("/home/ada/\x1b[2J", 80, "wrote ~/␛[2J/one.csv"),
    ],
)
def test_what_was_written_is_said(
    directory: str, width: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On one line if it fits, else the file has a line of its own; one's home is `~`."""
    monkeypatch.setenv("HOME", "/home/ada")
    assert wrote(Path(directory, "one.csv"), width=width) == said


@pytest.mark.asyncio
@pytest.mark.parametrize("width", [60, 80, 97, 121])
async def test_a_line_as_wide_as_a_toast_is_not_broken(tree: TreeBuilder, width: int) -> None:
    """One that is wider by a cell is: no room is left unused."""
    tree.spawn("a1", "atlas")
    app = dashboard(tree.root)
    async with app.run_test(size=(width, 24), notifications=True) as pilot:
        person = Driver(app, pilot)
        await person.sees("atlas")
        fits = "x" * toast_width(width)
        person.app.notify(fits, markup=False)
        await person.sees(fits)
        person.app.notify(f"{fits}y", markup=False)
        await person.sees("y ")
        assert f"{fits}y" not in person.text


def test_two_files_are_said_to_be_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one, in the same directory, by its name alone."""
    monkeypatch.setenv("HOME", "/home/ada")
    paths = Path("/home/ada/one.svg"), Path("/home/ada/one.txt")
    assert wrote(*paths, width=80) == "wrote ~/one.svg\nand one.txt"
    assert wrote(*paths, width=14) == "wrote one.svg\nand one.txt\nin ~"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("\x1b[201~rm -rf ~\n", "␛[201~rm -rf ~"),
        ("one  \ntwo\n\n", "one\ntwo"),
        ("", ""),
        ("x" * (MAX_CHARS + 5), "x" * MAX_CHARS),
    ],
    ids=["bracketed paste", "lines", "empty", "long"],
)
def test_what_is_copied_runs_nothing(text: str, wanted: str) -> None:
    """No escape sequence and no newline at the end reach the clipboard."""
    assert clip(text).text == wanted


def test_what_was_copied_is_said() -> None:
    """The toast shows a short text, or how many lines there were, and says what was left out."""
    assert clip("a1\n").notice == "copied a1"
    assert clip("a\nb").notice == "copied 2 lines"
    assert clip("").notice == "nothing to copy"
    assert len(clip("x" * 100).notice) == len("copied ") + 60
    assert clip("x\n" * 50_000).notice == "copied the first 65,536 of 99,999 characters"
