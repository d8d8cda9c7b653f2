"""The export dialog: a file name, whose suffix selects the format."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Label

from logging_core.text import safe_line
from madrox_tui.export import (
    READABLE_S,
    SUFFIXES,
    Export,
    encode,
    file_at,
    file_name,
    toast_width,
    write_private,
    wrote,
)
from madrox_tui.widgets.dialog import Dialog
from madrox_tui.widgets.key_hint import KeyHint
from madrox_tui.widgets.line_input import LineInput


class ExportScreen(Dialog[None]):
    """Asks for a file name and writes the file; relative to the current directory.

    Args:
        export: What to write.
        now: The clock, for the default name.
    """

    AUTO_FOCUS = "LineInput"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "write", "Write the file", id="export.write", priority=True),
        Binding("escape", "dismiss", "Cancel", id="export.cancel", priority=True),
        Binding("tab", "format", "Toggle .csv / .jsonl", id="export.format"),
    ]
    DEFAULT_CSS = """
    ExportScreen {
        Label { color: $muted; height: auto; width: 1fr; }
        #export-note { color: $warning; }
        #export-problem { color: $error; display: none; }
        #export-problem.-said { display: block; }
    }
    """

    def __init__(self, export: Export, *, now: Callable[[], float] = time.time) -> None:
        super().__init__()
        self._export = export
        self._now = now

    def compose(self) -> ComposeResult:
        """The name, which says so if something is missing; what is missing; and a key hint."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(f"Export {self._export.name}")
            export = self._export
            name = f"{export.name}-partial" if export.note else export.name
            yield LineInput(file_name(name, self._now(), SUFFIXES[0]))
            if export.note:
                yield Label(export.note, id="export-note", markup=False)
            yield KeyHint(
                ("enter", "Enter: write"), ("tab", "Tab: .csv/.jsonl"), ("escape", "Esc: cancel")
            )
            yield Label(id="export-problem", markup=False)

    def action_format(self) -> None:
        """Toggle the suffix."""
        line = self.query_one(LineInput)
        path = Path(line.value)
        if path.name:
            other = SUFFIXES[1] if path.suffix == SUFFIXES[0] else SUFFIXES[0]
            line.put(str(path.with_suffix(other)))

    async def action_write(self) -> None:
        """Write the file and close, or say why that is not possible."""
        line = self.query_one(LineInput)
        await line.settle()
        try:
            path = file_at(line.value)
            self._export = await asyncio.to_thread(_read_out, self._export)
            await asyncio.to_thread(_write, self._export, path)
        except ValueError as error:
            self._say(str(error))
        except FileExistsError:
            self._say(f"{path.name} exists already: use another name")
        except OSError as error:
            self._say(f"{error.filename or line.value}: {error.strerror or error}")
        else:
            note = f"\n{self._export.note}" if self._export.note else ""
            said = wrote(path.absolute(), width=toast_width(self.app.size.width)) + note
            self.notify(said, timeout=READABLE_S, markup=False)
            self.dismiss()

    def _say(self, problem: str) -> None:
        label = self.query_one_optional("#export-problem", Label)
        if label is not None:  # a click may have closed it
            label.update(safe_line(problem))
            label.add_class("-said")


def _read_out(export: Export) -> Export:
    """Return an export whose rows can be written again, if this file cannot be written."""
    return msgspec.structs.replace(export, rows=tuple(export.rows))


def _write(export: Export, path: Path) -> None:
    write_private(path, encode(export, path.suffix))
