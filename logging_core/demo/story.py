"""The demo's plot: a team builds the payments service Paylane, one feature after the other.

Prose is data: a `Task` is a template that `compose` fills with the current feature and with numbers
from the caller's random generator. A task's `work` has one step per line, beginning with its kind:
`say TEXT`, `read PATH`, `search TEXT`, `edit [HUNK]`, `bash COMMAND => LISTING`,
`todo DONE; DONE; * NEXT; LATER` and `tell NAME TEXT`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from typing import NamedTuple

from logging_core.demo.features import FEATURES, Feature
from logging_core.demo.hunks import HUNKS
from logging_core.demo.listings import LISTINGS

FEATURE_S = 180.0
"""How long the team works on one feature, in seconds."""

STYLES = {
    "B": "\x1b[1m",
    "D": "\x1b[2m",
    "R": "\x1b[31m",
    "G": "\x1b[32m",
    "Y": "\x1b[33m",
    "C": "\x1b[36m",
    "X": "\x1b[0m",
}
"""Colours that a listing can use like any other slot: `{G}passed{X}`."""

_SOFT_BREAK = re.compile(r"(?<!\n)\n(?![\n-])")


class Task(NamedTuple):
    """A template of one request.

    Attributes:
        verbs: The spinner's words meanwhile, separated by spaces.
        ask: The request.
        work: What the agent does; see the module's docstring.
        reply: The reply. In `ask` and `reply` a single line break becomes a space, unless a dash
            follows.
    """

    verbs: str
    ask: str
    work: str
    reply: str


class Step(NamedTuple):
    """One thing that an agent does on its screen.

    Attributes:
        kind: `say`, `read`, `search`, `edit`, `bash`, `todo` or `tell`.
        title: Its text, path, pattern or command, or the recipient's name.
        body: The lines that it shows: of output, a diff or a list; the message of a `tell`.
        number: The first line number of a diff, or the number of lines or hits found.
    """

    kind: str
    title: str
    body: tuple[str, ...] = ()
    number: int = 0


class Scene(NamedTuple):
    """One request, with its steps and reply, and every slot filled."""

    verbs: tuple[str, ...]
    ask: str
    steps: tuple[Step, ...]
    reply: str


def feature_at(elapsed_s: float) -> Feature:
    """Return the feature that the team works on `elapsed_s` seconds after the start."""
    return FEATURES[int(elapsed_s // FEATURE_S) % len(FEATURES)]


def compose(task: Task, feature: Feature, rng: random.Random) -> Scene:
    """Fill a task's template."""
    slots = {**STYLES, **feature._asdict(), **_figures(rng)}
    steps = (_step(line, slots) for line in task.work.strip().splitlines())
    return Scene(
        tuple(task.verbs.split()),
        _prose(task.ask, slots),
        tuple(steps),
        _prose(task.reply, slots),
    )


def remark(template: str, feature: Feature, rng: random.Random) -> str:
    """Fill a template of plain prose."""
    return _prose(template, {**feature._asdict(), **_figures(rng)})


def _figures(rng: random.Random) -> dict[str, str]:
    passed = rng.randint(14, 46)
    return {
        "n": str(passed),
        "less": str(passed - 1),
        "more": str(passed + rng.randint(3, 9)),
        "few": str(rng.randint(2, 7)),
        "line": str(rng.randint(24, 260)),
        "secs": f"{rng.uniform(1.1, 9.7):.2f}",
        "ms": str(rng.randint(18, 95)),
        "slow_ms": str(rng.randint(160, 480)),
        "percent": str(rng.randint(86, 98)),
        "commit": f"{rng.getrandbits(28):07x}",
        "pr": str(rng.randint(210, 389)),
        "dots": "." * (passed - 6),
    }


def _prose(template: str, slots: Mapping[str, str]) -> str:
    return _SOFT_BREAK.sub(" ", template.strip()).format_map(slots)


def _step(line: str, slots: Mapping[str, str]) -> Step:
    kind, _, argument = line.strip().partition(" ")
    if kind == "edit":
        hunk = HUNKS[argument or slots["mod"]]
        return Step(kind, hunk.path.format_map(slots), _lines(hunk.text, slots), hunk.first_line)
    argument = argument.format_map(slots)
    if kind == "bash":
        command, _, listing = argument.partition(" => ")
        return Step(kind, command, _lines(LISTINGS[listing], slots))
    if kind == "todo":
        return Step(kind, "", tuple(argument.split("; ")))
    if kind == "tell":
        name, _, text = argument.partition(" ")
        return Step(kind, name, (text,))
    return Step(kind, argument, number=int(slots["line"]))


def _lines(template: str, slots: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(line.format_map(slots) for line in template.strip("\n").splitlines())
