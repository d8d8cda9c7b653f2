"""The look of Claude Code."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath

from logging_core.demo.looks import (
    BOLD,
    DIM,
    GREEN,
    GREY,
    RED,
    STRIKE,
    Look,
    box,
    counts,
    fit,
    numbered,
    paint,
    tokens_of,
    wrap,
)
from logging_core.demo.story import Step

_CLAY = "38;5;173"
_VIOLET = "38;5;105"
_ADDED = "48;2;30;70;38"
_REMOVED = "48;2;88;34;40"
_GLYPHS = "·✢✶✻✽✻✶✢"
_DONE = paint("●", "38;5;114")
_FAILED = paint("●", "38;5;204")
_ELBOW = f"  {paint('└', GREY)}  "
_INDENT = "     "


class ClaudeLook(Look):
    """Draws as Claude Code does."""

    def welcome(self) -> list[str]:
        """See `Look`."""
        lines = (
            f"{paint('✻', _CLAY)} Welcome to {paint('Claude Code', BOLD)}!",
            "",
            paint(f"  {self.model} · /help for help", GREY),
            "",
            paint("  cwd: /srv/paylane", GREY),
        )
        return [*box(lines, min(self.width, 60), _CLAY), ""]

    def request(self, text: str) -> list[str]:
        """See `Look`."""
        return [paint(line, GREY) for line in wrap(text, self.width, "› ")] + [""]

    def say(self, text: str) -> Iterator[str]:
        """See `Look`."""
        return wrap(text, self.width, "● ")

    def look_up(self, step: Step) -> Iterator[str]:
        """See `Look`."""
        if step.kind == "read":
            yield f"{_DONE} {paint('Read', BOLD)}({step.title})"
            found = f"Read {paint(str(step.number), BOLD)} lines"
        else:
            yield f'{_DONE} {paint("Search", BOLD)}(pattern: "{step.title}", path: "src")'
            found = f"Found {paint(str(step.number % 9 + 2), BOLD)} files"
        yield f"{_ELBOW}{found} {paint('(ctrl+r to expand)', GREY)}"

    def edit(self, step: Step) -> Iterator[str]:
        """See `Look`."""
        added, removed = counts(step)
        name = PurePosixPath(step.title).name
        yield f"{_DONE} {paint('Update', BOLD)}({step.title})"
        yield (
            f"{_ELBOW}Updated {paint(name, BOLD)} with {paint(str(added), BOLD)} additions"
            f" and {paint(str(removed), BOLD)} removals"
        )
        yield from _diff(step, self.width - 6, _INDENT)

    def bash(self, step: Step) -> Iterator[str]:
        """See `Look`."""
        failed = any("failed" in line or "FATAL" in line for line in step.body)
        yield f"{_FAILED if failed else _DONE} {paint('Bash', BOLD)}({step.title})"
        for number, line in enumerate(step.body):
            yield (_INDENT if number else _ELBOW) + line

    def todo(self, step: Step) -> Iterator[str]:
        """See `Look`."""
        yield f"{_DONE} {paint('Update Todos', BOLD)}"
        done = True
        for number, item in enumerate(step.body):
            lead = _INDENT if number else _ELBOW
            if item.startswith("* "):
                done = False
                yield f"{lead}{paint(f'☐ {item[2:]}', BOLD, _VIOLET)}"
            elif done:
                yield f"{lead}{paint('☒', GREEN)} {paint(item, GREY, STRIKE)}"
            else:
                yield f"{lead}☐ {item}"

    def tell(self, step: Step) -> Iterator[str]:
        """See `Look`."""
        call = f'(instance: "{step.title}", message: "{step.body[0]}")'
        first, *rest = wrap(call, self.width - 38, "", "")
        yield f"{_DONE} {paint('madrox - send_to_instance', BOLD)} (MCP){first}"
        for line in rest:
            yield _INDENT + line
        yield f"{_ELBOW}Sent to {step.title}"

    def question(self, step: Step) -> list[str]:
        """See `Look`."""
        inner = self.width - 4
        name = PurePosixPath(step.title).name
        change = [paint(step.title, BOLD), "", *_diff(step, inner - 4, "")]
        lines = (
            paint("Edit file", BOLD, _VIOLET),
            *box(change, inner, GREY),
            f"Do you want to make this edit to {paint(name, BOLD)}?",
            paint("❯ 1. Yes", _VIOLET),
            f"  2. Yes, allow all edits during this session {paint('(shift+tab)', BOLD)}",
            f"  3. No, and tell Claude what to do differently {paint('(esc)', BOLD)}",
            "",
        )
        return list(box(lines, self.width, _VIOLET))

    def busy(self, word: str, elapsed_s: float) -> list[str]:
        """See `Look`."""
        glyph = _GLYPHS[int(elapsed_s * 4) % len(_GLYPHS)]
        facts = f"({int(elapsed_s)}s · ↑ {tokens_of(elapsed_s)} tokens · "
        hint = paint(facts, GREY) + paint("esc", GREY, BOLD) + paint(" to interrupt)", GREY)
        return [f"{paint(f'{glyph} {word}…', _CLAY)} {hint}", ""]

    def input(self, context_left: int) -> list[str]:
        """See `Look`."""
        left = "  ▸▸ accept edits on "
        right = f"Context left until auto-compact: {context_left}%"
        gap = " " * (self.width - len(left) - len("(shift+tab to cycle)") - len(right))
        bar = paint(left, _VIOLET) + paint(f"(shift+tab to cycle){gap}", GREY)
        urgent = (RED,) if context_left < 15 else (DIM,)
        return [*box(["> \x1b[7m \x1b[0m"], self.width, GREY), bar + paint(right, *urgent)]


def _diff(step: Step, width: int, indent: str) -> Iterator[str]:
    shades = {"+": _ADDED, "-": _REMOVED}
    for number, sign, code in numbered(step):
        lead = f"{number:>4} {sign} "
        if sign in shades:
            body = fit(lead + code, width).ljust(width)
            yield indent + paint(body, shades[sign])
        else:
            yield indent + paint(lead, GREY) + fit(code, width - len(lead))
