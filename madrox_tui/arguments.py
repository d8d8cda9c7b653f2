"""The arguments of the command line, parsed and checked."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import msgspec

from logging_core.config import DEFAULT_LOG_DIR
from logging_core.tree import expand_user
from madrox_tui import __version__
from madrox_tui.filters import Filter, parse_filter
from madrox_tui.typed_times import parse_time_of

_FLAGS = {
    "--demo": "show a simulated fleet; needs no log tree",
    "--once": "print one plain-text report and exit; implied when stdout is not a terminal",
    "--json": "print the report as one JSON object and exit",
    "--poll": "check for changes every two seconds instead of using change notifications",
    "--print-config": "print all settings with their defaults, ready to save as config.toml",
    "--version": "print the version",
}
_VALUES = {
    "--filter": ("TEXT", "show only matching instances: words, -word, state:stuck, cost>0.5"),
    "--since": ("WHEN", "count only what happened since: 15m, 1h30m, 2d, 14:05, an ISO time"),
    "--theme": ("NAME", "colour theme"),
    "--config": ("FILE", "settings file; default: config.toml in the user's config directory"),
}
_OPTIONS = frozenset({*_FLAGS, *_VALUES, "-h", "--help", "--"})


class StartError(Exception):
    """The program cannot start; the message says what to do."""


class Options(msgspec.Struct, frozen=True):
    """What the arguments and the environment ask for.

    Attributes:
        root: The log tree; unused with `demo`.
        demo: Show a simulated fleet.
        filter: Which instances are listed; `None` if not given.
        once: Print one plain-text report.
        json: Print one JSON report.
        since_s: Count only what happened at or after this moment; `None` if not given.
        poll: Do without change notifications.
        theme: A theme's name; `None` if not given.
        config: The settings file; `None` for the user's own.
        print_config: Print all settings.
    """

    root: Path
    demo: bool
    filter: Filter | None
    once: bool
    json: bool
    since_s: float | None
    poll: bool
    theme: str | None
    config: Path | None
    print_config: bool


def parse_arguments(argv: Sequence[str], env: Mapping[str, str], now_s: float) -> Options | str:
    """Parse the command line; return a string if it only asks to print that.

    Args:
        argv: The arguments after the program's name.
        env: Where `LOG_DIR` is looked up.
        now_s: What `--since 15m` counts back from.

    Raises:
        StartError: The arguments are invalid.
    """
    parser = _parser()
    arguments = parser.parse_args(_with_values(argv))
    if arguments.help:
        return parser.format_help()
    if arguments.version:
        return f"madrox-top {__version__}\n"
    return _options(arguments, env, now_s)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise StartError(f"{message}; madrox-top --help lists the options")


def _parser() -> _Parser:
    parser = _Parser(
        prog="madrox-top",
        description="top for a fleet of AI coding agents: who is stuck, what was said, the cost.",
        epilog="Exit codes: 0 success, 1 failed while running, 2 could not start.",
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument(
        "log_dir",
        metavar="LOG_DIR",
        nargs="?",
        help=f"log tree to show; default: $LOG_DIR, else {DEFAULT_LOG_DIR}",
    )
    for flag, what in _FLAGS.items():
        parser.add_argument(flag, action="store_true", help=what)
    parser.add_argument("-h", "--help", action="store_true", help="print this help")
    for option, (metavar, what) in _VALUES.items():
        parser.add_argument(option, metavar=metavar, help=what)
    return parser


def _with_values(argv: Sequence[str]) -> list[str]:
    """The arguments, with values such as `-qa` and `-15m` where they are not taken for options."""
    taken: list[str] = []
    for argument in argv:
        wants = taken[-1] if taken and "--" not in taken else ""
        if wants in {"--filter", "--since"} and argument not in _OPTIONS:
            taken[-1] = f"{wants}={argument}"
        else:
            taken.append(argument)
    return taken


def _options(arguments: argparse.Namespace, env: Mapping[str, str], now_s: float) -> Options:
    if arguments.demo and arguments.log_dir:
        raise StartError("--demo makes its own log tree: omit LOG_DIR")
    try:
        since_s = None if arguments.since is None else parse_time_of(arguments.since, now_s)
    except ValueError as error:
        raise StartError(f"--since: {error}") from None
    root = arguments.log_dir or env.get("LOG_DIR") or DEFAULT_LOG_DIR
    return Options(
        root=_path(root),
        demo=arguments.demo,
        filter=None if arguments.filter is None else parse_filter(arguments.filter),
        once=arguments.once,
        json=arguments.json,
        since_s=since_s,
        poll=arguments.poll,
        theme=arguments.theme,
        config=None if arguments.config is None else _path(arguments.config),
        print_config=arguments.print_config,
    )


def _path(text: str | Path) -> Path:
    try:
        return expand_user(text)
    except ValueError as error:
        raise StartError(str(error)) from None
