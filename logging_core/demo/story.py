"""The demo's plot: a team builds the payments service Paylane, one feature after the other.

Prose is data: a `Task` is a template that `compose` fills with the feature at hand and with
figures from the caller's random generator. The layout of a task's `work` is one step per line,
the kind first: `say TEXT`, `read PATH`, `search TEXT`, `edit [HUNK]`, `bash COMMAND => LISTING`,
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
"""How long the team stays with one feature, in seconds."""

STYLES = {
    "B": "\x1b[1m",
    "D": "\x1b[2m",
    "R": "\x1b[31m",
    "G": "\x1b[32m",
    "Y": "\x1b[33m",
    "C": "\x1b[36m",
    "X": "\x1b[0m",
}
"""Colours that a listing may name like any other slot: `{G}passed{X}`."""

_SOFT_BREAK = re.compile(r"(?<!\n)\n(?![\n-])")


class Task(NamedTuple):
    """A template of one request.

    Attributes:
        verbs: What the spinner says meanwhile, separated by spaces.
        ask: The request.
        work: What the agent does, see the module.
        reply: The reply. In both texts a single line break is a space, unless a dash follows.
    """

    verbs: str
    ask: str
    work: str
    reply: str


class Step(NamedTuple):
    """One thing that an agent does on its screen.

    Attributes:
        kind: `say`, `read`, `search`, `edit`, `bash`, `todo` or `tell`.
        title: Its text, path, pattern or command, or whom it tells.
        body: What it shows: lines of output, of a diff, of a list.
        number: The first line of a diff, or how many lines or hits there were.
    """

    kind: str
    title: str
    body: tuple[str, ...] = ()
    number: int = 0


class Scene(NamedTuple):
    """One request and all that comes of it, with every slot filled."""

    verbs: tuple[str, ...]
    ask: str
    steps: tuple[Step, ...]
    reply: str


def feature_at(elapsed_s: float) -> Feature:
    """What the team works on `elapsed_s` seconds after it began."""
    return FEATURES[int(elapsed_s // FEATURE_S) % len(FEATURES)]


def compose(task: Task, feature: Feature, rng: random.Random) -> Scene:
    """Fill a template."""
    slots = {**STYLES, **feature._asdict(), **_figures(rng)}
    steps = (_step(line, slots) for line in task.work.strip().splitlines())
    return Scene(
        tuple(task.verbs.split()),
        _prose(task.ask, slots),
        tuple(steps),
        _prose(task.reply, slots),
    )


def remark(template: str, feature: Feature, rng: random.Random) -> str:
    """Fill a template that is one piece of prose."""
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
