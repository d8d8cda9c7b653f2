"""The look of the Codex CLI."""

from __future__ import annotations

from collections.abc import Iterator

from logging_core.demo.looks import (
    BOLD,
    CYAN,
    DIM,
    GREEN,
    GREY,
    RED,
    STRIKE,
    Look,
    box,
    counts,
    numbered,
    paint,
    wrap,
)
from logging_core.demo.story import Step

_BULLET = paint("•", DIM)
_DONE = paint("•", GREEN, BOLD)
_FAILED = paint("•", RED, BOLD)
_ELBOW = f"  {paint('└', DIM)} "
_INDENT = "    "


class CodexLook(Look):
    """Draws as the Codex CLI does."""

    def welcome(self) -> list[str]:
        """See `Look`."""
        lines = (
            f"{paint('>_', DIM)} {paint('OpenAI Codex', BOLD)} {paint('(v0.46.0)', DIM)}",
            "",
            f"{paint('model:', DIM)}     {self.model}   {paint('/model', CYAN)} to change",
            f"{paint('directory:', DIM)} /srv/paylane",
        )
        return [*box(lines, min(self.width, 56), DIM), ""]

    def request(self, text: str) -> list[str]:
        """See `Look`."""
        lines = wrap(text, self.width, "› ")
        return [paint(line.ljust(self.width), "48;5;236") for line in lines] + [""]

    def say(self, text: str) -> Iterator[str]:
        """See `Look`."""
        first, *rest = wrap(text, self.width, "• ")
        yield _BULLET + first[1:]
        yield from rest

    def look_up(self, step: Step) -> Iterator[str]:
        """See `Look`."""
        yield f"{_BULLET} {paint('Explored', BOLD)}"
        verb, where = ("Read", "") if step.kind == "read" else ("Search", paint(" in src", DIM))
        yield f"{_ELBOW}{paint(verb, CYAN)} {step.title}{where}"

    def edit(self, step: Step) -> Iterator[str]:
        """See `Look`."""
        added, removed = counts(step)
        change = f"({paint(f'+{added}', GREEN)} {paint(f'-{removed}', RED)})"
        yield f"{_BULLET} {paint('Edited', BOLD)} {step.title} {change}"
        for number, sign, code in numbered(step):
            gutter = paint(f"{_INDENT}{number:>4} ", DIM)
            colour = {"+": GREEN, "-": RED}.get(sign)
            yield gutter + (paint(f"{sign}{code}", colour) if colour else f" {code}")

    def bash(self, step: Step) -> Iterator[str]:
        """See `Look`."""
        failed = any("failed" in line for line in step.body)
        program, _, arguments = step.title.partition(" ")
        command = f"{paint(program, '38;5;75')} {arguments}"
        yield f"{_FAILED if failed else _DONE} {paint('Ran', BOLD)} {command}"
        for number, line in enumerate(step.body):
            yield (_INDENT if number else _ELBOW) + line

    def todo(self, step: Step) -> Iterator[str]:
        """See `Look`."""
        yield f"{_BULLET} {paint('Updated Plan', BOLD)}"
        done = True
        for number, item in enumerate(step.body):
            done = done and not item.startswith("* ")
            mark = paint(f"✔ {item}", DIM, STRIKE) if done else f"□ {item.removeprefix('* ')}"
            yield (_INDENT if number else _ELBOW) + mark

    def tell(self, step: Step) -> Iterator[str]:
        """See `Look`."""
        call = paint("madrox.send_to_instance", CYAN)
        yield f'{_DONE} {paint("Called", BOLD)} {call}({{"instance": "{step.title}", …}})'
        yield from wrap(step.body[0], self.width, "  └ ", _INDENT)

    def question(self, step: Step) -> list[str]:
        """See `Look`."""
        return [
            *self.edit(step),
            "",
            paint("Would you like to make the following edits?", BOLD),
            "",
            paint("› 1. Yes, proceed (y)", CYAN),
            "  2. Yes, and don't ask again for these files (a)",
            "  3. No, and tell Codex what to do differently (esc)",
            "",
            paint("  Press enter to confirm or esc to cancel", DIM),
        ]

    def busy(self, word: str, elapsed_s: float) -> list[str]:
        """See `Look`."""
        glyph = paint("•", BOLD) if int(elapsed_s * 2) % 2 else paint("◦", DIM)
        facts = paint(f"({int(elapsed_s)}s • esc to interrupt)", DIM)
        return [f"{glyph} {paint(word, BOLD)} {facts}", ""]

    def input(self, context_left: int) -> list[str]:
        """See `Look`."""
        hint = f"  {self.model} · {context_left}% context left · ? for shortcuts"
        return [
            f"{paint('›', BOLD)} {paint('Find and fix a bug in @filename', DIM)}",
            "",
            paint(hint, GREY),
        ]
