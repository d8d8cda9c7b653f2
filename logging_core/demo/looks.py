"""The look of a coding agent's terminal: pieces of a session as lines of coloured text.

Every line fits the width, ends with a reset if it has a colour, and uses only characters that are
one cell wide and that common monospace fonts have, so that screenshots have no missing glyphs.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence

from logging_core.demo.story import Step

RESET = "\x1b[0m"
BOLD, DIM, STRIKE = "1", "2", "9"
RED, GREEN, YELLOW, CYAN = "31", "32", "33", "36"
GREY = "38;5;244"

_SGR = re.compile("(\x1b\\[[0-9;]*m)")


def paint(text: str, *codes: str) -> str:
    """Return `text` with SGR `codes` before it and a reset after it."""
    return f"\x1b[{';'.join(codes)}m{text}{RESET}"


def cells(line: str) -> int:
    """Return the width of a line in cells, not counting its colours."""
    return len(_SGR.sub("", line))


def fit(line: str, width: int) -> str:
    """Cut a line to `width` cells; a line with colours ends with a reset."""
    if "\x1b" not in line:
        return line[:width]
    if len(line) <= width and line.endswith(RESET):
        return line
    parts = _SGR.split(line)
    for index in range(0, len(parts), 2):
        parts[index] = parts[index][:width]
        width -= len(parts[index])
    text = "".join(parts)
    return text if text.endswith(RESET) else text + RESET


def box(lines: Iterable[str], width: int, *codes: str) -> Iterator[str]:
    """Yield the lines in a rounded frame `width` cells wide, which is drawn in SGR `codes`."""
    inner = width - 4
    side = paint("│", *codes)
    yield paint(f"╭{'─' * (width - 2)}╮", *codes)
    for line in lines:
        text = fit(line, inner)
        yield f"{side} {text}{' ' * (inner - cells(text))} {side}"
    yield paint(f"╰{'─' * (width - 2)}╯", *codes)


def wrap(text: str, width: int, first: str, rest: str = "  ") -> Iterator[str]:
    """Wrap prose to `width`; its first line begins with `first`, the others with `rest`."""
    line = first
    for paragraph in text.split("\n"):
        indent = f"{rest}  " if paragraph.startswith("- ") else rest
        for number, word in enumerate(paragraph.split(" ")):
            if number and len(line) + 1 + len(word) > width:
                yield line
                line = indent + word
            else:
                line += f" {word}" if number else word
        yield line.rstrip()
        line = rest


def numbered(step: Step) -> Iterator[tuple[int, str, str]]:
    """Yield the lines of an edit's diff: line number, sign (space, `-` or `+`), code."""
    old = new = step.number
    for line in step.body:
        sign, code = line[:1] or " ", line[1:]
        yield (old if sign == "-" else new), sign, code
        old += sign != "+"
        new += sign != "-"


def counts(step: Step) -> tuple[int, int]:
    """Return how many lines an edit adds and removes."""
    signs = [line[:1] for line in step.body]
    return signs.count("+"), signs.count("-")


class Look(ABC):
    """One program's way of drawing a session.

    Attributes:
        width: Columns of the pane.
        model: The model's name, as the program shows it.
    """

    def __init__(self, width: int, model: str) -> None:
        self.width = width
        self.model = model

    def steps(self, steps: Sequence[Step]) -> list[str]:
        """Return what the steps leave in the transcript, with an empty line after each."""
        lines: list[str] = []
        for step in steps:
            lines += (fit(line, self.width) for line in self._step(step))
            lines.append("")
        return lines

    def _step(self, step: Step) -> Iterator[str]:
        match step.kind:
            case "say":
                return self.say(step.title)
            case "edit":
                return self.edit(step)
            case "bash":
                return self.bash(step)
            case "todo":
                return self.todo(step)
            case "tell":
                return self.tell(step)
            case _:
                return self.look_up(step)

    @abstractmethod
    def welcome(self) -> list[str]:
        """Draw what the program prints when it starts."""

    @abstractmethod
    def request(self, text: str) -> list[str]:
        """Draw a request, as typed by a person or a parent."""

    @abstractmethod
    def say(self, text: str) -> Iterator[str]:
        """Draw what the agent says."""

    @abstractmethod
    def look_up(self, step: Step) -> Iterator[str]:
        """Draw a file read or a search."""

    @abstractmethod
    def edit(self, step: Step) -> Iterator[str]:
        """Draw a change to a file, as a diff."""

    @abstractmethod
    def bash(self, step: Step) -> Iterator[str]:
        """Draw a command and its output."""

    @abstractmethod
    def todo(self, step: Step) -> Iterator[str]:
        """Draw the to-do list."""

    @abstractmethod
    def tell(self, step: Step) -> Iterator[str]:
        """Draw a message to another instance."""

    @abstractmethod
    def question(self, step: Step) -> list[str]:
        """Draw the permission prompt for an edit."""

    @abstractmethod
    def busy(self, word: str, elapsed_s: float) -> list[str]:
        """Draw the spinner, with `word` for what is being done."""

    @abstractmethod
    def input(self, context_left: int) -> list[str]:
        """Draw the input box and the status bar; `context_left` is in percent."""


def tokens_of(elapsed_s: float) -> str:
    """Return the token count that a spinner shows after `elapsed_s` seconds, such as `2.1k`."""
    tokens = int(elapsed_s * 53)
    return str(tokens) if tokens < 1000 else f"{tokens / 1000:.1f}k"
